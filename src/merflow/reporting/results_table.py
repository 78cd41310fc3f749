"""The table people read: rows experiment x factor, seeds as mean and sd, a column pair per part.

Experiments stand in one table only if protocol, scheme and clips are the same; otherwise each
group has its own table: numbers that cannot be compared do not share one.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.config.display_names import NO_LABELS, Shown
from merflow.config.grid import NO_GRIDS, Grids, base_of
from merflow.evaluation.columns import BASELINES, JUDGED, MEASURES, PART, SCORES
from merflow.evaluation.confidence import FEW_SUBJECTS
from merflow.evaluation.schema import Column, records
from merflow.evaluation.score_table import factor_rank, part_rank
from merflow.evaluation.table_marks import ORACLE_NOTE
from merflow.reporting.table import BEST, SECOND

if TYPE_CHECKING:
    from pandas import DataFrame


MEASURED = tuple(c for c in (*MEASURES, *JUDGED) if c.heading and c.kind is float)
"""The columns of SCORES that the table prints for each row."""


def has_interval(column: Column) -> bool:
    """Return whether a score has an interval, and so a spread over seeds and marks."""
    return f"{column.name}_lo" in SCORES.names


def measured_in(layout: str) -> list[Column]:
    """Return the scores that a layout prints, those with an interval first."""
    printed = [column for column in MEASURED if layout in column.layouts]
    return sorted(printed, key=lambda column: not has_interval(column))


class Scored(SimpleNamespace):
    """The scores of one experiment and factor on one part, by the names of their columns in SCORES.

    Means over seeds, also of an interval's ends; chance_p: the largest. <name>_sd: over seeds, NaN
    for one seed; <name>_mark: best, second or empty. doubt: as in `Line`.
    """


class Part(SimpleNamespace):
    """Facts shared by every row of a part: its clips and baselines, by the names of their columns.

    NaN: a baseline that is not defined.
    """

    @property
    def few(self) -> bool:
        """Whether intervals of this part are to be marked `too few subjects`."""
        return self.effective_subjects < FEW_SUBJECTS


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a wide table."""

    experiment: str
    method: str
    preparation: str
    factor: str
    seeds: tuple[int, ...]
    cells: Mapping[str, Scored]
    label: str = ""
    """Name of the experiment as printed; empty: as in `experiment`."""
    doubt: str = ""
    """Why the magnification of the row is not credible in many clips; see `doubt_notes`."""

    @property
    def shown(self) -> str:
        """The experiment's name as printed."""
        return self.label or self.experiment

    @property
    def name(self) -> str:
        """The row's name in notes and warnings: experiment as printed, and factor."""
        return f"{self.shown} {self.factor}".strip()


@dataclass(frozen=True, slots=True)
class Wide:
    """One table: parts in print order, lines in order, the protocol lines to stand under it."""

    protocol: str
    scheme: str
    parts: Mapping[str, Part]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def wide_tables(
    scores: "DataFrame",
    notes: Mapping[str, str] | None = None,
    controls: Collection[str] = (),
    grids: Grids = NO_GRIDS,
    names: Shown = NO_LABELS,
) -> list[Wide]:
    """Group rows of `scores.csv` into tables; `notes` gives each experiment's protocol line.

    controls: experiments that should score as guesses, never marked as best; grids: experiments
    that a grid made; names: display names of experiments.
    """
    runs: dict[tuple[str, str, int], list[Any]] = {}
    for row in records(scores):
        runs.setdefault((row.experiment, row.factor, row.seed), []).append(row)
    groups: dict[str, list[Any]] = {}
    for run in runs.values():
        run.sort(key=lambda r: part_rank(r.part))
        parts = [(row.part, *vars(_part(row)).values()) for row in run]
        # As text: a baseline of NaN equals itself.
        groups.setdefault(str((run[0].protocol, run[0].scheme, parts)), []).extend(run)
    tables = [_table(group, notes or {}, controls, grids, names) for group in groups.values()]
    return sorted(tables, key=lambda t: (t.protocol, t.scheme, [x.experiment for x in t.lines]))


def may_be_marked(
    lines: Sequence[tuple[str, str]], controls: Collection[str] = (), grids: Grids = NO_GRIDS
) -> list[bool]:
    """Return for each (experiment, factor) whether it may be called best.

    The best of several factors or grid values of one experiment is a choice made on the test
    subjects, so none of these rows may. A row fixed in advance, or chosen inside the folds (`x*`),
    may, unless it is a negative control.
    """
    bases = [base_of(grids, experiment) for experiment, _ in lines]
    alone = [bases.count(base) == 1 for base in bases]
    return [
        experiment not in controls and (one or factor == "x*")
        for one, (experiment, factor) in zip(alone, lines, strict=True)
    ]


def _table(
    rows: Sequence[Any],
    notes: Mapping[str, str],
    controls: Collection[str],
    grids: Grids,
    shown: Shown,
) -> Wide:
    lines: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        lines.setdefault((row.experiment, row.factor), []).append(row)
    parts = {row.part: _part(row) for row in sorted(rows, key=lambda r: part_rank(r.part))}
    order = sorted(lines, key=lambda name: (name[0], factor_rank(name[1])))
    made = [_line(lines[name], parts, shown.get(name[0], "")) for name in order]
    names = dict.fromkeys(notes[e] for e, _ in order if e in notes)
    _mark(made, parts, controls, grids)
    return Wide(rows[0].protocol, rows[0].scheme, parts, tuple(made), tuple(names))


def _part(row: Any) -> Part:  # noqa: ANN401
    return Part(**{column.name: getattr(row, column.name) for column in (*PART, *BASELINES)})


def _line(rows: Sequence[Any], parts: Iterable[str], label: str) -> Line:
    seeds = tuple(sorted({row.seed for row in rows}))
    cells = {part: _cell([row for row in rows if row.part == part]) for part in parts}
    first = rows[0]
    return Line(
        *(first.experiment, first.method, first.preparation, first.factor, seeds, cells), label
    )


def _cell(rows: Sequence[Any]) -> Scored:
    found: dict[str, Any] = {"doubt": ""}
    for column in (*MEASURES, *JUDGED):
        values = [getattr(row, column.name) for row in rows]
        if column.kind is str:
            found[column.name] = "; ".join(dict.fromkeys(filter(None, values)))
        else:
            found[column.name] = float(max(values) if column in JUDGED else np.mean(values))
        if has_interval(column):
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
            found |= {f"{column.name}_sd": spread, f"{column.name}_mark": ""}
    return Scored(**found)


def _is_oracle(line: Line) -> bool:
    """Return whether a row's predictions were chosen on the test clips."""
    return any(ORACLE_NOTE in cell.note.split("; ") for cell in line.cells.values())


def _mark(
    lines: Sequence[Line], parts: Iterable[str], controls: Collection[str], grids: Grids
) -> None:
    """Mark the best and the second score of each part, among the lines that may be marked."""
    lines = [line for line in lines if not _is_oracle(line)]
    names = [(line.experiment, line.factor) for line in lines]
    allowed = list(compress(lines, may_be_marked(names, controls, grids)))
    for part in parts if len(allowed) > 1 else ():
        cells = [vars(line.cells[part]) for line in allowed]
        for score in (column.name for column in MEASURED if has_interval(column)):
            values = sorted({cell[score] for cell in cells}, reverse=True)
            places = dict(zip(values[:2], (BEST, SECOND), strict=False))
            for cell in cells:
                cell[f"{score}_mark"] = places.get(cell[score], "")
