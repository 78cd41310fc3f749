"""Precision, recall and false alarms over thresholds on the confidence of predictions."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from merflow.evaluation.intervals.counts import Counts
from merflow.evaluation.intervals.matching import DEFAULT_RULE
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength, have_confidence
from merflow.evaluation.intervals.scores import Matched, match

MOST_THRESHOLDS = 100


class CurvePoint(NamedTuple):
    """Counts and scores of the predictions with at least this confidence, for one part and type.

    false_per_minute: NaN unless frames and rate of every recording are known.
    """

    part: str
    kind: str
    threshold: float
    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float
    false_per_video: float
    false_per_minute: float


def curve(
    predictions: Sequence[VideoInterval],
    truths: Sequence[VideoInterval],
    *,
    rule: str = DEFAULT_RULE,
    videos: Collection[Video] = (),
    lengths: Mapping[Video, VideoLength] | None = None,
) -> list[CurvePoint]:
    """Return the points of every part and type, from the highest threshold to the lowest.

    Of more than MOST_THRESHOLDS different confidences, as many are taken, equally far apart in
    rank, the highest and the lowest among them. Empty unless every prediction has a confidence.
    """
    if not have_confidence(predictions):
        return []
    everything = match(predictions, truths, rule=rule, videos=videos)
    parts = [(part, kind, everything.of(part, kind)) for part, kind in everything.parts()]
    minutes = {part: _minutes(whole, lengths or {}) for part, _, whole in parts}
    found = []
    for threshold in _thresholds([one.confidence for one in predictions]):
        kept = [one for one in predictions if one.confidence >= threshold]
        at = match(kept, truths, rule=rule, videos=everything.videos)
        found += [
            _point(part, kind, threshold, at.of(part, kind).counts(), whole, minutes[part])
            for part, kind, whole in parts
        ]
    order = {(part, kind): number for number, (part, kind, _) in enumerate(parts)}
    return sorted(found, key=lambda one: order[one.part, one.kind])


def _point(
    part: str, kind: str, threshold: float, counts: Counts, whole: Matched, minutes: float
) -> CurvePoint:
    return CurvePoint(
        part,
        kind,
        threshold,
        *counts,
        counts.precision,
        counts.recall,
        counts.f1,
        counts.fp / len(whole.videos),
        counts.fp / minutes,
    )


def _thresholds(confidences: Sequence[float]) -> list[float]:
    """Return different confidences, descending."""
    different = np.unique(confidences)[::-1]
    if len(different) > MOST_THRESHOLDS:
        ranks = np.linspace(0, len(different) - 1, MOST_THRESHOLDS).round().astype(int)
        different = different[ranks]
    return different.tolist()


def _minutes(whole: Matched, lengths: Mapping[Video, VideoLength]) -> float:
    """Return the minutes of all recordings of a part; NaN where one is unknown."""
    seconds = [
        lengths[video].frames / lengths[video].fps if video in lengths else math.nan
        for video in whole.videos
    ]
    return sum(seconds) / 60
