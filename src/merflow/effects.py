"""Paired effects between runs on the same clips: magnification against x1, one method or another.

Rows of `effects.csv`; p values are Holm-corrected over all rows of one table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from merflow.comparison import compare, holm
from merflow.csvtable import csv_text
from merflow.errors import MerflowError
from merflow.files import write_text
from merflow.intervals import FEW_SUBJECTS, effective_subjects
from merflow.predictions import Pooled
from merflow.scores import METRICS, grouped_confusion
from merflow.tables import cell_text, factor_rank, parts_of, subject_numbers
from merflow.tablewords import bracket, number, part_name

EFFECTS = (
    "Difference of pooled scores on the same clips, seeds averaged; bracket: 95% studentised "
    "bootstrap interval over subjects; p: subject-level swap test, Holm-corrected over the table; "
    "visible: the smallest true difference that this many subjects show with 80% power at 5%."
)


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


def magnification_effects(runs: Runs, metric: str = "uf1") -> list[Effect]:
    """Compare every factor of every experiment with its x1, on every part."""
    pairs = [
        (Row(name, "x1"), Row(name, factor))
        for name, factor in sorted(runs, key=lambda r: (r.experiment, factor_rank(r.factor)))
        if factor != "x1" and Row(name, "x1") in runs
    ]
    return paired_effects(runs, pairs, metric)


def paired_effects(
    runs: Runs, pairs: Sequence[tuple[Row, Row]], metric: str = "uf1"
) -> list[Effect]:
    """Compare lines pair by pair, second minus first, over the seeds that both have."""
    made = [
        _effect(runs, first, second, part, metric)
        for first, second in pairs
        for part in parts_of(next(iter(runs[first].values())))
    ]
    corrected = holm([effect.p for effect in made])
    return [replace(effect, p_holm=p) for effect, p in zip(made, corrected, strict=True)]


def _effect(runs: Runs, first: Row, second: Row, part: str, metric: str) -> Effect:
    seeds = sorted(set(runs[first]) & set(runs[second]))
    if not seeds:
        raise MerflowError(
            f"comparing {' '.join(first)} with {' '.join(second)}",
            "they share no seed",
            "at least one seed that both were run with",
        )
    sides = [[runs[row][seed].part(part) for seed in seeds] for row in (first, second)]
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
    found = compare(ratios[0], ratios[1], of_subject)
    effective = effective_subjects(np.bincount(owner))
    same_name = first.experiment == second.experiment
    return Effect(
        second.experiment,
        second.factor,
        first.factor if same_name else " ".join(first),
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
        same = one.keys == other.keys and one.classes == other.classes
        if not same or not np.array_equal(one.truth, other.truth):
            missing = sorted(set(one.keys) ^ set(other.keys))
            raise MerflowError(
                f"comparing {' '.join(first)} with {' '.join(second)}",
                f"clip {missing[0]} is in one only" if missing else "their truth differs",
                "the same clips with the same classes on both sides",
                "compare runs of one scheme and one set of clips",
            )


def write_effects(path: Path | str, effects: Sequence[Effect]) -> None:
    """Write `effects.csv`, rows in the order given."""
    write_text(path, csv_text(COLUMNS, [[cell_text(v) for v in astuple(e)] for e in effects]))


def effect_lines(effects: Sequence[Effect]) -> list[list[str]]:
    """Return a header and one row of text for each experiment, factor and part."""
    lines = [["experiment", "factor", "against", "part", "UF1 difference [95%]", "p", "visible"]]
    for e in effects:
        lines[0][4] = f"{e.metric.upper()} difference [95%]"
        dagger = "†" if e.note else ""
        change = f"{e.difference:+.3f}".replace("0.", ".", 1) + bracket(e.lo, e.hi, dagger)
        names = [e.experiment, e.factor, e.against, part_name(e.part)]
        lines.append([*names, change, number(e.p_holm, 3), number(e.detectable, 3)])
    return lines


def render_effects(effects: Sequence[Effect]) -> str:
    """Return the effects as a Markdown table that also reads well on a terminal."""
    if not effects:
        return ""
    head, *body = effect_lines(effects)
    rows = [head, ["---"] * len(head), *body]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    few = (
        ["", "†: too few subjects (effective number below 10)."]
        if any(e.note for e in effects)
        else []
    )
    return "\n".join([*lines, "", EFFECTS, *few]) + "\n"
