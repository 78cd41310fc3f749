"""Tables as LaTeX `table` environments for \\usepackage{booktabs}, made to fit a given width."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from merflow.reporting.render.latex_width import (
    FOOTNOTE,
    SCRIPT,
    SMALL,
    SOFT,
    pieces,
    text_width,
)
from merflow.reporting.table import BEST, Cell, Heading, Table, words

SPECIAL = str.maketrans(
    {
        **{c: f"\\{c}" for c in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "†": r"$^\dagger$",
        "§": r"$^\S$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "‡": r"$^\ddagger$",
        "¶": r"$^\P$",
        "<": "$<$",
        ">": "$>$",
        "|": "$|$",
        "–": "--",
        "−": "$-$",
    }
)
MINUS = re.compile(r"(?<![\w.])-(?=[.\d])")
"""A hyphen that is a minus."""
SIZES = {SMALL: r"\small", FOOTNOTE: r"\footnotesize", SCRIPT: r"\scriptsize"}
TRIED = (
    *((SMALL, 5.0, False), (SMALL, 4.0, False), (FOOTNOTE, 4.0, False), (FOOTNOTE, 3.0, False)),
    *((FOOTNOTE, 3.0, True), (SCRIPT, 3.0, False), (SCRIPT, 2.0, True)),
)
"""Size, space beside a column (pt), and whether text is wrapped, in the order they are tried."""
NARROWEST = 40.0
"""Narrowest column (pt) of wrapped text."""
PAGE = 345.0
"""Width (pt) of the text of a one-column article in 10 pt."""
LINE_END = r"\\"
Row = Sequence[str | Cell]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table with its size (pt), the space beside columns (pt) and the widths of its columns (pt).

    wrapped: whether a column's text is broken into lines of its width.
    """

    table: Table
    size: float
    gap: float
    widths: tuple[float, ...]
    wrapped: tuple[bool, ...]

    @property
    def width(self) -> float:
        """Width of the whole table (pt)."""
        return sum(self.widths) + 2 * self.gap * (len(self.widths) - 1)


def latex(tables: Sequence[Table], width: float = PAGE, *, across: bool = False) -> str:
    """Return one environment for each table, at most `width` pt wide.

    across: over both columns of a two-column document (`table*`).
    """
    return "\n".join(
        ["% needs \\usepackage{booktabs}", *(_one(fitted(t, width), across) for t in tables)]
    )


def fitted(table: Table, width: float) -> Fitted:
    """Return a table as it fits: smaller, wrapped, or without its spare columns, noted below it."""
    found = None
    for kept in _with_fewer_columns(table):
        for size, gap, wrap in TRIED:
            found = _sized(kept, size, gap, width if wrap else 0)
            if found.width <= width:
                return found
    return found


def fits(table: Table, width: float) -> bool:
    """Return whether a table with all its columns fits a width (pt)."""
    return any(_sized(table, s, gap, width if wrap else 0).width <= width for s, gap, wrap in TRIED)


def _with_fewer_columns(table: Table) -> Iterator[Table]:
    """Yield the table, then without its spare columns: one fewer each time, the last first."""
    yield table
    gone: list[int] = []
    for place in reversed(range(len(table.columns))):
        if table.columns[place].spare:
            gone.append(place)
            yield _without(table, gone)


def _without(table: Table, gone: Sequence[int]) -> Table:
    def kept(row: Row) -> list:
        if len(row) < len(table.columns):
            return list(row)
        return [cell for place, cell in enumerate(row) if place not in gone]

    lost = [table.columns[place] for place in sorted(gone)]
    notes = list(table.notes)
    for heading in lost:
        if heading.about:
            notes = [note.replace(heading.about, "").strip() for note in notes]
    names = ", ".join(dict.fromkeys(heading.whole for heading in lost))
    notes.append(f"Not shown here, for want of room: {names}; see scores.md.")
    return replace(
        table,
        columns=kept(table.columns),
        rows=[kept(row) for row in table.rows],
        foot=[kept(row) for row in table.foot],
        notes=[note for note in notes if note],
    )


def _sized(table: Table, size: float, gap: float, wrap_to: float) -> Fitted:
    """Return a table at a size; wrap_to: width (pt) that text columns are wrapped for, or 0."""
    rows = [row for row in (*table.rows, *table.foot) if len(row) == len(table.columns)]
    widths = [
        max([_heading_width(column, size), *(_cell_width(row[place], size) for row in rows)])
        for place, column in enumerate(table.columns)
    ]
    _widen_groups(table.columns, widths, size, gap)
    wrapped = [False] * len(widths)
    excess = sum(widths) + 2 * gap * (len(widths) - 1) - wrap_to
    text = [place for place, column in enumerate(table.columns) if not column.number]
    for place in sorted(text, key=lambda place: -widths[place]) if wrap_to else ():
        longest = [text_width(p, size) for row in rows for p in pieces(words(row[place]))]
        least = max([NARROWEST, _heading_width(table.columns[place], size), *longest])
        if excess > 0 and widths[place] > least:
            lost = min(excess, widths[place] - least)
            widths[place] -= lost
            excess -= lost
            wrapped[place] = True
    return Fitted(table, size, gap, tuple(widths), tuple(wrapped))


