"""Scores of a pooled table, `scores.csv`: a row for each part, with baselines and chance."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.evaluation.columns import CONFUSION, RANKING, RANKING_CURVES, SCORES
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
    baselines,
    grouped_confusion,
    unsupported,
    value,
)
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.ranking import rankings
from merflow.evaluation.schema import records
from merflow.evaluation.table_marks import ORACLE_NOTE, is_oracle

if TYPE_CHECKING:
    from pandas import DataFrame

PART_ORDER = ("full", "smic", "casme2", "samm")
"""As the literature prints them; other datasets follow by name."""


@dataclass(frozen=True, slots=True)
class About:
    """The run that made a pooled table: the first columns of its rows.

    factor: `x10`, `x1+x10`, or `x*` for a factor chosen inside each fold.
    """

    experiment: str
    method: str = ""
    preparation: str = ""
    factor: str = "x1"
    seed: int = 0
    protocol: str = ""
    scheme: str = ""


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
) -> "DataFrame":
    """Score a pooled table: `full`, then each dataset as a slice of the same predictions.

    skipped: clips of each dataset that never reached training; a row's note says how many.
    across: chance_p exchanges subjects across datasets too: predictions depend on the dataset.
    """
    rows = []
    for part in parts_of(table):
        row = score_part(table, part, about, resamples, across)
        counts = skipped or {}
        lost = sum(counts.values()) if part == "full" else counts.get(part, 0)
        note = f"{lost} of {row['n'] + lost} clips skipped" if lost else ""
        rows.append(row | {"note": "; ".join(filter(None, (row["note"], note)))})
    return SCORES.frame(rows)


def score_part(
    table: Pooled, part: str, about: About, resamples: int = RESAMPLES, across: bool = False
) -> dict[str, Any]:
    """Return the row of one part; a metric has the columns that its name has in SCORES."""
    rows = table.part(part)
    owner, strata = subject_numbers(rows)
    subjects = grouped_confusion(rows.truth, rows.predicted, owner, len(table.classes))
    matrix = subjects.sum(0)
    of_subject = np.zeros(len(subjects), np.int64)
    of_subject[owner] = strata
    row: dict[str, Any] = {}
    for name, metric in METRICS.items():
        row[name] = float(value(metric(matrix)))
        if f"{name}_lo" in SCORES.names:
            ends = interval(subjects, of_subject, metric, resamples=resamples)
            row |= {f"{name}_lo": ends.lo, f"{name}_hi": ends.hi}
    baseline = baselines(matrix.sum(1))
    effective = effective_subjects(np.bincount(owner))
    guess, band, chance = _chance(rows, owner, strata, row["uf1"], across)
    support = zip(table.classes, matrix.sum(1).tolist(), strict=True)
    few = effective < FEW_SUBJECTS
    missing = ", ".join(unsupported(matrix, table.classes))
    notes = [f"too few subjects (effective {effective:.1f})"] * few
    notes += [f"no true clips of {missing}: counted as 0"] * bool(missing)
    notes += [ORACLE_NOTE] * is_oracle(rows.folds)
    return (
        row
        | asdict(about)
        | {
            "part": part,
            "n": len(rows.frame),
            "subjects": len(subjects),
            "effective_subjects": effective,
            "support": ", ".join(f"{name} {clips}" for name, clips in support),
            "floor_uf1": baseline.uf1,
            "floor_uar": baseline.uar,
            "guess_uf1": guess,
            "guess_uf1_lo": band.lo,
            "guess_uf1_hi": band.hi,
            "chance_p": chance,
            "note": "; ".join(notes),
        }
    )


def subject_numbers(table: Pooled) -> tuple[np.ndarray, np.ndarray]:
    """Return each clip's subject and dataset as (N,) int64 numbers, counted in sorted order."""
    subjects = {s: i for i, s in enumerate(sorted({k.subject_key for k in table.keys}))}
    datasets = {d: i for i, d in enumerate(table.datasets)}
    owner = np.array([subjects[k.subject_key] for k in table.keys], np.int64)
    return owner, np.array([datasets[k.dataset] for k in table.keys], np.int64)


def _chance(
    rows: Pooled, owner: np.ndarray, strata: np.ndarray, score: float, across: bool
) -> tuple[float, Interval, float]:
    """Return the mean and range of guesses and the p of `score`; NaN if no exchange is possible.

    A guess: whole subjects of a dataset exchange their true labels.
    """
    if len(np.unique(owner)) < 2:
        return math.nan, Interval(math.nan, math.nan), math.nan
    classes = len(rows.classes)
    guesses = permuted_scores(rows.truth, rows.truth, owner, strata, classes)
    groups = np.zeros_like(strata) if across else strata
    own = permuted_scores(rows.truth, rows.predicted, owner, groups, classes)
    return float(guesses.mean()), chance_interval(guesses), chance_p(own, score)


def write_scores(path: Path | str, scores: "DataFrame") -> None:
    """Write `scores.csv`, rows in the order of `sorted_scores`."""
    SCORES.write(path, sorted_scores(scores))


def read_scores(path: Path | str) -> "DataFrame":
    """Read a `scores.csv`."""
    return SCORES.read(path)


def sorted_scores(scores: "DataFrame") -> "DataFrame":
    """Return rows by experiment, factor by its number, seed, part."""
    ranks = [
        (row.experiment, factor_rank(row.factor), row.seed, part_rank(row.part))
        for row in records(scores)
    ]
    return scores.iloc[sorted(range(len(ranks)), key=ranks.__getitem__)].reset_index(drop=True)


def full_row(scores: "DataFrame") -> Any:  # noqa: ANN401
    """Return the row of part `full` as a named tuple, or None."""
    return next((row for row in records(scores) if row.part == "full"), None)


def write_confusion(path: Path | str, table: Pooled) -> None:
    """Write `confusion.csv`: part, truth, predicted, clips; every cell, zeros included."""
    lines = []
    for part in parts_of(table):
        for (i, j), clips in np.ndenumerate(table.part(part).matrix):
            names = {"truth": table.classes[i], "predicted": table.classes[j]}
            lines.append({"part": part, **names, "clips": int(clips)})
    CONFUSION.write(path, CONFUSION.frame(lines))


def write_rankings(folder: Path, table: Pooled) -> None:
    """Write ranking.csv and ranking_curves.csv; nothing for a table without probabilities."""
    areas, curves = [], []
    for part in parts_of(table) if table.probabilities is not None else ():
        rows = table.part(part)
        found = rankings(rows.truth, rows.probabilities)
        for name, one in zip(table.classes, found, strict=True):
            where = {"part": part, "class": name}
            numbers = {"clips": one.positives, "share": one.share, "roc_area": one.roc_area}
            areas.append({**where, **numbers, "average_precision": one.average_precision})
            points = zip(one.thresholds, one.hits, one.false_alarms, strict=True)
            curves += [
                {**where, "threshold": t, "hits": int(h), "false_alarms": int(f)}
                for t, h, f in points
            ]
    if areas:
        RANKING.write(folder / RANKING.table, RANKING.frame(areas))
        RANKING_CURVES.write(folder / RANKING_CURVES.table, RANKING_CURVES.frame(curves))


def factor_rank(factor: str) -> tuple[int, tuple[float, ...], str]:
    """Return the sorting key of `x1`, `x10`, `x1+x10`, `x*`: single, pooled, chosen."""
    if factor == "x*":
        return (2, (), factor)
    try:
        numbers = tuple(float(word.removeprefix("x")) for word in factor.split("+"))
    except ValueError:
        return (3, (), factor)
    return (0 if len(numbers) == 1 else 1, numbers, factor)
