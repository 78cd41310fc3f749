"""Tables as LaTeX `table` environments, for \\usepackage{booktabs}."""

from collections.abc import Sequence
from itertools import groupby

from merflow.reporting.table import BEST, Cell, Heading, Table

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
    }
)


def latex(tables: Sequence[Table]) -> str:
    """Return one environment for each table."""
    return "\n".join(["% needs \\usepackage{booktabs}", *(_one(table) for table in tables)])


def _one(table: Table) -> str:
    wide = len(table.columns) > 10
    spec = "".join("r" if c.number else "p{3cm}" if c.width else "l" for c in table.columns)
    lines = [
        r"\begin{table}",
        r"\centering" + (r"\scriptsize" if wide else r"\small"),
        rf"\caption{{{escape(table.title)}}}",
        rf"\begin{{tabular}}{{{spec}}}",
        r"\toprule",
        *_groups(table.columns),
        _row([_heading(column) for column in table.columns]),
        r"\midrule",
        *(_row(map(_cell, row)) for row in table.rows),
        *([r"\midrule"] if table.foot else []),
        *(_row(map(_cell, row)) for row in table.foot),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\footnotesize {escape(note)}" for note in table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _heading(column: Heading) -> str:
    text = escape(column.text)
    return text if column.number else text[:1].upper() + text[1:]


def _groups(columns: Sequence[Heading]) -> list[str]:
    """Return the row of group headings and the rules under them, where there are groups."""
    if not any(column.group for column in columns):
        return []
    cells, rules, first = [], [], 1
    for name, members in groupby(column.group for column in columns):
        size = len(list(members))
        cells += [rf"\multicolumn{{{size}}}{{c}}{{{escape(name)}}}"] if name else [""] * size
        rules += [rf"\cmidrule(lr){{{first}-{first + size - 1}}}"] if name else []
        first += size
    return [_row(cells), "".join(rules)]


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    text = escape(cell.text)
    if cell.mark:
        text = rf"\textbf{{{text}}}" if cell.mark == BEST else rf"\underline{{{text}}}"
    return text + escape(cell.rest)


def escape(text: str) -> str:
    """Return text as LaTeX that prints it letter by letter."""
    return text.translate(SPECIAL)
