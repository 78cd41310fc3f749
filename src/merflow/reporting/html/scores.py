"""The page's tables of scores, part by part, and the effect of magnification."""

import math
from collections.abc import Sequence

from merflow.reporting.control_notes import above_guesses, control_named
from merflow.reporting.html.markup import Column, Html, Value, details, el, join, table
from merflow.reporting.html.words import badge, factor_number, guess_of
from merflow.reporting.results_table import Cell, Line, Part, Wide
from merflow.reporting.svg_plots import Point, forest, forest_axis
from merflow.reporting.table_text import (
    MARKED,
    bracket,
    footnotes,
    literature,
    literature_notes,
    number,
    part_name,
    shows_literature,
    spread,
    title,
)
from merflow.text import plural
from merflow.workflow.plan import Plan

LONG = 12
"""Tables of more rows are folded at the start, all but that of all clips."""
COLUMNS = (
    Column("experiment"),
    Column("factor", "magnification: times the displacement"),
    Column("UF1 [95%]", "mean over classes of F1, folds pooled", number=True),
    Column(
        join(["UF1 against guessing", forest_axis()]),
        "dot and bar: score and interval; band: guesses; dashes: always the largest class",
        sorts=False,
    ),
    Column("UAR [95%]", "mean over classes of recall, folds pooled", number=True),
    Column("accuracy", "share of clips; flatters the largest class", number=True),
    Column("chance p", "share of exchanges of whole subjects that do as well", number=True),
    Column("note", sorts=False),
)


def score_section(tables: Sequence[Wide], plan: Plan) -> Html:
    """Return the tables of all parts; experiments that cannot be compared stand apart."""
    blocks = []
    for wide in tables:
        blocks.append(el("h3", title(wide)))
        blocks += [_part_table(wide, part, plan) for part in wide.parts]
        # Nothing is bold here: sorting would carry a mark into another order.
        notes = [el("li", note) for note in footnotes(wide) if note != MARKED]
        blocks.append(details("Protocol, legend and notes", el("ul", *notes)))
        if shows_literature(wide):
            blocks.append(_published())
    return join(blocks)


def _part_table(wide: Wide, part: str, plan: Plan) -> Html:
    facts = wide.parts[part]
    lines = [line for line in wide.lines if part in line.cells]
    said = (
        f"{plural(facts.n, 'clip')}, {plural(facts.subjects, 'subject')} "
        f"({facts.effective_subjects:.1f} in effect)"
    )
    few = [el("span", "† too few subjects", class_="few")] if facts.few else []
    made = table(
        COLUMNS,
        [_row(line, part, facts, plan) for line in lines],
        foot=_floors(facts),
        label=f"scores, {part_name(part)}",
    )
    head = join([el("b", part_name(part)), said, *few], " ")
    return details(head, made, class_="part", open=part == "full" or len(lines) <= LONG)


def _row(line: Line, part: str, facts: Part, plan: Plan) -> list[object]:
    cell = line.cells[part]
    mark = "†" if facts.few else ""
    control = control_named(plan, line.experiment)
    factor = el("span", line.factor, class_="nowrap")
    uf1 = number(cell.uf1) + spread(cell.uf1_sd) + bracket(cell.uf1_lo, cell.uf1_hi, mark)
    uar = number(cell.uar) + spread(cell.uar_sd) + bracket(cell.uar_lo, cell.uar_hi, mark)
    return [
        join([line.experiment, *badge(control)], " "),
        Value(factor, factor_number(line.factor)),
        Value(uf1, cell.uf1),
        _forest(line, cell, facts),
        Value(uar, cell.uar),
        Value(number(cell.acc, 3), cell.acc),
        Value(number(cell.chance_p, 3), cell.chance_p),
        _note(cell, facts, control),
    ]


def _forest(line: Line, cell: Cell, facts: Part) -> Html:
    point = Point(line.factor, cell.uf1, cell.uf1_lo, cell.uf1_hi)
    guess = guess_of(facts)
    said = (
        f"UF1 {number(cell.uf1, 3)}{bracket(cell.uf1_lo, cell.uf1_hi)}, "
        f"guesses{bracket(guess.lo, guess.hi) or ' unknown'}, floor {number(guess.floor, 3)}"
    )
    return forest(point, guess, label=said)


def _note(cell: Cell, facts: Part, control: str) -> Html:
    notes: list[object] = [note for note in cell.note.split("; ") if note and "too few" not in note]
    if control and above_guesses(cell, facts, control):
        notes.insert(0, el("strong", "above the guesses", class_="bad"))
    elif control and facts.guess_uf1_hi is not None:
        notes.insert(0, "as it should be")
    return join(notes, "; ")


def _floors(facts: Part) -> list[list[object]]:
    """Return the two rows that every score is to be held against."""
    guess = number(facts.guess_uf1) + bracket(facts.guess_uf1_lo, facts.guess_uf1_hi)
    uar = number(facts.floor_uar)
    return [
        ["largest class", "", number(facts.floor_uf1), "", uar, "", "", ""],
        ["guessing by shares", "", guess, "", uar, "", "", ""],
    ]


def _published() -> Html:
    """Return the published results, which stand only beside a table of the official clips."""
    names, *rows = literature()
    numbers = range(1, len(names) - 2)
    columns = [Column(name, number=i in numbers) for i, name in enumerate(names)]
    body = [[Value(c, _float(c)) if i in numbers else c for i, c in enumerate(r)] for r in rows]
    notes = [el("li", note) for note in literature_notes()]
    made = table(columns, body, label="published results")
    return details("Published results on the official clips", made, el("ul", *notes))


def _float(shown: str) -> float:
    return math.nan if shown == "-" else float(shown)
