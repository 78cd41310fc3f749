"""Tables for a paper: scores with three decimals, in widths that journals and conferences have.

`scores.tex` fits the text of a one-column article, without intervals; `scores_twocolumn.tex` goes
over both columns of a two-column paper, intervals in a second line; `scores_onecolumn.tex` fits
one of the two columns, a block of rows for each part. A table with more parts than a page can
hold side by side has blocks too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from merflow.evaluation.literature.official import official_results
from merflow.evaluation.literature.results import sources
from merflow.evaluation.schema import WIDE, Column
from merflow.reporting.captions import (
    DOUBTFUL,
    bracket,
    literature_table,
    number,
    paper_notes,
    part_name,
    shows_literature,
    spread,
    title,
)
from merflow.reporting.layouts import ENDS
from merflow.reporting.render.latex import PAGE, fits, latex
from merflow.reporting.results_table import Line, Part, Scored, Wide, has_interval, measured_in
from merflow.reporting.table import Cell, Heading, Table
from merflow.text import plural

DIGITS = 3
BASELINES = {"floor": "largest class", "guess": "guessing"}
COLUMN, BOTH_COLUMNS = 252.0, 516.0
"""Width (pt) of a column and of both columns of a two-column paper (3.5 in and 7.16 in)."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the table: width (pt), whether it has intervals, and whether parts are blocks."""

    width: float
    intervals: bool
    blocks: bool = False
    use: str = ""


FORMS = {
    "scores.tex": Form(PAGE, intervals=False, use="a one-column article"),
    "scores_onecolumn.tex": Form(COLUMN, True, blocks=True, use="one column of a two-column paper"),
    "scores_twocolumn.tex": Form(BOTH_COLUMNS, True, use="both columns of a two-column paper"),
}
"""Files of `results/tables` with their forms."""


def render_latex(
    tables: Sequence[Wide], beside: Sequence[Table] = (), form: Form = FORMS["scores.tex"]
) -> str:
    """Return the tables in one form; beside: tables that follow."""
    made = []
    for table in tables:
        made += [paper_table(table, form), *([_literature()] if shows_literature(table) else [])]
    head = f"% {form.use}: at most {form.width:g} pt wide\n"
    return head + latex(
        _distinct([*made, *map(_rounded, beside)]), form.width, across=not form.blocks
    )


def paper_table(table: Wide, form: Form) -> Table:
    """Return the scores of a table in one form."""
    if not form.blocks and fits(made := _parts_beside(table, form), form.width):
        return made
    return _parts_below(table, form)


def _parts_beside(table: Wide, form: Form) -> Table:
    """Return a column pair for each part; seeds' spread and intervals in a second line."""
    scores = _scores()
    columns = [Heading("experiment", number=False), Heading("factor", number=False)]
    columns += [
        Heading(c.heading, group=_group(p, f)) for p, f in table.parts.items() for c in scores
    ]
    pairs = [(part, column) for part in table.parts for column in scores]
    rows: list[list[str | Cell]] = []
    for line in table.lines:
        cells = [(line.cells[part], column, table.parts[part]) for part, column in pairs]
        below = ["", "", *(_below(*cell, form) for cell in cells)]
        rows += [[line.shown, line.factor, *(_score(*cell, form) for cell in cells)]]
        rows += [below, []] if any(below) else []
    foot: list[list[str | Cell]] = []
    for kind, name in BASELINES.items():
        facts = [(table.parts[part], kind, column) for part, column in pairs]
        below = ["", "", *(_floor_ends(*one) for one in facts)]
        foot += [[name, "", *(_floor(*one) for one in facts)]]
        foot += [below] if form.intervals and any(below) else []
    return _titled(table, columns, rows[:-1] if rows and not rows[-1] else rows, foot, form)


def _parts_below(table: Wide, form: Form) -> Table:
    """Return a block of rows for each part, the interval of the first score in its own column."""
    first, *others = _scores()
    columns = [Heading("experiment", number=False), Heading("factor", number=False)]
    columns += [Heading(first.heading)]
    columns += [Heading("95% interval", spare=True)] if form.intervals else []
    columns += [Heading(column.heading) for column in others]
    rows: list[list[str | Cell]] = []
    for part, facts in table.parts.items():
        clips = f"{plural(facts.n, 'clip')}, {plural(facts.subjects, 'subject')}"
        rows += [[], [f"{part_name(part)}: {clips}"]] if rows else [[f"{part_name(part)}: {clips}"]]
        rows += [_block_row(line, line.cells[part], facts, form) for line in table.lines]
        for kind, name in BASELINES.items():
            ends = [_floor_ends(facts, kind, first)] if form.intervals else []
            floors = [_floor(facts, kind, column) for column in others]
            rows.append([name, "", _floor(facts, kind, first), *ends, *floors])
    return _titled(table, columns, rows, [], form)


