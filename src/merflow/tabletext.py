"""Wide tables as text: Markdown, LaTeX (booktabs) and the terminal."""

import math
from collections.abc import Callable, Sequence

from merflow.wide import BEST, Cell, Line, Part, Wide

LEGEND = (
    "Pooled over all folds, every class counted. Brackets: 95% studentised bootstrap interval over "
    "subjects, conditional on the trained folds. Guessing: expected UF1 of guessing by class "
    "shares; its bracket: 95% of the scores that the true labels get when whole subjects of a "
    "dataset exchange theirs."
)
TOO_FEW = "†: too few subjects (effective number below 10); the interval is too narrow."
MARKED = (
    "Bold: best, underlined: second, among rows fixed beforehand or chosen inside the folds (x*)."
)
SEEDS = "±: sd over seeds; brackets are then means over seeds."
PART_NAMES = {"full": "Full", "smic": "SMIC", "casme2": "CASME II", "samm": "SAMM"}
Style = Callable[[str, str], str]
LATEX = str.maketrans(
    {
        **{c: f"\\{c}" for c in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "†": r"$^\dagger$",
        "±": r"$\pm$",
        "×": r"$\times$",
    }
)


def number(value: float | None, digits: int = 4) -> str:
    """Return a score as the literature prints it: `.7353`, `1.0000`; a dash for none."""
    if value is None or math.isnan(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def bracket(lo: float | None, hi: float | None, mark: str = "") -> str:
    """Return ` [.66, .80]`, or nothing where there is no interval."""
    if lo is None or hi is None or math.isnan(lo) or math.isnan(hi):
        return ""
    return f" [{number(lo, 3)}, {number(hi, 3)}]{mark}"


def spread(sd: float) -> str:
    """Return ` ±.012`, or nothing for one seed."""
    return "" if math.isnan(sd) else f" ±{number(sd, 3)}"


def part_name(part: str) -> str:
    """Return a part's name as the literature writes it."""
    return PART_NAMES.get(part, part)


def footnotes(table: Wide) -> list[str]:
    """Return the lines that stand under a table: protocol, legend, marks, warnings."""
    lines = [*table.notes, LEGEND]
    if any(part.few for part in table.parts.values()):
        lines.append(TOO_FEW)
    cells = [cell for line in table.lines for cell in line.cells.values()]
    if any(cell.uf1_mark or cell.uar_mark for cell in cells):
        lines.append(MARKED)
    if any(len(line.seeds) > 1 for line in table.lines):
        lines.append(SEEDS)
    for line in table.lines:
        for part, cell in line.cells.items():
            said = [note for note in cell.note.split("; ") if note and "too few" not in note]
            if said:
                lines.append(
                    f"{line.experiment} {line.factor}, {part_name(part)}: {'; '.join(said)}."
                )
    return list(dict.fromkeys(lines))


def title(table: Wide) -> str:
    """Return `UF1 and UAR, composite, three: 442 clips of 68 subjects`."""
    full = table.parts["full"]
    names = ", ".join(word for word in (table.protocol, table.scheme) if word)
    return f"UF1 and UAR{', ' if names else ''}{names}: {full.n} clips of {full.subjects} subjects"


def render_markdown(tables: Sequence[Wide]) -> str:
    """Return `scores.md`."""
    return "\n".join(_markdown(table) for table in tables)


def render_latex(tables: Sequence[Wide]) -> str:
    """Return `scores.tex`: one `table` environment each, for \\usepackage{booktabs}."""
    return "% needs \\usepackage{booktabs}\n" + "\n".join(_latex(table) for table in tables)


def render_text(tables: Sequence[Wide]) -> str:
    """Return the tables for a terminal: a block for each part, 80 columns where names allow."""
    return "\n".join(_terminal(table) for table in tables)


def _markdown(table: Wide) -> str:
    head = ["experiment", "factor"]
    for part, facts in table.parts.items():
        head += [f"{part_name(part)} UF1 (n={facts.n})", f"{part_name(part)} UAR"]
    body = [head, ["---"] * 2 + ["---:"] * (len(head) - 2)]
    for line in table.lines:
        body.append([_md(line.experiment), _md(line.factor), *_scores(table, line, _md_mark)])
    body += _floor_rows(table)
    rows = "\n".join("| " + " | ".join(row) + " |" for row in body)
    notes = "\n\n".join(_md(note) for note in footnotes(table))
    return f"## {_md(title(table))}\n\n{rows}\n\n{notes}\n"


def _scores(table: Wide, line: Line, style: Style) -> list[str]:
    cells = []
    for part, facts in table.parts.items():
        cell = line.cells[part]
        dagger = "†" if facts.few else ""
        uf1 = style(number(cell.uf1), cell.uf1_mark) + spread(cell.uf1_sd)
        cells.append(uf1 + bracket(cell.uf1_lo, cell.uf1_hi, dagger))
        cells.append(style(number(cell.uar), cell.uar_mark) + spread(cell.uar_sd))
    return cells


def _floor_rows(table: Wide) -> list[list[str]]:
    largest, guessing = ["largest class", ""], ["guessing by class shares", ""]
    for part in table.parts.values():
        largest += [number(part.floor_uf1), number(part.floor_uar)]
        guess = number(part.guess_uf1) + bracket(part.guess_uf1_lo, part.guess_uf1_hi)
        guessing += [guess, number(part.floor_uar)]
    return [largest, guessing]


def _latex(table: Wide) -> str:
    parts = list(table.parts)
    names = " & ".join(rf"\multicolumn{{2}}{{c}}{{{_tex(part_name(p))}}}" for p in parts)
    rules = "".join(rf"\cmidrule(lr){{{3 + 2 * i}-{4 + 2 * i}}}" for i in range(len(parts)))
    rows = [
        [
            _tex(line.experiment),
            _tex(line.factor),
            *map(_tex_score, _scores(table, line, _tex_mark)),
        ]
        for line in table.lines
    ]
    floors = [[_tex(c) for c in row] for row in _floor_rows(table)]
    joined = [" & ".join(row) + r" \\" for row in rows]
    lines = [
        r"\begin{table}",
        r"\centering\small",
        rf"\caption{{{_tex(title(table))}}}",
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
        *(rf"\par\smallskip\footnotesize {_tex(note)}" for note in footnotes(table)),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _terminal(table: Wide) -> str:
    blocks = [title(table)]
    for part, facts in table.parts.items():
        blocks.append(_block(table, part, facts))
    return "\n\n".join([*blocks, "\n".join(footnotes(table))]) + "\n"


def _block(table: Wide, part: str, facts: Part) -> str:
    few = ": too few subjects" if facts.few else ""
    head = (
        f"{part_name(part)}: {facts.n} clips, {facts.subjects} subjects, "
        f"effective {facts.effective_subjects:.1f}{few}"
    )
    rows = [["experiment", "factor", "UF1 [95%]", "UAR [95%]", "chance p"]]
    for line in table.lines:
        rows.append([line.experiment, line.factor, *_plain(line.cells[part])])
    guess = number(facts.guess_uf1, 3) + bracket(facts.guess_uf1_lo, facts.guess_uf1_hi)
    rows.append(["largest class", "", number(facts.floor_uf1, 3), number(facts.floor_uar, 3), ""])
    rows.append(["guessing by shares", "", guess, number(facts.floor_uar, 3), ""])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([head, *(f"  {line.rstrip()}" for line in lines)])


def _plain(cell: Cell) -> list[str]:
    uf1 = number(cell.uf1, 3) + spread(cell.uf1_sd) + bracket(cell.uf1_lo, cell.uf1_hi)
    uar = number(cell.uar, 3) + spread(cell.uar_sd) + bracket(cell.uar_lo, cell.uar_hi)
    return [uf1, uar, number(cell.chance_p, 3)]


def _md(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\|`*_[]<>" else c for c in text if c.isprintable())


def _md_mark(text: str, mark: str) -> str:
    if not mark:
        return text
    return f"**{text}**" if mark == BEST else f"<u>{text}</u>"


def _tex(text: str) -> str:
    return text.translate(LATEX)


def _tex_mark(text: str, mark: str) -> str:
    if not mark:
        return text
    return rf"\textbf{{{text}}}" if mark == BEST else rf"\underline{{{text}}}"


def _tex_score(text: str) -> str:
    return text.replace("†", r"$^\dagger$").replace("±", r"$\pm$")
