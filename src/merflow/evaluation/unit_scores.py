"""Scores of an action unit run: a row for each part and unit, and their means."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.evaluation.clip_limits import Interval
from merflow.evaluation.columns import UNIT_CONFUSION, UNIT_SCORES
from merflow.evaluation.confidence import (
    FEW_SUBJECTS,
    PERMUTATIONS,
    RESAMPLES,
    chance_interval,
    chance_p,
    effective_subjects,
    interval,
    shape_rng,
    shuffled_by_subject,
)
from merflow.evaluation.metrics import Ratios, value
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import About, factor_rank, part_rank, parts_of, subject_numbers
from merflow.evaluation.unit_metrics import (
    binary_f1,
    by_dataset,
    everything_present,
    macro_f1,
    precision,
    recall,
)
from merflow.evaluation.unit_predictions import UnitTable

if TYPE_CHECKING:
    from pandas import DataFrame

MEAN, MEAN_PRESENT = "mean", "mean_present"
DATASETS = "datasets"
"""Part of the mean over datasets of each one's mean over units."""
STATES = ("absent", "present")


def unit_score_rows(
    table: UnitTable,
    about: About,
    *,
    resamples: int = RESAMPLES,
    skipped: Mapping[str, int] | None = None,
    across: bool = False,
) -> "DataFrame":
    """Score a pooled table: `full`, each dataset, and the mean of the datasets.

    skipped, across: as in `score_rows`.
    """
    named = {k: v for k, v in asdict(about).items() if k != "scheme"}
    rows: list[dict[str, Any]] = []
    for part in parts_of(table):
        counts = skipped or {}
        lost = sum(counts.values()) if part == "full" else counts.get(part, 0)
        some = table.part(part)
        note = f"{lost} of {len(some.keys) + lost} clips skipped" if lost else ""
        rows += _part_rows(some, named | {"part": part}, note, resamples, across)
    if len(table.datasets) > 1:
        rows.append(_dataset_mean(table, named | {"part": DATASETS}, resamples))
    return UNIT_SCORES.frame(rows)


def _part_rows(
    table: UnitTable, about: dict[str, Any], note: str, resamples: int, across: bool
) -> list[dict[str, Any]]:
    owner, strata = subject_numbers(table)
    subjects = table.grouped(owner)
    of_subject = np.zeros(len(subjects), np.int64)
    of_subject[owner] = strata
    counts = subjects.sum(0)
    guesses = exchanged(table.truth, np.nan_to_num(table.truth) > 0, owner, strata)
    groups = np.zeros_like(strata) if across else strata
    own = exchanged(table.truth, table.predicted, owner, groups)
    has = counts[:, 1].sum(-1) > 0
    missing = ", ".join(c for c, there in zip(table.classes, has, strict=True) if not there)
    effective = effective_subjects(np.bincount(owner))
    few = [f"too few subjects (effective {effective:.1f})"] * (effective < FEW_SUBJECTS)
    chosen = {name: [k] for k, name in enumerate(table.classes)}
    chosen |= {MEAN: [*range(len(has))], MEAN_PRESENT: np.flatnonzero(has).tolist()}
    rows = []
    for unit, columns in chosen.items():
        notes = [*few, note]
        if unit == MEAN and missing:
            notes.append(f"no clip with {missing}: counted as 0")
        elif unit not in (MEAN, MEAN_PRESENT) and not has[columns[0]]:
            notes.append("no clip with this unit")
        row = about | _figures(subjects[:, columns], of_subject, resamples)
        row |= _chance(guesses[:, columns], own[:, columns], row["f1"], len(subjects))
        facts = {"n": len(table.keys)} if len(columns) != 1 else {}
        facts |= {"unit": unit, "effective_subjects": effective}
        rows.append(row | facts | {"note": "; ".join(filter(None, notes))})
    return rows


def _figures(subjects: np.ndarray, strata: np.ndarray, resamples: int) -> dict[str, Any]:
    """Return the scores of some units from the counts of each subject, (S, K, 2, 2)."""
    counts = subjects.sum(0)
    everything = everything_present(counts)
    clips, positives = counts.sum((-2, -1)), counts[:, 1].sum(-1)
    ends = _interval(subjects, strata, binary_f1, resamples)
    return {
        "n": int(clips.max(initial=0)),
        "subjects": len(subjects),
        "positives": int(positives.sum()),
        "share": _mean((positives, clips)),
        "f1": _mean(binary_f1(counts)),
        "f1_lo": ends.lo,
        "f1_hi": ends.hi,
        "macro_f1": _mean(macro_f1(counts)),
        "precision": _mean(precision(counts)),
        "recall": _mean(recall(counts)),
        "floor_f1": _mean(binary_f1(everything)),
        "floor_macro_f1": _mean(macro_f1(everything)),
    }