def _block_row(line: Line, cell: Scored, facts: Part, form: Form) -> list[str | Cell]:
    first, *others = _scores()
    beside = replace(form, intervals=True)
    ends = [_interval(cell, first, facts)] if form.intervals else []
    return [
        *(line.shown, line.factor, _score(cell, first, facts, beside), *ends),
        *(_score(cell, column, facts, beside) for column in others),
    ]


def _scores() -> list[Column]:
    return measured_in(WIDE)


def _group(part: str, facts: Part) -> str:
    return f"{part_name(part)} (n={facts.n})"


def _score(cell: Scored, column: Column, facts: Part, form: Form) -> Cell:
    """Return a score; with intervals below or beside it, the spread over seeds follows it."""
    value = getattr(cell, column.name)
    if not has_interval(column):
        return Cell(number(value, DIGITS), value)
    rest = spread(getattr(cell, f"{column.name}_sd")) if form.intervals else ""
    rest += DOUBTFUL if cell.doubt else ""
    return Cell(number(value, DIGITS), value, getattr(cell, f"{column.name}_mark"), rest)


def _below(cell: Scored, column: Column, facts: Part, form: Form) -> str:
    if not has_interval(column):
        return ""
    if form.intervals:
        return _interval(cell, column, facts)
    return spread(getattr(cell, f"{column.name}_sd")).strip()


def _interval(cell: Scored, column: Column, facts: Part) -> str:
    ends = (getattr(cell, f"{column.name}{end}") for end in ("_lo", "_hi"))
    return bracket(*ends, "†" if facts.few else "").strip()


def _floor(facts: Part, kind: str, column: Column) -> str:
    value = getattr(facts, f"{kind}_{column.name}", None)
    return "" if value is None else number(value, DIGITS)


def _floor_ends(facts: Part, kind: str, column: Column) -> str:
    ends = (getattr(facts, f"{kind}_{column.name}{ENDS[e]}", None) for e in ("low", "high"))
    return bracket(*ends).strip()


def _titled(
    table: Wide,
    columns: Sequence[Heading],
    rows: Sequence[Sequence[str | Cell]],
    foot: Sequence[Sequence[str | Cell]],
    form: Form,
) -> Table:
    notes = paper_notes(table, intervals=form.intervals)
    anchor = "-".join(filter(None, ("scores", table.protocol, table.scheme)))
    return Table(title(table), columns, rows, foot, notes, anchor=anchor)


def _literature() -> Table:
    """Return the published rows with three decimals; sources as notes."""
    found, results = literature_table(), official_results()
    columns = []
    for column in found.columns[:-1]:
        part, _, score = column.text.rpartition(" ")
        columns.append(replace(column, group=part, text=score))
    columns.append(Heading("source", number=False))
    body = [
        [
            *(Cell(number(c.value, DIGITS)) if isinstance(c, Cell) else c for c in cells[:-1]),
            result.facts.source,
        ]
        for cells, result in zip((*found.rows, *found.foot[1:]), results, strict=True)
    ]
    used = dict.fromkeys(result.facts.source for result in results)
    named = [f"{source}: {sources()[source]}" for source in used if source in sources()]
    notes = [f"Sources: {'; '.join(named)}.", *found.notes]
    ranked = len(found.rows)
    return Table(found.title, columns, body[:ranked], body[ranked:], notes, anchor="published")


def _rounded(table: Table) -> Table:
    """Return a table with scores of three decimals."""
    rows = [
        [
            c._replace(text=number(c.value, DIGITS))
            if isinstance(c, Cell) and isinstance(c.value, float)
            else c
            for c in row
        ]
        for row in table.rows
    ]
    return replace(table, rows=rows)


def _distinct(tables: Sequence[Table]) -> list[Table]:
    """Return the tables, the anchors of later ones with a number where they repeat."""
    taken: set[str] = set()
    made = []
    for table in tables:
        names = chain([table.anchor], (f"{table.anchor}-{n}" for n in count(2)))
        anchor = next(name for name in names if name not in taken)
        taken |= {anchor} - {""}
        made.append(replace(table, anchor=anchor))
    return made
