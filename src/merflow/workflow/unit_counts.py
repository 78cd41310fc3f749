"""Action units of an experiment beside those of the published CD6ME table."""

from typing import Any

from merflow.config.settings import Experiment
from merflow.datasets.registry import is_generated, reader_of
from merflow.datasets.unit_labels import class_name, decode
from merflow.evaluation.cd6me import Difference, differences, statement
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import read_truth

DOUBT = {"drop": "their clips left out", "all": "all taken as present", "mask": "not scored"}


def units_text(entry: Experiment) -> str:
    """Return the part of a protocol line on the units, what is unclear, and the threshold."""
    task = entry.action_units
    chosen = {"fixed": "fixed at 0.5", "inner": "chosen on inner folds of the training subjects"}
    return (
        f"action units {', '.join(map(class_name, task.units))}; alternatives "
        f"{DOUBT[task.alternatives]}, doubted units {DOUBT[task.unknown]}; threshold "
        f"{chosen[task.threshold]}"
    )


def published_counts(plan: Plan) -> list[dict[str, Any]]:
    """Return the rows of UNIT_COUNTS of all experiments with protocol cd6me."""
    return [
        {
            "experiment": name,
            "dataset": one.dataset,
            "unit": one.unit,
            "clips": one.here,
            "published": one.published,
            "difference": one.here - one.published,
        }
        for name in plan.experiments
        if plan.experiment(name).protocol == "cd6me"
        for one in _differences(plan, name)
    ]


def cd6me_statement(plan: Plan, name: str) -> str:
    """Return how an experiment differs from the published protocol."""
    settings = plan.settings
    roots = [settings.datasets[member].root for member in plan.data.members(name)]
    generated = all(map(is_generated, roots))
    return statement(_readers(plan, name), _differences(plan, name), generated)


def _readers(plan: Plan, name: str) -> dict[str, str]:
    return {member: reader_of(member, plan.settings) for member in plan.data.members(name)}


def _differences(plan: Plan, name: str) -> list[Difference]:
    truth = read_truth(plan.truth_file(name))
    classes = plan.data.classes(name)
    values = decode(list(truth.values()), classes)
    return differences(_readers(plan, name), [key.dataset for key in truth], classes, values)
