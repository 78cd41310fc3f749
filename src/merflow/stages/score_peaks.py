"""From the scores of a recording's windows to intervals: smooth, threshold, find peaks.

Post-processing of SOFTNet (Liong, See and Wong 2021) and MEAN. Frames are positions from 0; k is
half the usual length of an interval (frames).
"""

from typing import NamedTuple

import numpy as np


class Peak(NamedTuple):
    """A spotted interval: positions first..last, both included, and the score at its peak."""

    first: int
    last: int
    score: float


def half_length(lengths: "list[int] | np.ndarray") -> int:
    """Return k of annotated intervals: half of the mean of offset minus onset, at least 1."""
    mean = float(np.mean(lengths))
    return max(1, int((mean + 1) / 2))


def at_frames(scores: np.ndarray, starts: np.ndarray, frames: int) -> np.ndarray:
    """Return a score for every window of a recording, (frames,), from those of some of them.

    scores, starts: (N,) scores of the windows that begin at these positions, ascending. Between
    them scores are interpolated; beyond them they are NaN, since no window begins there.
    """
    at = np.arange(frames, dtype=np.float64)
    if not len(starts):
        return np.full(frames, np.nan)
    return np.interp(at, starts, scores, left=np.nan, right=np.nan)


def smoothed(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the mean of scores over [t - k, t + k) for each t, (T,); NaN where it is incomplete.

    A recording of fewer than 2 k scores has no complete mean.
    """
    known = np.flatnonzero(np.isfinite(scores))
    out = np.full(len(scores), np.nan)
    if len(known) < 2 * k:
        return out
    first, last = int(known[0]), int(known[-1]) + 1
    total = np.concatenate([[0.0], np.cumsum(scores[first:last], dtype=np.float64)])
    out[first + k : last - k + 1] = (total[2 * k :] - total[: -2 * k])[: last - first] / (2 * k)
    return out


def level(scores: np.ndarray, p: float) -> float:
    """Return the threshold mean + p (max - mean) of scores; NaN are left out."""
    known = scores[np.isfinite(scores)]
    if not len(known):
        return np.inf
    mean, most = float(known.mean()), float(known.max())
    # Scores that are all alike have no peak: their differences are rounding.
    return mean + p * (most - mean) if most - mean > 1e-9 * max(1.0, abs(most)) else np.inf


def peaks(scores: np.ndarray, height: float, distance: int) -> np.ndarray:
    """Return the positions of local maxima of at least `height`, ascending, (N,) int64.

    Of two peaks nearer than `distance` the lower is dropped, of equal ones the earlier. A plateau
    counts once, in its middle; the first and last known scores are no peaks, scores beyond are NaN.
    """
    known = np.flatnonzero(np.isfinite(scores))
    if not len(known):
        return np.empty(0, np.int64)
    values = scores[known[0] : known[-1] + 1]
    found = np.array([p for p in _maxima(values) if values[p] >= height], np.int64)
    keep = np.ones(len(found), bool)
    for one in np.argsort(values[found], kind="stable")[::-1]:
        if keep[one]:
            near = np.abs(found - found[one]) < distance
            near[one] = False
            keep[near] = False
    return found[keep] + known[0]


def _maxima(values: np.ndarray) -> list[int]:
    found, t = [], 1
    while t < len(values) - 1:
        if values[t - 1] < values[t]:
            end = t
            while end < len(values) - 1 and values[end + 1] == values[t]:
                end += 1
            if end < len(values) - 1 and values[end + 1] < values[t]:
                found.append((t + end) // 2)
            t = end
        t += 1
    return found


def spotted(scores: np.ndarray, k: int, p: float, apart: bool = False) -> list[Peak]:
    """Return the intervals of a recording from the scores of its windows, (T,).

    Each reaches from k frames before a peak of the smoothed scores to k frames after it, as far as
    the recording goes. apart: of two that would overlap, the one with the higher peak is kept;
    otherwise peaks may stand k frames apart, as published.
    """
    means = smoothed(scores, k)
    found = peaks(means, level(means, p), 2 * k + 1 if apart else k)
    last = len(scores) - 1
    return [Peak(max(0, t - k), min(last, t + k), float(means[t])) for t in found.tolist()]
