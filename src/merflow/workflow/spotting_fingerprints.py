"""What the files of spotting are made from: as `run_fingerprints`, for recordings."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from merflow.config.fingerprints import STAGE_VERSION, Recipe
from merflow.config.flatten import settings_digest
from merflow.config.source_digest import network_digest
from merflow.io.files import digest
from merflow.io.records import Made
from merflow.workflow.run_fingerprints import Contents

if TYPE_CHECKING:
    from merflow.config.settings import Spotting
    from merflow.workflow.plan import Plan

NOT_TRAINED = {"label", "preparation", "collection", "seeds"}
"""Settings of an entry that a trained fold does not depend on, or has among its other parts."""


def fold(
    entry: "Spotting",
    seed: int,
    rows: str,
    prepared: Recipe,
    contents: Contents,
    subjects: Iterable[str],
) -> Made:
    """Return what a fold of a spotter is made from.

    rows: digest of its recordings with their intervals; prepared: recipe of its windows; contents:
    `dataset/subject` -> digest of the subject's recordings; subjects: those of the fold.
    """
    chosen = entry.model_dump(mode="json", exclude=NOT_TRAINED)
    code = {"network_code": network_digest(entry.network)} if entry.method == "keras" else {}
    return {
        "recipe": {"version": STAGE_VERSION["spot"], **chosen, **code, "seed": seed},
        "rows": rows,
        "prepared": prepared,
        "clips": digest([[name, contents.get(name)] for name in sorted(subjects)]),
    }


def scored(plan: "Plan", folds: Mapping[str, Made], truth: str) -> Made:
    """Return what the scores of a spotting run are made from; truth: digest of all intervals."""
    recipe = {"version": STAGE_VERSION["spot"], "bootstrap": plan.settings.bootstrap}
    made = {name: digest(one) for name, one in folds.items()}
    return {"recipe": recipe, "folds": made, "split": truth}


def recognised(
    plan: "Plan", name: str, spotted: Made, recognition: Mapping[str, Made], clips: Contents
) -> Made:
    """Return what a pair is made from.

    spotted: the scores of its spotting run; recognition: the folds of its experiment; clips: the
    recordings that are recognised.
    """
    entry = plan.settings.spot_then_recognise[name].model_dump(mode="json")
    return {
        "recipe": {"version": STAGE_VERSION["recognise"], **entry},
        "folds": {fold: digest(made) for fold, made in recognition.items()},
        "runs": {"spotting": digest(spotted)},
        "clips": digest(sorted(clips.items())),
    }


def tables(plan: "Plan", scored_runs: Mapping[str, Made]) -> Made:
    """Return what the tables of spotting are made from; scored_runs: folder -> its scores."""
    recipe = {"version": STAGE_VERSION["spot"], "settings": settings_digest(plan.settings)}
    return {"recipe": recipe, "runs": {name: digest(made) for name, made in scored_runs.items()}}
