"""The table of published, re-run and own results, and its page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from merflow.evaluation.literature.claims import wrong_scores
from merflow.evaluation.literature.columns import (
    EPOCHS,
    EVIDENCE,
    FACTS,
    RAN_BY,
    SCORES,
    SETTINGS,
    VERDICTS,
)
from merflow.evaluation.literature.groups import Group, groups
from merflow.evaluation.literature.results import Result, sources
from merflow.reporting.captions import bracket, number, part_name
from merflow.reporting.render.markdown import escape, grid
from merflow.reporting.table import Cell, Heading, Table

TITLES = {
    "emotion": "Emotion classes",
    "action_units": "Action units",
    "spotting": "Spotting",
    "str": "Spotting, then recognition",
}
COUNTED = (("tp", "TP"), ("fp", "FP"), ("fn", "FN"))
MEASURED = {
    "emotion": (("uf1", "UF1"), ("uar", "UAR"), ("acc", "accuracy")),
    "action_units": (("f1", "F1"),),
    "spotting": (*COUNTED, ("precision", "precision"), ("recall", "recall"), ("f1", "F1")),
    "str": (
        *COUNTED,
        ("f1", "F1"),
        ("analysis_precision", "analysis precision"),
        ("analysis_recall", "analysis recall"),
        ("analysis_f1", "analysis F1"),
        ("strs", "STRS"),
    ),
}
"""Scores that the tables of a task print, where any row has them."""
SHARED = ("sample_list", "list_digest", "clips", "subjects", "sheets", "protocol", "floors")
"""Facts that stand once above a group, if its rows agree."""
SHOWN = ("epoch", "settings", "ran_by", "evidence", "parameters", "verdict")
SHORT_REASONS = {
    "epoch chosen on the test": "epoch: test",
    "settings chosen on the test": "settings: test",
    "choice of epoch not known": "epoch unknown",
    "choice of settings not known": "settings unknown",
}
FLAG = "¶"
"""Mark of scores that do not follow from the printed counts."""
INTRODUCTION = f"""# Reference table

Published, re-run and own results with what is known of how each was made. `merflow literature`
prints the same tables; this page is generated from the package's data
(`merflow literature --format md --out docs/reference_table.md`).

Results are comparable inside one table: same task, clips, folds and score. A result is ranked only
if its epoch and its settings are known not to have been chosen on the tested subjects. The others
stand below the line *not ranked*, with the reason: a score chosen on the test is an upper bound,
and no score can be compared with it. {FLAG} marks scores that do not follow from the printed
counts. Scores were not rerun here unless `ran_by` is `merflow` or `own`.

`merflow record RUN` adds a run of this machine to `results/literature.csv`, and
`merflow literature --with results/literature.csv` prints it among the others.
"""


def literature_page(results: Sequence[Result], task: str = "", *, whole: bool = True) -> str:
    """Return all groups as Markdown; whole: with introduction and meanings of the columns."""
    made = [INTRODUCTION] if whole else []
    last, seen = "", set[str]()
    for group in groups(results):
        if task and group.key.task != task:
            continue
        if group.key.task != last:
            last = group.key.task
            made.append(f"## {TITLES[last]}\n")
        table = group_table(group)
        notes = "\n".join(f"- {escape(note)}" for note in table.notes)
        made.append(f"### {escape(table.title)}\n\n{notes}\n\n{grid(table)}\n")
        if new := remarks(group, seen):
            made.append("\n".join(f"- {escape(note)}" for note in new) + "\n")
    if unscored := [r for r in results if not r.scores and task in ("", r.facts.task)]:
        made.append("## Without a score that can be compared\n")
        made.append("\n".join(f"- {escape(_remark(result, {}))}" for result in unscored) + "\n")
    return "\n".join([*made, *([_meanings()] if whole else [])])


def literature_tables(
    results: Sequence[Result], task: str = "", *, brief: bool = False
) -> list[Table]:
    """Return a table for each group; its notes: the facts that its rows share, then remarks.

    brief: for a page of paper, sources in place of remarks.
    """
    chosen = [group for group in groups(results) if task in ("", group.key.task)]
    made, seen = [], set[str]()
    for place, group in enumerate(chosen, 1):
        table = group_table(group)
        notes = [*table.notes, *([_sources(group)] if brief else remarks(group, seen))]
        table = replace(table, notes=notes, anchor=f"literature-{place}")
        made.append(_shortened(table) if brief else table)
    return made


def _shortened(table: Table) -> Table:
    """Return a table without the columns that the reasons repeat, and with shorter reasons."""
    kept = [i for i, column in enumerate(table.columns) if not column.spare]
    rows, foot = ([[row[i] for i in kept] for row in part] for part in (table.rows, table.foot))
    for row in foot:
        for long, short in SHORT_REASONS.items():
            row[-1] = str(row[-1]).replace(long, short)
    columns = [table.columns[i] for i in kept]
    return replace(table, columns=columns, rows=rows, foot=foot)


def _sources(group: Group) -> str:
    """Return the sources of a group's results, each once with its methods."""
    found: dict[str, list[str]] = {}
    for result, _ in group.rows:
        source = sources().get(result.facts.source, result.facts.source)
        found.setdefault(source, []).append(result.facts.method)
    parts = [f"{', '.join(methods)}: {source}" for source, methods in found.items()]
    return f"Sources: {'; '.join(parts)}."


