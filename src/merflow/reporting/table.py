"""A table that stands beside the scores (paired effects, ablations) in every textual form."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

TERMINAL = 100
"""Columns of a terminal that notes are wrapped to."""
LATEX = str.maketrans(
    {
        **{c: f"\\{c}" for c in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "†": r"$^\dagger$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "‡": r"$^\ddagger$",
    }
)


@dataclass(frozen=True, slots=True)
class SideTable:
    """Rows of text under a head; the first `names` columns are words, the others numbers."""

    title: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    names: int
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """Return the table as Markdown."""
        rule = ["---"] * self.names + ["---:"] * (len(self.head) - self.names)
        rows = [self.head, rule, *([markdown_text(cell) for cell in row] for row in self.body)]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        notes = "\n\n".join(map(markdown_text, self.notes))
        return f"\n### {markdown_text(self.title)}\n\n" + "\n".join(lines) + f"\n\n{notes}\n"

    def latex(self) -> str:
        """Return the table as a LaTeX environment, for \\usepackage{booktabs}."""
        lines = [
            r"\begin{table}",
            r"\centering\small",
            rf"\caption{{{latex_text(self.title)}}}",
            rf"\begin{{tabular}}{{{'l' * self.names}{'r' * (len(self.head) - self.names)}}}",
            r"\toprule",
            " & ".join(map(latex_text, self.head)) + r" \\",
            r"\midrule",
            *(" & ".join(map(latex_text, row)) + r" \\" for row in self.body),
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par\smallskip\footnotesize {latex_text(note)}" for note in self.notes),
            r"\end{table}",
        ]
        return "\n".join(lines) + "\n"

    def terminal(self) -> str:
        """Return the table for a terminal."""
        rows = [self.head, *self.body]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.head))]
        lines = [
            "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([f"\n{self.title}", "", *lines, "", *map(wrapped, self.notes)]) + "\n"


def wrapped(text: str) -> str:
    """Return a note in lines that a terminal shows whole."""
    return textwrap.fill(text, TERMINAL, subsequent_indent="  ", break_on_hyphens=False)


def markdown_text(text: str) -> str:
    """Return text as Markdown that shows it letter by letter."""
    return "".join(f"\\{c}" if c in "\\|`*_[]<>" else c for c in text if c.isprintable())


def latex_text(text: str) -> str:
    """Return text as LaTeX that prints it letter by letter."""
    return text.translate(LATEX)
