"""The cost of each run: parameters, arithmetic, time and training accuracy.

Times differ between runs, so they have their own files: tables of scores are the same bytes for
the same results.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.arithmetic import together
from merflow.config.display_names import NO_LABELS, Shown
from merflow.evaluation.columns import COSTS
from merflow.evaluation.run_id import Run
from merflow.evaluation.schema import records
from merflow.io.files import write_text
from merflow.reporting.render.markdown import grid
from merflow.reporting.table import Cell, Heading, Table
from merflow.reporting.training_records import Attempts, Training, read_training
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import about

if TYPE_CHECKING:
    from pandas import DataFrame

LEGEND = (
    "Medians over the folds of a run. training acc: on the training clips, in the last epoch, as "
    "trained (dropout and augmentation on); FLOPs: of one clip's forward pass, a multiplication "
    "and its addition counted as two; a fold: seconds from the start of its training to its "
    "predictions; a clip: milliseconds of one clip's prediction in a full batch. Times were taken "
    "on whatever the machine was doing."
)

MEDIANS = {
    "epochs": "epochs",
    "parameters": "parameters",
    "flops": "flops",
    "seconds_a_fold": "seconds",
    "seconds_to_first_step": "seconds_to_first_step",
    "milliseconds_a_clip": "milliseconds_a_clip",
}
"""Columns that are medians over folds, and their keys in run.json."""


def run_cost(run: Run, method: str, known: Training) -> dict[str, Any]:
    """Return the cost of a run, from the run.json of its folds."""
    accuracy = next((float(c.mid[-1]) for c in known.curves if c.name == "accuracy"), math.nan)
    medians = {
        column: float(np.median(values)) if len(values := known.numbers(fact)) else math.nan
        for column, fact in MEDIANS.items()
    }
    return {
        "experiment": run.experiment,
        "method": method,
        "factor": run.factor,
        "seed": run.seed,
        "folds": len(known.facts),
        "training_accuracy": accuracy,
        "device": ", ".join(known.words("device")),
        "arithmetic": together(*known.words("arithmetic")),
        **medians,
    }


def plan_costs(plan: Plan) -> "DataFrame":
    """Return the costs of all runs of a plan, in the order of the config."""
    found = []
    for run in plan.runs():
        folds = plan.fold_names(run.experiment)
        known = read_training(Path(run.folder), folds, Attempts())
        found.append(run_cost(run, about(plan, run).method, known))
    return COSTS.frame(found)


def levels_of(costs: "DataFrame") -> dict[str, set[str]]:
    """Return the arithmetic levels that each experiment's runs were trained at."""
    levels: dict[str, set[str]] = {}
    for cost in records(costs):
        found = levels.setdefault(cost.experiment, set())
        found |= {*cost.arithmetic.split("; ")} - {""}
    return levels


def write_costs(folder: Path, costs: "DataFrame", names: Shown = NO_LABELS) -> None:
    """Write cost.csv and cost.md into `folder`."""
    COSTS.write(folder / "cost.csv", costs)
    write_text(folder / "cost.md", f"{grid(cost_table(costs, names), padded=True)}\n\n{LEGEND}\n")


def cost_table(costs: "DataFrame", names: Shown = NO_LABELS) -> Table:
    """Return the costs as printed; names: display names of experiments."""
    head = ["training acc", "parameters", "MFLOPs a clip", "a fold, s", "a clip, ms"]
    columns = [Heading("run", number=False), *map(Heading, head)]
    rows = [
        [
            Cell(
                f"{names.get(c.experiment, c.experiment)} {c.factor}"
                + (f" seed {c.seed}" if c.seed else "")
            ),
            _figure(c.training_accuracy, "{:.2f}"),
            _figure(c.parameters, "{:,.0f}"),
            _figure(c.flops / 1e6, "{:,.1f}"),
            _figure(c.seconds_a_fold, "{:.1f}"),
            _figure(c.milliseconds_a_clip, "{:.2f}"),
        ]
        for c in records(costs)
    ]
    return Table("Cost of each run", columns, rows, (), (LEGEND,))


def _figure(value: float, form: str) -> Cell:
    return Cell("–" if math.isnan(value) else form.format(value), value)
