"""Progress: what a command shows while it works, on a terminal and in a log."""

import io
import re
import sys

import numpy as np
import pytest

from merflow import progress
from merflow.commands.interpolate import interpolate
from merflow.commands.magnify import magnify
from merflow.config.settings import Magnify
from merflow.io import video
from merflow.stages.magnify import magnify_frames

GRAIN = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
FRAMES = np.stack([np.roll(GRAIN, t // 4, 1) for t in range(12)])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by 6 s with every look at it."""
    times = iter(range(0, 10**6, 6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))


@pytest.fixture
def folder(tmp_path):
    video.write(tmp_path / "in", FRAMES, 100, range(12))
    return tmp_path / "in"


def test_a_log_gets_a_line_now_and_then_with_the_time_left(folder, clock, capsys):
    magnify(folder, folder.with_name("out"), factor="x10", fps=100, method="phase")
    lines = capsys.readouterr().err.splitlines()
    assert {line.split(":")[0] for line in lines} == {"reading", "magnifying", "writing"}
    told = re.findall(r"^writing: (\d+)%, about (\d+) s left$", "\n".join(lines), re.MULTILINE)
    # 6 s for each of the 12 frames.
    assert told and all(abs(int(left) - 72 * (1 - int(done) / 100)) < 1 for done, left in told)
    assert len(told) <= len(FRAMES) / 2  # A line in 10 s, not one a frame.


def test_interpolate_shows_its_steps(folder, clock, capsys):
    interpolate(folder, folder.with_name("out"), length=9, fps=100)
    steps = {line.split(":")[0] for line in capsys.readouterr().err.splitlines()}
    assert steps == {"reading", "interpolating", "writing"}


def test_the_share_of_a_step_of_several_passes_only_rises(monkeypatch):
    seen = []
    monkeypatch.setattr(progress, "report", lambda step, done, total: seen.append(done / total))
    for method in ("phase", "lagrangian", "linear"):
        seen.clear()
        magnify_frames(FRAMES, 100, 10, Magnify(method=method))
        assert seen == sorted(seen) and 0.9 < seen[-1] <= 1 and seen[0] < 0.1


def test_a_terminal_gets_a_bar(folder, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    magnify(folder, folder.with_name("out"), factor="x10", fps=100)
    assert "writing" in terminal.getvalue() and "%" in terminal.getvalue()


def test_only_the_step_that_contains_the_others_is_shown(clock, capsys):
    with progress.shown("a: ", only="outer"):
        for _ in progress.counted(range(20), "outer", 20):
            progress.report("inner", 1, 2)
    lines = capsys.readouterr().err.splitlines()
    assert lines and all(line.startswith("a: outer") for line in lines)


def test_nothing_is_shown_where_no_command_asked_for_it(folder, clock, capsys):
    video.read(folder, 100)
    assert capsys.readouterr().err == ""


def test_time_left_is_unknown_without_a_total():
    assert progress._state(0, 0, 5.0) == ""
    assert progress._state(0, 4, 5.0) == ": 0%"
