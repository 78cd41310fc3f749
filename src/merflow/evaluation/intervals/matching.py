"""Which predicted intervals of one recording hit which annotated ones, by three rules.

A hit has an IoU of at least 0.5, frames counted inclusively. Functions take intervals of one
recording and one type as (N, 2) arrays of onset and offset, and return positions in them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from merflow.evaluation.intervals.counts import Counts

LEAST_IOU = 0.5
ROUNDING = 1e-12


class Matching(NamedTuple):
    """Hits of one recording and its counts.

    pairs: (prediction, truth, IoU) of each hit; false_alarms, misses: positions of predictions and
    of annotated intervals in no pair. counts: as the rule counts, which for the two challenge rules
    may differ from the numbers of these positions.
    """

    pairs: tuple[tuple[int, int, float], ...]
    false_alarms: tuple[int, ...]
    misses: tuple[int, ...]
    counts: Counts


Rule = Callable[[np.ndarray, np.ndarray, np.ndarray | None], Matching]
"""(P, 2) predictions, (T, 2) annotated intervals, (P,) confidences or None -> their matching."""


def iou(predictions: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Return the (P, T) intersection over union of intervals with inclusive ends."""
    first = np.asarray(predictions, np.int64).reshape(-1, 1, 2)
    second = np.asarray(truths, np.int64).reshape(1, -1, 2)
    shared = np.minimum(first[..., 1], second[..., 1]) - np.maximum(first[..., 0], second[..., 0])
    shared = np.maximum(shared + 1, 0)
    lengths = (first[..., 1] - first[..., 0] + 1) + (second[..., 1] - second[..., 0] + 1)
    return shared / (lengths - shared)


def hits(overlap: np.ndarray) -> np.ndarray:
    """Return where an IoU reaches the limit; exactly 0.5 is a hit."""
    return overlap >= LEAST_IOU - ROUNDING


def one_to_one(
    predictions: np.ndarray, truths: np.ndarray, confidence: np.ndarray | None = None
) -> Matching:
    """Match each prediction to one annotated interval at most, and each interval to one prediction.

    With confidences, the surest prediction first takes the free interval of largest IoU, so that a
    threshold on the confidence removes matches without changing others. Without, the matching with
    most hits is taken, and of these the one with the largest sum of IoU. The order of the rows has
    no effect on counts.
    """
    overlap = iou(predictions, truths)
    good = hits(overlap)
    if not good.any():
        pairs = []
    elif confidence is None:
        pairs = _most_hits(overlap, good)
    else:
        pairs = _surest_first(overlap, good, predictions, np.asarray(confidence, float))
    return _matching(overlap, pairs)


def _most_hits(overlap: np.ndarray, good: np.ndarray) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    worth = np.where(good, min(overlap.shape) + 1 + overlap, 0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return [(int(p), int(t)) for p, t in zip(rows, columns, strict=True) if good[p, t]]


def _surest_first(
    overlap: np.ndarray, good: np.ndarray, predictions: np.ndarray, confidence: np.ndarray
) -> list[tuple[int, int]]:
    ends = np.asarray(predictions).reshape(-1, 2)
    best = np.where(good, overlap, 0).max(1)
    free, pairs = np.ones(overlap.shape[1], bool), []
    for p in np.lexsort((ends[:, 1], ends[:, 0], -best, -confidence)):
        left = np.where(good[p] & free, overlap[p], 0)
        if left.any():
            t = int(left.argmax())
            free[t] = False
            pairs.append((int(p), t))
    return pairs


def megc2020(
    predictions: np.ndarray, truths: np.ndarray, confidence: np.ndarray | None = None
) -> Matching:
    """Match as the baseline of MEGC2020: TP are the annotated intervals that any prediction hits.

    One prediction may hit several intervals. FP are predictions minus TP, so a second prediction on
    the same interval is a false alarm, and one prediction on two intervals cancels the false alarm
    of another. Intervals of one frame never match. Each hit interval is paired with its prediction
    of largest IoU.
    """
    overlap = iou(predictions, truths)
    long = [np.diff(np.reshape(ends, (-1, 2)))[:, 0] > 0 for ends in (predictions, truths)]
    overlap = overlap * long[0][:, None] * long[1]
    good = hits(overlap)
    found = np.flatnonzero(good.any(0)) if good.size else []
    pairs = [(int(overlap[:, t].argmax()), int(t)) for t in found]
    tp = len(pairs)
    counts = Counts(tp, overlap.shape[0] - tp, overlap.shape[1] - tp)
    return _matching(overlap, pairs)._replace(counts=counts)


def megc_str(
    predictions: np.ndarray, truths: np.ndarray, confidence: np.ndarray | None = None
) -> Matching:
    """Match as STRS-Metric: in the order of the rows, every prediction takes all free hits.

    One prediction can be several TP; one with hits that are all taken is a false alarm.
    """
    overlap = iou(predictions, truths)
    good, free, pairs = hits(overlap), np.ones(overlap.shape[1], bool), []
    for p in range(overlap.shape[0]):
        taken = np.flatnonzero(good[p] & free)
        free[taken] = False
        pairs += [(p, int(t)) for t in taken]
    return _matching(overlap, pairs)


def _matching(overlap: np.ndarray, pairs: list[tuple[int, int]]) -> Matching:
    """Return a matching of pairs; counts are the numbers of pairs and of what is in none."""
    used, found = {p for p, _ in pairs}, {t for _, t in pairs}
    false_alarms = tuple(p for p in range(overlap.shape[0]) if p not in used)
    misses = tuple(t for t in range(overlap.shape[1]) if t not in found)
    shown = tuple((p, t, float(overlap[p, t])) for p, t in sorted(pairs))
    return Matching(shown, false_alarms, misses, Counts(len(pairs), len(false_alarms), len(misses)))


RULES: dict[str, Rule] = {
    "one-to-one": one_to_one,
    "megc2020": megc2020,
    "megc-str": megc_str,
}
"""Rules by name; the first is the default."""
DEFAULT_RULE = "one-to-one"
