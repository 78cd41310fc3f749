"""UF1, UAR and accuracy from confusion matrices pooled over all folds, never averaged over folds.

Every metric takes confusion matrices of shape (..., C, C), rows truth, columns prediction, and
returns shape (...), so one call scores one table or 2,000 resamples of it. All classes of the
scheme count: a class without true clips has F1 and recall 0, enters the mean, and is named by
`unsupported`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Ratios = tuple[np.ndarray, np.ndarray]
"""Numerators and denominators, (..., K) each, of a metric's K ratios; linear in the matrix."""


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return the (classes, classes) int64 confusion matrix of two (N,) arrays of class numbers."""
    truth, predicted = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    if truth.shape != predicted.shape or truth.ndim != 1:
        raise ValueError(f"truth {truth.shape} and predicted {predicted.shape} do not match")
    if truth.size and not (
        min(truth.min(), predicted.min()) >= 0 and max(truth.max(), predicted.max()) < classes
    ):
        raise ValueError(f"class numbers outside 0..{classes - 1}")
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def grouped_confusion(
    truth: np.ndarray, predicted: np.ndarray, group: np.ndarray, classes: int
) -> np.ndarray:
    """Return one confusion matrix per group, (G, classes, classes) int64; `group` is 0..G-1."""
    groups = int(group.max()) + 1 if len(group) else 0
    cells = (np.asarray(group, np.int64) * classes + truth) * classes + predicted
    counts = np.bincount(cells, minlength=groups * classes * classes)
    return counts.reshape(groups, classes, classes).astype(np.int64)


def f1_ratios(matrix: np.ndarray) -> Ratios:
    """F1 of each class: 2 TP over (2 TP + FP + FN)."""
    return 2 * _hits(matrix), matrix.sum(-1) + matrix.sum(-2)


def recall_ratios(matrix: np.ndarray) -> Ratios:
    """Recall of each class: TP over its true clips."""
    return _hits(matrix), matrix.sum(-1)


def accuracy_ratios(matrix: np.ndarray) -> Ratios:
    """Clips on the diagonal over all clips."""
    return _hits(matrix).sum(-1, keepdims=True), matrix.sum((-2, -1))[..., None]


METRICS: dict[str, Callable[[np.ndarray], Ratios]] = {
    "acc": accuracy_ratios,
    "uf1": f1_ratios,
    "uar": recall_ratios,
}
"""Every metric of the tables by its column name; a new metric is one function and one line here.

A metric is a mean of ratios of sums over clips. Intervals, baselines and comparisons need no more.
"""


def value(ratios: Ratios) -> np.ndarray:
    """Return the mean of the ratios, (...); a ratio over nothing is 0."""
    return _divide(*ratios).mean(-1)


def uf1(matrix: np.ndarray) -> np.ndarray:
    """Return the unweighted F1: the mean of the classes' F1 (macro F1)."""
    return value(f1_ratios(matrix))


def uar(matrix: np.ndarray) -> np.ndarray:
    """Return the unweighted average recall: the mean of the classes' recall."""
    return value(recall_ratios(matrix))


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """Return the share of clips on the diagonal."""
    return value(accuracy_ratios(matrix))


def per_class_f1(matrix: np.ndarray) -> np.ndarray:
    """Return F1 per class, (..., C); 0 where there is neither a true clip nor a prediction."""
    return _divide(*f1_ratios(matrix))


def per_class_recall(matrix: np.ndarray) -> np.ndarray:
    """Return recall per class, (..., C); 0 for a class without true clips."""
    return _divide(*recall_ratios(matrix))


def unsupported(matrix: np.ndarray, classes: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the classes that have no true clip in a (C, C) matrix."""
    return tuple(c for c, n in zip(classes, matrix.sum(1), strict=True) if n == 0)


@dataclass(frozen=True, slots=True)
class Baselines:
    """Scores that need no look at the clips, all in [0, 1].

    uf1, uar: the largest class predicted for every clip.
    """

    uf1: float
    uar: float


def baselines(support: np.ndarray) -> Baselines:
    """Return the baselines for (C,) true clips per class."""
    support = np.asarray(support, np.int64)
    total, classes, largest = int(support.sum()), len(support), int(support.max())
    if total == 0:
        return Baselines(0.0, 0.0)
    return Baselines(uf1=2 * largest / (largest + total) / classes, uar=1 / classes)


def _hits(matrix: np.ndarray) -> np.ndarray:
    return np.diagonal(matrix, axis1=-2, axis2=-1).astype(float)


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    below = np.asarray(below, float)
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)
