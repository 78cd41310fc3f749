"""Settings of key-frame noise: a list or a section, 0 always among the distances."""

import pytest
from pydantic import ValidationError

from merflow.clip import Clip, ClipKey
from merflow.config.key_frame_noise import Variant
from merflow.config.settings import Experiment, Settings
from merflow.errors import MerflowError
from merflow.workflow.plan import Plan
from merflow.workflow.preflight import check_experiment
from merflow.workflow.run_fingerprints import training


def experiment(noise=None, **more):
    given = {} if noise is None else {"key_frame_noise": noise}
    return Experiment(preparation="p", collection="c", **given, **more)


def test_a_list_is_the_distances_of_the_tested_clips():
    short, long = experiment([5, 2]), experiment({"test": [5, 2]})
    assert short == long
    assert short.key_frame_noise.variants == [Variant(0), Variant(2), Variant(5)]
    assert short.key_frame_noise.training_levels == [0]


def test_an_unknown_apex_is_one_more_variant():
    noise = experiment({"test": [2], "apex": "unknown", "training": [3]}).key_frame_noise
    assert noise.variants == [Variant(0), Variant(2), Variant(0, "unknown")]
    assert noise.training_levels == [0, 3]


def test_an_experiment_without_noise_is_written_as_before():
    assert not experiment().key_frame_noise.asked
    assert "key_frame_noise" not in experiment().model_dump(mode="json")


@pytest.mark.parametrize("noise", [[-1], [1, 1], [0.5], {"tset": [1]}, {"apex": "none"}, "2"])
def test_impossible_noise_is_refused(noise):
    with pytest.raises(ValidationError):
        experiment(noise)


def settings_of(**entry):
    return Settings(
        datasets={"smic": {"root": "a"}},
        collections={"c": ["smic"]},
        preparations={"p": {}},
        experiments={"e": {"preparation": "p", "collection": "c", **entry}},
    )


def test_the_weights_of_a_fold_do_not_depend_on_it():
    plain, noisy = (Plan(settings_of(**more)) for more in ({}, {"key_frame_noise": [1, 2]}))
    assert training(plain, "e") == training(noisy, "e")
    assert [level for _, level in noisy.jitter_runs()] == [0] * 4
    assert plain.jitter_runs() == []


@pytest.mark.parametrize(
    "more", [{"control": "length-only"}, {"method": "command", "command": "python train.py"}]
)
def test_experiments_that_cannot_predict_from_moved_frames_are_refused(more):
    with pytest.raises(MerflowError, match=r"experiments\.e\.key_frame_noise"):
        check_experiment(settings_of(key_frame_noise=[1], **more), "e")


@pytest.mark.parametrize("entry", ["raw", "aligned", "cropped", "interpolated"])
def test_clips_that_enter_prepared_have_no_key_frames_to_move(entry):
    key = ClipKey("smic", "s1", "c1")
    clip = Clip(key, "a", ("1.jpg",), (1,), 200.0, "happiness", enters_at=entry)
    Plan(settings_of(), {"smic": [clip]}).check_jitter()
    plan = Plan(settings_of(key_frame_noise=[1]), {"smic": [clip]})
    if entry != "interpolated":
        plan.check_jitter()
        return
    with pytest.raises(MerflowError, match="clips of smic enter prepared"):
        plan.check_jitter()
