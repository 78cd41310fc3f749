"""Intervals of spotting and spot-then-recognise scores, subjects resampled within datasets.

Precision, recall and F1 take the studentised bootstrap of `confidence.interval`. Analysis F1 and
STRS are no means of ratios; they take the percentiles of the same resamples.
"""

import math
from typing import NamedTuple

import numpy as np

from merflow.evaluation.clip_limits import LEVEL, Interval, Metric
from merflow.evaluation.confidence import (
    FEWEST_SUBJECTS,
    interval,
    resample_weights,
    shape_rng,
)
from merflow.evaluation.intervals.analysis import analysis_f1
from merflow.evaluation.metrics import Ratios

UNKNOWN = Interval(math.nan, math.nan)


class SpottingLimits(NamedTuple):
    """95% intervals of precision, recall and F1."""

    precision: Interval
    recall: Interval
    f1: Interval


def spotting_limits(counts: np.ndarray, strata: np.ndarray, resamples: int) -> SpottingLimits:
    """Return the intervals of (S, 3) TP, FP, FN of subjects; strata: (S,) datasets as numbers.

    Unknown where there is nothing to take a share of: no predictions, or no annotated intervals.
    """
    tp, fp, fn = counts.sum(0)
    if (counts < 0).any():
        return SpottingLimits(UNKNOWN, UNKNOWN, UNKNOWN)
    true, predicted = _tables(counts), _tables(counts[:, [0, 2, 1]])

    def limits(tables: np.ndarray, metric: Metric, below: int) -> Interval:
        return interval(tables, strata, metric, resamples=resamples) if below else UNKNOWN

    # Limits take the rows of a table as given: for precision these are the predictions.
    return SpottingLimits(
        limits(predicted, _first_row, tp + fp),
        limits(true, _first_row, tp + fn),
        limits(true, _f1, tp + fp + fn),
    )


def analysis_limits(
    counts: np.ndarray,
    confusions: np.ndarray,
    strata: np.ndarray,
    resamples: int,
    *,
    official: bool = False,
) -> tuple[Interval, Interval]:
    """Return the percentile intervals of analysis F1 and of STRS.

    counts: (S, 3) TP, FP, FN; confusions: (S, C, C + 1) emotions of the pairs of each subject.
    """
    if len(counts) < FEWEST_SUBJECTS or not confusions.any():
        return UNKNOWN, UNKNOWN
    rng = shape_rng(*confusions.shape, int(counts.sum()), resamples)
    weights = resample_weights(strata, resamples, rng)
    pairs = np.tensordot(weights, confusions, 1)
    tp, fp, fn = (weights @ counts).T
    below = 2 * tp + fp + fn
    spotted = np.divide(2 * tp, below, out=np.zeros_like(below), where=below > 0)
    named = analysis_f1(pairs, official=official)
    return _central(named), _central(named * spotted)


def _central(scores: np.ndarray) -> Interval:
    lo, hi = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(lo), float(hi))


def _tables(counts: np.ndarray) -> np.ndarray:
    """Return (S, 2, 2) tables [[TP, FN], [FP, 0]] of (S, 3) counts, rows truth.

    With FP and FN exchanged, rows are predictions. There is no count of true negatives.
    """
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    return np.stack([np.stack([tp, fn], -1), np.stack([fp, np.zeros_like(fp)], -1)], -2)


def _first_row(tables: np.ndarray) -> Ratios:
    """Hits over the first row: recall, or precision where rows are predictions."""
    return _hits(tables), tables[..., :1, :].sum(-1)


def _f1(tables: np.ndarray) -> Ratios:
    return 2 * _hits(tables), tables[..., :, :1].sum(-2) + tables[..., :1, :].sum(-1)


def _hits(tables: np.ndarray) -> np.ndarray:
    return tables[..., :1, 0].astype(float)
