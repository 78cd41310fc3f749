"""Limits of a metric for as many independent clips: the least width of an interval.

A metric is a mean of ratios, most often one for each class. Wilson's limits of every ratio are
combined into limits of the mean (MOVER, the method of variance estimates recovery), because a few
errors in a small class move the mean far more than the same errors in a large one.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from merflow.evaluation.metrics import Ratios, value

LEVEL = 0.95
PSEUDO_CLIPS = 1.0
"""Clips added to each class that has true clips, spread evenly over its predictions, before
variances and correlations are estimated: a table without errors shows neither."""

Metric = Callable[[np.ndarray], Ratios]


class Interval(NamedTuple):
    """Lower and upper end of an interval; NaN if there are too few subjects."""

    lo: float
    hi: float


def wilson(share: np.ndarray | float, count: np.ndarray | float) -> Interval:
    """Return Wilson's interval of shares of `count` independent predictions."""
    z2 = NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = np.sqrt(z2 * (share * (1 - share) + z2 / (4 * count)) / count) / (1 + z2 / count)
    return Interval(np.maximum(0.0, centre - half), np.minimum(1.0, centre + half))


def clip_limits(matrix: np.ndarray, metric: Metric) -> Interval:
    """Return the limits of a metric if all clips were independent.

    matrix: pooled counts, (C, C), or (K, 2, 2) of units; the last axis is that of predictions.
    """
    observed = ratio_values(metric(matrix))
    spread, counts = _spread(matrix, metric)
    known = np.isfinite(counts)
    ends = wilson(observed[known], counts[known])
    lo, hi = (_combined(end - observed[known], spread[np.ix_(known, known)]) for end in ends)
    centre, ratios = float(value(metric(matrix))), len(observed)
    return Interval(max(0.0, centre - lo / ratios), min(1.0, centre + hi / ratios))


def ratio_values(ratios: Ratios) -> np.ndarray:
    """Return the (K,) ratios; a ratio over nothing is 0."""
    above, below = (np.asarray(side, float) for side in ratios)
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)


def _spread(matrix: np.ndarray, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """Return the (K, K) correlations of the ratios, and how many clips each counts as, (K,).

    The count is infinite for a ratio that cannot vary, such as one of a class without true clips.
    """
    true = matrix.sum(-1, keepdims=True)
    smooth = (matrix + PSEUDO_CLIPS / matrix.shape[-1]) * true / (true + PSEUDO_CLIPS)
    above, below = (np.asarray(side, float) for side in metric(smooth))
    share = ratio_values((above, below))
    one = np.eye(matrix.size).reshape(-1, *matrix.shape)
    gained, counted = (np.asarray(side, float) for side in metric(one))
    pull = (gained - share * counted) / np.where(below > 0, below, 1)
    shared = (pull * smooth.reshape(-1, 1)).T @ pull
    variance = np.diag(shared)
    moving = variance > 1e-15
    counts = np.where(moving, share * (1 - share) / np.where(moving, variance, 1), math.inf)
    size = np.sqrt(np.where(moving, variance, 1))
    return shared / np.outer(size, size), counts


def _combined(reach: np.ndarray, correlation: np.ndarray) -> float:
    """Return the distance of a sum's limit from those of its terms."""
    return math.sqrt(max(0.0, float(reach @ correlation @ reach)))
