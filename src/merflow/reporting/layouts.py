"""Layouts of the results table: which rows and columns each form prints.

Side by side: all parts in one table (Markdown). Block: one table for each part (terminal).
Sheet: the same with every column (xlsx). The report's templates lay out HTML; `paper_tables` has
the forms for LaTeX.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from merflow.evaluation.columns import PART
from merflow.evaluation.schema import BLOCK, WIDE, Column
from merflow.reporting.captions import (
    DOUBTFUL,
    MARKED,
    bracket,
    footnotes,
    literature_table,
    number,
    part_name,
    shows_literature,
    spread,
    supports,
    title,
)
from merflow.reporting.effects_table import effects_sheet
from merflow.reporting.render.markdown import markdown
from merflow.reporting.render.text import blocks, text
from merflow.reporting.results_table import (
    MEASURED,
    Part,
    Scored,
    Wide,
    has_interval,
    measured_in,
)
from merflow.reporting.table import Cell, Heading, Table
from merflow.text import plural

if TYPE_CHECKING:
    from pandas import DataFrame

BASELINES = {"floor": "largest class", "guess": "guessing by class shares"}
ENDS = {"sd": "_sd", "low": "_lo", "high": "_hi"}


def render_markdown(tables: Sequence[Wide], beside: Sequence[Table] = ()) -> str:
    """Return `scores.md`; beside: tables that follow."""
    return markdown([*_with_literature(tables), *beside])


def render_text(tables: Sequence[Wide], beside: Sequence[Table] = ()) -> str:
    """Return the tables for a terminal: a block for each part, 100 columns where names allow."""
    made = []
    for table in tables:
        # Each block has its own clips of each class, and plain text shows no mark.
        unfit = (f"{supports(table)}.", MARKED)
        notes = [note for note in footnotes(table) if note not in unfit]
        made.append(blocks(title(table), [block(table, part) for part in table.parts], notes))
    return "\n".join([*made, *([text(beside)] if beside else [])])


def _with_literature(tables: Sequence[Wide]) -> list[Table]:
    made = []
    for table in tables:
        made += [side_by_side(table), *([literature_table()] if shows_literature(table) else [])]
    return made


def side_by_side(table: Wide) -> Table:
    """Return all parts in one table; the interval of the first score only, to save width."""
    first, *others = measured_in(WIDE)
    columns = [Heading("experiment", number=False), Heading("factor", number=False)]
    for part, facts in table.parts.items():
        name = part_name(part)
        columns.append(Heading(first.heading, group=name, detail=f"(n={facts.n})"))
        columns += [Heading(column.heading, group=name) for column in others]
    rows = [
        [line.shown, line.factor]
        + [
            figure(line.cells[part], column, facts, interval=column is first)
            for part, facts in table.parts.items()
            for column in (first, *others)
        ]
        for line in table.lines
    ]
    foot = [
        [name, ""]
        + [_baseline(facts, kind, c) for facts in table.parts.values() for c in (first, *others)]
        for kind, name in BASELINES.items()
    ]
    return Table(title(table), columns, rows, foot, footnotes(table), level=2)


def block(table: Wide, part: str) -> Table:
    """Return one part with three decimals, every interval and chance p."""
    facts = table.parts[part]
    few = ": too few subjects" if facts.few else ""
    head = (
        f"{part_name(part)}: {plural(facts.n, 'clip')} ({facts.support}), "
        f"{plural(facts.subjects, 'subject')}, effective {facts.effective_subjects:.1f}{few}"
    )
    scores = measured_in(BLOCK)
    names = [c.heading + (" [95%]" if has_interval(c) else "") for c in scores]
    columns = [Heading("experiment", number=False), Heading("factor", number=False)]
    columns += [Heading(name) for name in names]
    rows = [
        [line.shown, line.factor, *(figure(line.cells[part], c, facts, 3) for c in scores)]
        for line in table.lines
    ]
    foot = [
        [
            name.replace("class shares", "shares"),
            "",
            *(_baseline(facts, kind, c, 3) for c in scores),
        ]
        for kind, name in BASELINES.items()
    ]
    return Table(head, columns, rows, foot)


def sheet(table: Wide, part: str) -> Table:
    """Return one part with every column, numbers as numbers."""
    facts = table.parts[part]
    scores = [(c, end) for c in MEASURED for end in (["", *ENDS] if has_interval(c) else [""])]
    order = ("experiment", "factor", "method", "preparation")
    runs = [Heading(name, number=False, width=28 * (name == "experiment")) for name in order]
    columns = [*runs, Heading("seeds"), *(Heading(column.heading) for column in PART)]
    columns += [Heading(c.heading, detail=end) for c, end in scores]
    columns.append(Heading("note", number=False, width=28))
    rows = [
        [
            line.shown,
            *(getattr(line, name) for name in order[1:]),
            ", ".join(map(str, line.seeds)),
            *(Cell("", getattr(facts, column.name)) for column in PART),
            *(_score(line.cells[part], column, end) for column, end in scores),
            line.cells[part].note,
        ]
        for line in table.lines
    ]
    blank = [""] * (len(order) + len(PART))
    foot = [
        [name, *blank, *(Cell("", _floor_value(facts, kind, c, end)) for c, end in scores), ""]
        for kind, name in BASELINES.items()
    ]
    return Table(title(table), columns, rows, foot, footnotes(table))


def sheets(
    tables: Sequence[Wide], settings: Mapping[str, str], effects: Mapping[str, "DataFrame"]
) -> list[tuple[str, list[Table]]]:
    """Return the sheets of the workbook: parts, effects, published results, settings."""
    parts = dict.fromkeys(part for table in tables for part in table.parts)
    made = [
        (part_name(part), [sheet(table, part) for table in tables if part in table.parts])
        for part in parts
    ]
    made += [(name, [effects_sheet(found)]) for name, found in effects.items() if len(found)]
    if any(map(shows_literature, tables)):
        made.append(("published", [replace(literature_table(), title="")]))
    columns = [Heading("setting", number=False, width=44), Heading("value", number=False, width=90)]
    return [*made, ("settings", [Table("", columns, list(settings.items()))])]


def figure(
    scored: Scored, column: Column, facts: Part, digits: int = 0, *, interval: bool = True
) -> Cell:
    """Return a score as printed, with its spread and interval where it has them."""
    value = getattr(scored, column.name)
    shown = number(value, digits or column.digits)
    if not has_interval(column):
        return Cell(shown, value)
    rest = spread(getattr(scored, f"{column.name}_sd"))
    if interval:
        ends = (getattr(scored, f"{column.name}{end}") for end in ("_lo", "_hi"))
        rest += bracket(*ends, "†" if facts.few else "")
    if scored.doubt:
        rest += DOUBTFUL
    return Cell(shown, value, getattr(scored, f"{column.name}_mark"), rest)


def _baseline(facts: Part, kind: str, column: Column, digits: int = 0) -> Cell:
    value, *ends = (_floor_value(facts, kind, column, end) for end in ("", "low", "high"))
    shown = "" if value is None else number(value, digits or column.digits) + bracket(*ends)
    return Cell(shown, value)


def _floor_value(facts: Part, kind: str, column: Column, end: str = "") -> float | None:
    """Return a baseline of a score, or an end of its interval; None where there is none."""
    return getattr(facts, f"{kind}_{column.name}{ENDS.get(end, '')}", None)


def _score(scored: Scored, column: Column, end: str) -> Cell:
    value = getattr(scored, column.name + ENDS.get(end, ""))
    mark = getattr(scored, f"{column.name}_mark", "") if not end else ""
    return Cell("", value, mark)
