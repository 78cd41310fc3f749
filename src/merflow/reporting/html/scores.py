"""Notes and published results beside the tables of scores."""

import math
from collections.abc import Sequence

from merflow.evaluation.schema import PAGE
from merflow.reporting.captions import (
    MARKED,
    footnotes,
    literature_table,
    shows_literature,
    title,
)
from merflow.reporting.control_notes import above_guesses
from merflow.reporting.layouts import figure
from merflow.reporting.results_table import Part, Scored, Wide, has_interval, measured_in


def score_context(tables: Sequence[Wide]) -> dict[str, object]:
    """Return the tables, and the functions that the template calls for each of them."""
    return {
        "tables": tables,
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
