"""Rows of `scores.csv`: every part of every pooled table, scored, with its floors and chance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from merflow.errors import MerflowError
from merflow.evaluation.confidence import (
    FEW_SUBJECTS,
    RESAMPLES,
    Interval,
    chance_interval,
    chance_p,
    effective_subjects,
    interval,
    permuted_scores,
)
from merflow.evaluation.metrics import (
    METRICS,
    accuracy,
    confusion,
    floors,
    grouped_confusion,
    uar,
    uf1,
    unsupported,
)
from merflow.evaluation.predictions import Pooled
from merflow.io.csv_table import csv_text, read_csv, safe_cell
from merflow.io.files import write_text

PART_ORDER = ("full", "smic", "casme2", "samm")
"""As the literature prints them; other datasets follow by name."""


@dataclass(frozen=True, slots=True)
class About:
    """What made a pooled table: the first columns of its rows. factor is written `x10`, `x1+x10`,
    or `x*` for a factor chosen inside each fold.
    """

    experiment: str
    method: str = ""
    preparation: str = ""
    factor: str = "x1"
    seed: int = 0
    protocol: str = ""
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row of `scores.csv`; scores in [0, 1], NaN (an empty cell) where undefined.

    `_lo`, `_hi`: 95% studentised bootstrap interval over subjects. floor: always the largest
    class. guess_uf1: expected UF1 of guessing by class shares; its `_lo`, `_hi`: 95% of the scores
    the true labels get when whole subjects of a dataset exchange theirs. chance_p: share of such
    exchanges of this row's own predictions that score at least as well (one-sided). support: true
    clips of each class, `negative 250, positive 109, surprise 83`.
    """

    experiment: str
    method: str
    preparation: str
    factor: str
    seed: int
    protocol: str
    scheme: str
    part: str
    n: int
    subjects: int
    effective_subjects: float
    support: str
    acc: float
    uf1: float
    uf1_lo: float
    uf1_hi: float
    uar: float
    uar_lo: float
    uar_hi: float
    floor_uf1: float
    floor_uar: float
    guess_uf1: float
    guess_uf1_lo: float
    guess_uf1_hi: float
    chance_p: float
    note: str = ""


COLUMNS = tuple(field.name for field in fields(ScoreRow))


def parts_of(table: Pooled) -> tuple[str, ...]:
    """Return `full` and the table's datasets, in the order tables print them."""
    return tuple(sorted({"full", *table.datasets}, key=part_rank))


def part_rank(part: str) -> tuple[int, str]:
    """Return the sorting key of a part's name."""
    known = PART_ORDER.index(part) if part in PART_ORDER else len(PART_ORDER)
    return (known, part)


def score_rows(
    table: Pooled,
    about: About,
    *,
    resamples: int = RESAMPLES,
    skipped: Mapping[str, int] | None = None,
    across: bool = False,
) -> list[ScoreRow]:
    """Score a pooled table: `full`, then each dataset as a slice of the same predictions.

    skipped: clips of each dataset that never reached training; a row's note says how many.
    across: chance_p exchanges subjects across datasets too, for answers that follow the dataset.
    """
    rows = []
    for part in parts_of(table):
        row = score_part(table, part, about, resamples, across)
        counts = skipped or {}
        lost = sum(counts.values()) if part == "full" else counts.get(part, 0)
        said = f"{lost} of {row.n + lost} clips skipped" if lost else ""
        rows.append(replace(row, note="; ".join(filter(None, (row.note, said)))))
    return rows


def score_part(
    table: Pooled, part: str, about: About, resamples: int = RESAMPLES, across: bool = False
) -> ScoreRow:
    """Score one part of a pooled table."""
    rows = table.part(part)
    classes = len(table.classes)
    owner, strata = subject_numbers(rows)
    matrix = confusion(rows.truth, rows.predicted, classes)
    subjects = grouped_confusion(rows.truth, rows.predicted, owner, classes)
    floor = floors(matrix.sum(1))
    effective = effective_subjects(np.bincount(owner))
    of_subject = np.zeros(len(subjects), np.int64)
    of_subject[owner] = strata
    of_uf1, of_uar = (
        interval(subjects, of_subject, METRICS[name], resamples=resamples)
        for name in ("uf1", "uar")
    )
    score = float(uf1(matrix))
    guess, chance = _chance(rows, owner, strata, score, across)
    return ScoreRow(
        **asdict(about),
        part=part,
        n=len(rows.keys),
        subjects=len(subjects),
        effective_subjects=effective,
        support=_support(table.classes, matrix.sum(1)),
        acc=float(accuracy(matrix)),
        uf1=score,
        uf1_lo=of_uf1.lo,
        uf1_hi=of_uf1.hi,
        uar=float(uar(matrix)),
        uar_lo=of_uar.lo,
        uar_hi=of_uar.hi,
        floor_uf1=floor.uf1,
        floor_uar=floor.uar,
        guess_uf1=floor.guess_uf1,
        guess_uf1_lo=guess.lo,
        guess_uf1_hi=guess.hi,
        chance_p=chance,
        note=_note(effective, unsupported(matrix, table.classes)),
    )


