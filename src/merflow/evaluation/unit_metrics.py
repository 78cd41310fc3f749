"""F1 of action units from counts pooled over all folds.

Every function takes counts of shape (..., K, 2, 2), one table for each of K units: truth (absent,
present) by prediction; clips in which a unit is unclear are in no cell of it. Two flavours are in
use: binary F1 is that of `present`; macro F1 is the mean of those of present and absent, 25 to 42
points higher for the same predictions on CD6ME. Their means over units are the scores.
"""

import numpy as np

from merflow.evaluation.metrics import Ratios


def unit_counts(
    truth: np.ndarray, predicted: np.ndarray, group: np.ndarray, groups: int
) -> np.ndarray:
    """Return (groups, K, 2, 2) int64 counts.

    truth: (N, K) 1, 0, or NaN where unclear; predicted: (N, K) bool; group: (N,) int.
    """
    units = truth.shape[1]
    rows, columns = np.nonzero(~np.isnan(truth))
    cells = (np.asarray(group, np.int64)[rows] * units + columns) * 4
    cells += (2 * truth[rows, columns] + predicted[rows, columns]).astype(np.int64)
    counted = np.bincount(cells, minlength=groups * units * 4)
    return counted.reshape(groups, units, 2, 2).astype(np.int64)


def binary_f1(counts: np.ndarray) -> Ratios:
    """F1 of `present` of each unit, (..., K)."""
    hits = counts[..., 1, 1]
    return 2 * hits, 2 * hits + counts[..., 0, 1] + counts[..., 1, 0]


def macro_f1(counts: np.ndarray) -> Ratios:
    """F1 of `present` and of `absent` of each unit, (..., 2 K)."""
    present, absent = binary_f1(counts), binary_f1(counts[..., ::-1, ::-1])
    return tuple(np.concatenate(pair, axis=-1) for pair in zip(present, absent, strict=True))


def precision(counts: np.ndarray) -> Ratios:
    """Share of the predicted clips of each unit that have it, (..., K)."""
    return counts[..., 1, 1], counts[..., 1].sum(-1)


def recall(counts: np.ndarray) -> Ratios:
    """Share of the clips with each unit that are predicted, (..., K)."""
    return counts[..., 1, 1], counts[..., 1, :].sum(-1)


def by_dataset(counts: np.ndarray, dataset: np.ndarray) -> np.ndarray:
    """Return (S, D x K, 2, 2): the counts of each subject, as units of its own dataset.

    counts: (S, K, 2, 2); dataset: (S,) numbers from 0. The mean over these D x K units is the mean
    over datasets of each one's mean over units.
    """
    many = int(dataset.max()) + 1 if len(dataset) else 0
    spread = np.zeros((len(counts), many, *counts.shape[1:]), counts.dtype)
    spread[np.arange(len(counts)), dataset] = counts
    return spread.reshape(len(counts), -1, 2, 2)


def everything_present(counts: np.ndarray) -> np.ndarray:
    """Return the (..., K, 2, 2) counts of predicting every unit in every clip."""
    made = np.zeros_like(counts)
    made[..., 1] = counts.sum(-1)
    return made
