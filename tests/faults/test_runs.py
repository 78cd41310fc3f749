"""A whole run interrupted: after the documented way on, every promised file has the same bytes."""

import os
import random
import shutil
import time
from pathlib import Path

import pytest
from kill_runs import Smallest, interrupt, undisturbed


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the drawn demo, the files of an undisturbed run of it, and its seconds."""
    drawn = Smallest(tmp_path_factory.mktemp("faults") / "drawn")
    drawn.draw()
    ran = drawn.copy(drawn.folder.with_name("whole"))
    want, seconds = undisturbed(ran)
    return drawn, ran, want, seconds


@pytest.mark.parametrize("how", ["process", "group", "ctrl-c"])
def test_an_interrupted_run_goes_on_to_the_same_bytes(whole, tmp_path, how):
    drawn, _, want, seconds = whole
    hit = "nobody"
    for share in (0.5, 0.25, 0.12):  # A machine that others use less by now is done sooner.
        demo = drawn.copy(tmp_path / f"demo {share}")
        hit = interrupt(demo, seconds * share, how, random.Random(0))
        if not hit.startswith("nobody"):
            break
    assert not hit.startswith("nobody"), "every run was done before it was interrupted"
    demo.resume()
    assert demo.made() == want
    assert demo.left() == []


def test_two_runs_at_once_end_in_one_that_runs_and_one_message(whole, tmp_path):
    """The first has the second half of its jobs to do, longer than the second needs to start."""
    _, ran, want, _ = whole
    demo = ran.copy(tmp_path / "demo")
    for made in ("p/interpolated", "p/packed", "runs", "tables"):
        shutil.rmtree(demo.folder / "results" / made)
    first = demo.start(demo.snakemake())
    while not (demo.folder / ".snakemake/locks").is_dir() or not any(
        (demo.folder / ".snakemake/locks").iterdir()
    ):
        assert first.poll() is None
        time.sleep(0.05)
    second = demo.finish(demo.snakemake())
    assert second.returncode != 0 and "lock" in second.stdout.lower()
    assert first.wait() == 0
    assert demo.made() == want and demo.left() == []


@pytest.mark.parametrize("year", [1970, 2100])
def test_a_clock_that_jumped_changes_no_byte(whole, tmp_path, year):
    """All files dated so, as by a wrong clock; then the tables are made again."""
    _, ran, want, _ = whole
    demo = ran.copy(tmp_path / "demo")
    when = 1 if year == 1970 else 4_102_444_800
    for path in Path(demo.folder, "results").rglob("*"):
        if path.is_file():
            os.utime(path, (when, when))
    for path in (demo.folder / "results/tables").iterdir():
        path.unlink()
    done = demo.finish(demo.snakemake())
    if year == 2100:
        # Snakemake says so, and leaves no table; the way on is the present date for all files.
        assert done.returncode != 0 and "clock skew" in done.stdout
        assert not list((demo.folder / "results/tables").glob("scores.*"))
        for path in Path(demo.folder, "results").rglob("*"):
            os.utime(path)
        done = demo.finish(demo.snakemake())
    assert done.returncode == 0, done.stdout
    assert demo.made() == want
