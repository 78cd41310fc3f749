"""Scores of spotted intervals: counts of every recording, summed for datasets and types.

Recordings and subjects without predictions count: their annotated intervals are misses. Only the
rule megc-str leaves them out, as its program does.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from merflow.evaluation.intervals.counts import Counts, total
from merflow.evaluation.intervals.matching import DEFAULT_RULE, RULES, Matching
from merflow.evaluation.intervals.record import Video, VideoInterval, have_confidence

FULL, OVERALL = "full", "overall"
"""Name of the part with all datasets, and of the row with all types."""


class Group(NamedTuple):
    """The intervals of one type in one recording, with their matching."""

    key: Video
    kind: str
    predictions: tuple[VideoInterval, ...]
    truths: tuple[VideoInterval, ...]
    matching: Matching

    @property
    def counts(self) -> Counts:
        """TP, FP and FN as the rule counts them."""
        return self.matching.counts

    def emotions(self) -> list[tuple[str, str]]:
        """Return the (true, predicted) emotions of the pairs."""
        return [
            (self.truths[t].emotion, self.predictions[p].emotion) for p, t, _ in self.matching.pairs
        ]


@dataclass(frozen=True, slots=True)
class Matched:
    """All groups of a comparison. videos: every recording that was looked at, sorted."""

    rule: str
    groups: tuple[Group, ...]
    videos: tuple[Video, ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets, sorted."""
        return tuple(sorted({video.dataset for video in self.videos}))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Types, micro before macro."""
        return tuple(sorted({group.kind for group in self.groups}, reverse=True))

    def parts(self) -> list[tuple[str, str]]:
        """Return (part, type) of every row: all datasets and each, each type and all."""
        datasets = self.datasets
        kinds = self.kinds if len(self.kinds) == 1 else (*self.kinds, OVERALL)
        return [
            (dataset, kind)
            for dataset in ((FULL,) if len(datasets) == 1 else (FULL, *datasets))
            for kind in kinds
        ]

    def of(self, part: str = FULL, kind: str = OVERALL) -> "Matched":
        """Return what belongs to one part and type."""
        return Matched(
            self.rule,
            tuple(
                group
                for group in self.groups
                if part in (FULL, group.key.dataset) and kind in (OVERALL, group.kind)
            ),
            tuple(video for video in self.videos if part in (FULL, video.dataset)),
        )

    def counts(self) -> Counts:
        """Return the summed counts."""
        return total(group.counts for group in self.groups)

    def subjects(self) -> tuple[tuple[str, str], ...]:
        """Return (dataset, subject) of every recording, sorted."""
        return tuple(sorted({video.subject_key for video in self.videos}))

    def by_subject(self) -> np.ndarray:
        """Return (S, 3) TP, FP, FN of each subject, in the order of `subjects`."""
        place = {subject: number for number, subject in enumerate(self.subjects())}
        found = np.zeros((len(place), 3), np.int64)
        for group in self.groups:
            found[place[group.key.subject_key]] += group.counts
        return found

    def without_predictions(self) -> list[Video]:
        """Return the recordings with annotated intervals and no prediction."""
        predicted = {group.key for group in self.groups if group.predictions}
        return sorted({g.key for g in self.groups if g.truths} - predicted)

    def without_truth(self) -> list[Video]:
        """Return the recordings with predictions and no annotated interval."""
        annotated = {group.key for group in self.groups if group.truths}
        return sorted({g.key for g in self.groups if g.predictions} - annotated)


def match(
    predictions: Sequence[VideoInterval],
    truths: Sequence[VideoInterval],
    *,
    rule: str = DEFAULT_RULE,
    videos: Collection[Video] = (),
) -> Matched:
    """Match predictions to annotated intervals, each type in each recording apart.

    videos: recordings to count although they may hold neither, such as those without an
    expression. Confidences decide the order only if every prediction has one.
    """
    predicted, annotated = _grouped(predictions), _grouped(truths)
    confident = have_confidence(predictions)
    every = {key for key, _ in (*predicted, *annotated)} | {*videos}
    groups = []
    for place in sorted(predicted.keys() | annotated.keys()):
        if rule == "megc-str" and not _looked_at(place, predicted, annotated):
            continue
        ours, theirs = predicted.get(place, ()), annotated.get(place, ())
        sure = np.array([one.confidence for one in ours]) if confident else None
        found = RULES[rule](ends(ours), ends(theirs), sure)
        groups.append(Group(*place, tuple(ours), tuple(theirs), found))
    return Matched(rule, tuple(groups), tuple(sorted(every)))


def ends(intervals: Sequence[VideoInterval]) -> np.ndarray:
    """Return (N, 2) onset and offset."""
    return np.array([(i.onset, i.offset) for i in intervals], np.int64).reshape(-1, 2)


Grouped = Mapping[tuple[Video, str], Sequence[VideoInterval]]


def _grouped(intervals: Sequence[VideoInterval]) -> Grouped:
    """Return the intervals of each (recording, type), in the order of the rows."""
    found = defaultdict(list)
    for one in intervals:
        found[one.key, one.kind].append(one)
    return found


def _looked_at(place: tuple[Video, str], predicted: Grouped, annotated: Grouped) -> bool:
    """Return whether STRS-Metric sees a recording: annotated, of a subject with predictions."""
    subjects = {key.subject_key for key, kind in predicted if kind == place[1]}
    return place in annotated and place[0].subject_key in subjects
