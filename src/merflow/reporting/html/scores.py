"""Notes and published results beside the tables of scores."""

import math
from collections.abc import Sequence

from merflow.evaluation.metrics import per_class_f1
from merflow.evaluation.schema import PAGE
from merflow.evaluation.score_table import parts_of
from merflow.reporting.captions import (
    MARKED,
    footnotes,
    literature_table,
    shows_literature,
    title,
)
from merflow.reporting.control_notes import above_guesses
from merflow.reporting.html.run_data import RunResults
from merflow.reporting.layouts import figure
from merflow.reporting.results_table import Part, Scored, Wide, has_interval, measured_in
from merflow.reporting.table import Table


def score_context(
    tables: Sequence[Wide], runs: Sequence[RunResults] = (), others: Sequence[Table] = ()
) -> dict[str, object]:
    """Return the tables, F1 of each class by row, and the functions that the template calls.

    others: tables of other tasks, shown as they are.
    """
    return {
        "tables": tables,
        "other_tables": others,
        "marked": MARKED,
        "class_f1": class_f1(runs),
        "table_title": title,
        "notes_under": notes_under,
        "beside_control": beside_control,
        "notes_of": notes_of,
        "shows_literature": shows_literature,
        "literature_table": literature_table,
        "score_columns": measured_in(PAGE),
        "figure": figure,
        "has_interval": has_interval,
    }


def class_f1(runs: Sequence[RunResults]) -> dict[tuple[str, str, str], dict[str, float]]:
    """Return F1 of each class, means over seeds, by (experiment, factor, part); NaN without clips.

    A row that is chosen inside the folds (x*) has none here.
    """
    found: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    for run in runs:
        if run.pooled is None:
            continue
        for part in parts_of(run.pooled):
            matrix = run.pooled.part(part).matrix
            values = per_class_f1(matrix).tolist()
            known = matrix.sum(1) > 0
            f1 = {
                name: value if there else math.nan
                for name, value, there in zip(run.pooled.classes, values, known, strict=True)
            }
            found.setdefault((run.run.experiment, run.run.factor, part), []).append(f1)
    return {
        row: {name: sum(f1[name] for f1 in seeds) / len(seeds) for name in seeds[0]}
        for row, seeds in found.items()
    }


def notes_under(table: Wide) -> list[str]:
    """Return the lines under a table; no row is bold here, since sorting would move the marks."""
    return [note for note in footnotes(table) if note != MARKED]


def beside_control(cell: Scored, part: Part, control: str) -> str:
    """Return `above` or `among` the guesses for a negative control, an empty string if unknown."""
    if not control:
        return ""
    if above_guesses(cell, part, control):
        return "above"
    return "" if math.isnan(part.guess_uf1_hi) else "among"


def notes_of(cell: Scored) -> list[str]:
    """Return a row's notes; the mark † already says `too few subjects`."""
    return [note for note in cell.note.split("; ") if note and "too few" not in note]