def group_table(group: Group) -> Table:
    """Return a group: the ranked results, then the others with the reason; notes: shared facts."""
    measured = _measured(group)
    columns = [Heading("rank"), Heading("method", number=False)]
    columns += [Heading(f"{_part(part)} {name}".strip(), number=True) for part, _, name in measured]
    columns += [Heading(name.replace("_", " "), number=False, spare=True) for name in SHOWN]
    columns.append(Heading("not ranked because", number=False))
    rows = [_row(str(i), one, measured, "") for i, one in enumerate(group.ranked, 1)]
    apart = [_row("-", (one, scores), measured, why) for one, scores, why in group.apart]
    line = [["", "not ranked", *[""] * (len(columns) - 2)]] if apart else []
    task, sample_list, protocol, metric, part = group.key
    title = f"{TITLES[task]}: {sample_list}, {protocol}, {metric}"
    return Table(title + (f", {part}" if part else ""), columns, rows, line + apart, _shared(group))


def _measured(group: Group) -> list[tuple[str, str, str]]:
    """Return (part, score, heading) of every column that has a number.

    Accuracy, which flatters the largest class, is printed only where there is nothing else.
    """
    found = [
        (part, name, heading)
        for part in group.parts
        for name, heading in MEASURED[group.key.task]
        if any(
            part in scores and getattr(scores[part], name) is not None for _, scores in group.rows
        )
    ]
    others = [column for column in found if column[1] != "acc"]
    return others or found


def _part(part: str) -> str:
    return "" if part in ("micro", "macro", "all") else part_name(part)


def _row(
    rank: str,
    one: tuple[Result, dict[str, Any]],
    measured: Sequence[tuple[str, str, str]],
    reason: str,
) -> list[str | Cell]:
    result, scores = one
    year = result.facts.year
    name = result.facts.method + (f" ({year})" if year and year not in result.facts.method else "")
    name += FLAG * any(map(wrong_scores, scores.values()))
    cells = [_figure(scores.get(part), score) for part, score, _ in measured]
    facts = [getattr(result.facts, fact) for fact in SHOWN]
    return [rank, name, *cells, *facts, reason]


def _figure(score: Any, name: str) -> Cell:  # noqa: ANN401
    value = getattr(score, name, None)
    if name in ("tp", "fp", "fn"):
        return Cell("-" if value is None else str(value), value)
    ends = (getattr(score, f"{name}_{end}", None) for end in ("lo", "hi"))
    return Cell(number(value), value, rest=bracket(*ends))


def _shared(group: Group) -> list[str]:
    """Return the facts that all results of a group have in common."""
    lines = []
    for name in SHARED:
        values = {getattr(result.facts, name) for result, _ in group.rows} - {""}
        if len(values) == 1:
            lines.append(f"{name.replace('_', ' ')}: {values.pop()}")
    return lines


def remarks(group: Group, seen: set[str]) -> list[str]:
    """Return a line for each result: input, places of the choices, source, remark, faults.

    seen: lines of earlier tables, which are not repeated; the new ones are added.
    """
    found = dict.fromkeys(_remark(result, scores) for result, scores in group.rows)
    new = [line for line in found if line not in seen]
    seen.update(new)
    return new


def _remark(result: Result, scores: dict[str, Any]) -> str:
    f = result.facts
    known = [
        ("input", f.input),
        ("uses of the test clips", f.privileged),
        ("flow", f.flow),
        ("pretraining", f.pretraining),
        ("epoch", f.epoch_place),
        ("settings", f.settings_place),
        ("seeds", f.seeds),
        ("commit", f.commit),
        ("source", sources().get(f.source, f.source)),
    ]
    words = [f"{name}: {value}" for name, value in known if value]
    words += [f.remark] if f.remark else []
    words += [f"{FLAG} {part}: {w}" for part, s in scores.items() for w in wrong_scores(s)]
    return f"{f.method}: {'; '.join(words)}."


def _meanings() -> str:
    """Return what columns and their cells mean."""
    lines = ["## Columns\n", "`merflow literature --format csv` prints all of them.\n"]
    rows = [[column.name, column.meaning] for column in (*FACTS, *SCORES[1:])]
    heads = [Heading("column", number=False), Heading("meaning", number=False)]
    lines.append(grid(Table("", heads, rows)) + "\n")
    for name, choices in (
        ("epoch", EPOCHS),
        ("settings", SETTINGS),
        ("ran by", RAN_BY),
        ("evidence", EVIDENCE),
        ("verdict", VERDICTS),
    ):
        heads = [Heading(name, number=False), Heading("meaning", number=False)]
        lines.append(grid(Table("", heads, [[*item] for item in choices.items()])) + "\n")
    return "\n".join(lines)