def _widen_groups(columns: Sequence[Heading], widths: list[float], size: float, gap: float) -> None:
    """Widen the last column of a group that is narrower than the group's name, as LaTeX does."""
    first = 0
    for name, members in groupby(column.group for column in columns):
        last = first + len(list(members))
        inside = sum(widths[first:last]) + 2 * gap * (last - first - 1)
        if name:
            widths[last - 1] += max(0.0, text_width(name, size) - inside)
        first = last


def _heading_lines(column: Heading) -> list[str]:
    """Return a heading in lines: of a column of numbers, a line for each word that is long."""
    text = column.text if column.number else column.text[:1].upper() + column.text[1:]
    if not column.number or len(text) < 8 or "[" in text:
        return [text]
    return text.split()


def _heading_width(column: Heading, size: float) -> float:
    return max(text_width(line, size) for line in _heading_lines(column))


def _cell_width(cell: str | Cell, size: float) -> float:
    if isinstance(cell, str):
        return text_width(_signed(cell), size)
    marked = text_width(_signed(cell.text), size, bold=cell.mark == BEST)
    return marked + text_width(_signed(cell.rest), size)


def _one(fit: Fitted, across: bool) -> str:
    table, name = fit.table, "table*" if across else "table"
    spec = "".join(
        f"p{{{width:.1f}pt}}" if wrapped else "r" if column.number else "l"
        for column, width, wrapped in zip(table.columns, fit.widths, fit.wrapped, strict=True)
    )
    lines = [
        rf"\begin{{{name}}}",
        rf"\centering{SIZES[fit.size]}\setlength{{\tabcolsep}}{{{fit.gap:g}pt}}",
        rf"\setlength{{\belowcaptionskip}}{{4pt}}\caption{{{escape(table.title)}}}",
        *([rf"\label{{tab:{table.anchor}}}"] if table.anchor else []),
        rf"\begin{{tabular}}{{@{{}}{spec}@{{}}}}",
        r"\toprule",
        *_groups(table.columns),
        _row([_heading(column) for column in table.columns]),
        r"\midrule",
        *(_body(row, fit) for row in table.rows),
        *([r"\midrule"] if table.foot else []),
        *(_body(row, fit) for row in table.foot),
        r"\bottomrule",
        r"\end{tabular}",
        *_notes(table.notes),
        rf"\end{{{name}}}",
    ]
    return "\n".join(lines) + "\n"


def _notes(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    return [
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
        "\\par\n".join(_breakable(note) for note in notes),
        r"\end{minipage}",
    ]


def _heading(column: Heading) -> str:
    lines = [escape(line) for line in _heading_lines(column)]
    return lines[0] if len(lines) == 1 else rf"\shortstack[r]{{{LINE_END.join(lines)}}}"


def _groups(columns: Sequence[Heading]) -> list[str]:
    """Return the row of group headings and the rules under them, where there are groups."""
    if not any(column.group for column in columns):
        return []
    cells, rules, first = [], [], 1
    for name, members in groupby(column.group for column in columns):
        size = len(list(members))
        # The last column has no space on its right, so a name over it has none either.
        end = "@{}" if first + size > len(columns) else ""
        cells += [rf"\multicolumn{{{size}}}{{c{end}}}{{{escape(name)}}}"] if name else [""] * size
        rules += [rf"\cmidrule(lr){{{first}-{first + size - 1}}}"] if name else []
        first += size
    return [_row(cells), "".join(rules)]


def _body(row: Row, fit: Fitted) -> str:
    """Return a row; one cell alone is a heading over all columns, and none is a small space."""
    if not row:
        return r"\addlinespace"
    if len(row) == 1 < len(fit.widths):
        return rf"\multicolumn{{{len(fit.widths)}}}{{@{{}}l}}{{\textit{{{_cell(row[0])}}}}} \\"
    pairs = zip(row, fit.wrapped, strict=True)
    cells = [rf"\raggedright {_breakable(words(c))}" if w else _cell(c) for c, w in pairs]
    # \raggedright gives the usual end of a row another meaning.
    return _row(cells, r"\tabularnewline" if fit.wrapped[-1] else LINE_END)


def _row(cells: Sequence[str], end: str = LINE_END) -> str:
    # After a rule or the end of a row, LaTeX takes a bracket or a star as that command's argument.
    start = "{}" if cells[0].startswith(("[", "*")) else ""
    return f"{start}{' & '.join(cells)} {end}"


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return escape(_signed(cell))
    text = escape(_signed(cell.text))
    if cell.mark:
        text = rf"\textbf{{{text}}}" if cell.mark == BEST else rf"\underline{{{text}}}"
    return text + escape(_signed(cell.rest))


def _signed(text: str) -> str:
    return MINUS.sub("−", text)


def _breakable(text: str) -> str:
    """Return escaped text that may also be broken inside long words."""
    return r"\allowbreak{}".join(escape(piece) for piece in SOFT.split(text))


def escape(text: str) -> str:
    """Return text as LaTeX that prints it letter by letter."""
    return text.translate(SPECIAL)
