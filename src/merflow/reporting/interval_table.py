"""Scores of spotted intervals as printed."""

import math
from collections.abc import Sequence

from merflow.evaluation.clip_limits import Interval
from merflow.evaluation.intervals.scores import OVERALL
from merflow.evaluation.intervals.summary import IntervalScore
from merflow.reporting.captions import bracket, number, part_name
from merflow.reporting.table import Cell, Heading, Table

ABOUT_RULES = {
    "one-to-one": "Each prediction matches one annotated interval at most, and each interval one "
    "prediction",
    "megc2020": "As the program of MEGC2020: TP are annotated intervals that any prediction hits, "
    "FP are predictions minus TP; one prediction can hit several intervals",
    "megc-str": "As STRS-Metric, with its known faults: one prediction can take several intervals, "
    "subjects without any prediction and recordings without any annotation do not count, and UAR "
    "is the mean of precision. It flatters; compare with other programs' figures only",
}
LIMITS = "Brackets: 95% bootstrap intervals, subjects resampled"
FEW = "†: too few subjects (effective number below 10), so that the interval is too narrow."
FLOOR = (
    "Random: mean F1 of as many intervals of the same lengths at random places of each recording"
)


def spotting_table(rule: str, rows: Sequence[IntervalScore]) -> Table:
    """Return precision, recall and F1 of every part and type."""
    floor = any(not math.isnan(row.floor_f1) for row in rows)
    heads = ["TP", "FP", "FN", "precision [95%]", "recall [95%]", "F1 [95%]", *["random"] * floor]
    body = [
        [
            *_names(row),
            *(f"{count:,}" for count in row.counts),
            _score(row.counts.precision, row.precision, row.few_subjects),
            _score(row.counts.recall, row.recall, row.few_subjects),
            _score(row.counts.f1, row.f1, row.few_subjects),
            *[number(row.floor_f1)] * floor,
        ]
        for row in rows
    ]
    notes = [
        f"Rule {rule}. {ABOUT_RULES[rule]}.",
        "A hit has an IoU of at least .5, ends included; scores come from summed counts.",
        f"{LIMITS}.",
        *[f"{FLOOR}."] * floor,
        *[FEW] * any(row.few_subjects for row in rows),
    ]
    return Table(f"Spotting, rule {rule}", [*_headings(), *map(Heading, heads)], body, (), notes)


def analysis_table(rule: str, rows: Sequence[IntervalScore], emotions: Sequence[str]) -> Table:
    """Return the scores of emotions on the hits, and STRS."""
    heads = ("hits", "precision", "recall", "F1 [95%]", "UF1", "UAR", "STRS [95%]")
    body = [
        [
            *_names(row),
            f"{row.analysis.pairs:,}",
            number(row.analysis.precision),
            number(row.analysis.recall),
            _score(row.analysis.f1, row.analysis_f1, row.few_subjects),
            number(row.analysis.uf1),
            number(row.analysis.uar),
            _score(row.strs, row.strs_limits, row.few_subjects),
        ]
        for row in rows
    ]
    notes = (
        f"Emotions {', '.join(emotions)}, on hits with one of them as the true emotion. Precision "
        "and recall: means over emotions; F1: the harmonic mean of the two; UF1: the mean of the "
        "emotions' F1; STRS: F1 of spotting times F1 here. Brackets: percentiles.",
    )
    title = f"Emotions of the hits, rule {rule}"
    return Table(title, [*_headings(), *map(Heading, heads)], body, (), notes)


def _headings() -> list[Heading]:
    return [Heading("part", number=False), Heading("type", number=False)]


def _names(row: IntervalScore) -> list[str]:
    return [part_name(row.part), row.kind or OVERALL]


def _score(value: float, limits: Interval, few: bool) -> Cell:
    return Cell(number(value), value, rest=bracket(*limits, "†" if few else ""))
