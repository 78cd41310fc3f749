"""Annotation jitter: key frames move by k, with fixed directions, and never out of the clip."""

import json
from pathlib import Path

import numpy as np
import pytest

from merflow.clip import ClipArrays, ClipKey
from merflow.commands.jitter import jitter, whole_numbers
from merflow.commands.pack import pack
from merflow.commands.split import split
from merflow.commands.train import train
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import About, full_row, score_rows
from merflow.inference.annotation_jitter import (
    JitterScore,
    jitter_scores,
    jittered_clip,
    write_jitter,
)
from merflow.workflow.plan import Plan


def clip(count=30, apex=14, name="c"):
    frames = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    key = ClipKey("smic", "s01", name)
    return ClipArrays(key, frames, 100.0, np.arange(count) + 7, 0, apex, count - 1)


def test_k_zero_changes_nothing():
    cut, far = jittered_clip(clip(), 0, 0)
    np.testing.assert_array_equal(cut.frames, clip().frames)
    assert (cut.onset, cut.apex, cut.offset, far) == (0, 14, 29, 0.0)


@pytest.mark.parametrize("name", list("abcdefgh"))
def test_key_frames_move_by_k_or_stay_at_the_clip_s_end(name):
    cut, far = jittered_clip(clip(name=name), 4, 0)
    first, last = int(cut.frames[0, 0, 0, 0]), int(cut.frames[-1, 0, 0, 0])
    assert first in (0, 4) and last in (25, 29)
    assert int(cut.frames[cut.apex, 0, 0, 0]) in (10, 18)
    assert cut.numbers[0] == first + 7 and cut.offset == len(cut.frames) - 1 == last - first
    assert far == pytest.approx((first + 29 - last + 4) / 3)


def test_the_same_seed_gives_the_same_cut_and_clips_differ():
    cuts = [len(jittered_clip(clip(name=n), 4, 0)[0].frames) for n in "abcdefghijkl"]
    assert cuts == [len(jittered_clip(clip(name=n), 4, 0)[0].frames) for n in "abcdefghijkl"]
    assert len(set(cuts)) > 1


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_a_short_clip_keeps_three_frames(count):
    for name in "abcdef":
        cut, _ = jittered_clip(clip(count, min(1, count - 1), name), 50, 0)
        assert len(cut.frames) >= min(3, count)
        assert 0 <= cut.apex < len(cut.frames)


@pytest.mark.parametrize("words", ["", "1,x", "-1,2", "1.5"])
def test_an_invalid_list_of_frames_is_refused(words):
    with pytest.raises(MerflowError, match="--frames"):
        whole_numbers(words)


def test_a_run_without_frames_as_input_is_refused():
    no_frames = {"preparation": "p", "collection": "c", "control": "dataset-only"}
    settings = Settings(
        datasets={"smic": {"root": "a"}},
        collections={"c": ["smic"]},
        preparations={"p": {}},
        experiments={"e": no_frames},
    )
    with pytest.raises(MerflowError, match="its input holds no frames"):
        jitter_scores(Plan(settings), Run("e", "x1", 0), [0], 0)


def test_commands_list_the_names_that_exist(tmp_path):
    entry = {"preparation": "p", "collection": "c", "grid": {"scheme": ["three", "binary"]}}
    config = tmp_path / "c.yaml"
    given = {"datasets": {"smic": {"root": "a"}}, "collections": {"c": ["smic"]}}
    given |= {"preparations": {"p": {}}, "experiments": {"grid": entry}}
    config.write_text(json.dumps(given))
    with pytest.raises(MerflowError, match="a row x"):
        jitter(Path("results/runs/grid/nested/seed0"), config=config)
    with pytest.raises(MerflowError, match="one of grid-scheme=three, grid-scheme=binary"):
        split("grid", config=config)
    with pytest.raises(MerflowError, match="no fold file"):
        train(Path("results/runs/grid/x1/seed0"), config=config)
    with pytest.raises(MerflowError, match="no store is named"):
        pack(tmp_path / "x.h5", preparation="p", factor="x1", config=config)


def test_numbers_are_sorted_and_each_once():
    assert whole_numbers("8,0,2,2") == [0, 2, 8]


def test_figure_and_table_are_reproducible_byte_for_byte(tmp_path):
    keys = tuple(ClipKey("smic", f"s{i // 2}", f"c{i}") for i in range(12))
    truth = np.arange(12) % 3
    table = Pooled.of(keys, ("a", "b", "c"), truth, truth, ("",) * 12, None)
    row = full_row(score_rows(table, About("e"), resamples=100))
    for name in "xy":
        write_jitter(tmp_path / name, [JitterScore(0, 0.0, row), JitterScore(4, 2.5, row)])
    lines = (tmp_path / "x/jitter.csv").read_text().splitlines()
    assert lines[0].startswith("frames,n,moved,uf1") and lines[2].startswith("4,12,2.5,1,")
    for file in ("jitter.csv", "jitter.svg"):
        assert (tmp_path / "x" / file).read_bytes() == (tmp_path / "y" / file).read_bytes()
