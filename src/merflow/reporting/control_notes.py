"""Negative controls in the tables: notes under tables and warnings of the report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from merflow.config.settings import Experiment
from merflow.evaluation.negative_controls import ACROSS, MEANINGS
from merflow.reporting.captions import number, part_name
from merflow.reporting.results_table import Line, Part, Scored, Wide
from merflow.workflow.plan import Plan

ONE_SIDED = 0.025


def control_of(experiment: Experiment) -> str:
    """Return the experiment's negative control, or an empty string."""
    if experiment.permute_labels is not None:
        return "permuted"
    return "" if experiment.control == "none" else experiment.control


def control_named(plan: Plan, experiment: str) -> str:
    """Return the control of an experiment by name; a row without an experiment has none."""
    found = plan.settings.experiments.get(experiment)
    return control_of(found) if found else ""


def control_rows(plan: Plan) -> list[str]:
    """Return the names in the scores that are controls, with those of rows chosen inside folds."""
    leads = {name: name for name in plan.experiments}
    leads |= {base: members[0] for base, members in plan.choices().items()}
    return [name for name, lead in leads.items() if control_named(plan, lead)]


def above_guesses(cell: Scored, part: Part, control: str = "") -> bool:
    """Return whether a score lies above the band of guesses (never for a band of NaN)."""
    if control == ACROSS:
        return cell.chance_p <= ONE_SIDED
    return cell.uf1 > part.guess_uf1_hi


def parts_above(line: Line, table: Wide, control: str) -> dict[str, str]:
    """Return the parts on which a control lies above the guesses as text."""
    return {
        part: f"{part_name(part)} UF1 {number(cell.uf1, 3)} ({_measure(cell, facts, control)})"
        for part, cell in line.cells.items()
        if above_guesses(cell, facts := table.parts[part], control)
    }


def _measure(cell: Scored, facts: Part, control: str) -> str:
    if control == ACROSS:
        return f"chance p {number(cell.chance_p, 3)}, subjects exchanged across datasets"
    return f"guesses up to {number(facts.guess_uf1_hi, 3)}"


def shortcut(line: Line, control: str, above: dict[str, str]) -> tuple[str, str]:
    """Return what a control above the guesses is called, and what it means."""
    taken, meaning = MEANINGS[control]
    return (
        f"Negative control above the guesses: {line.name}",
        f"({taken}) reaches {', '.join(above.values())}. If this holds, {meaning}.",
    )


def controls_above(table: Wide, plan: Plan) -> Iterator[tuple[Line, str, dict[str, str]]]:
    """Yield (line, control, parts) for each control of a table that lies above the guesses."""
    for line in table.lines:
        control = control_named(plan, line.experiment)
        if control and (above := parts_above(line, table, control)):
            yield line, control, above


def with_alarms(tables: Sequence[Wide], plan: Plan) -> list[Wide]:
    """Return the tables with a warning under each for its controls above the guesses on full."""
    warned = []
    for table in tables:
        found = [shortcut(*row) for row in controls_above(table, plan) if "full" in row[2]]
        alarms = (f"WARNING. {name} {text}" for name, text in found)
        warned.append(replace(table, notes=(*table.notes, *alarms)))
    return warned
