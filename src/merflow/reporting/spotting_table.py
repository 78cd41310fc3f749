"""The tables of spotting: a row for every run, and for every pair that recognises what was spotted.

Columns come from the task: F1 of intervals in place of UF1 and UAR of clips.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from merflow.io.csv_table import csv_text
from merflow.io.json_file import read_json
from merflow.reporting.captions import bracket, number, part_name
from merflow.reporting.table import Cell, Heading, Table
from merflow.workflow.plan import Plan
from merflow.workflow.spotting_plan import Pair, SpotRun, entry_of, pairs, runs
from merflow.workflow.spotting_scores import fold_names, threshold_text
from merflow.workflow.training_log import read_facts

ABOUT = (
    "A hit has an IoU of at least .5, ends included; each prediction matches one interval at most. "
    "Scores come from counts summed over all recordings of the tested subjects; brackets: 95% "
    "bootstrap intervals, subjects resampled. Random: mean F1 (lowest to highest) of as many "
    "intervals of the same lengths at random places of each recording."
)
FOLDS = (
    "Each subject is left out once. Lengths of windows and thresholds come from the training "
    "subjects alone."
)
FEW = "†: too few subjects (effective number below 10), so that the interval is too narrow."
STRS = (
    "STRS: F1 of spotting times F1 of the emotions of the hits, which is the harmonic mean of mean "
    "precision and mean recall; UF1, UAR: of the same hits. The emotion of an interval is the "
    "prediction of the fold that left out the same subject."
)


class Row(NamedTuple):
    """A row of spotting.csv: what was run, and one part of its scores."""

    name: str
    label: str
    seed: int
    kind: str
    threshold: str
    windows: str
    scores: Mapping[str, Any]
    floor: tuple[float, float]


def read_rows(plan: Plan) -> list[Row]:
    """Return the rows of every spotting run and every pair, in the order of the config."""
    found = [row for run in runs(plan) for row in _of_run(plan, run)]
    return found + [row for pair in pairs(plan) for row in _of_pair(plan, pair)]


def _of_run(plan: Plan, run: SpotRun) -> list[Row]:
    entry, document = entry_of(plan, run.spotting), _document(run.folder)
    facts = [read_facts(Path(run.folder) / f / "run.json") for f in fold_names(run.spotting)]
    ks = sorted({one["k"] for one in facts})
    windows = f"{ks[0]}" if len(ks) == 1 else f"{ks[0]} to {ks[-1]}"
    about = (threshold_text(entry, facts), windows if entry.method == "keras" else "")
    names = (run.spotting, entry.label or run.spotting, run.seed)
    return _rows(names, entry.intervals, about, document)


def _of_pair(plan: Plan, pair: Pair) -> list[Row]:
    entry, document = plan.settings.spot_then_recognise[pair.name], _document(pair.folder)
    label = f"{entry.spotting}, then {entry.recognition}"
    kind = entry_of(plan, entry.spotting).intervals
    return _rows((pair.name, label, pair.seed), kind, ("", ""), document)


def _rows(
    names: tuple[str, str, int], kind: str, about: tuple[str, str], document: Mapping[str, Any]
) -> list[Row]:
    floor = tuple(document["floor_range"])
    return [Row(*names, kind, *about, scores, floor) for scores in document["scores"]]


def _document(folder: str) -> dict[str, Any]:
    return read_json(Path(folder) / "scores.json", fix="call `merflow run` again")


def csv(rows: Sequence[Row]) -> str:
    """Return spotting.csv."""
    head = ["name", "label", "seed", "intervals", "threshold", "window", "floor_lowest"]
    head += ["floor_highest", *rows[0].scores]
    return csv_text(
        head,
        [[_text(v) for v in (*row[:6], *row.floor, *row.scores.values())] for row in rows],
    )


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return the printed tables: spotting and, of pairs, the emotions of the hits."""
    found = [_spotting([row for row in rows if not _recognised(row)])]
    if both := [row for row in rows if _recognised(row)]:
        found.append(_pairs(both))
    return found


def _recognised(row: Row) -> bool:
    return bool(row.scores["strs"] is not None)


def _spotting(rows: Sequence[Row]) -> Table:
    heads = ("method", "seed", "intervals", "threshold", "k")
    columns = [Heading(name, number=name in ("seed", "k")) for name in heads]
    columns += map(Heading, ("TP", "FP", "FN", "precision", "recall", "F1 [95%]", "random F1"))
    body = [[*_names(row), *_counts(row), *_f1(row)] for row in rows]
    return Table("Spotting", columns, body, (), [ABOUT, FOLDS, *_few(rows)])


def _names(row: Row) -> list[str]:
    part = "" if row.scores["part"] == "full" else f", {part_name(row.scores['part'])}"
    return [row.label + part, str(row.seed), row.kind, row.threshold, row.windows]


def _counts(row: Row) -> list[str]:
    return [f"{row.scores[name]:,}" for name in ("tp", "fp", "fn")]


def _f1(row: Row) -> list[str | Cell]:
    s = row.scores
    floor = "–" if s["floor_f1"] is None else f"{number(s['floor_f1'])} ({_span(row.floor)})"
    return [number(s["precision"]), number(s["recall"]), _limited(row, "f1"), floor]


def _span(ends: tuple[float, float]) -> str:
    return f"{number(ends[0])} to {number(ends[1])}"


def _limited(row: Row, name: str) -> Cell:
    s, mark = row.scores, "†" if row.scores["few_subjects"] else ""
    limits = bracket(s[f"{name}_lo"], s[f"{name}_hi"], mark)
    return Cell(number(s[name]), s[name], rest=limits)


def _pairs(rows: Sequence[Row]) -> Table:
    heads = ("F1 [95%]", "hits", "analysis F1 [95%]", "UF1", "UAR", "STRS [95%]")
    columns = [Heading("methods", number=False), Heading("seed"), *map(Heading, heads)]
    body = [
        [
            *_names(row)[:2],
            _limited(row, "f1"),
            f"{row.scores['pairs']:,}",
            _limited(row, "analysis_f1"),
            number(row.scores["analysis_uf1"]),
            number(row.scores["analysis_uar"]),
            _limited(row, "strs"),
        ]
        for row in rows
    ]
    return Table("Spot, then recognise", columns, body, (), [STRS, *_few(rows)])


def _few(rows: Sequence[Row]) -> list[str]:
    return [FEW] * any(row.scores["few_subjects"] for row in rows)
