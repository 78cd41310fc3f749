"""The command line: every command documented, every fault a message with an exit code."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from merflow.cli import OLD_NAMES
from merflow.command_help import commands

ROOT = Path(__file__).parents[2]


def run(*words, **kwargs):
    command = [sys.executable, "-m", "merflow", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, **kwargs)


def test_help_lists_every_command():
    shown = run("--help").stdout
    assert all(name in shown for name in commands())


@pytest.mark.parametrize(("old", "new"), OLD_NAMES.items())
def test_an_earlier_name_of_a_command_still_works_and_names_the_new_one(old, new):
    shown, wanted = run(old, "--help"), run(new, "--help")
    assert shown.returncode == 0
    assert wanted.stdout.split("\n", 1)[1].startswith(shown.stdout.rstrip().split("\n", 1)[1])
    assert shown.stderr == f"note: `merflow {old}` is now `merflow {new}`\n"
    assert wanted.stderr == "" and old not in commands()


def test_an_unknown_command_offers_the_nearest():
    done = run("magnfy")
    assert done.returncode != 0
    assert "magnify" in done.stdout + done.stderr


def test_a_reader_that_has_seen_enough_is_no_fault(tmp_path):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "merflow", "check", "--config", ROOT / "config/config.yaml"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(write)
    assert done.returncode == 141 and done.stderr == ""


def frames(folder, count=6, size=(64, 48)):
    folder.mkdir()
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, size).astype(np.float32), (0, 0), 2)
    for t in range(count):
        shift = np.float32([[1, 0, 0.2 * t], [0, 1, 0]])
        moved = cv2.warpAffine(texture, shift, size[::-1], flags=cv2.INTER_CUBIC, borderMode=2)
        cv2.imwrite(str(folder / f"img{t + 46}.png"), moved)
    return folder


def test_magnify_on_a_folder_of_frames(tmp_path):
    source = frames(tmp_path / "in")
    done = run("magnify", source, tmp_path / "out", "--factor", 10, "--fps", 200)
    assert done.returncode == 0, done.stderr
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names[0] == "frame00046.png" and len(names) == 6
    first = cv2.imread(str(tmp_path / "out" / names[0]))
    np.testing.assert_array_equal(first, cv2.imread(str(source / "img46.png")))
    last = cv2.imread(str(tmp_path / "out" / names[-1])).astype(int)
    assert np.abs(last - cv2.imread(str(source / "img51.png"))).mean() > 1


def test_factor_and_alpha_say_the_same_thing(tmp_path):
    source = frames(tmp_path / "in")
    assert run("magnify", source, tmp_path / "f", "--factor", "x10", "--fps", 200).returncode == 0
    assert run("magnify", source, tmp_path / "a", "--alpha", 9, "--fps", 200).returncode == 0
    for file in (tmp_path / "f").iterdir():
        assert file.read_bytes() == (tmp_path / "a" / file.name).read_bytes()


def test_interpolate_on_a_folder_and_on_a_video(tmp_path):
    source = frames(tmp_path / "in")
    assert (
        run("interpolate", source, tmp_path / "v.avi", "--length", 9, "--fps", 30).returncode == 0
    )
    done = run("interpolate", tmp_path / "v.avi", tmp_path / "out", "--length", 4)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["magnify", "nowhere", "out", "--factor", "10"], "no such file or folder"),
        (["magnify", "{in}", "out", "--fps", "200"], "--factor"),
        (["magnify", "{in}", "out", "--factor", "10"], "--fps"),
        (["magnify", "{in}", "out", "--factor", "ten", "--fps", "9"], "'ten'"),
        (["magnify", "{in}", "out", "--factor", "2", "--alpha", "1", "--fps", "9"], "both"),
        (["magnify", "{in}", "out.txt", "--factor", "2", "--fps", "9"], "'.txt'"),
        (["crop", "nowhere.h5", "out.h5"], "no such file"),
        (["check"], "to do: make a project with `merflow init`"),
        (["preview", "a/b/c", "out.png"], "to do: call `merflow run` first"),
        (["make-manifest"], "or --annotations FILE"),
        (["crop", "{in}/img46.png", "out.h5"], "does not end with a merflow checksum"),
        (["magnify", "{empty}", "out", "--factor", "2", "--fps", "9"], "no frames"),
    ],
)
def test_bad_input_ends_in_a_message_and_exit_code_2(tmp_path, words, says):
    frames(tmp_path / "in")
    (tmp_path / "empty").mkdir()
    known = {"in": tmp_path / "in", "empty": tmp_path / "empty"}
    done = run(*[w.format(**known) for w in words], cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
