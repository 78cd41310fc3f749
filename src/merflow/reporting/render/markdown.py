"""Tables as Markdown."""

from collections.abc import Sequence

from merflow.reporting.table import BEST, Cell, Table


def markdown(tables: Sequence[Table]) -> str:
    """Return tables with their titles and notes."""
    return "\n".join(_one(table) for table in tables)


def _one(table: Table) -> str:
    notes = "\n\n".join(map(escape, table.notes))
    return f"{'#' * table.level} {escape(table.title)}\n\n{grid(table)}\n\n{notes}\n"


def grid(table: Table, *, padded: bool = False) -> str:
    """Return the rows alone; padded: with columns of equal width, for a terminal."""
    head = [column.whole for column in table.columns]
    body = [[_cell(cell) for cell in row] for row in (*table.rows, *table.foot)]
    widths = [max(map(len, c)) if padded else 3 for c in zip(head, *body, strict=True)]
    numbers = [column.number for column in table.columns]
    rule = [
        "-" * (w - 1) + ":" if n and padded else "-" * w + ":" * n
        for w, n in zip(widths, numbers, strict=True)
    ]
    if padded:
        head, *body = [
            [c.rjust(w) if n else c.ljust(w) for c, w, n in zip(r, widths, numbers, strict=True)]
            for r in (head, *body)
        ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body))


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    if not cell.mark:
        return cell.text + cell.rest
    return (f"**{cell.text}**" if cell.mark == BEST else f"<u>{cell.text}</u>") + cell.rest


def escape(text: str) -> str:
    """Return text as Markdown that shows it letter by letter."""
    return "".join(f"\\{c}" if c in "\\|`*_[]<>@" else c for c in text if c.isprintable())
