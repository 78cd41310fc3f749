"""One row of scores for every part and type of a comparison."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from merflow.evaluation.clip_limits import Interval
from merflow.evaluation.confidence import FEW_SUBJECTS, RESAMPLES, effective_subjects
from merflow.evaluation.intervals.analysis import Analysis, analysis, confusion
from merflow.evaluation.intervals.bootstrap import UNKNOWN, analysis_limits, spotting_limits
from merflow.evaluation.intervals.counts import Counts
from merflow.evaluation.intervals.floor import DRAWS, floor_f1, has_lengths, random_counts
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.evaluation.intervals.scores import Matched

NONE = Analysis(0, *[math.nan] * 5, Counts(0, 0, 0))


@dataclass(frozen=True, slots=True)
class IntervalScore:
    """Scores of one part and type; NaN where undefined.

    floor_f1: mean F1 of the same number of intervals of the same lengths at random places, NaN
    without the lengths of the recordings. unpredicted: recordings with truth and no prediction.
    analysis: NaN without emotions. strs: spotting F1 times analysis F1.
    """

    part: str
    kind: str
    videos: int
    subjects: int
    unpredicted: int
    counts: Counts
    precision: Interval
    recall: Interval
    f1: Interval
    floor_f1: float
    analysis: Analysis
    analysis_f1: Interval
    strs: float
    strs_limits: Interval
    few_subjects: bool


def emotions_of(
    predictions: Sequence[VideoInterval], truths: Sequence[VideoInterval]
) -> tuple[str, ...]:
    """Return the emotions of the truth, sorted; none where the predictions have none."""
    if not any(one.emotion for one in predictions):
        return ()
    return tuple(sorted({one.emotion for one in truths if one.emotion}))


def summary(
    matched: Matched,
    *,
    lengths: Mapping[Video, VideoLength] | None = None,
    emotions: Sequence[str] = (),
    resamples: int = RESAMPLES,
    draws: int = DRAWS,
) -> list[IntervalScore]:
    """Return the row of every part and type. emotions: classes of the analysis; empty for none."""
    floor = None
    if lengths and has_lengths(matched, lengths):
        floor = random_counts(matched, lengths, draws=draws)
    place = {(group.key, group.kind): number for number, group in enumerate(matched.groups)}
    rows = []
    for part, kind in matched.parts():
        slice_ = matched.of(part, kind)
        here = [place[group.key, group.kind] for group in slice_.groups]
        drawn = math.nan if floor is None else floor_f1(floor[:, here])
        rows.append(_row(part, kind, slice_, drawn, emotions, resamples))
    return rows


def _row(
    part: str,
    kind: str,
    matched: Matched,
    floor: float,
    emotions: Sequence[str],
    resamples: int,
) -> IntervalScore:
    counts, subjects = matched.by_subject(), matched.subjects()
    datasets = sorted({dataset for dataset, _ in subjects})
    strata = np.array([datasets.index(dataset) for dataset, _ in subjects])
    limits = spotting_limits(counts, strata, resamples)
    summed = matched.counts()
    named, ends = NONE, (UNKNOWN, UNKNOWN)
    if emotions:
        official = matched.rule == "megc-str"
        tables = _emotions_by_subject(matched, emotions)
        named = analysis(tables.sum(0), official=official)
        ends = analysis_limits(counts, tables, strata, resamples, official=official)
    return IntervalScore(
        part=part,
        kind=kind,
        videos=len(matched.videos),
        subjects=len(subjects),
        unpredicted=len(matched.without_predictions()),
        counts=summed,
        precision=limits.precision,
        recall=limits.recall,
        f1=limits.f1,
        floor_f1=floor,
        analysis=named,
        analysis_f1=ends[0],
        strs=summed.f1 * named.f1,
        strs_limits=ends[1],
        few_subjects=effective_subjects(counts[:, 0] + counts[:, 2]) < FEW_SUBJECTS,
    )


def _emotions_by_subject(matched: Matched, emotions: Sequence[str]) -> np.ndarray:
    """Return (S, C, C + 1) emotions of the pairs of each subject."""
    place = {subject: number for number, subject in enumerate(matched.subjects())}
    found = np.zeros((len(place), len(emotions), len(emotions) + 1), np.int64)
    for group in matched.groups:
        found[place[group.key.subject_key]] += confusion(group.emotions(), emotions)
    return found
