"""The demo on disk: the owners' own folders, names and sheets; written once, atomically."""

import hashlib
import re
import shutil

import cv2
import numpy as np
import openpyxl
import pytest

from merflow.commands.demo import demo
from merflow.commands.make_manifest import make_manifest
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import GENERATED, names, read_dataset, spec_of
from merflow.errors import MerflowError
from merflow.io.files import PARTIAL
from merflow.synthetic import clip_files
from merflow.synthetic.clip import Difficulty
from merflow.synthetic.datasets import casme2 as casme2_form
from merflow.synthetic.datasets import samm as samm_form
from merflow.synthetic.generate import dataset_names, demo_dataset, write_dataset
from merflow.synthetic.sheets import single
from merflow.synthetic.truth import path_of

casme2, samm, smic = map(demo_dataset, ("casme2", "samm", "smic"))


def tree(root):
    """Digest of every file below a folder, by relative path."""
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def times(root):
    return {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Both ways of the writer: casme2 over processes, smic and samm one clip at a time."""
    out = tmp_path_factory.mktemp("demo")
    demo(out, dataset="casme2", subjects=1, clips=3, small=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip_files, "workers", lambda: 1)
        demo(out, dataset="smic", subjects=1, clips=3, small=True)
        demo(out, dataset="samm", subjects=1, clips=3, small=True)
    return out


def test_every_dataset_is_found_by_its_file():
    assert dataset_names() == ["casme2", "casme3", "casme_sq", "jaffe", "ktfe", "samm", "smic"]
    generated = [name for name in names() if spec_of(name).generated]
    assert [name for name in generated if name != "manifest"] == dataset_names()


def test_smic_lies_on_disk_as_its_owners_ship_it(written):
    names = [n for n in tree(written / "smic") if n.startswith("SMIC_all_raw")]
    clip = r"(micro/(negative|positive|surprise)/s1_(ne|po|sur)_01|non_micro/s1_n1)"
    shape = re.compile(rf"SMIC_all_raw/HS/s1/{clip}/image\d{{6}}\.bmp")
    assert names and all(shape.fullmatch(name) for name in names)
    assert {n.split("/")[4] for n in names if "/micro/" in n} == {
        "negative",
        "positive",
        "surprise",
    }
    picture = cv2.imread(str(written / "smic" / names[0]))
    assert picture.shape == (240, 320, 3)
    # Colours are stored as colours: skin is redder than it is blue.
    assert picture[120, 160, 2] > picture[120, 160, 0]


def test_smic_has_an_eight_digit_and_a_zero_padded_counter():
    jobs = smic.jobs(None, smic.plan(3, 6, 1))
    lengths = {len(re.search(r"\d+", job.names[0])[0]) for job in jobs}
    assert lengths == {6, 8}
    assert any(job.names[0].startswith("image0") for job in jobs)
    assert all(job.clip.frames >= 16 for job in jobs if job.clip.emotion)


def test_casme2_lies_on_disk_as_its_owners_ship_it(written):
    root = written / "casme2"
    clips = casme2.plan(1, 3, 1, small=True)
    for clip in clips:
        folder = root / "CASME2_RAW_selected/CASME2_RAW_selected/sub01" / clip.clip
        assert {p.name for p in folder.iterdir()} == {f"img{n}.jpg" for n in clip.numbers}
    book = openpyxl.load_workbook(root / casme2_form.SHEET)
    assert book.sheetnames == ["Sheet1", "Sheet2", "Sheet3"]
    header, *rows = book["Sheet1"].values
    assert header == casme2_form.HEADER and header[2] is None and header[6] is None
    assert len(rows) == len(clips) == 4
    for row, clip in zip(rows, clips, strict=True):
        assert row[:2] == ("01", clip.clip) and isinstance(row[0], str)
        assert row[3:6] == (clip.onset, clip.apex, clip.offset)
        assert str(row[7]) == clip.action_units and row[8] == clip.emotion
    assert rows[-1][8] == "others"


def test_casme2_action_units_are_numbers_or_text_and_names_repeat_across_subjects():
    clips = casme2.plan(3, 6, 1)
    cells = {type(single(clip.action_units)) for clip in clips}
    assert cells == {int, str}
    assert sum(clip.clip == "EP02_01f" for clip in clips) == 3
    assert any(clip.clip == "EP01_2" for clip in clips)


def test_samm_lies_on_disk_as_its_owners_ship_it(written):
    root = written / "samm" / "SAMM"
    clips = samm.plan(1, 3, 1, small=True)
    for clip in clips:
        digits = {len(p.stem.split("_")[1]) for p in (root / "006" / clip.clip).iterdir()}
        assert digits in ({4}, {5})
        assert re.fullmatch(r"006_[1-7]_\d+", clip.clip)
    frame = next((root / "006" / clips[0].clip).iterdir())
    assert cv2.imread(str(frame), cv2.IMREAD_UNCHANGED).ndim == 2
    book = openpyxl.load_workbook(root / samm_form.SHEET)
    assert book.sheetnames == ["MICRO_ONLY"]
    rows = list(book["MICRO_ONLY"].values)
    assert rows[13] == samm_form.HEADER and all(row[0] != "Subject" for row in rows[:13])
    assert rows[14][0] == "006" and rows[14][6] == "=SUM(F15-D15)+1"
    assert [row[9] for row in rows[14:]] == [clip.emotion for clip in clips]
    assert all(word[0].isupper() for word in (row[9] for row in rows[14:]))
    assert rows[-1][9] == "Other"


def test_samm_formulas_carry_the_value_a_spreadsheet_would_have_stored(written):
    path = written / "samm" / "SAMM" / samm_form.SHEET
    values = list(openpyxl.load_workbook(path, data_only=True)["MICRO_ONLY"].values)
    for row in values[14:]:
        assert row[6] == row[5] - row[3] + 1


def test_samm_sessions_are_padded_to_four_or_to_five_digits():
    clips = samm.plan(3, 6, 1)
    widths = {}
    for clip in clips:
        session = clip.clip.rsplit("_", 1)[0]
        widths.setdefault(session, set()).add(dict(clip.extra)["digits"])
    assert all(len(width) == 1 for width in widths.values())
    assert {width for found in widths.values() for width in found} == {"4", "5"}


def test_the_truth_lies_beside_the_frames(written):
    for form, root in ((casme2, written / "casme2"), (samm, written / "samm")):
        for clip in form.plan(1, 3, 1, small=True):
            truth = dict(np.load(path_of(root, clip)))
            assert truth["landmarks"].shape == (clip.frames, 68, 2)
            assert truth["field"].shape == truth["head"].shape == (*clip.size[::-1], 2)
            assert truth["expression"] == clip.expression
            assert clip.onset + truth["apex"] == clip.apex
            assert list(truth["numbers"]) == list(clip.numbers)
            peak = np.linalg.norm(truth["field"].astype(np.float32), axis=-1).max()
            assert peak == pytest.approx(clip.amplitude_px, rel=0.03)


def test_nothing_unfinished_is_left(written):
    assert not [name for name in tree(written) if PARTIAL in name]


def test_bytes_do_not_depend_on_the_number_of_processes(written, tmp_path, monkeypatch):
    monkeypatch.setattr(clip_files, "workers", lambda: 1)
    demo(tmp_path, dataset="casme2", subjects=1, clips=3, small=True)
    assert tree(tmp_path / "casme2") == tree(written / "casme2")


def test_a_second_call_writes_nothing_and_says_so(written, capsys):
    before = times(written)
    demo(written, dataset="casme2", subjects=1, clips=3, small=True)
    assert "nothing to do" in capsys.readouterr().out
    assert times(written) == before


@pytest.fixture
def copy(written, tmp_path):
    shutil.copytree(written / "casme2", tmp_path / "casme2")
    return tmp_path / "casme2"


def plan(clips=3, seed=1):
    return casme2.plan(1, clips, seed, Difficulty(), True)


def test_an_interrupted_write_is_completed_and_only_that(copy):
    before = tree(copy)
    first, second = plan()[:2]
    frames = sorted((copy / casme2.jobs(copy, [first])[0].folder).iterdir())
    frames[3].unlink()
    path_of(copy, second).write_bytes(b"cut off")
    stamps = times(copy)
    assert "2 of 4 clips written" in write_dataset(copy, "casme2", plan())
    assert tree(copy) == before
    kept = copy / casme2.jobs(copy, plan())[2].folder
    assert all(stamps[p] == p.stat().st_mtime_ns for p in kept.iterdir())


def test_an_added_clip_is_written_alone_and_a_dropped_one_goes(copy):
    now = plan(clips=4)
    assert "2 of 5 clips written" in write_dataset(copy, "casme2", now)
    write_dataset(copy, "casme2", plan())
    folders = {job.folder for job in casme2.jobs(copy, plan())}
    left = {str(p.parent.relative_to(copy)) for p in copy.rglob("*.jpg")}
    assert left == folders
    assert len(list((copy / "truth").rglob("*.npz"))) == len(folders)


def test_a_sheet_edited_by_hand_is_kept_while_the_options_stay(copy):
    (copy / casme2_form.SHEET).write_bytes(b"edited")
    assert "nothing to do" in write_dataset(copy, "casme2", plan())
    assert (copy / casme2_form.SHEET).read_bytes() == b"edited"


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path):
    root = tmp_path / "casme2"
    root.mkdir()
    (root / "mine.jpg").write_bytes(b"x")
    with pytest.raises(MerflowError, match="not a demo folder"):
        demo(tmp_path, dataset="casme2", subjects=1, clips=3)
    assert tree(root).keys() == {"mine.jpg"}


def test_a_marker_that_leads_outside_deletes_nothing_there(copy):
    precious = copy.parent / "precious"
    precious.mkdir()
    marker = (
        (copy / GENERATED).read_text().replace('"clips": {', '"clips": {"../precious": "truth/x",')
    )
    (copy / GENERATED).write_text(marker)
    with pytest.raises(MerflowError):
        write_dataset(copy, "casme2", plan(seed=2))
    assert precious.is_dir()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dataset": "casmee2"}, "did you mean 'casme2'"),
        ({"subjects": 0}, "1 or more"),
        ({"clips": 2}, "one clip of each class"),
    ],
)
def test_wrong_options_end_in_a_message(tmp_path, options, words):
    with pytest.raises(MerflowError, match=words):
        demo(tmp_path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", dataset_names())
def test_annotations_alone_can_be_written_and_frames_come_later(tmp_path, name, capsys):
    options = {"dataset": name, "subjects": 2, "clips": 3, "small": True}
    demo(tmp_path, **options, annotations_only=True)
    root, planned = tmp_path / name, demo_dataset(name).plan(2, 3, small=True)
    assert "annotations and empty frames of" in capsys.readouterr().out
    reading = read_dataset(name, DatasetEntry(root=str(root)))
    assert {c.key for c in reading.clips} == {c.key for c in planned if c.emotion}
    assert not reading.problems
    frames = [
        root / job.folder / n for job in demo_dataset(name).jobs(root, planned) for n in job.names
    ]
    assert all(path.stat().st_size == 0 for path in frames)
    if name == "jaffe":
        demo(tmp_path, **options)
        assert all(path.stat().st_size for path in frames)


def test_videos_lie_in_folders_by_subject_and_emotion(tmp_path, capsys):
    options = {"subjects": 1, "clips": 3, "small": True, "videos": True}
    demo(tmp_path / "clips", **options | {"subjects": 2})
    demo(tmp_path / "clips", **options)
    videos = sorted((tmp_path / "clips").glob("p*/*/*.avi"))
    assert [path.stem for path in sorted(videos, key=lambda p: p.stem)] == [
        "take1",
        "take2",
        "take3",
    ]
    before = tree(tmp_path / "clips")
    demo(tmp_path / "clips", **options)
    assert "0 of 3 videos written" in capsys.readouterr().out
    assert tree(tmp_path / "clips") == before
    make_manifest(from_class_folders=tmp_path / "clips")
    entry = DatasetEntry(reader="manifest", root=str(tmp_path / "clips"))
    reading = read_dataset("mine", entry)
    assert {clip.key.subject for clip in reading.clips} == {"p01"} and not reading.errors
    assert len({clip.emotion for clip in reading.clips}) == 3
    with pytest.raises(MerflowError, match="holds take1.avi"):
        demo(videos[0].parent, **options)


@pytest.mark.parametrize(
    "other", [{"dataset": "smic"}, {"annotations_only": True}, {"recordings": 1}]
)
def test_videos_take_no_option_of_datasets(tmp_path, other):
    with pytest.raises(MerflowError, match="--videos"):
        demo(tmp_path, videos=True, **other)
    assert not list(tmp_path.iterdir())
