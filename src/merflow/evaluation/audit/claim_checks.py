"""Checks of claimed scores, printed elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from merflow.evaluation.audit.evidence import UNKNOWN, Evidence, Outcome
from merflow.evaluation.audit.test_set_selection import honest, mean_of_folds
from merflow.evaluation.metrics import accuracy, grouped_confusion, per_class_f1

SAME = 6e-4
"""Largest difference of equal figures printed with three or four digits."""


def averaged_folds(evidence: Evidence) -> Outcome:
    """Is a claimed score a mean over folds?"""
    known = any(evidence.table.folds)
    mean = "the mean of folds" if known else "known as a mean of folds (no column fold)"

    def explained(figure: "_Figure") -> tuple[bool, str]:
        if figure.is_(figure.mean):
            return True, f"{figure} is the mean of folds; pooled it is {figure.pooled:.4f}"
        return False, f"{figure} is neither the pooled score nor {mean}"

    if evidence.claimed is None:
        return _ours_or_unknown(evidence, "scored here from pooled counts", "the figures claimed")
    return _judged(evidence, explained, "the figures claimed are pooled")


def wrong_f1(evidence: Evidence) -> Outcome:
    """Is a claimed UF1 another F1, micro or weighted, or a claimed UAR the accuracy?"""

    def explained(figure: "_Figure") -> tuple[bool, str]:
        others = _others(figure.metric, figure.matrix)
        names = [name for name, value in others.items() if figure.is_(value)]
        if names:
            return True, f"{figure} is {names[0]}; {figure.metric} is {figure.pooled:.4f}"
        return False, f"{figure} is neither the pooled {figure.metric} nor another pooled score"

    if evidence.claimed is None:
        return _ours_or_unknown(evidence, "UF1 is macro F1 here", "the figures claimed")
    return _judged(evidence, explained, "every figure claimed is what it is called")


@dataclass(frozen=True, slots=True)
class _Figure:
    """A claimed score beside those of the table, pooled and as mean of folds."""

    part: str
    metric: str
    claimed: float
    pooled: float
    mean: float
    matrix: np.ndarray

    def __str__(self) -> str:
        return f"{self.part} {self.metric} {self.claimed:.4f}"

    def is_(self, value: float) -> bool:
        return abs(value - self.claimed) <= SAME


def _figures(evidence: Evidence) -> list[_Figure]:
    """Return all claimed figures; a UAR that is not claimed is NaN."""
    made = []
    for part, pair in evidence.claimed.items():
        rows = evidence.table.part(part)
        names = {name: i for i, name in enumerate(sorted(set(rows.folds)))}
        fold_of = np.array([names[name] for name in rows.folds])
        folds = grouped_confusion(rows.truth, rows.predicted, fold_of, len(rows.classes))
        known = zip(
            ("UF1", "UAR"), pair, honest(folds[None]), mean_of_folds(folds[None]), strict=True
        )
        made += [
            _Figure(part, *figure, folds.sum(0)) for figure in known if not np.isnan(figure[1])
        ]
    return made


def _others(metric: str, matrix: np.ndarray) -> dict[str, float]:
    """Return the other scores that papers print under a metric's name."""
    right = float(accuracy(matrix))
    if metric == "UAR":
        return {"accuracy (weighted recall)": right}
    weighted = float(per_class_f1(matrix) @ matrix.sum(1) / matrix.sum())
    return {"micro F1 (accuracy)": right, "weighted F1": weighted}


def _judged(
    evidence: Evidence, explained: Callable[[_Figure], tuple[bool, str]], good: str
) -> Outcome:
    """Return the outcome for the figures that differ from the pooled scores.

    explained: whether a figure is found to be another score, and the text for it.
    """
    found, unknown = [], []
    for figure in _figures(evidence):
        if not figure.is_(figure.pooled):
            proven, text = explained(figure)
            (found if proven else unknown).append(text)
    if found:
        return "fail", "; ".join([*found, *unknown])
    return (UNKNOWN, "; ".join(unknown)) if unknown else ("pass", good)


def _ours_or_unknown(evidence: Evidence, ours: str, needed: str) -> Outcome:
    return ("pass", ours) if evidence.experiment is not None else (UNKNOWN, f"needs {needed}")
