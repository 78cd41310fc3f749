"""Confidence intervals and chance levels of a score, with the subject as the unit of sampling.

Clips of one subject are not independent, so every resample draws whole subjects, within their
datasets. The interval is conditional on the trained folds: it covers variation over subjects, not
over retrainings (seeds do that).
"""

import math
from collections.abc import Sequence

import numpy as np

from merflow.evaluation.clip_limits import LEVEL, Interval, Metric, clip_limits
from merflow.evaluation.metrics import Ratios, uf1, value

LEAST_RESAMPLES = 100
"""Least number of resamples for a usable interval."""
RESAMPLES = 2000
PERMUTATIONS = 1000
SMALLEST_ERROR = 0.2
"""Least standard error of a resample, as a share of the sample's: a resample of equally good
subjects would otherwise make the interval as wide as the scale."""
FEW_SUBJECTS = 10
"""An interval with a smaller effective number of subjects is marked: it is too narrow."""

FEWEST_SUBJECTS = 2
"""Least number of subjects for an interval."""


def effective_subjects(clips: np.ndarray) -> float:
    """Return Kish's effective number of subjects, (sum n)^2 / sum n^2, of (S,) clip counts."""
    clips = np.asarray(clips, float)
    return float(clips.sum() ** 2 / (clips**2).sum()) if clips.any() else 0.0


def shape_rng(*parts: int) -> np.random.Generator:
    """Return a generator seeded by the shape of the data: the same table gives the same figures."""
    return np.random.default_rng([20190514, *(int(p) for p in parts)])


def resample_weights(strata: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each subject is drawn, (resamples, S), drawing within each stratum."""
    weights = np.zeros((resamples, len(strata)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        chances = np.full(len(members), 1 / len(members))
        weights[:, members] = rng.multinomial(len(members), chances, size=resamples)
    return weights


def interval(
    subjects: np.ndarray,
    strata: np.ndarray,
    metric: Metric,
    *,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the studentised bootstrap interval of a pooled metric, built on the logit scale.

    subjects: (S, C, C) confusion matrix of each subject; strata: (S,) the dataset of each, as
    numbers; metric: one of `metrics.METRICS`. Percentile and BCa intervals cover too little on
    small parts (simulated on the official subjects in benchmarks/interval_coverage.py). The
    interval is never narrower than `clip_limits`: a few similar subjects, or a class without
    errors, are no certainty.
    """
    if len(subjects) < FEWEST_SUBJECTS:
        return Interval(math.nan, math.nan)
    rng = shape_rng(*subjects.shape, int(subjects.sum()), resamples)
    ratios = metric(subjects)
    once = np.ones((1, len(subjects)))
    (observed,), (error,) = weighted_values(once, ratios), errors(once, ratios, strata)
    least = clip_limits(subjects.sum(0), metric)
    if error < 1e-12:  # all subjects have the same influence: no spread to resample
        return least
    weights = resample_weights(strata, resamples, rng)
    spreads = np.maximum(errors(weights, ratios, strata), SMALLEST_ERROR * error)
    edge = 0.5 / subjects.sum()  # half a clip from 0 and 1, where the logit ends
    here, slope = _logit(observed, edge)
    there, slopes = _logit(weighted_values(weights, ratios), edge)
    far = (there - here) / (slopes * spreads)
    high, low = np.quantile(far, [(1 + LEVEL) / 2, (1 - LEVEL) / 2])
    lo, hi = (_expit(here - quantile * slope * error) for quantile in (high, low))
    return Interval(min(lo, least.lo), max(hi, least.hi))


def weighted_values(weights: np.ndarray, ratios: Ratios) -> np.ndarray:
    """Return the (B,) metric of subjects pooled with weights (B, S); ratios (S, K) of each."""
    above, below = (np.asarray(side, float) for side in ratios)
    return value((weights @ above, weights @ below))


def errors(weights: np.ndarray, ratios: Ratios, strata: np.ndarray) -> np.ndarray:
    """Return the (B,) standard errors of a metric over subjects drawn with weights (B, S)."""
    return stratified_errors(weights, influence(weights, ratios), strata)


def influence(weights: np.ndarray, ratios: Ratios) -> np.ndarray:
    """Return the influence of each subject on the metric, (B, S): its change per unit of weight."""
    above, below = (np.asarray(side, float) for side in ratios)
    tops, bases = weights @ above, weights @ below
    share = np.divide(1, bases, out=np.zeros_like(bases), where=bases > 0)
    return (share @ above.T - (tops * share * share) @ below.T) / above.shape[1]


def stratified_errors(weights: np.ndarray, pull: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return (B,) standard errors of a sum of (B, S) influences, subjects drawn within strata."""
    variance = np.zeros(len(weights))
    for stratum in np.unique(strata):
        members = strata == stratum
        size = int(members.sum())
        w, p = weights[:, members], pull[:, members]
        centre = (w * p).sum(1, keepdims=True) / size
        variance += (w * (p - centre) ** 2).sum(1) * size / max(size - 1, 1)
    return np.sqrt(variance)


def _logit(score: float | np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the logit and its slope, kept `edge` away from 0 and 1."""
    inside = np.clip(score, edge, 1 - edge)
    return np.log(inside / (1 - inside)), 1 / (inside * (1 - inside))


def _expit(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -50, 50))))


