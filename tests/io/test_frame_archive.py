"""The archive of a subject's frames: the same files, names and checksums, and nothing else."""

import io
import os
import tarfile
from dataclasses import replace

import pytest
from clip_makers import picture

from merflow.clip import Clip, ClipKey
from merflow.datasets.frame_contents import FrameContents
from merflow.errors import MerflowError
from merflow.io.frame_archive import unpacked, write_archive


def clip(root, subject, name, files, folder=None):
    key = ClipKey("smic", subject, name)
    numbers = tuple(range(1, len(files) + 1))
    return Clip(key, str(folder or root / subject / name), files, numbers, 100.0, "surprise")


@pytest.fixture
def clips(tmp_path):
    """Return three clips of one subject: two share a folder, and a frame of one is a link."""
    root = tmp_path / "data"
    for name, files in {"a": ("1.png", "2.png"), "b": ("1.png", "2.png", "3.png")}.items():
        for value, file in enumerate(files):
            picture(root / "s01" / name / file, 40 + 10 * value)
    (root / "s01/a/notes.txt").write_text("not a frame")
    (root / "elsewhere.png").write_bytes((root / "s01/b/3.png").read_bytes())
    (root / "s01/b/3.png").unlink()
    (root / "s01/b/3.png").symlink_to(root / "elsewhere.png")
    (root / "s01/b/SHA256SUMS").write_text("")
    whole = [clip(root, "s01", "a", ("1.png", "2.png")), clip(root, "s01", "b", ("1.png", "2.png"))]
    return [*whole, clip(root, "s01", "b2", ("3.png", "gone.png"), root / "s01/b")]


def contents(clips):
    return FrameContents(notes=False).sums(clips, again=True)


def test_unpacked_frames_have_the_contents_of_the_dataset(clips, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "raw/smic/s01.tar"
    assert write_archive(archive, clips) == 6  # Five frames, each once, and the SHA256SUMS.
    before = contents(clips)
    assert before["b2"]["gone.png"] == "absent"
    os.rename(tmp_path / "data", tmp_path / "away")
    with unpacked([archive], clips) as moved:
        assert contents(moved) == before
        assert [one.key for one in moved] == [one.key for one in clips]
        assert moved[1].folder == moved[2].folder != moved[0].folder
        assert not os.path.exists(os.path.join(moved[0].folder, "notes.txt"))
        folder = moved[0].folder
    assert not os.path.exists(folder)


def test_clips_of_other_subjects_stay_where_they_are(clips, tmp_path):
    archive = tmp_path / "raw/smic/s01.tar"
    write_archive(archive, clips)
    other = replace(clips[0], key=ClipKey("smic", "s02", "a"))
    with unpacked([archive], [*clips, other]) as moved:
        assert moved[-1] == other and moved[0] != clips[0]
    with unpacked([], clips) as same:
        assert same == clips


def test_a_dataset_that_is_not_there_makes_no_archive(clips, tmp_path):
    os.rename(tmp_path / "data", tmp_path / "away")
    with pytest.raises(MerflowError, match="no such folder"):
        write_archive(tmp_path / "raw/smic/s01.tar", clips)
    assert not (tmp_path / "raw/smic/s01.tar").exists()


def test_nothing_outside_the_folder_is_written(clips, tmp_path):
    archive = tmp_path / "raw/smic/s01.tar"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w") as made:
        for name in ("../escaped", "/escaped", "0/../../escaped"):
            one = tarfile.TarInfo(name)
            one.size = 1
            made.addfile(one, io.BytesIO(b"x"))
        link = tarfile.TarInfo("0/1.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    with unpacked([archive], clips) as moved:
        assert not os.path.exists(os.path.join(moved[0].folder, "1.png"))
    assert not list(tmp_path.rglob("escaped"))


def test_a_torn_archive_is_refused(clips, tmp_path):
    archive = tmp_path / "raw/smic/s01.tar"
    write_archive(archive, clips)
    archive.write_bytes(archive.read_bytes()[:700])
    with pytest.raises(MerflowError, match="cannot be unpacked"), unpacked([archive], clips):
        pass
