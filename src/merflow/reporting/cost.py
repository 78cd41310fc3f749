"""What each run costs, beside what it scored: parameters, arithmetic, time, and how well it learned
the clips it was trained on.

Times differ from run to run, so they stand in files of their own: the tables of scores are the
same bytes for the same results.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from merflow.arithmetic import together
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import cell_text
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.reporting.training_records import Attempts, Training, read_training
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import about

LEGEND = (
    "Medians over the folds of a run. training acc: on the training clips, in the last epoch, as "
    "trained (dropout and augmentation on); FLOPs: of one clip's forward pass, a multiplication "
    "and its addition counted as two; a fold: seconds from the start of its training to its "
    "predictions; a clip: milliseconds of one clip's prediction in a full batch. Times were taken "
    "on whatever the machine was doing."
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One run; NaN where a method does not know (a user's own program, an SVM's FLOPs)."""

    experiment: str
    method: str
    factor: str
    seed: int
    folds: int
    epochs: float
    training_accuracy: float
    parameters: float
    flops: float
    seconds_a_fold: float
    seconds_to_first_step: float
    milliseconds_a_clip: float
    device: str
    arithmetic: str


COLUMNS = tuple(field.name for field in fields(Cost))


def run_cost(run: Run, method: str, known: Training) -> Cost:
    """Return what a run cost, from the records its folds left."""
    accuracy = next((float(c.mid[-1]) for c in known.curves if c.name == "accuracy"), math.nan)
    return Cost(
        experiment=run.experiment,
        method=method,
        factor=run.factor,
        seed=run.seed,
        folds=len(known.facts),
        epochs=_middle(known, "epochs"),
        training_accuracy=accuracy,
        parameters=_middle(known, "parameters"),
        flops=_middle(known, "flops"),
        seconds_a_fold=_middle(known, "seconds"),
        seconds_to_first_step=_middle(known, "seconds_to_first_step"),
        milliseconds_a_clip=_middle(known, "milliseconds_a_clip"),
        device=", ".join(known.words("device")),
        arithmetic=together(*known.words("arithmetic")),
    )


def _middle(known: Training, name: str) -> float:
    values = known.numbers(name)
    return float(np.median(values)) if len(values) else math.nan


def plan_costs(plan: Plan) -> list[Cost]:
    """Return the costs of all runs of a plan, in the order of the config."""
    found = []
    for run in plan.runs():
        folds = plan.fold_names(run.experiment)
        known = read_training(Path(run.folder), folds, Attempts())
        found.append(run_cost(run, about(plan, run).method, known))
    return found


def levels_of(costs: Iterable[Cost]) -> dict[str, set[str]]:
    """Return the arithmetic levels that each experiment's runs were trained at."""
    levels: dict[str, set[str]] = {}
    for cost in costs:
        found = levels.setdefault(cost.experiment, set())
        found |= {*cost.arithmetic.split("; ")} - {""}
    return levels


def write_costs(folder: Path, costs: Sequence[Cost]) -> None:
    """Write cost.csv and cost.md into `folder`."""
    rows = [[cell_text(value) for value in astuple(cost)] for cost in costs]
    write_text(folder / "cost.csv", csv_text(COLUMNS, rows))
    write_text(folder / "cost.md", render_costs(costs))


def render_costs(costs: Sequence[Cost]) -> str:
    """Return the costs as a Markdown table that also reads well on a terminal."""
    head = ["run", "training acc", "parameters", "MFLOPs a clip", "a fold, s", "a clip, ms"]
    body = [
        [
            f"{c.experiment} {c.factor}" + (f" seed {c.seed}" if c.seed else ""),
            _number(c.training_accuracy, "{:.2f}"),
            _number(c.parameters, "{:,.0f}"),
            _number(c.flops / 1e6, "{:,.1f}"),
            _number(c.seconds_a_fold, "{:.1f}"),
            _number(c.milliseconds_a_clip, "{:.2f}"),
        ]
        for c in costs
    ]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    ruler = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    lines = [_line(head, widths), f"| {' | '.join(ruler)} |", *(_line(r, widths) for r in body)]
    return "\n".join([*lines, "", LEGEND]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        c.ljust(w) if i == 0 else c.rjust(w)
        for i, (c, w) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join([first, *rest])} |"


def _number(value: float, form: str) -> str:
    return "–" if math.isnan(value) else form.format(value)
