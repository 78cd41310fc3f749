"""A fold of action units from fold file to pooled scores; test labels reach nothing."""

import contextlib
import json

import numpy as np
import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.loading import validate
from merflow.datasets.unit_labels import decode
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import fold_text, read_fold
from merflow.evaluation.protocols import folds
from merflow.evaluation.run_id import Run
from merflow.evaluation.unit_predictions import read_fold_units
from merflow.evaluation.unit_thresholds import best_thresholds
from merflow.io.files import write_text
from merflow.io.packed import Packed
from merflow.workflow.experiment_data import ExperimentData
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips, train_fold

CLASSES = ("AU4", "AU12")
KEYS = [ClipKey("casme2", f"s{s}", f"c{k}") for s in range(5) for k in range(4)]
LABELS = [("AU4", "AU12", "AU4+AU12", "none")[i % 4] for i in range(len(KEYS))]


def settings(**entry):
    units = {"units": [4, 12], **entry.pop("action_units", {})}
    experiment = {
        "task": "action_units", "action_units": units, "preparation": "p", "collection": "c",
        "factors": ["x1"], "network": "ststnet", "training": {"epochs": 2, "device": "cpu"},
        **entry,
    }  # fmt: skip
    return validate(
        {
            "datasets": {"casme2": {"root": "faces"}},
            "collections": {"c": ["casme2"]},
            "preparations": {"p": {"kind": "flow"}},
            "experiments": {"e": experiment},
        }
    )


def flow(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.05, (len(KEYS), 12, 12, 3)).astype(np.float16)
    for row, label in enumerate(LABELS):
        x[row, :6, :, 1] += "AU4" in label
        x[row, 6:, :, 0] += "AU12" in label
    return x


@pytest.fixture
def trained(tmp_path):
    numbers = iter(range(99))

    def train(labels=LABELS, **entry):
        chosen = settings(**entry)
        fold = folds(KEYS, labels, "loso")[0]
        with contextlib.chdir(tmp_path):
            write_text("fold.csv", fold_text(fold, KEYS, labels))
            out = tmp_path / str(next(numbers)) / fold.name
            clips = RunClips([Packed(flow(), KEYS, [1] * len(KEYS), [], {})], ["x1"], "none")
            read = read_fold(tmp_path / "fold.csv")
            # The name of the fold is that of its file; seeds depend on it.
            train_fold(Plan(chosen), Run("e", "x1", 0), clips, read, out)
        return out

    return train


def facts(out):
    return json.loads((out / "run.json").read_text())


@pytest.mark.parametrize("entry", [
    {"action_units": {"threshold": "inner"}},
    {"method": "flow_svm", "network": "cnn3d", "training": {},
     "action_units": {"threshold": "inner"}},
])  # fmt: skip
def test_changed_units_of_the_tested_subject_change_no_weight_and_no_threshold(trained, entry):
    one = trained(**entry)
    tested = ["AU4+AU12", "none", "AU12?", "AU4", *LABELS[4:]]
    other = trained(labels=tested, **entry)
    changed = trained(labels=[*LABELS[:4], "none", *LABELS[5:]], **entry)
    for name in ("weights.weights.h5", "predictions.csv", "inner.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert (one / "weights.weights.h5").read_bytes() != (
        changed / "weights.weights.h5"
    ).read_bytes()
    assert facts(one)["thresholds"] == facts(other)["thresholds"]


def test_thresholds_are_one_half_unless_inner_folds_choose_them(trained):
    fixed, inner = trained(), trained(action_units={"threshold": "inner"})
    assert facts(fixed)["thresholds"] == [0.5, 0.5]
    assert not (fixed / "inner.csv").exists()
    keys, chances = read_fold_units(inner / "inner.csv", CLASSES)
    assert {key.subject for key in keys} == {"s1", "s2", "s3", "s4"} and chances.shape == (16, 2)
    label = dict(zip(KEYS, LABELS, strict=True))
    truth = decode([label[key] for key in keys], CLASSES)
    chosen = facts(inner)["thresholds"]
    assert chosen == pytest.approx(best_thresholds(truth, chances)) and chosen != [0.5, 0.5]
    keys, chances = read_fold_units(fixed / "predictions.csv", CLASSES)
    assert {key.subject for key in keys} == {"s0"}
    assert not np.allclose(chances.sum(1), 1)


def clip(key, cell):
    return Clip(key, "/x", ("a",), (1,), 200.0, "happiness", action_units=cell)


def test_an_experiment_counts_what_it_leaves_out_and_lists_its_units():
    cells = ["4", "12", "4+L12", "?", "17", "L12 or R14", "AD38+12", "4?"]
    clips = [clip(ClipKey("casme2", f"s{i}", "c"), cell) for i, cell in enumerate(cells)]
    data = ExperimentData(settings(), {"casme2": clips})
    assert data.classes("e") == CLASSES
    kept = data.labelled("e")
    assert kept.labels == ["AU4", "AU12", "AU4+AU12", "none", "AU12?", "AU12", "AU4?"]
    (warning,) = data.warnings
    assert "1 of 8 clips have no label" in warning.found and "nobody coded" in warning.found


def test_a_dataset_without_action_units_is_refused_with_its_name():
    clips = [clip(ClipKey("casme2", f"s{i}", "c"), "") for i in range(4)]
    with pytest.raises(MerflowError, match="casme2 has no clip with action units"):
        ExperimentData(settings(), {"casme2": clips}).labelled("e")


@pytest.mark.parametrize(("entry", "message"), [
    ({"nested": True}, "nested: does not go with"),
    ({"scheme": "five"}, "scheme: does not go with"),
    ({"method": "command", "command": "python a.py"}, "method: does not go with"),
    ({"training": {"stopping": "inner"}}, "training.stopping: does not go with"),
    ({"training": {"balanced_sampling": True}}, "balanced_sampling: does not go with"),
    ({"factors": ["x1+x10"], "action_units": {"threshold": "inner"}}, "pooled factors"),
    ({"task": "emotion", "action_units": {"units": [4]}}, "goes with `task: action_units` only"),
    ({"task": "emotion", "protocol": "cd6me", "action_units": {"units": [*range(1, 3)]}},
     "cd6me goes with"),
])  # fmt: skip
def test_settings_that_do_not_go_with_the_task_are_refused(entry, message):
    with pytest.raises(MerflowError, match=message):
        settings(**entry)
