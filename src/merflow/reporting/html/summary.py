"""The facts at the top of the report: what was run, how it compares to guessing, and warnings."""

from collections.abc import Sequence
from dataclasses import dataclass

from merflow.datasets.registry import is_generated
from merflow.reporting.captions import part_name
from merflow.reporting.control_notes import control_named, controls_above, shortcut
from merflow.reporting.doubt_notes import best_warnings, doubt_warnings
from merflow.reporting.html.environment import listing
from merflow.reporting.html.run_data import Results
from merflow.reporting.results_table import Wide
from merflow.workflow.plan import Plan

SPLITS = {
    "loso": "a model that was trained on the other subjects of its dataset",
    "composite": "a model that was trained on all the other subjects, of all datasets together",
    "cross": "a model that was trained on other datasets",
    "cd6me": "a model that was trained on the other datasets",
    "holdout": "a model that was trained on other subjects (one split)",
    "kfold": "a model that was trained on the other groups of subjects",
    "file": "a model that was trained on other subjects, as defined by a file of folds",
}
TEST_ALL = {"loso", "composite", "kfold", "cd6me"}
"""Protocols that test every clip; the others use some clips for training only."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The head of the page.

    clear: how many of `rows` on all clips have their whole interval above the guesses; few: some
    of these intervals rest on too few subjects; warnings: (title, text), the worst first.
    """

    clips: int
    subjects: int
    datasets: list[str]
    generated: list[str]
    predicted: str
    clear: int
    rows: int
    few: bool
    controls: list[str]
    warnings: list[tuple[str, str]]


def summary(results: Results, tables: Sequence[Wide]) -> Summary:
    """Return the head of the page."""
    plan = results.plan
    keys = {key for name in results.truth for key in results.tested(name)}
    protocols = list(dict.fromkeys(plan.experiment(name).protocol for name in plan.experiments))
    roots = {name: plan.settings.datasets[name].root for name in plan.data.datasets()}
    rows = [
        (line.cells["full"], table.parts["full"])
        for table in tables
        for line in table.lines
        if not control_named(plan, line.experiment) and "full" in line.cells
    ]
    return Summary(
        clips=len(keys),
        subjects=len({key.subject_key for key in keys}),
        datasets=[part_name(name) for name in roots],
        generated=[part_name(name) for name, root in roots.items() if is_generated(root)],
        predicted=predicted(protocols),
        clear=sum(cell.uf1_lo > part.guess_uf1_hi for cell, part in rows),
        rows=len(rows),
        few=any(part.few for _, part in rows),
        controls=[results.names[n] for n in plan.experiments if control_named(plan, n)],
        warnings=warnings(tables, plan),
    )


def predicted(protocols: Sequence[str]) -> str:
    """Return which models predicted the clips; not every protocol tests every clip."""
    if not protocols:
        return ""
    every = set(protocols) <= TEST_ALL
    clip = "Every clip" if every else "Every tested clip"
    if len(protocols) == 1:
        return f"{clip} was predicted once in each run, by {SPLITS[protocols[0]]}."
    partly = "" if every else "; not every protocol tests all clips"
    return (
        f"{clip} was predicted once in each run, by a model that was trained on other subjects "
        f"(protocols {listing(protocols)}{partly})."
    )


def warnings(tables: Sequence[Wide], plan: Plan) -> list[tuple[str, str]]:
    """Return (title, text): controls above the guesses, on all clips first, then doubtful gains."""
    found, in_parts = [], []
    for table in tables:
        for line, control, above in controls_above(table, plan):
            if "full" in above:
                found.append(shortcut(line, control, above))
            else:
                in_parts.append(f"{line.name}: {', '.join(above.values())}")
    if in_parts:
        title = "A negative control lies above the guesses on single datasets."
        text = f"{'; '.join(in_parts)}. This happens by chance for 1 in 40 scores of a guess."
        found.append((title, text))
    controls = [name for name in plan.experiments if control_named(plan, name)]
    return [*found, *best_warnings(tables, controls), *doubt_warnings(tables)]
