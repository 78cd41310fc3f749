"""Wide tables as text: Markdown, LaTeX (booktabs) and the terminal."""

from collections.abc import Callable, Sequence

from merflow.reporting.results_table import BEST, Cell, Line, Part, Wide
from merflow.reporting.table import latex_text, markdown_text, wrapped
from merflow.reporting.table_text import (
    MARKED,
    bracket,
    floor_rows,
    footnotes,
    literature,
    literature_notes,
    number,
    part_name,
    shows_literature,
    spread,
    supports,
    title,
)
from merflow.text import plural

Style = Callable[[str, str], str]


def render_markdown(tables: Sequence[Wide]) -> str:
    """Return `scores.md`."""
    return "\n".join(_markdown(table) for table in tables)


def render_latex(tables: Sequence[Wide]) -> str:
    """Return `scores.tex`: one `table` environment each, for \\usepackage{booktabs}."""
    return "% needs \\usepackage{booktabs}\n" + "\n".join(_latex(table) for table in tables)


def render_text(tables: Sequence[Wide]) -> str:
    """Return the tables for a terminal: a block for each part, 100 columns where names allow."""
    return "\n".join(_terminal(table) for table in tables)


def _markdown(table: Wide) -> str:
    head = ["experiment", "factor"]
    for part, facts in table.parts.items():
        head += [f"{part_name(part)} UF1 (n={facts.n})", f"{part_name(part)} UAR"]
    body = [head, ["---"] * 2 + ["---:"] * (len(head) - 2)]
    for line in table.lines:
        body.append(
            [
                markdown_text(line.experiment),
                markdown_text(line.factor),
                *_scores(table, line, _md_mark),
            ]
        )
    body += floor_rows(table)
    rows = "\n".join("| " + " | ".join(row) + " |" for row in body)
    notes = "\n\n".join(markdown_text(note) for note in footnotes(table))
    text = f"## {markdown_text(title(table))}\n\n{rows}\n\n{notes}\n"
    return text + _literature_markdown() if shows_literature(table) else text


def _literature_markdown() -> str:
    head, *body = literature()
    rows = [head, ["---"] * len(head), *([markdown_text(c) for c in row] for row in body)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    notes = "\n\n".join(map(markdown_text, literature_notes()))
    return f"\n### Published results on the official clips\n\n{table}\n\n{notes}\n"


def _scores(table: Wide, line: Line, style: Style) -> list[str]:
    cells = []
    for part, facts in table.parts.items():
        cell = line.cells[part]
        dagger = "†" if facts.few else ""
        uf1 = style(number(cell.uf1), cell.uf1_mark) + spread(cell.uf1_sd)
        cells.append(uf1 + bracket(cell.uf1_lo, cell.uf1_hi, dagger))
        cells.append(style(number(cell.uar), cell.uar_mark) + spread(cell.uar_sd))
    return cells


def _latex(table: Wide) -> str:
    parts = list(table.parts)
    names = " & ".join(rf"\multicolumn{{2}}{{c}}{{{latex_text(part_name(p))}}}" for p in parts)
    rules = "".join(rf"\cmidrule(lr){{{3 + 2 * i}-{4 + 2 * i}}}" for i in range(len(parts)))
    rows = [
        [
            latex_text(line.experiment),
            latex_text(line.factor),
            *map(_tex_score, _scores(table, line, _tex_mark)),
        ]
        for line in table.lines
    ]
    floors = [[latex_text(c) for c in row] for row in floor_rows(table)]
    joined = [" & ".join(row) + r" \\" for row in rows]
    lines = [
        r"\begin{table}",
        r"\centering\small",
        rf"\caption{{{latex_text(title(table))}}}",
        rf"\begin{{tabular}}{{ll{'rr' * len(parts)}}}",
        r"\toprule",
        rf" & & {names} \\",
        rules,
        r"Experiment & Factor" + r" & UF1 & UAR" * len(parts) + r" \\",
        r"\midrule",
        *joined,
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in floors),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\footnotesize {latex_text(note)}" for note in footnotes(table)),
        r"\end{table}",
    ]
    text = "\n".join(lines) + "\n"
    return text + _literature_latex() if shows_literature(table) else text


def _literature_latex() -> str:
    head, *body = literature()
    rows = [" & ".join(map(latex_text, row)) + r" \\" for row in body]
    lines = [
        r"\begin{table}",
        r"\centering\scriptsize",
        r"\caption{Published results on the official clips}",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 3)}p{{3cm}}p{{2.5cm}}}}",
        r"\toprule",
        " & ".join(map(latex_text, head)) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\footnotesize {latex_text(note)}" for note in literature_notes()),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _terminal(table: Wide) -> str:
    blocks = [title(table)]
    for part, facts in table.parts.items():
        blocks.append(_block(table, part, facts))
    # Each block has its own clips of each class, and plain text can show no mark.
    unfit = (f"{supports(table)}.", MARKED)
    notes = [note for note in footnotes(table) if note not in unfit]
    return "\n\n".join([*blocks, "\n".join(map(wrapped, notes))]) + "\n"


def _block(table: Wide, part: str, facts: Part) -> str:
    few = ": too few subjects" if facts.few else ""
    head = (
        f"{part_name(part)}: {plural(facts.n, 'clip')} ({facts.support}), "
        f"{plural(facts.subjects, 'subject')}, effective {facts.effective_subjects:.1f}{few}"
    )
    rows = [["experiment", "factor", "UF1 [95%]", "UAR [95%]", "chance p"]]
    for line in table.lines:
        rows.append(
            [line.experiment, line.factor, *_plain(line.cells[part], "†" if facts.few else "")]
        )
    guess = number(facts.guess_uf1, 3) + bracket(facts.guess_uf1_lo, facts.guess_uf1_hi)
    rows.append(["largest class", "", number(facts.floor_uf1, 3), number(facts.floor_uar, 3), ""])
    rows.append(["guessing by shares", "", guess, number(facts.floor_uar, 3), ""])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([head, *(f"  {line.rstrip()}" for line in lines)])


def _plain(cell: Cell, few: str) -> list[str]:
    uf1 = number(cell.uf1, 3) + spread(cell.uf1_sd) + bracket(cell.uf1_lo, cell.uf1_hi, few)
    uar = number(cell.uar, 3) + spread(cell.uar_sd) + bracket(cell.uar_lo, cell.uar_hi, few)
    return [uf1, uar, number(cell.chance_p, 3)]


def _md_mark(text: str, mark: str) -> str:
    if not mark:
        return text
    return f"**{text}**" if mark == BEST else f"<u>{text}</u>"


def _tex_mark(text: str, mark: str) -> str:
    if not mark:
        return text
    return rf"\textbf{{{text}}}" if mark == BEST else rf"\underline{{{text}}}"


def _tex_score(text: str) -> str:
    return text.replace("†", r"$^\dagger$").replace("±", r"$\pm$")
