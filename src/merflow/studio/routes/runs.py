"""Routes of the Runs view: experiments with their scores, one run's predictions, its curves."""

from pathlib import Path
from typing import Any

from starlette.requests import Request

from merflow.config.display_names import display_names
from merflow.errors import MerflowError
from merflow.evaluation.effects import SAME, Row, paired_effects, unlike
from merflow.evaluation.predictions import read_pooled
from merflow.evaluation.run_id import FINAL, Run
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import full_row, read_scores
from merflow.reporting.training_records import read_history
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.routing import Endpoint, Missing
from merflow.studio.run_results import pooled_facts
from merflow.workflow.final_model import pooled_score
from merflow.workflow.training_log import LIVE


def list_experiments(studio: Studio, _: Request) -> dict[str, Any]:
    """Return every experiment of the config with its runs."""
    plan = studio.project.plan()
    scored = plan.scored_runs()
    shown_as = display_names(plan.settings)
    found = []
    for name in plan.experiments:
        entry = plan.experiment(name)
        shown = ("preparation", "collection", "scheme", "protocol", "control")
        facts = {key: getattr(entry, key) for key in shown}
        method = entry.network if entry.method == "keras" else entry.method
        runs = [run_row(studio.project, run) for run in scored if run.experiment == name]
        found.append(
            {"name": name, "label": shown_as[name], "method": method, **facts, "runs": runs}
        )
    return {"experiments": found}


def show_run(studio: Studio, request: Request) -> dict[str, Any]:
    """Return scores, confusion matrices, subjects and wrong predictions of a run."""
    run, folder = _run(studio, request)
    _refuse_units(studio, run)
    pooled, scores = folder / "pooled.csv", folder / "scores.csv"
    if not pooled.is_file():
        raise Missing(run.folder, "not scored yet", fix="start the experiment")
    return pooled_facts(
        read_pooled(pooled), records(read_scores(scores)) if scores.is_file() else []
    )


def training_curves(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the training curves of the finished folds and of those in training."""
    _, folder = _run(studio, request)
    files = [*folder.glob("*/history.csv"), *folder.glob(f"*/{LIVE}")]
    found = {}
    for file in sorted(files, key=lambda one: (one.parent.name, one.name)):
        if file.parent.name == FINAL:
            continue
        studio.project.below(*file.relative_to(studio.project.root).parts)
        if columns := _curve(file):
            found[file.parent.name] = {"columns": columns, "live": file.name == LIVE}
    return {"folds": found}


def compare_runs(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the paired differences of two runs in UF1 and UAR, as `merflow compare` does."""
    names = ("experiment", "factor", "seed")
    runs = [_run(studio, request, prefix) for prefix in ("other_", "")]
    tables = []
    for run, folder in runs:
        _refuse_units(studio, run)
        if not (folder / "pooled.csv").is_file():
            raise Missing(run.folder, "not scored yet", fix="start the experiment")
        tables.append(read_pooled(folder / "pooled.csv"))
    about = [{name: getattr(run, name) for name in names} for run, _ in runs]
    if found := unlike(*tables, *(run.folder for run, _ in runs)):
        return {"runs": about, "effects": [], "unlike": f"{found}. Expected: {SAME}"}
    rows = [Row(f"{run.experiment} seed {run.seed}", run.factor) for run, _ in runs]
    pair = {row: {0: table} for row, table in zip(rows, tables, strict=True)}
    resamples = studio.project.settings().bootstrap
    found = [
        row
        for metric in ("uf1", "uar")
        for row in paired_effects(pair, [tuple(rows)], metric, resamples=resamples).to_dict(
            "records"
        )
    ]
    return {"runs": about, "effects": found, "unlike": ""}


RUN = "/api/runs/{experiment}/{factor}/{seed}"
ROUTES = (
    Endpoint("GET", "/api/experiments", list_experiments),
    Endpoint("GET", RUN, show_run),
    Endpoint("GET", RUN + "/curves", training_curves),
    Endpoint("GET", RUN + "/against/{other_experiment}/{other_factor}/{other_seed}", compare_runs),
)


def _refuse_units(studio: Studio, run: Run) -> None:
    """Refuse a run of action units: its tables are in the report."""
    if studio.project.plan().task(run) == "action_units":
        found = "a run of action units, which this view does not show"
        raise MerflowError(run.folder, found, "a run of emotions", "open the report: it shows them")


def _run(studio: Studio, request: Request, prefix: str = "") -> tuple[Run, Path]:
    """Return the run of the config that the path names, and its folder."""
    wanted = tuple(request.path_params[prefix + name] for name in ("experiment", "factor", "seed"))
    for run in studio.project.plan().scored_runs():
        if (run.experiment, run.factor, str(run.seed)) == wanted:
            return run, studio.project.below(*run.folder.split("/"))
    raise Missing("request", "no such run in the config")


def run_row(project: Project, run: Run) -> dict[str, Any]:
    """Return the number of trained folds of a run, and its score over all clips if it has one."""
    folder = project.below(*run.folder.split("/"))
    folds = sum(1 for _ in folder.glob("*/predictions.csv"))
    row = {"factor": run.factor, "seed": run.seed, "folds": folds, "score": None, "note": ""}
    scores = folder / "scores.csv"
    if scores.is_file():
        try:
            if project.plan().task(run) == "action_units":
                row["note"] = f"mean F1 {pooled_score(folder)['f1']:.3f}"
                return row
            row["score"] = full_row(read_scores(scores))._asdict()
        except (MerflowError, AttributeError, TypeError) as error:
            row["note"] = str(error) or "no row for all clips"
    return row


def _curve(file: Path) -> dict[str, list[float]]:
    """Return the columns of a fold's history; empty for a method without epochs."""
    try:
        return {name: values.tolist() for name, values in read_history(file).items()}
    except MerflowError:
        if file.exists():
            raise
        # A training ended between the listing and the reading.
        return {}
