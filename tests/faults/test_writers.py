"""Writers killed, failing and out of room: the old file or the new one, never half of one."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from kill_writers import killed, parts
from nth_calls import LIBRARY, built
from writers import NEW, OLD, WRITERS, in_child

from merflow.errors import FAILED, MerflowError
from merflow.io.files import (
    FOREIGN_SECONDS,
    HOST,
    PARTIAL,
    atomic,
    sweep,
    temporary_folder,
    write_text,
)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.file)
def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path, writer):
    found = killed(writer, tmp_path, 2)
    assert found["killed"] == found["old"] + found["new"] == 2
    assert found["unreadable"] == found["stale"] == 0


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """Run the campaign of failing calls once; it needs a C compiler."""
    library = built(tmp_path_factory.mktemp("library"))
    if library is None:
        pytest.skip("no C compiler (cc)")
    env = {**os.environ, LIBRARY: str(library), "LD_PRELOAD": str(library)}
    command = [sys.executable, str(Path(__file__).with_name("nth_calls.py"))]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["writer"]: line for line in lines}, done.stdout


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.file)
def test_no_failed_call_passes_for_success(faults, writer):
    found, output = faults
    line = found[writer.file]
    assert line["calls"] >= 5 and line["faults"] == 3 * line["calls"], output
    assert line["said"] + line.get("weathered", 0) == line["faults"], output
    assert line["stale"] == 0


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.file)
def test_a_file_that_may_not_grow_is_said(tmp_path, writer):
    """The kernel's own limit, which also meets writers that go past the C library's calls."""
    path = tmp_path / writer.file
    assert in_child(lambda: writer.write(path, OLD)) == 0
    kept = path.read_bytes()
    assert in_child(lambda: writer.write(path, NEW)) == 0
    size = path.stat().st_size
    for limit in (0, 1, size // 2, size - 1):
        path.write_bytes(kept)

        def write(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            writer.write(path, NEW)

        ended = in_child(write)
        # A video may lose its last byte, which no frame needs; every frame is looked at.
        if ended or not writer.file.startswith("film"):
            assert ended == FAILED, limit
            assert path.read_bytes() == kept
        assert writer.read(path) == (NEW if ended == 0 else OLD)
        assert not parts(tmp_path)


@pytest.mark.parametrize("free", [0, 1, 3])
def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path, free):
    """A tmpfs with so many free pages."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a tmpfs needs root")
    try:
        large = [
            w for w in WRITERS if w.file in ("store.h5", "packed.h5", "report.html", "frame.png")
        ]
        for writer in large:
            assert in_child(lambda w=writer: w.write(tmp_path / w.file, OLD)) == 0
        assert in_child(lambda: large[1].write(tmp_path / large[1].file, NEW)) == 0
        assert in_child(lambda: large[1].write(tmp_path / large[1].file, OLD)) == 0
        room = os.statvfs(tmp_path)
        (tmp_path / "full").write_bytes(bytes((room.f_bavail - free) * room.f_frsize))
        for writer in large:
            path = tmp_path / writer.file
            assert in_child(lambda w=writer, p=path: w.write(p, NEW)) == FAILED
            assert writer.read(path) == OLD and not parts(tmp_path)
        (tmp_path / "full").unlink()
        for writer in large:
            path = tmp_path / writer.file
            assert in_child(lambda w=writer, p=path: w.write(p, NEW)) == 0
            assert writer.read(path) == NEW
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


# -- what the one atomic writer promises


def test_two_writers_of_one_file_leave_one_whole_file(tmp_path):
    path = tmp_path / "a.txt"
    with atomic(path) as one, atomic(path) as two:
        assert one != two
        one.write_text("one" * 1000)
        two.write_text("two" * 1000)
    assert path.read_text() in ("one" * 1000, "two" * 1000)
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_only_what_ended_processes_left_is_swept(tmp_path):
    dead = os.fork()
    if not dead:
        os._exit(0)
    os.waitpid(dead, 0)
    names = {
        "ours": f"{PARTIAL}{HOST}-{os.getpid()}-0-a.h5",
        "dead": f"{PARTIAL}{HOST}-{dead}-0-a.h5",
        "foreign": f"{PARTIAL}ffffff-{dead}-0-a.h5",
        "foreign and old": f"{PARTIAL}eeeeee-{dead}-0-a.h5",
        "of another form": f"{PARTIAL}abc",
        "a result": "a.h5",
    }
    for name in names.values():
        (tmp_path / name).touch()
    (tmp_path / f"{PARTIAL}{HOST}-{dead}-0").mkdir()
    os.utime(tmp_path / names["foreign and old"], (1, 1))
    sweep(str(tmp_path))
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {names[n] for n in ("ours", "foreign", "of another form", "a result")}
    assert FOREIGN_SECONDS >= 3600


def test_a_clock_that_jumped_removes_no_file_of_a_living_process(tmp_path):
    """Files dated 1970 and 2100: only the process that a name tells of counts on this machine."""
    part = tmp_path / f"{PARTIAL}{HOST}-{os.getpid()}-0-a.h5"
    for when in (1, 4_102_444_800):
        part.touch()
        os.utime(part, (when, when))
        sweep.cache_clear()
        write_text(tmp_path / "b.txt", "x")
        assert part.exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MerflowError, match="could not be written"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_a_name_that_is_taken_is_no_full_disk(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "out", tmp_path / "file" / "x.csv"):
        with pytest.raises(MerflowError, match="could not be written") as error:
            write_text(path, "new")
        assert error.value.code == 2 and "choose another path" in error.value.fix


def test_scratch_folders_of_killed_processes_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def work():
        with temporary_folder() as folder:
            (folder / "face.npz").touch()
            os.kill(os.getpid(), 9)

    assert in_child(work) is None
    assert len(parts(tmp_path)) == 1
    with temporary_folder() as folder:
        assert parts(tmp_path) == [folder]
    assert not parts(tmp_path)
