"""The table people read: rows experiment x factor, seeds as mean and sd, a column pair per part.

Experiments stand in one table only if protocol, scheme and clips are the same; otherwise each
group gets a table of its own, so that no number stands beside one it cannot be compared with.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from merflow.config.grid import NO_GRIDS, Grids, base_of
from merflow.evaluation.confidence import FEW_SUBJECTS
from merflow.evaluation.score_table import ScoreRow, factor_rank, part_rank

BEST, SECOND = "best", "second"


@dataclass(frozen=True, slots=True)
class Cell:
    """One experiment and factor on one part: means over seeds, sd NaN for one seed.

    The interval's ends are means of the seeds' ends; chance_p is the largest of the seeds'.
    """

    acc: float
    uf1: float
    uf1_sd: float
    uf1_lo: float
    uf1_hi: float
    uar: float
    uar_sd: float
    uar_lo: float
    uar_hi: float
    chance_p: float
    note: str
    uf1_mark: str = ""
    uar_mark: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What is the same for every row of a part: its clips and its floors."""

    n: int
    subjects: int
    effective_subjects: float
    support: str
    floor_uf1: float
    floor_uar: float
    guess_uf1: float
    guess_uf1_lo: float | None
    guess_uf1_hi: float | None

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
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Wide:
    """One table: parts in print order, lines in order, the protocol lines to stand under it."""

    protocol: str
    scheme: str
    parts: Mapping[str, Part]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def wide_tables(
    rows: Iterable[ScoreRow],
    notes: Mapping[str, str] | None = None,
    controls: Collection[str] = (),
    grids: Grids = NO_GRIDS,
) -> list[Wide]:
    """Group rows of `scores.csv` into tables; `notes` gives each experiment's protocol line.

    controls: experiments that should score as guesses, never marked as best; grids: experiments
    that a grid made.
    """
    runs: dict[tuple[str, str, int], list[ScoreRow]] = {}
    for row in rows:
        runs.setdefault((row.experiment, row.factor, row.seed), []).append(row)
    groups: dict[tuple[object, ...], list[ScoreRow]] = {}
    for run in runs.values():
        run.sort(key=lambda r: part_rank(r.part))
        same = (run[0].protocol, run[0].scheme, *(_part(row) for row in run))
        names = (*same, *(row.part for row in run))
        groups.setdefault(names, []).extend(run)
    tables = [_table(group, notes or {}, controls, grids) for group in groups.values()]
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
    rows: Sequence[ScoreRow], notes: Mapping[str, str], controls: Collection[str], grids: Grids
) -> Wide:
    lines: dict[tuple[str, str], list[ScoreRow]] = {}
    for row in rows:
        lines.setdefault((row.experiment, row.factor), []).append(row)
    parts = {row.part: _part(row) for row in sorted(rows, key=lambda r: part_rank(r.part))}
    order = sorted(lines, key=lambda name: (name[0], factor_rank(name[1])))
    made = [_line(lines[name], parts) for name in order]
    names = dict.fromkeys(notes[e] for e, _ in order if e in notes)
    first = rows[0]
    marked = tuple(_marked(made, parts, controls, grids))
    return Wide(first.protocol, first.scheme, parts, marked, tuple(names))


def _part(row: ScoreRow) -> Part:
    return Part(
        row.n,
        row.subjects,
        row.effective_subjects,
        row.support,
        row.floor_uf1,
        row.floor_uar,
        row.guess_uf1,
        *((None, None) if math.isnan(row.guess_uf1_lo) else (row.guess_uf1_lo, row.guess_uf1_hi)),
    )


def _line(rows: Sequence[ScoreRow], parts: Iterable[str]) -> Line:
    seeds = tuple(sorted({row.seed for row in rows}))
    cells = {part: _cell([row for row in rows if row.part == part]) for part in parts}
    first = rows[0]
    return Line(first.experiment, first.method, first.preparation, first.factor, seeds, cells)


def _cell(rows: Sequence[ScoreRow]) -> Cell:
    def mean(name: str) -> float:
        return float(np.mean([getattr(row, name) for row in rows]))

    def spread(name: str) -> float:
        values = [getattr(row, name) for row in rows]
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    return Cell(
        acc=mean("acc"),
        uf1=mean("uf1"),
        uf1_sd=spread("uf1"),
        uf1_lo=mean("uf1_lo"),
        uf1_hi=mean("uf1_hi"),
        uar=mean("uar"),
        uar_sd=spread("uar"),
        uar_lo=mean("uar_lo"),
        uar_hi=mean("uar_hi"),
        chance_p=max(row.chance_p for row in rows),
        note="; ".join(dict.fromkeys(row.note for row in rows if row.note)),
    )


def _marked(
    lines: Sequence[Line], parts: Iterable[str], controls: Collection[str], grids: Grids
) -> list[Line]:
    allowed = may_be_marked([(line.experiment, line.factor) for line in lines], controls, grids)
    cells = [dict(line.cells) for line in lines]
    for part in parts:
        for score in ("uf1", "uar"):
            values = sorted(
                {getattr(c[part], score) for c, ok in zip(cells, allowed, strict=True) if ok},
                reverse=True,
            )
            if sum(allowed) < 2:
                continue
            places = dict(zip(values[:2], (BEST, SECOND), strict=False))
            for c, ok in zip(cells, allowed, strict=True):
                if ok and (mark := places.get(getattr(c[part], score))):
                    c[part] = replace(c[part], **{f"{score}_mark": mark})
    return [replace(line, cells=c) for line, c in zip(lines, cells, strict=True)]
