"""Paired effects between runs on the same clips: magnification against x1, one method or another.

Rows of `effects.csv`; p values are Holm-corrected over all rows of one table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from merflow.config.grid import NO_GRIDS, Grids, base_of
from merflow.errors import MerflowError
from merflow.evaluation.confidence import FEW_SUBJECTS, RESAMPLES, effective_subjects
from merflow.evaluation.metrics import METRICS, grouped_confusion
from merflow.evaluation.paired_tests import compare, holm
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import cell_text, factor_rank, parts_of, subject_numbers
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.text import plural

SAME = "the same clips with the same classes on both sides"
SAME_FIX = "compare runs of one scheme and one set of clips; --scheme fixes a table's classes"


class Row(NamedTuple):
    """Names one line of the wide table."""

    experiment: str
    factor: str


Runs = Mapping[Row, Mapping[int, Pooled]]
"""Pooled tables by line and seed."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One comparison: `experiment factor` minus `against`; detectable as in `Comparison`."""

    experiment: str
    factor: str
    against: str
    part: str
    metric: str
    n: int
    subjects: int
    seeds: int
    difference: float
    lo: float
    hi: float
    p: float
    p_holm: float
    detectable: float
    note: str = ""


COLUMNS = tuple(field.name for field in fields(Effect))


def magnification_effects(
    runs: Runs, metric: str = "uf1", resamples: int = RESAMPLES
) -> list[Effect]:
    """Compare every factor of every experiment with its x1, on every part."""
    pairs = [
        (Row(name, "x1"), Row(name, factor))
        for name, factor in sorted(runs, key=lambda r: (r.experiment, factor_rank(r.factor)))
        if factor != "x1" and Row(name, "x1") in runs
    ]
    return paired_effects(runs, pairs, metric, resamples=resamples)


def experiment_effects(
    runs: Runs, metric: str = "uf1", resamples: int = RESAMPLES, grids: Grids = NO_GRIDS
) -> list[Effect]:
    """Compare experiments on the same clips with the first of them, factor by factor, on full.

    An experiment that a grid made is compared with the first one of its grid.
    """
    pairs = []
    for row in runs:
        alike = [o for o in runs if o.factor == row.factor and comparable(runs, o, row)]
        base = base_of(grids, row.experiment)
        siblings = [o for o in alike if base_of(grids, o.experiment) == base]
        first = next((o for o in (*siblings[:1], *alike[:1]) if o != row), row)
        if first != row:
            pairs.append((first, row))
    return paired_effects(runs, pairs, metric, ("full",), resamples)


def comparable(runs: Runs, one: Row, other: Row) -> bool:
    """Return whether two lines hold answers to the same clips and share a seed."""
    shared = sorted(set(runs[one]) & set(runs[other]))
    return bool(shared) and not unlike(runs[one][shared[0]], runs[other][shared[0]])


def paired_effects(
    runs: Runs,
    pairs: Sequence[tuple[Row, Row]],
    metric: str = "uf1",
    parts: Sequence[str] = (),
    resamples: int = RESAMPLES,
) -> list[Effect]:
    """Compare lines pair by pair, second minus first, over the seeds that both have.

    parts: those that are compared; none named: all that differ. resamples: for the intervals.
    """
    made = [
        _effect(runs, first, second, part, metric, resamples)
        for first, second in pairs
        for part in parts or _unlike_parts(next(iter(runs[first].values())))
    ]
    corrected = holm([effect.p for effect in made])
    return [replace(effect, p_holm=p) for effect, p in zip(made, corrected, strict=True)]


def _unlike_parts(table: Pooled) -> tuple[str, ...]:
    """Return the parts of a table; of a single dataset `full` alone, since Holm's correction must
    not count the same test twice.
    """
    return parts_of(table) if len(table.datasets) > 1 else ("full",)


def _effect(runs: Runs, first: Row, second: Row, part: str, metric: str, resamples: int) -> Effect:
    seeds = sorted(set(runs[first]) & set(runs[second]))
    if not seeds:
        raise MerflowError(
            f"comparing {' '.join(first).strip()} with {' '.join(second).strip()}",
            "they share no seed",
            "at least one seed that both were run with",
        )
    sides = [[_in_order(runs[row][seed].part(part)) for seed in seeds] for row in (first, second)]
    _check_same(first, second, [table for side in sides for table in side])
    table = sides[0][0]
    owner, strata = subject_numbers(table)
    of_subject = np.zeros(int(owner.max()) + 1, np.int64)
    of_subject[owner] = strata
    ratios = [
        [
            METRICS[metric](grouped_confusion(t.truth, t.predicted, owner, len(t.classes)))
            for t in side
        ]
        for side in sides
    ]
    found = compare(ratios[0], ratios[1], of_subject, resamples)
    effective = effective_subjects(np.bincount(owner))
    against = first.experiment if first.factor == second.factor else " ".join(first)
    if first.experiment == second.experiment:
        against = first.factor
    return Effect(
        second.experiment,
        second.factor,
        against,
        part,
        metric,
        len(table.keys),
        len(of_subject),
        len(seeds),
        found.difference,
        found.lo,
        found.hi,
        found.p,
        found.p,
        found.detectable,
        f"too few subjects (effective {effective:.1f})" if effective < FEW_SUBJECTS else "",
    )


def _check_same(first: Row, second: Row, tables: Sequence[Pooled]) -> None:
    one = tables[0]
    for other in tables[1:]:
        if found := unlike(one, other, *(" ".join(row).strip() for row in (first, second))):
            raise MerflowError(
                f"comparing {' '.join(first).strip()} with {' '.join(second).strip()}",
                found,
                SAME,
                SAME_FIX,
            )


def unlike(one: Pooled, other: Pooled, first: str = "first", second: str = "second") -> str:
    """Return why two tables, by their names, cannot be compared clip by clip; else nothing."""
    keys = set(one.keys), set(other.keys)
    lone = zip((first, second), (keys[0] - keys[1], keys[1] - keys[0]), strict=True)
    if keys[0] != keys[1]:
        return "; ".join(
            f"{plural(len(found), 'clip')} in {name} only, as {min(found)}"
            for name, found in lone
            if found
        )
    one, other = _in_order(one), _in_order(other)
    if one.classes != other.classes:
        return f"their classes differ: {', '.join(one.classes)}; {', '.join(other.classes)}"
    differ = np.flatnonzero(one.truth != other.truth)
    return f"their truth differs, first in {one.keys[differ[0]]}" if len(differ) else ""


def _in_order(table: Pooled) -> Pooled:
    """Return a table with its classes in order of their names; without probabilities."""
    order = sorted(range(len(table.classes)), key=lambda k: table.classes[k])
    place = np.argsort(order)
    return table.changed(
        classes=tuple(table.classes[k] for k in order),
        truth=place[table.truth],
        predicted=place[table.predicted],
        probabilities=None,
    )


def write_effects(path: Path | str, effects: Sequence[Effect]) -> None:
    """Write `effects.csv`, rows in the order given."""
    write_text(path, csv_text(COLUMNS, [[cell_text(v) for v in astuple(e)] for e in effects]))
