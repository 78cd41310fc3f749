"""Paired differences between runs on the same clips: factors against x1, experiments.

Rows of `effects.csv`; p values are Holm-corrected over all rows of one table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from merflow.config.grid import NO_GRIDS, Grids, base_of
from merflow.errors import MerflowError
from merflow.evaluation.columns import EFFECTS
from merflow.evaluation.confidence import FEW_SUBJECTS, RESAMPLES, effective_subjects
from merflow.evaluation.metrics import METRICS
from merflow.evaluation.paired_tests import compare, holm
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import factor_rank, parts_of, subject_numbers
from merflow.evaluation.table_marks import ORACLE_NOTE, has_clip_names, is_oracle
from merflow.evaluation.unit_metrics import binary_f1
from merflow.text import plural

if TYPE_CHECKING:
    from pandas import DataFrame

COMPARED = METRICS | {"unit_f1": binary_f1}
"""Metrics that can be compared; `unit_f1`: the mean over action units of binary F1."""
SAME = "the same clips with the same classes on both sides"
SAME_FIX = "compare runs of one scheme and one set of clips; --scheme fixes a table's classes"


class Row(NamedTuple):
    """Key of a row of the results table."""

    experiment: str
    factor: str


Runs = Mapping[Row, Mapping[int, Pooled]]
"""Pooled tables by row and seed."""


def magnification_effects(
    runs: Runs, metric: str = "uf1", resamples: int = RESAMPLES
) -> "DataFrame":
    """Compare every factor of every experiment with its x1, on every part."""
    pairs = [
        (Row(name, "x1"), Row(name, factor))
        for name, factor in sorted(runs, key=lambda r: (r.experiment, factor_rank(r.factor)))
        if factor != "x1" and Row(name, "x1") in runs
    ]
    return paired_effects(runs, pairs, metric, resamples=resamples)


def experiment_effects(
    runs: Runs, metric: str = "uf1", resamples: int = RESAMPLES, grids: Grids = NO_GRIDS
) -> "DataFrame":
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
    """Return whether two rows predict the same clips and share a seed."""
    shared = sorted(set(runs[one]) & set(runs[other]))
    return bool(shared) and not unlike(runs[one][shared[0]], runs[other][shared[0]])


def paired_effects(
    runs: Runs,
    pairs: Sequence[tuple[Row, Row]],
    metric: str = "uf1",
    parts: Sequence[str] = (),
    resamples: int = RESAMPLES,
) -> "DataFrame":
    """Compare pairs of rows, second minus first, over the seeds that both have.

    parts: the parts to compare; empty: all that differ. resamples: for the intervals.
    """
    made = [
        _effect(runs, first, second, part, metric, resamples)
        for first, second in pairs
        for part in parts or _unlike_parts(next(iter(runs[first].values())))
    ]
    frame = EFFECTS.frame(made)
    frame["p_holm"] = holm(frame["p"].tolist())
    return frame


def _unlike_parts(table: Pooled) -> tuple[str, ...]:
    """Return the parts of a table; `full` alone for one dataset: Holm's correction must not count
    the same test twice.
    """
    return parts_of(table) if len(table.datasets) > 1 else ("full",)


def _effect(
    runs: Runs, first: Row, second: Row, part: str, metric: str, resamples: int
) -> dict[str, Any]:
    names = " ".join(first).strip(), " ".join(second).strip()
    where = f"comparing {names[0]} with {names[1]}"
    seeds = sorted(set(runs[first]) & set(runs[second]))
    if not seeds:
        raise MerflowError(where, "they share no seed", "at least one seed that both were run with")
    sides = [[runs[row][seed].part(part).comparable() for seed in seeds] for row in (first, second)]
    table = sides[0][0]
    for other in (*sides[0], *sides[1]):
        if found := unlike(table, other, *names):
            raise MerflowError(where, found, SAME, SAME_FIX)
    owner, strata = subject_numbers(table)
    of_subject = np.zeros(int(owner.max()) + 1, np.int64)
    of_subject[owner] = strata
    ratios = [[COMPARED[metric](t.grouped(owner)) for t in side] for side in sides]
    compared = compare(*ratios, of_subject, resamples)
    effective = effective_subjects(np.bincount(owner))
    notes = [f"too few subjects (effective {effective:.1f})"] * (effective < FEW_SUBJECTS)
    notes += [ORACLE_NOTE] * any(is_oracle(t.folds) for side in sides for t in side)
    against = first.experiment if first.factor == second.factor else " ".join(first)
    return asdict(compared) | {
        "experiment": second.experiment,
        "factor": second.factor,
        "against": first.factor if first.experiment == second.experiment else against,
        "part": part,
        "metric": metric,
        "n": len(table.keys),
        "subjects": len(of_subject),
        "seeds": len(seeds),
        "p_holm": compared.p,
        "note": "; ".join(notes),
    }


def unlike(one: Pooled, other: Pooled, first: str = "first", second: str = "second") -> str:
    """Return why two tables cannot be compared clip by clip, or an empty string."""
    for name, table in ((first, one), (second, other)):
        if not has_clip_names(table.keys):
            return f"{name} comes from a log without clip names: its clips are positions"
    keys = set(one.keys), set(other.keys)
    if keys[0] != keys[1]:
        alone = zip((first, second), (keys[0] - keys[1], keys[1] - keys[0]), strict=True)
        return "; ".join(
            f"{plural(len(found), 'clip')} in {name} only, as {min(found)}"
            for name, found in alone
            if found
        )
    one, other = one.comparable(), other.comparable()
    if one.classes != other.classes:
        return f"their classes differ: {', '.join(one.classes)}; {', '.join(other.classes)}"
    same = np.isclose(one.truth, other.truth, equal_nan=True).reshape(len(one.keys), -1)
    differ = np.flatnonzero(~same.all(1))
    return f"their truth differs, first in {one.keys[differ[0]]}" if len(differ) else ""
