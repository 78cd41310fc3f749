"""Emotions of spotted intervals: scores over the pairs of a matching (spot, then recognise)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from merflow.evaluation.intervals.counts import Counts, harmonic


class Analysis(NamedTuple):
    """Scores in [0, 1] over the pairs of one part; pairs: how many there are.

    precision, recall: means over emotions; f1: the harmonic mean of these two, as the challenge
    ranks, and not the mean of the emotions' F1, which is uf1; uar: mean recall, but mean precision
    under the rule megc-str, as its program prints it. counts: right emotions, wrong predictions and
    missed emotions, summed over emotions.
    """

    pairs: int
    precision: float
    recall: float
    f1: float
    uf1: float
    uar: float
    counts: Counts


def confusion(pairs: Sequence[tuple[str, str]], emotions: Sequence[str]) -> np.ndarray:
    """Return the (C, C + 1) counts of (true, predicted) emotions; the last column: any other one.

    Pairs with a true emotion outside `emotions` do not count.
    """
    place = {emotion: number for number, emotion in enumerate(emotions)}
    matrix = np.zeros((len(emotions), len(emotions) + 1), np.int64)
    for true, predicted in pairs:
        if true in place:
            matrix[place[true], place.get(predicted, len(emotions))] += 1
    return matrix


def analysis(matrix: np.ndarray, *, official: bool = False) -> Analysis:
    """Return the scores of one (C, C + 1) confusion matrix of pairs."""
    precision, recall, uf1 = (
        float(scores.mean()) for scores in class_scores(matrix, official=official)
    )
    uar = precision if official else recall
    counts = summed_counts(matrix, official=official)
    pairs, f1 = int(matrix.sum()), harmonic(precision, recall)
    return Analysis(pairs, precision, recall, f1, uf1, uar, counts)


def class_scores(
    matrix: np.ndarray, *, official: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precision, recall and F1 of each emotion, (..., C) each, of (..., C, C + 1) counts.

    official: as STRS-Metric, an emotion that is true and predicted in every pair scores 0, because
    its 2x2 table collapses to one cell.
    """
    tp = np.diagonal(matrix[..., :-1], axis1=-2, axis2=-1).astype(float)
    predicted, true = matrix[..., :-1].sum(-2), matrix.sum(-1)
    if official:
        tp = np.where(tp == matrix.sum((-2, -1))[..., None], 0, tp)
    return _share(tp, predicted), _share(tp, true), _share(2 * tp, predicted + true)


def analysis_f1(matrix: np.ndarray, *, official: bool = False) -> np.ndarray:
    """Return the harmonic mean of mean precision and mean recall, (...), of (..., C, C + 1)."""
    precision, recall, _ = (s.mean(-1) for s in class_scores(matrix, official=official))
    return _share(2 * precision * recall, precision + recall)


def summed_counts(matrix: np.ndarray, *, official: bool = False) -> Counts:
    """Return TP, FP and FN summed over emotions, of one (C, C + 1) confusion matrix.

    official: as STRS-Metric prints them, FN repeats FP, since it looks at predictions there too.
    """
    tp = int(np.trace(matrix[:, :-1]))
    fp = int(matrix[:, :-1].sum()) - tp
    return Counts(tp, fp, fp if official else int(matrix.sum()) - tp)


def _share(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    below = np.asarray(below, float)
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)
