"""Tables of action unit scores: binary F1 of each unit, and the means in both flavours.

Seeds are averaged. Runs stand in one table only if protocol, units and clips are the same.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.config.display_names import NO_LABELS, Shown
from merflow.config.grid import NO_GRIDS, Grids
from merflow.evaluation.clip_limits import ratio_values
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import factor_rank, part_rank
from merflow.evaluation.unit_metrics import binary_f1, precision, recall
from merflow.evaluation.unit_predictions import UnitTable
from merflow.evaluation.unit_scores import DATASETS, MEAN, MEAN_PRESENT
from merflow.reporting.captions import MARKED, SEEDS_ALONE, bracket, number, part_name, spread
from merflow.reporting.results_table import may_be_marked
from merflow.reporting.table import BEST, SECOND, Cell, Heading, Table
from merflow.text import plural

if TYPE_CHECKING:
    from pandas import DataFrame

ABSENT = "–"
Rows = Mapping[tuple[str, str], list[Any]]
"""(part, unit) -> the rows of all seeds."""
BINARY = (
    "Binary F1: that of the unit's presence, from the predictions of all folds pooled. Brackets: "
    "95% studentised bootstrap interval over subjects, conditional on the trained folds."
)
FLAVOURS = (
    "mean: over all units, a unit without clips counting 0, as published tables do; of those "
    "present: without them; datasets: mean over datasets of their means; macro: mean of the F1 of "
    "present and absent, which is far higher for the same predictions."
)
FLOORS = (
    "All present: every unit predicted in every clip. Guess by shares: each unit predicted at "
    "random with its share, whose expected F1 is the share. chance p: share of exchanges of whole "
    "subjects' predictions within their dataset that score at least as well."
)
NO_CLIP = f"{ABSENT}: no clip has the unit."


def unit_tables(
    scores: "DataFrame",
    notes: Mapping[str, str],
    controls: Collection[str] = (),
    grids: Grids = NO_GRIDS,
    names: Shown = NO_LABELS,
) -> list[Table]:
    """Return two tables for each group of comparable runs; arguments as for `wide_tables`."""
    runs: dict[tuple[str, str, int], list[Any]] = {}
    for row in records(scores):
        runs.setdefault((row.experiment, row.factor, row.seed), []).append(row)
    groups: dict[str, dict[tuple[str, str], dict[tuple[str, str], list[Any]]]] = {}
    for (experiment, factor, _), rows in runs.items():
        alike = str((rows[0].protocol, [(r.part, r.unit, r.n, r.positives) for r in rows]))
        line = groups.setdefault(alike, {}).setdefault((experiment, factor), {})
        for row in rows:
            line.setdefault((row.part, row.unit), []).append(row)
    found = []
    for group in groups.values():
        lines = dict(sorted(group.items(), key=lambda i: (i[0][0], factor_rank(i[0][1]))))
        marks = _marks(lines, controls, grids)
        under = _above_guesses({n: rows for n, rows in lines.items() if n[0] in controls}, names)
        found += [_means(lines, notes, names, marks, under), _units(lines, names)]
    return found


def _marks(
    lines: Mapping[tuple[str, str], Rows], controls: Collection[str], grids: Grids
) -> dict[tuple[str, str], str]:
    """Return the marks of the best and second mean F1, among the rows that may be marked."""
    allowed = may_be_marked(list(lines), controls, grids)
    may = [name for name, may in zip(lines, allowed, strict=True) if may]
    values = {name: _average(lines[name], ("full", MEAN), "f1") for name in may}
    best = sorted(set(values.values()), reverse=True)[:2] if len(may) > 1 else []
    places = dict(zip(best, (BEST, SECOND), strict=False))
    return {name: places.get(value, "") for name, value in values.items()}


def _above_guesses(lines: Mapping[tuple[str, str], Rows], names: Shown) -> list[str]:
    """Return a note for each negative control whose mean F1 is above the guesses."""
    place = ("full", MEAN)
    found = []
    for (experiment, factor), rows in lines.items():
        f1, most = (_average(rows, place, column) for column in ("f1", "guess_f1_hi"))
        if f1 > most:
            found.append(
                f"{names.get(experiment, experiment)} {factor}: a negative control above the "
                f"guesses (mean F1 {number(f1)}, guesses up to {number(most)}): something other "
                "than the movement gives units away."
            )
    return found


def _average(rows: Rows, place: tuple[str, str], column: str) -> float:
    values = [getattr(row, column) for row in rows.get(place, ())]
    return float(np.mean(values)) if values else math.nan


def _deviation(rows: Rows, place: tuple[str, str]) -> float:
    values = [row.f1 for row in rows.get(place, ())]
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _score(rows: Rows, place: tuple[str, str], mark: str = "") -> Cell:
    """Return a mean F1 with its spread over seeds and its interval."""
    value = _average(rows, place, "f1")
    ends = (_average(rows, place, end) for end in ("f1_lo", "f1_hi"))
    return Cell(number(value), value, mark, spread(_deviation(rows, place)) + bracket(*ends))


def _plain(rows: Rows, place: tuple[str, str], column: str, digits: int = 4) -> Cell:
    value = _average(rows, place, column)
    return Cell(number(value, digits), value)


def _means(
    lines: Mapping[tuple[str, str], Rows],
    notes: Mapping[str, str],
    names: Shown,
    marks: Mapping[tuple[str, str], str],
    above: Sequence[str],
) -> Table:
    """Return the means over units: pooled, over datasets, in each dataset, and macro."""
    first = next(iter(lines.values()))
    row = first["full", MEAN][0]
    parts = sorted({part for part, _ in first} - {"full", DATASETS}, key=part_rank)
    columns = [Heading("experiment", number=False), Heading("factor", number=False)]
    columns += [Heading("mean"), Heading("of those present", spare=True), Heading("chance p")]
    columns.append(Heading("macro"))
    columns += [Heading("datasets")] * ((DATASETS, MEAN) in first)
    columns += [Heading(part_name(part), spare=True) for part in parts] * (len(parts) > 1)

    def cells(rows: Rows, f1: str = "f1", mark: str = "") -> list[Cell]:
        own = f1 == "f1"
        found = [_score(rows, ("full", MEAN), mark) if own else _plain(rows, ("full", MEAN), f1)]
        found.append(_plain(rows, ("full", MEAN_PRESENT), f1))
        found.append(_plain(rows, ("full", MEAN), "chance_p", 3) if own else Cell("", None))
        macro = {"f1": "macro_f1", "floor_f1": "floor_macro_f1"}.get(f1)
        found.append(_plain(rows, ("full", MEAN), macro) if macro else Cell("", None))
        if (DATASETS, MEAN) in first:
            place = (DATASETS, MEAN)
            found.append(_score(rows, place) if own else _plain(rows, place, f1))
        return found + [_plain(rows, (p, MEAN), f1) for p in parts] * (len(parts) > 1)

    body = [
        [names.get(name[0], name[0]), name[1], *cells(rows, mark=marks.get(name, ""))]
        for name, rows in lines.items()
    ]
    foot = [
        ["all present", "", *cells(first, "floor_f1")],
        ["guess by shares", "", *cells(first, "share")],
    ]
    under = [*above, *(notes[name] for name in dict.fromkeys(e for e, _ in lines) if name in notes)]
    under += [BINARY, FLAVOURS, FLOORS]
    under += [MARKED] * any(marks.values())
    under += [SEEDS_ALONE] * any(len(rows["full", MEAN]) > 1 for rows in lines.values())
    under += _part_notes(first)
    title = (
        f"{_title(row.protocol)}: mean binary F1, {plural(row.n, 'clip')} of "
        f"{plural(row.subjects, 'subject')}"
    )
    return Table(title, columns, body, foot, tuple(dict.fromkeys(under)), level=2)


def _part_notes(rows: Rows) -> list[str]:
    """Return the notes of the means: absent units, skipped clips, few subjects."""
    return [
        f"{part_name(part)}: {row.note}."
        for (part, unit), found in rows.items()
        for row in found[:1]
        if unit == MEAN and row.note
    ]


def _units(lines: Mapping[tuple[str, str], Rows], names: Shown) -> Table:
    """Return binary F1 of each unit on all clips, two decimals."""
    first = next(iter(lines.values()))
    units = [unit for part, unit in first if part == "full" and unit not in (MEAN, MEAN_PRESENT)]
    columns = [Heading("experiment", number=False), Heading("factor", number=False)]
    columns += [Heading(unit) for unit in units]

    def cells(rows: Rows, column: str) -> list[Cell]:
        return [
            _plain(rows, ("full", unit), column, 2)
            if rows["full", unit][0].positives
            else Cell(ABSENT, None)
            for unit in units
        ]

    body = [[names.get(e, e), f, *cells(rows, "f1")] for (e, f), rows in lines.items()]
    counts = [first["full", unit][0].positives for unit in units]
    foot = [
        ["all present", "", *cells(first, "floor_f1")],
        ["guess by shares", "", *cells(first, "share")],
        ["clips with it", "", *(Cell(str(count), count) for count in counts)],
    ]
    protocol = first["full", MEAN][0].protocol
    notes = [NO_CLIP] * (0 in counts)
    return Table(f"{_title(protocol)}: binary F1 of each", columns, body, foot, notes)


def _title(protocol: str) -> str:
    return ", ".join(filter(None, ("Action units", protocol)))


def run_table(units: UnitTable) -> Table:
    """Return one run's units: clips, how many are found, missed, predicted without being there."""
    counts = units.grouped(np.zeros(len(units.keys), np.int64))[0]
    heads = (
        "clips with it",
        "found",
        "missed",
        "predicted, not there",
        "F1",
        "precision",
        "recall",
    )
    columns = [Heading("unit", number=False), *map(Heading, heads)]
    scores = [ratio_values(metric(counts)) for metric in (binary_f1, precision, recall)]
    rows = []
    for k, name in enumerate(units.classes):
        hits, misses, false = (int(counts[k][i]) for i in ((1, 1), (1, 0), (0, 1)))
        cells = [Cell(str(n), n) for n in (hits + misses, hits, misses, false)]
        known = hits + misses > 0
        cells += [Cell(number(s[k], 2) if known else ABSENT, float(s[k])) for s in scores]
        rows.append([name, *cells])
    return Table("", columns, rows)


def unit_sheets(tables: Sequence[Table]) -> list[tuple[str, list[Table]]]:
    """Return the workbook's sheet of action units: all their tables."""
    return [("action units", list(tables))] if tables else []
