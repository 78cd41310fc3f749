"""`merflow jitter`: which runs and which distances it takes."""

import json
from pathlib import Path

import pytest

from merflow.commands.jitter import jitter, whole_numbers
from merflow.commands.pack import pack
from merflow.commands.split import split
from merflow.commands.train import train
from merflow.config.key_frame_noise import Variant
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run
from merflow.inference.jitter import jitter_scores
from merflow.workflow.plan import Plan


def settings(**experiment):
    return Settings(
        datasets={"smic": {"root": "a"}},
        collections={"c": ["smic"]},
        preparations={"p": {}},
        experiments={"e": {"preparation": "p", "collection": "c", **experiment}},
    )


@pytest.mark.parametrize("words", ["", "1,x", "-1,2", "1.5"])
def test_an_invalid_list_of_frames_is_refused(words):
    with pytest.raises(MerflowError, match="--frames"):
        whole_numbers(words)


def test_numbers_are_sorted_and_each_once():
    assert whole_numbers("8,0,2,2") == [0, 2, 8]


def test_a_run_without_frames_as_input_is_refused():
    plan = Plan(settings(control="dataset-only"))
    with pytest.raises(MerflowError, match="its input holds no frames"):
        jitter_scores(plan, Run("e", "x1", 0), [Variant(0)], 0)


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
