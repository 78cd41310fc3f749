"""A clip that no mapping knows is counted; one that a scheme drops by design is not."""

import re

import full_size
import pytest
import yaml

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets.labels import explain
from merflow.datasets.unlabelled import reasons
from merflow.errors import MerflowError
from merflow.workflow.experiment_data import ExperimentData

NAMES = ("smic", "casme2", "samm", "mine")
SETTINGS = Settings(
    datasets={name: DatasetEntry(root="x", reader="manifest") for name in NAMES},
    schemes={"own": {"any": {"joy": "joy", "fear": "fear"}}},
)


def clip(dataset, emotion, number=0, objective=""):
    key = ClipKey(dataset, f"p{number}", "a")
    return Clip(key, "", ("a.png",), (1,), 200.0, emotion, objective=objective)


@pytest.mark.parametrize(
    ("scheme", "dataset", "emotion", "lost"),
    [
        ("three", "mine", "happi", True),
        ("three", "mine", "", True),
        ("three", "mine", "others", False),
        ("three", "mine", "neutral", False),
        ("megc2019", "casme2", "sadness", False),  # left out by the challenge
        ("megc2019", "casme2", "happy", True),  # CASME II says happiness
        ("megc2019", "samm", "negative", False),  # a class of the scheme
        ("five", "casme2", "negative", True),
        ("five", "casme2", "fear", False),
        ("binary", "smic", "surprise", False),
        ("own", "mine", "joy", False),
        ("own", "mine", "disgust", False),
        ("own", "mine", "class 3", True),
        ("raw", "mine", "", True),
    ],
)
def test_emotions_of_a_manifest(scheme, dataset, emotion, lost):
    assert bool(reasons(scheme, [clip(dataset, emotion)], SETTINGS)) == lost


@pytest.mark.parametrize(("objective", "lost"), [("VI", False), ("", True), ("IX", True)])
def test_objective_classes_of_a_manifest(objective, lost):
    found = reasons("objective", [clip("mine", "joy", objective=objective)], SETTINGS)
    assert bool(found) == lost


@pytest.mark.parametrize("scheme", ["megc2019", "three", "binary", "five", "seven", "objective"])
@pytest.mark.parametrize("dataset", ["smic", "casme2", "samm", "casme_sq", "casme3", "jaffe"])
def test_published_datasets_lose_nothing_without_a_decision(dataset, scheme):
    expected = full_size.plan(dataset).expected
    clips = [clip(dataset, e.emotion, objective=e.objective) for e in expected]
    assert not reasons(scheme, clips)


def experiment(words, **more):
    settings = SETTINGS.model_copy(
        update={
            "collections": {"c": ("mine",)},
            "experiments": {},
            **more,
        }
    )
    data = ExperimentData(settings)
    data.clips = {"mine": [clip("mine", word, n) for n, word in enumerate(words)]}
    return data


class Entry:
    scheme, collection, method = "three", "c", "flow_svm"


def test_few_unknown_emotions_are_a_warning_with_counts():
    data = experiment(["joy"] * 38 + ["happi", ""])
    kept = data.under_scheme(Entry, "experiments.e")
    data.under_scheme(Entry, "experiments.e")
    assert len(kept.clips) == 38
    (problem,) = data.warnings
    assert (problem.severity, problem.where) == ("warning", "experiments.e")
    assert "gives 2 of 40 clips no class" in problem.found
    assert "mine: 1 clip, emotion 'happi' has no class in scheme 'three'" in problem.found


def test_more_than_the_share_allowed_is_an_error_and_the_setting_allows_it():
    words = ["joy"] * 30 + ["happi"] * 10
    with pytest.raises(MerflowError, match="gives 10 of 40 clips no class") as refused:
        experiment(words).under_scheme(Entry, "experiments.e")
    assert "raise max_unlabelled" in str(refused.value)
    data = experiment(words, max_unlabelled=0.25)
    assert len(data.under_scheme(Entry, "experiments.e").clips) == 30 and data.warnings


def test_the_line_it_offers_for_the_config_gives_every_emotion_a_class():
    words = ["Smile", "frown: 'wide'", "yes", ""]
    with pytest.raises(MerflowError) as refused:
        experiment(words).under_scheme(Entry, "experiments.e")
    line = re.search(r"`(schemes: .*?)` and `scheme: own`", refused.value.fix)[1]
    settings = Settings.model_validate(yaml.safe_load(line))
    assert [explain("own", clip("mine", word, 0), settings).label for word in words] == [
        "smile", "frown: 'wide'", "yes", None,
    ]  # fmt: skip


def test_emotions_dropped_by_design_are_no_warning():
    data = experiment(["joy"] * 10 + ["others"] * 30)
    assert len(data.under_scheme(Entry, "experiments.e").clips) == 10 and not data.warnings
