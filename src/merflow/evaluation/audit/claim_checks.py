"""Checks of claimed scores, printed elsewhere.

A single figure may equal another score by chance: of eight unrelated figures with three digits, at
least one does in about one case of eight. So claims count as another score only if all of them
agree: those of one metric are one and the same score in every part, and none is unexplained.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from merflow.evaluation.audit.evidence import UNKNOWN, Evidence, Outcome, Printed
from merflow.evaluation.audit.test_set_selection import honest, mean_of_folds
from merflow.evaluation.metrics import accuracy, grouped_confusion, per_class_f1

POOLED, MEAN = "pooled", "the mean of folds"
LEAST_DIGITS = 3
"""Digits that must agree before a claim counts as another score: one figure with three digits, or
two figures with two.
"""


def averaged_folds(evidence: Evidence) -> Outcome:
    """Is a claimed score a mean over folds?"""
    if evidence.claimed is None:
        return _ours_or_unknown(evidence, "scored here from pooled counts", "the figures claimed")
    return _judged(evidence, {MEAN}, "the figures claimed are pooled")


def wrong_f1(evidence: Evidence) -> Outcome:
    """Is a claimed UF1 another F1, micro or weighted, or a claimed UAR the accuracy?"""
    if evidence.claimed is None:
        return _ours_or_unknown(evidence, "UF1 is macro F1 here", "the figures claimed")
    return _judged(evidence, OTHERS, "every figure claimed is what it is called")


MICRO, WEIGHTED = "micro F1 (accuracy)", "weighted F1"
RECALL = "accuracy (weighted recall)"
OTHERS = frozenset({MICRO, WEIGHTED, RECALL})
"""The other scores that papers print under a metric's name."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """A claimed score, and every score of the table that it may be, by name."""

    part: str
    metric: str
    claimed: Printed
    scores: Mapping[str, float]

    def __str__(self) -> str:
        return f"{self.part} {self.metric} {self.claimed}"

    def meant(self) -> list[str]:
        """Return the names of the scores that equal the figure; `pooled` alone if it is one."""
        found = [name for name, value in self.scores.items() if self.claimed.equals(value)]
        return [POOLED] if POOLED in found else found

    def text(self) -> str:
        """Return what a figure is that is not the pooled score."""
        pooled = f"pooled it is {self.scores[POOLED]:.4f}"
        if names := self.meant():
            return f"{self} is {' or '.join(names)}; {pooled}"
        unknown = "" if MEAN in self.scores else ", nor known as a mean of folds (no column fold)"
        return f"{self} is neither the pooled score nor another known one{unknown}; {pooled}"


def _figures(evidence: Evidence) -> list[_Figure]:
    """Return all claimed figures."""
    made = []
    for part, claims in evidence.claimed.items():
        rows = evidence.table.part(part)
        names = {name: i for i, name in enumerate(sorted(set(rows.folds)))}
        fold_of = np.array([names[name] for name in rows.folds])
        folds = grouped_confusion(rows.truth, rows.predicted, fold_of, len(rows.classes))
        pooled = dict(zip(("UF1", "UAR"), honest(folds[None]), strict=True))
        means = dict(zip(("UF1", "UAR"), mean_of_folds(folds[None]), strict=True))
        for metric, claimed in claims.items():
            scores = {POOLED: pooled[metric]} | _others(metric, folds.sum(0))
            scores |= {MEAN: means[metric]} if any(rows.folds) else {}
            made.append(_Figure(part, metric, claimed, scores))
    return made


def _others(metric: str, matrix: np.ndarray) -> dict[str, float]:
    right = float(accuracy(matrix))
    if metric == "UAR":
        return {RECALL: right}
    return {MICRO: right, WEIGHTED: float(per_class_f1(matrix) @ matrix.sum(1) / matrix.sum())}


def _judged(evidence: Evidence, faults: Collection[str], good: str) -> Outcome:
    """Return the outcome: fail if all figures agree and those of a metric are one of `faults`."""
    figures = _figures(evidence)
    strange = [figure for figure in figures if figure.meant() != [POOLED]]
    if not strange:
        return "pass", good
    texts = "; ".join(figure.text() for figure in strange)
    metrics = dict.fromkeys(figure.metric for figure in figures)
    agreed = [_agreed([f for f in figures if f.metric == metric]) for metric in metrics]
    if not all(agreed):
        return UNKNOWN, f"{texts}. The figures do not agree on one score, which proves nothing"
    if any(faults & names for names in agreed):
        return "fail", texts
    return UNKNOWN, texts


def _agreed(figures: list[_Figure]) -> set[str]:
    """Return the names of the scores that all figures of one metric equal, with enough digits."""
    if all(figure.meant() == [POOLED] for figure in figures):
        return {POOLED}
    equal = [{n for n, v in f.scores.items() if f.claimed.equals(v)} for f in figures]
    digits = 1 + sum(figure.claimed.digits - 1 for figure in figures)
    return set.intersection(*equal) if digits >= LEAST_DIGITS else set()


def _ours_or_unknown(evidence: Evidence, ours: str, needed: str) -> Outcome:
    return ("pass", ours) if evidence.experiment is not None else (UNKNOWN, f"needs {needed}")
