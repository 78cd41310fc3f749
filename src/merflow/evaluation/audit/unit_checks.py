"""Checks of action unit runs: thresholds, absent units, guesses."""

import numpy as np

from merflow.evaluation.audit.evidence import NOTE, UNKNOWN, Evidence, Outcome
from merflow.evaluation.audit.score_checks import ALPHA
from merflow.evaluation.clip_limits import ratio_values
from merflow.evaluation.confidence import chance_p
from merflow.evaluation.score_table import parts_of, subject_numbers
from merflow.evaluation.unit_metrics import binary_f1
from merflow.evaluation.unit_predictions import UnitTable
from merflow.evaluation.unit_scores import exchanged
from merflow.evaluation.unit_thresholds import FIXED, best_thresholds

CLOSE = 1e-6
"""Thresholds that agree to this are equal: predictions are stored with nine digits."""


def thresholds(evidence: Evidence) -> Outcome:
    """Were the thresholds fixed, or chosen on training subjects, never on the test?"""
    table = evidence.table
    if evidence.experiment is None:
        return UNKNOWN, "needs the run: how its thresholds were chosen"
    inner = evidence.experiment.action_units.threshold == "inner"
    for number, facts in enumerate(evidence.facts):
        name = facts.get("fold", "?")
        used = np.array(facts.get("thresholds", []), float)
        if used.shape != (len(table.classes),):
            return "fail", f"fold {name} records no threshold of each unit"
        if inner and len(evidence.inner) <= number:
            return UNKNOWN, f"fold {name} has no inner.csv"
        right = best_thresholds(*evidence.inner[number]) if inner else np.full(len(used), FIXED)
        rows = [i for i, fold in enumerate(table.folds) if fold == name]
        if (wrong := np.flatnonzero(np.abs(used - right) > CLOSE)).size:
            k = int(wrong[0])
            where = "inner folds" if inner else "the config"
            words = (
                f"fold {name}: {table.classes[k]} above {used[k]:.3g}, by {where} {right[k]:.3g}"
            )
            return "fail", words + _if_best(table, rows, k, float(used[k]))
        off = (table.probabilities[rows] > used + CLOSE) & ~table.predicted[rows]
        off |= (table.probabilities[rows] < used - CLOSE) & table.predicted[rows]
        if off.any():
            clip = table.keys[rows[int(np.argwhere(off)[0][0])]]
            return "fail", f"fold {name}: {clip} is not predicted by its probabilities"
    how = "chosen on inner folds of the training subjects" if inner else f"fixed at {FIXED}"
    return "pass", f"{how} in every fold"


def _if_best(table: UnitTable, rows: list[int], unit: int, used: float) -> str:
    """Return a remark where a threshold predicts a fold's own test clips as well as any."""
    truth = table.truth[rows][:, [unit]]
    chances = table.probabilities[rows][:, [unit]]
    best = best_thresholds(truth, chances)[0]
    f1 = [_f1(truth[:, 0], chances[:, 0] > limit) for limit in (used, best)]
    return "; no other does better on the test clips" if f1[0] >= f1[1] > 0 else ""


def _f1(truth: np.ndarray, present: np.ndarray) -> float:
    known = ~np.isnan(truth)
    hits = (truth[known] * present[known]).sum()
    asked = truth[known].sum() + present[known].sum()
    return float(2 * hits / asked) if asked else 0.0


def absent_units(evidence: Evidence) -> Outcome:
    """Has every unit clips, in every part?"""
    found = []
    for part in parts_of(evidence.table):
        rows = evidence.table.part(part)
        has = (rows.truth == 1).any(0)
        missing = [name for name, there in zip(rows.classes, has, strict=True) if not there]
        found += [f"{part} has no {', '.join(missing)}"] if missing else []
    return (NOTE, "; ".join(found)) if found else ("pass", "every unit has clips in every part")


def among_guesses(evidence: Evidence) -> Outcome:
    """Is mean binary F1 higher than when subjects exchange their predictions?"""
    table = evidence.table
    owner, strata = subject_numbers(table)
    if owner.max() < 1:
        return UNKNOWN, "one subject only"
    scores = exchanged(table.truth, table.predicted, owner, strata).mean(1)
    counts = table.grouped(np.zeros(len(table.keys), np.int64))[0]
    score = float(ratio_values(binary_f1(counts)).mean())
    p = chance_p(scores, score)
    words = f"mean F1 {score:.3f}, exchanged predictions {scores.mean():.3f}, p {p:.3f}"
    return ("pass" if p <= ALPHA else "fail"), words