def subject_numbers(table: Pooled) -> tuple[np.ndarray, np.ndarray]:
    """Return each clip's subject and dataset as (N,) int64 numbers, counted in sorted order."""
    subjects = {s: i for i, s in enumerate(sorted({k.subject_key for k in table.keys}))}
    datasets = {d: i for i, d in enumerate(table.datasets)}
    owner = np.array([subjects[k.subject_key] for k in table.keys], np.int64)
    return owner, np.array([datasets[k.dataset] for k in table.keys], np.int64)


def _chance(
    rows: Pooled, owner: np.ndarray, strata: np.ndarray, score: float, across: bool
) -> tuple[Interval, float]:
    """Return where guesses fall and the p of `score`; NaN when no exchange is possible."""
    if len(np.unique(owner)) < 2:
        return Interval(math.nan, math.nan), math.nan
    classes = len(rows.classes)
    guesses = permuted_scores(rows.truth, rows.truth, owner, strata, classes)
    groups = np.zeros_like(strata) if across else strata
    own = permuted_scores(rows.truth, rows.predicted, owner, groups, classes)
    return chance_interval(guesses), chance_p(own, score)


def _support(classes: Sequence[str], counts: np.ndarray) -> str:
    return ", ".join(f"{name} {int(n)}" for name, n in zip(classes, counts, strict=True))


def _note(effective: float, missing: Sequence[str]) -> str:
    notes = []
    if effective < FEW_SUBJECTS:
        notes.append(f"too few subjects (effective {effective:.1f})")
    if missing:
        notes.append(f"no true clips of {', '.join(missing)}: counted as 0")
    return "; ".join(notes)


def write_scores(path: Path | str, rows: Sequence[ScoreRow]) -> None:
    """Write `scores.csv`: floats as `%.9g`, NaN as an empty cell, text safe from formulas."""
    ordered = sorted(rows, key=row_order)
    write_text(
        path, csv_text(COLUMNS, [[cell_text(v) for v in asdict(r).values()] for r in ordered])
    )


def read_scores(path: Path | str) -> list[ScoreRow]:
    """Read a `scores.csv`."""
    sheet = read_csv(path, COLUMNS)
    kinds = {field.name: field.type for field in fields(ScoreRow)}
    rows = []
    for number, cells in enumerate(zip(*(sheet[c] for c in COLUMNS), strict=True)):
        try:
            values = [_parse(cell, kinds[c]) for c, cell in zip(COLUMNS, cells, strict=True)]
        except ValueError as error:
            raise MerflowError(sheet.where(number), str(error), "a row merflow wrote") from None
        rows.append(ScoreRow(*values))
    return rows


def write_confusion(path: Path | str, table: Pooled) -> None:
    """Write `confusion.csv`: part, truth, predicted, clips; every cell, zeros included."""
    lines = []
    for part in parts_of(table):
        rows = table.part(part)
        matrix = confusion(rows.truth, rows.predicted, len(table.classes))
        for i, truth in enumerate(table.classes):
            for j, answer in enumerate(table.classes):
                lines.append((part, truth, answer, str(matrix[i, j])))
    write_text(path, csv_text(("part", "truth", "predicted", "clips"), lines))


def row_order(row: ScoreRow) -> tuple[object, ...]:
    """Return the order of rows: experiment, factor by its number, seed, part."""
    return (row.experiment, factor_rank(row.factor), row.seed, part_rank(row.part))


def factor_rank(factor: str) -> tuple[int, tuple[float, ...], str]:
    """Return the sorting key of `x1`, `x10`, `x1+x10`, `x*`: single, pooled, chosen."""
    if factor == "x*":
        return (2, (), factor)
    try:
        numbers = tuple(float(word.removeprefix("x")) for word in factor.split("+"))
    except ValueError:
        return (3, (), factor)
    return (0 if len(numbers) == 1 else 1, numbers, factor)


def cell_text(value: object) -> str:
    """Return a cell as text; control characters become spaces."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.9g}"
    if not isinstance(value, str):
        return str(value)
    return "".join(c if c.isprintable() else " " for c in value)


def _parse(cell: str, kind: object) -> str | int | float:
    if kind is str:
        guarded = cell[:1] == "'" and safe_cell(cell[1:]) == cell
        return cell[1:] if guarded else cell
    if kind is int:
        return int(cell)
    return float(cell) if cell else math.nan