def _mean(ratios: Ratios) -> float:
    return float(value(ratios)) if np.size(ratios[1]) else float("nan")


def _interval(
    subjects: np.ndarray, strata: np.ndarray, metric: Callable[..., Ratios], resamples: int
) -> Interval:
    """Return the interval of a mean; NaN for units that no clip has or is predicted to have."""
    if not np.any(metric(subjects.sum(0))[1]):
        return Interval(float("nan"), float("nan"))
    return interval(subjects, strata, metric, resamples=resamples)


def _dataset_mean(table: UnitTable, about: dict[str, Any], resamples: int) -> dict[str, Any]:
    """Return the row of the mean over datasets of each one's mean over units."""
    owner, strata = subject_numbers(table)
    subjects = table.grouped(owner)
    of_subject = np.zeros(len(subjects), np.int64)
    of_subject[owner] = strata
    units = by_dataset(subjects, of_subject)
    has = units.sum(0)[:, 1].sum(-1) > 0
    names = [f"{unit} in {name}" for name in table.datasets for unit in table.classes]
    missing = [name for name, there in zip(names, has, strict=True) if not there]
    figures = _figures(units, of_subject, resamples)
    nan = dict.fromkeys(("guess_f1", "guess_f1_lo", "guess_f1_hi", "chance_p"), float("nan"))
    return about | figures | nan | {
        "unit": MEAN,
        "n": len(table.keys),
        "effective_subjects": effective_subjects(np.bincount(owner)),
        "note": f"counted as 0: {', '.join(missing)}" if missing else "",
    }  # fmt: skip


def exchanged(
    truth: np.ndarray, predicted: np.ndarray, owner: np.ndarray, strata: np.ndarray
) -> np.ndarray:
    """Return (permutations, K) binary F1 after whole subjects' predictions were exchanged."""
    rng = shape_rng(*truth.shape, int(owner.max()) + 1, PERMUTATIONS)
    order = shuffled_by_subject(owner, strata, PERMUTATIONS, rng)
    known, has = ~np.isnan(truth), np.nan_to_num(truth) > 0
    found = np.zeros((PERMUTATIONS, truth.shape[1]))
    for k in range(truth.shape[1]):
        guesses = predicted[:, k][order]
        hits = guesses @ has[:, k].astype(float)
        asked = guesses @ known[:, k].astype(float) + has[:, k].sum()
        found[:, k] = np.divide(2 * hits, asked, out=np.zeros_like(hits), where=asked > 0)
    return found


def _chance(guesses: np.ndarray, own: np.ndarray, score: float, subjects: int) -> dict[str, float]:
    """Return mean and range of guesses and the p of a score; NaN if no exchange is possible."""
    names = ("guess_f1", "guess_f1_lo", "guess_f1_hi", "chance_p")
    if subjects < 2 or not guesses.shape[1]:
        return dict.fromkeys(names, float("nan"))
    means = guesses.mean(1)
    band = chance_interval(means)
    found = (float(means.mean()), band.lo, band.hi, chance_p(own.mean(1), score))
    return dict(zip(names, found, strict=True))


def sorted_units(scores: "DataFrame") -> "DataFrame":
    """Return rows by experiment, factor, seed, part; units in their order."""
    ranks = [
        (row.experiment, factor_rank(row.factor), row.seed, part_rank(row.part), number)
        for number, row in enumerate(records(scores))
    ]
    return scores.iloc[sorted(range(len(ranks)), key=ranks.__getitem__)].reset_index(drop=True)


def write_unit_confusion(path: Path | str, table: UnitTable) -> None:
    """Write `confusion.csv`: part, unit, truth, predicted, clips; every cell, zeros included."""
    lines = []
    for part in parts_of(table):
        some = table.part(part)
        counts = some.grouped(np.zeros(len(some.keys), np.int64))[0]
        for (k, i, j), clips in np.ndenumerate(counts):
            names = {"truth": STATES[i], "predicted": STATES[j]}
            lines.append({"part": part, "unit": table.classes[k], **names, "clips": int(clips)})
    UNIT_CONFUSION.write(path, UNIT_CONFUSION.frame(lines))
