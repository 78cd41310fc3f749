"""Spot, then recognise: which fold recognises which subject, and the emotions of the truth."""

from dataclasses import replace

import pytest
from spotting_makers import planned, settings

from merflow.config.loading import validate
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run
from merflow.inference.recognise_spotted import Recogniser, true_emotions
from merflow.workflow.plan import Plan

FOLDS = Recogniser(
    Run("clips", "x1", 0),
    {"casme_sq/s15": "mine-s15", "casme_sq/s16": "mine-s16"},
    {
        "mine-s15": frozenset({"casme_sq/s16", "samm/006"}),
        "mine-s16": frozenset({"casme_sq/s15", "samm/006"}),
    },
)


def test_a_subject_is_recognised_by_the_fold_that_left_it_out():
    assert FOLDS.fold_for("casme_sq/s15") == "mine-s15"
    assert FOLDS.fold_for("casme_sq/s16") == "mine-s16"


def test_a_subject_in_no_training_is_recognised_by_the_first_fold():
    assert FOLDS.fold_for("casme_sq/s40") == "mine-s15"


def test_a_model_that_saw_the_subject_is_refused():
    start = FOLDS.seen | {"mine-s15": frozenset({"casme_sq/s15"})}  # Its start weights saw it.
    with pytest.raises(MerflowError, match="its model was trained on casme_sq/s15"):
        replace(FOLDS, seen=start).fold_for("casme_sq/s15")
    with pytest.raises(MerflowError, match="its model was trained on samm/006"):
        FOLDS.fold_for("samm/006")


def test_the_truth_has_the_classes_of_the_scheme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = settings(tmp_path).model_dump(mode="json")
    config["experiments"] = {
        "clips": {"preparation": "faces", "collection": "all", "protocol": "loso", "factors": [1]}
    }
    config["schemes"] = {"two": {"any": {"positive": "good"}}}
    config["experiments"]["clips"]["scheme"] = "two"
    plan = Plan(validate(config), planned(settings(tmp_path)).data.clips)
    found = true_emotions(plan, "spotter", "clips")
    assert len(found) == 6
    assert [(one.onset, one.emotion) for one in found[:2]] == [(30, "good"), (80, "negative")]
    assert {one.kind for one in found} == {"micro"}
