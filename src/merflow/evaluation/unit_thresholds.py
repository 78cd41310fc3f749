"""Thresholds of action units, chosen on predictions of training clips."""

import numpy as np

FIXED = 0.5
"""A unit counts as present above this probability, if nothing is chosen."""


def best_thresholds(truth: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Return (K,) float64: for each unit the threshold of the best binary F1.

    truth: (N, K) 1, 0, NaN where unclear; chances: (N, K) probabilities. Thresholds lie halfway
    between two probabilities; of equally good ones the nearest to 0.5 is taken, and 0.5 for a unit
    that no clip has.
    """
    return np.array([_best(t, p) for t, p in zip(truth.T, chances.T, strict=True)])


def _best(truth: np.ndarray, chances: np.ndarray) -> float:
    known = ~np.isnan(truth)
    truth, chances = truth[known], np.asarray(chances[known], np.float64)
    if not truth.any():
        return FIXED
    values = np.unique(chances)
    between = np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2])
    tried = np.unique(np.append(between, FIXED))
    present = chances[:, None] > tried
    hits = (present * truth[:, None]).sum(0)
    f1 = 2 * hits / (present.sum(0) + truth.sum())
    best = tried[f1 >= f1.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - FIXED))])