def shuffled_by_subject(
    owner: np.ndarray, strata: np.ndarray, permutations: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (permutations, N) positions that give whole subjects' predictions to other subjects.

    owner: (N,) subject of each clip, strata: (N,) its dataset. Within a dataset the subjects are
    put in random order, and the predictions of each subject too; the result is laid over the
    clips. Predictions stay clustered by subject, but no longer belong to their clips.
    """
    subjects = int(owner.max()) + 1
    dataset = np.zeros(subjects)
    dataset[owner] = strata
    places = np.lexsort((np.arange(len(owner)), owner, strata))
    drawn = dataset[None, :] + rng.random((permutations, subjects))
    turn = np.argsort(np.argsort(drawn, axis=1), axis=1)
    within = rng.random((permutations, len(owner)))
    order = np.argsort(turn[:, owner] + within, axis=1)
    shuffled = np.empty_like(order)
    shuffled[:, places] = order
    return shuffled


def permuted_scores(
    truth: np.ndarray,
    predicted: np.ndarray,
    owner: np.ndarray,
    strata: np.ndarray,
    classes: int,
    permutations: int = PERMUTATIONS,
) -> np.ndarray:
    """Return the (permutations,) UF1 after whole subjects' predictions were exchanged.

    truth, predicted: (N,) class numbers; owner, strata: (N,) subject and dataset numbers.
    """
    rng = shape_rng(len(truth), int(owner.max()) + 1, classes, permutations)
    guesses = predicted[shuffled_by_subject(owner, strata, permutations, rng)]
    cells = (np.arange(permutations)[:, None] * classes + truth[None, :]) * classes + guesses
    counts = np.bincount(cells.ravel(), minlength=permutations * classes**2)
    return uf1(counts.reshape(permutations, classes, classes))


def chance_interval(scores: np.ndarray) -> Interval:
    """Return the central interval of permuted scores."""
    lo, hi = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(lo), float(hi))


def chance_p(scores: np.ndarray, observed: float) -> float:
    """Return the one-sided p of `observed`: the share of permutations at least as good."""
    return float((1 + np.sum(scores >= observed - 1e-12)) / (1 + len(scores)))


def permutation_rank(score: float, permuted: Sequence[float]) -> tuple[int, float]:
    """Return how many permuted-label runs score at least as well, and the one-sided p.

    Scores that agree to the nine digits of a table count as equal: some were read from one.
    """
    reached = int(np.sum(np.asarray(permuted) >= score - 1e-8))
    return reached, (1 + reached) / (1 + len(permuted))
