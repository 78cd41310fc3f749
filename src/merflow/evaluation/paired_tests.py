"""Compare two experiments on the same clips: difference, interval, p and detectable difference.

All are conditional on the trained folds: they cover variation over subjects, not over retrainings.
The subject is the unit. A test on clips (McNemar) rejects a true null hypothesis two to seven
times too often when subjects differ, so there is none. All functions take (S, K) numerators and
denominators of a metric's ratios, one row per subject, one pair of arrays per seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from merflow.evaluation.confidence import (
    FEWEST_SUBJECTS,
    LEVEL,
    RESAMPLES,
    SMALLEST_ERROR,
    influence,
    resample_weights,
    shape_rng,
    stratified_errors,
    weighted_values,
)
from merflow.evaluation.metrics import Ratios, value

SWAPS = 5000
EXACT_SUBJECTS = 12
"""Up to this many differing subjects every swap is tried; above, a random sample of swaps."""
POWER = 0.8
NO_SPREAD = 1e-12
"""A smaller standard error counts as 0: all subjects have the same influence on the difference, so
the data do not show how much other subjects would vary."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference second - first of a metric, in the metric's unit.

    lo, hi: 95% studentised bootstrap interval over subjects. p: two-sided subject-level swap
    test. detectable: smallest true difference that is significant at 5% with 80% power, before any
    correction for several tests.
    """

    difference: float
    lo: float
    hi: float
    p: float
    detectable: float


def compare(
    first: Sequence[Ratios],
    second: Sequence[Ratios],
    strata: np.ndarray,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare two experiments, seed by seed: `first[k]` and `second[k]` are one seed's ratios.

    Scores are means over seeds; a subject is swapped or drawn in all seeds at once. strata: (S,)
    dataset numbers.
    """
    if len(first) != len(second) or not first:
        raise ValueError("every seed needs one table of each experiment")
    once = np.ones((1, len(strata)))
    observed = float(_difference(once, first, second)[0])
    error = float(_errors(once, first, second, strata)[0])
    lo = hi = float("nan")
    if len(strata) >= FEWEST_SUBJECTS and error >= NO_SPREAD:
        rng = shape_rng(len(strata), len(first), resamples)
        weights = resample_weights(strata, resamples, rng)
        spreads = np.maximum(_errors(weights, first, second, strata), SMALLEST_ERROR * error)
        far = (_difference(weights, first, second) - observed) / spreads
        high, low = np.quantile(far, [(1 + LEVEL) / 2, (1 - LEVEL) / 2])
        lo, hi = np.clip([observed - high * error, observed - low * error], -1, 1).tolist()
    return Comparison(observed, lo, hi, swap_p(first, second), detectable(error))


def swap_p(first: Sequence[Ratios], second: Sequence[Ratios]) -> float:
    """Return the two-sided p of exchanging the two experiments' predictions by whole subjects."""
    subjects = len(first[0][0])
    unlike = [
        np.any(one != two, axis=1)
        for a, b in zip(first, second, strict=True)
        for one, two in zip(a, b, strict=True)
    ]
    differ = np.flatnonzero(np.any(unlike, axis=0))
    if not len(differ):
        return 1.0
    exact = len(differ) <= EXACT_SUBJECTS
    if exact:
        patterns = (np.arange(2 ** len(differ))[:, None] >> np.arange(len(differ))) & 1
    else:
        rng = shape_rng(subjects, len(differ), len(first), SWAPS)
        patterns = rng.integers(0, 2, (SWAPS, len(differ)))
    keep = np.ones((len(patterns), subjects))
    keep[:, differ] = patterns
    null = np.zeros(len(patterns))
    for a, b in zip(first, second, strict=True):
        kept, taken = _mixed(keep, b, a), _mixed(keep, a, b)
        null += (kept - taken) / len(first)
    observed = abs(float(_difference(np.ones((1, subjects)), first, second)[0]))
    reached = int(np.sum(np.abs(null) >= observed - 1e-12))
    return reached / len(patterns) if exact else (1 + reached) / (1 + len(patterns))


def holm(ps: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p values, in the given order; NaN does not count as a test."""
    values = np.asarray(ps, float)
    adjusted = np.full(len(values), np.nan)
    tested = np.flatnonzero(~np.isnan(values))
    largest = 0.0
    for rank, place in enumerate(tested[np.argsort(values[tested], kind="stable")]):
        largest = max(largest, min(1.0, (len(tested) - rank) * values[place]))
        adjusted[place] = largest
    return adjusted.tolist()


def detectable(error: float) -> float:
    """Return the smallest true difference detected with 80% power, given its standard error.

    NaN for an error of 0 (see `NO_SPREAD`).
    """
    if error < NO_SPREAD:
        return float("nan")
    normal = NormalDist()
    return (normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(POWER)) * error


def _mixed(keep: np.ndarray, own: Ratios, other: Ratios) -> np.ndarray:
    """Return the (B,) metric with `own` predictions of subjects with keep 1, else the `other`."""
    above = keep @ own[0] + (1 - keep) @ other[0]
    below = keep @ np.asarray(own[1], float) + (1 - keep) @ np.asarray(other[1], float)
    return value((above, below))


def _difference(
    weights: np.ndarray, first: Sequence[Ratios], second: Sequence[Ratios]
) -> np.ndarray:
    """Return the (B,) mean over seeds of second - first, subjects weighted (B, S)."""
    pairs = zip(first, second, strict=True)
    seeds = [weighted_values(weights, b) - weighted_values(weights, a) for a, b in pairs]
    return np.mean(seeds, axis=0)


def _errors(
    weights: np.ndarray, first: Sequence[Ratios], second: Sequence[Ratios], strata: np.ndarray
) -> np.ndarray:
    """Return the (B,) standard errors of `_difference`."""
    pairs = zip(first, second, strict=True)
    pull = np.mean([influence(weights, b) - influence(weights, a) for a, b in pairs], axis=0)
    return stratified_errors(weights, pull, strata)
