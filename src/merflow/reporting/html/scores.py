"""Notes and published results beside the tables of scores."""

import math
from collections.abc import Sequence

from merflow.reporting.control_notes import above_guesses
from merflow.reporting.results_table import Cell, Part, Wide
from merflow.reporting.table_text import (
    MARKED,
    footnotes,
    literature,
    literature_notes,
    shows_literature,
    title,
)


def score_context(tables: Sequence[Wide]) -> dict[str, object]:
    """Return the tables, and the functions that the template calls for each of them."""
    return {
        "tables": tables,
        "table_title": title,
        "notes_under": notes_under,
        "beside_control": beside_control,
        "notes_of": notes_of,
        "shows_literature": shows_literature,
        "published": published,
        "literature_notes": literature_notes,
    }


def notes_under(table: Wide) -> list[str]:
    """Return the lines under a table; no row is bold here, since sorting would move the marks."""
    return [note for note in footnotes(table) if note != MARKED]


def beside_control(cell: Cell, part: Part, control: str) -> str:
    """Return `above` or `among` the guesses for a negative control, an empty string if unknown."""
    if not control:
        return ""
    if above_guesses(cell, part, control):
        return "above"
    return "among" if part.guess_uf1_hi is not None else ""


def notes_of(cell: Cell) -> list[str]:
    """Return a row's notes; the mark † already says `too few subjects`."""
    return [note for note in cell.note.split("; ") if note and "too few" not in note]


def published() -> tuple[list[str], list[list[tuple[str, float | None]]]]:
    """Return the heading and rows of the published results: (text, its number or None)."""
    names, *rows = literature()
    scores = range(1, len(names) - 2)
    return names, [
        [(cell, _number(cell) if place in scores else None) for place, cell in enumerate(row)]
        for row in rows
    ]


def _number(shown: str) -> float:
    return math.nan if shown == "-" else float(shown)
