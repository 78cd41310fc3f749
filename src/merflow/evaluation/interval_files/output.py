"""Files of a comparison: scores, matches and curve as CSV, scores as JSON, and challenge forms."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from merflow.errors import unknown
from merflow.evaluation.clip_limits import Interval
from merflow.evaluation.interval_files.megc_log import write_log
from merflow.evaluation.intervals.curve import CurvePoint
from merflow.evaluation.intervals.record import VideoInterval
from merflow.evaluation.intervals.scores import Group, Matched
from merflow.evaluation.intervals.summary import IntervalScore
from merflow.io.csv_table import csv_text
from merflow.io.files import write_json, write_text

Cell = str | int | float
MATCHES = (
    *("dataset", "subject", "video", "type", "outcome", "iou", "onset", "offset", "emotion"),
    *("confidence", "true_onset", "true_offset", "true_emotion"),
)


def score_cells(row: IntervalScore, rule: str) -> dict[str, Cell]:
    """Return the columns of a row of interval_scores.csv; NaN where undefined."""
    named = row.analysis
    return {
        "rule": rule,
        "part": row.part,
        "type": row.kind,
        "videos": row.videos,
        "subjects": row.subjects,
        "videos_without_predictions": row.unpredicted,
        **row.counts._asdict(),
        **_with_limits("precision", row.counts.precision, row.precision),
        **_with_limits("recall", row.counts.recall, row.recall),
        **_with_limits("f1", row.counts.f1, row.f1),
        "floor_f1": row.floor_f1,
        "pairs": named.pairs,
        **{f"analysis_{name}": count for name, count in named.counts._asdict().items()},
        "analysis_precision": named.precision,
        "analysis_recall": named.recall,
        **_with_limits("analysis_f1", named.f1, row.analysis_f1),
        "analysis_uf1": named.uf1,
        "analysis_uar": named.uar,
        **_with_limits("strs", row.strs, row.strs_limits),
        "few_subjects": str(row.few_subjects),
    }


def _with_limits(name: str, value: float, limits: Interval) -> dict[str, Cell]:
    return {name: value, f"{name}_lo": limits.lo, f"{name}_hi": limits.hi}


def as_json(
    matched: Matched, rows: Sequence[IntervalScore], notes: Sequence[str], emotions: Sequence[str]
) -> dict[str, Any]:
    """Return what `--json` prints; None where a score is undefined."""
    parts = [
        {name: _json(value) for name, value in score_cells(row, matched.rule).items()}
        for row in rows
    ]
    for part, row in zip(parts, rows, strict=True):
        part["few_subjects"] = row.few_subjects
    return {
        "rule": matched.rule,
        "emotions": list(emotions),
        "scores": parts,
        "notes": list(notes),
    }


def _json(value: Cell) -> Cell | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def write_scores(
    folder: Path,
    matched: Matched,
    rows: Sequence[IntervalScore],
    points: Sequence[CurvePoint],
    document: dict[str, Any],
) -> None:
    """Write interval_scores.csv, interval_matches.csv, scores.json; with points interval_curve.csv.

    Without points, the curve of an earlier comparison is removed.
    """
    cells = [score_cells(row, matched.rule) for row in rows]
    write_text(folder / "interval_scores.csv", _csv(list(cells[0]), (c.values() for c in cells)))
    found = (line for group in matched.groups for line in _matches(group))
    write_text(folder / "interval_matches.csv", _csv(MATCHES, found))
    curve = folder / "interval_curve.csv"
    if points:
        heads = ["type" if name == "kind" else name for name in CurvePoint._fields]
        write_text(curve, _csv(heads, points))
    else:
        curve.unlink(missing_ok=True)
    write_json(folder / "scores.json", document)


def _csv(head: Sequence[str], rows: Iterable[Iterable[Cell]]) -> str:
    return csv_text(head, [[_text(value) for value in row] for row in rows])


def _text(value: Cell) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else format(value, ".9g")
    return str(value)


def _matches(group: Group) -> list[list[Cell]]:
    """Return a row for every hit, false alarm and miss, in this order."""
    matching, head = group.matching, [*group.key, group.kind]
    none = ["", "", "", ""]

    def predicted(p: int) -> list[Cell]:
        one = group.predictions[p]
        return [one.onset, one.offset, one.emotion, one.confidence]

    def true(t: int) -> list[Cell]:
        one = group.truths[t]
        return [one.onset, one.offset, one.emotion]

    return [
        *([*head, "TP", iou, *predicted(p), *true(t)] for p, t, iou in matching.pairs),
        *([*head, "FP", "", *predicted(p), *none[1:]] for p in matching.false_alarms),
        *([*head, "FN", "", *none, *true(t)] for t in matching.misses),
    ]


SHORT = {"micro": "me", "macro": "mae", "": "me"}
"""Types as the challenges write them; intervals without a type are taken as micro."""


def _merflow(one: VideoInterval) -> list[Cell]:
    return [*one[:5], one.kind, one.emotion, one.confidence]


def _video(one: VideoInterval) -> list[Cell]:
    return [one.video, one.onset, one.offset, SHORT[one.kind]]


def _str(one: VideoInterval) -> list[Cell]:
    return [one.subject, one.video, one.onset, one.offset, one.emotion]


FORMS: dict[str, tuple[str, Callable[[VideoInterval], list[Cell]]]] = {
    "merflow": ("dataset,subject,video,onset,offset,type,emotion,confidence", _merflow),
    "megc2022": ("vid,pred_onset,pred_offset,type", _video),
    "megc2023": ("vid,onset,offset,type", _video),
    "megc-str": ("subject,video,onset,offset,emotion", _str),
}
"""Forms of predictions: header and cells."""
LOG = "megc-log"


def export(path: Path, form: str, matched: Matched, predictions: Sequence[VideoInterval]) -> None:
    """Write predictions in a form of a challenge; a log has the truth too."""
    if form == LOG:
        write_log(path, matched.groups)
        return
    if form not in FORMS:
        raise unknown("--form", "form", form, [*FORMS, LOG])
    write_text(path, predictions_text(form, predictions))


def predictions_text(form: str, predictions: Sequence[VideoInterval]) -> str:
    """Return predictions as CSV in a form of FORMS."""
    head, cells = FORMS[form]
    named = {name: place for place, name in enumerate(head.split(","))}
    rows = [cells(one) for one in predictions]
    if form == "merflow":
        rows = _without_empty(named, rows)
        head = ",".join(named)
    return _csv(head.split(","), rows)


def _without_empty(named: dict[str, int], rows: list[list[Cell]]) -> list[list[Cell]]:
    """Drop optional columns that no row fills, from `named` and from the rows."""
    empty = [
        name
        for name in ("dataset", "type", "emotion", "confidence")
        if not any(_text(row[named[name]]) for row in rows)
    ]
    kept = [place for name, place in named.items() if name not in empty]
    for name in empty:
        del named[name]
    return [[row[place] for place in kept] for row in rows]
