"""Traps of action units planted one by one: each is caught, and its clean neighbour passes."""

from dataclasses import replace

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.evaluation.audit.evidence import Evidence, Sides
from merflow.evaluation.audit.run import audit, render_audit
from merflow.evaluation.unit_predictions import UnitTable
from merflow.evaluation.unit_thresholds import best_thresholds

CLASSES = ("AU4", "AU12")
RNG = np.random.default_rng(3)
KEYS = [ClipKey(d, f"s{s:02}", f"c{c}") for d in "ab" for s in range(8) for c in range(4)]
TRUTH = (RNG.random((len(KEYS), 2)) < 0.4).astype(float)
CHANCES = np.clip(0.35 + 0.25 * TRUTH + RNG.normal(0, 0.12, TRUTH.shape), 0.01, 0.99).round(6)
FOLDS = [f"test-{key.dataset}" for key in KEYS]


def experiment(threshold="fixed"):
    units = {"units": [4, 12], "threshold": threshold}
    return Experiment(task="action_units", action_units=units, preparation="p", collection="c")


def rows_of(fold):
    return [i for i, name in enumerate(FOLDS) if name == fold]


def evidence(thresholds, threshold="fixed", **changes):
    """A run of two folds; thresholds: fold -> its two."""
    names = ("test-a", "test-b")
    limits = np.array([thresholds[name] for name in FOLDS])
    table = UnitTable.of(KEYS, CLASSES, TRUTH, limits < CHANCES, FOLDS, CHANCES)
    inner = [(TRUTH[rows_of(other)], CHANCES[rows_of(other)]) for other in names[::-1]]
    sides = [
        Sides(name, [KEYS[i] for i in rows_of(other)], [KEYS[i] for i in rows_of(name)])
        for name, other in zip(names, names[::-1], strict=True)
    ]
    facts = [{"fold": name, "thresholds": list(thresholds[name]), "epochs": 20} for name in names]
    made = Evidence(
        table, folds=sides, experiment=experiment(threshold), facts=facts,
        inner=inner if threshold == "inner" else (),
    )  # fmt: skip
    return replace(made, **changes)


def verdict(given, trap):
    (found,) = [one for one in audit(given) if one.trap == trap]
    return found.verdict, found.because


HALF = {"test-a": (0.5, 0.5), "test-b": (0.5, 0.5)}
TRAP = "threshold chosen on the test"


def chosen(fold_of):
    """The best thresholds of each fold, on the clips of the fold that `fold_of` names."""
    return {
        name: tuple(best_thresholds(TRUTH[rows_of(other)], CHANCES[rows_of(other)]))
        for name, other in fold_of.items()
    }


OTHERS = {"test-a": "test-b", "test-b": "test-a"}
ITSELF = {"test-a": "test-a", "test-b": "test-b"}


def test_thresholds_fixed_or_of_the_inner_folds_pass():
    assert verdict(evidence(HALF), TRAP) == ("pass", "fixed at 0.5 in every fold")
    found = verdict(evidence(chosen(OTHERS), "inner"), TRAP)
    assert found[0] == "pass" and "training subjects" in found[1]


@pytest.mark.parametrize("threshold", ["fixed", "inner"])
def test_thresholds_chosen_on_the_test_clips_fail_and_are_named(threshold):
    found = verdict(evidence(chosen(ITSELF), threshold), TRAP)
    assert found[0] == "fail"
    assert "fold test-a: AU" in found[1] and "no other does better on the test clips" in found[1]


def test_predictions_that_do_not_follow_from_their_thresholds_fail():
    made = evidence(HALF)
    flipped = made.table.predicted.copy()
    flipped[5] = ~flipped[5]
    table = UnitTable.of(KEYS, CLASSES, TRUTH, flipped, FOLDS, CHANCES)
    found = verdict(replace(made, table=table), TRAP)
    assert found[0] == "fail" and str(KEYS[5]) in found[1]


def test_a_fold_without_thresholds_fails_and_a_table_alone_cannot_tell():
    made = evidence(HALF)
    facts = [{**fact, "thresholds": []} for fact in made.facts]
    assert verdict(replace(made, facts=facts), TRAP)[0] == "fail"
    assert verdict(Evidence(made.table), TRAP)[0] == "cannot tell"
    assert verdict(replace(evidence(HALF, "inner"), inner=()), TRAP)[0] == "cannot tell"


def test_one_person_under_two_datasets_on_both_sides_fails():
    """Two config names of one published dataset: a/s03 and b/s03 are the same person."""
    trap = "subjects on both sides"
    assert verdict(evidence(HALF), trap)[0] == "pass"
    found = verdict(evidence(HALF, names={"a": "casme2", "b": "casme2"}), trap)
    assert found[0] == "fail" and "the same subject" in found[1]


def test_predictions_exchanged_between_subjects_are_no_better_than_a_guess():
    trap = "no better than a guess"
    made = evidence(HALF)
    assert verdict(made, trap)[0] == "pass"
    shuffled = made.table.predicted[np.random.default_rng(0).permutation(len(KEYS))]
    table = UnitTable.of(KEYS, CLASSES, TRUTH, shuffled, FOLDS, CHANCES)
    assert verdict(replace(made, table=table), trap)[0] == "fail"


def test_absent_units_are_noted_and_every_finding_is_printed():
    truth = TRUTH.copy()
    truth[:32, 1] = 0
    made = evidence(HALF)
    table = UnitTable.of(KEYS, CLASSES, truth, made.table.predicted, FOLDS, CHANCES)
    assert verdict(replace(made, table=table), "absent units") == ("note", "a has no AU12")
    assert "NOTE         absent units: a has no AU12" in render_audit(audit(Evidence(table)))
