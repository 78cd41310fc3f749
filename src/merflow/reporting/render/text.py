"""Tables as plain text for a terminal."""

import textwrap
from collections.abc import Sequence

from merflow.reporting.table import Table, words

WIDTH = 100
"""Columns that notes are wrapped to."""


def text(tables: Sequence[Table]) -> str:
    """Return tables with their titles and notes."""
    return "\n".join(
        "\n\n".join([table.title, grid(table), _notes(table.notes)]) + "\n" for table in tables
    )


def blocks(title: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """Return tables below one title, each directly under its own, with shared notes."""
    made = [f"{table.title}\n{grid(table)}" for table in tables]
    return "\n\n".join([title, *made, _notes(notes)]) + "\n"


def grid(table: Table) -> str:
    """Return the rows alone, in columns."""
    rows = [[column.whole for column in table.columns]]
    rows += [[words(cell) for cell in row] for row in (*table.rows, *table.foot)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _notes(notes: Sequence[str]) -> str:
    return "\n".join(
        textwrap.fill(note, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for note in notes
    )
