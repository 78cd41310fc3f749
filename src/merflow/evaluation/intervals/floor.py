"""The floor of spotting: intervals of the same number and length, at random places."""

from collections.abc import Mapping

import numpy as np

from merflow.evaluation.intervals.counts import Counts
from merflow.evaluation.intervals.matching import RULES
from merflow.evaluation.intervals.record import Video, VideoLength, have_confidence
from merflow.evaluation.intervals.scores import Matched, ends

DRAWS = 100
"""Random placements that a floor averages."""


def random_counts(
    matched: Matched,
    lengths: Mapping[Video, VideoLength],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> np.ndarray:
    """Return (draws, G, 3) TP, FP and FN of each group with its predictions at random places.

    In each recording, number, lengths and confidences of the predictions stay. Each onset is drawn
    uniformly among those that keep the interval inside the recording; overlap is not avoided.
    """
    rule = RULES[matched.rule]
    confident = have_confidence([p for group in matched.groups for p in group.predictions])
    rng = np.random.default_rng([seed, draws, len(matched.groups)])
    found = np.zeros((draws, len(matched.groups), 3), np.int64)
    for number, group in enumerate(matched.groups):
        if not group.predictions:
            found[:, number] = Counts(0, 0, len(group.truths))
            continue
        length = lengths[group.key]
        spans = np.diff(ends(group.predictions))[:, 0]
        room = np.maximum(length.frames - spans, 1)
        first = 1 if length.first is None else length.first
        onsets = first + rng.integers(0, room, (draws, len(room)))
        sure = np.array([p.confidence for p in group.predictions]) if confident else None
        truths = ends(group.truths)
        for draw in range(draws):
            placed = np.stack([onsets[draw], onsets[draw] + spans], 1)
            found[draw, number] = rule(placed, truths, sure).counts
    return found


def floor_f1(counts: np.ndarray) -> float:
    """Return the mean over draws of F1 from summed counts (draws, G, 3)."""
    return float(np.mean([Counts(*row).f1 for row in counts.sum(1)]))


def has_lengths(matched: Matched, lengths: Mapping[Video, VideoLength]) -> bool:
    """Return whether the length of every recording with predictions is known."""
    return all(group.key in lengths for group in matched.groups if group.predictions)
