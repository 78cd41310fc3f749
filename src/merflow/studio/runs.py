"""Routes of the Runs view: experiments, tables, and one run's answers looked at closely."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from merflow.errors import MerflowError
from merflow.evaluation.predictions import read_pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import read_scores
from merflow.io.csv_table import read_csv
from merflow.studio.project import Project
from merflow.studio.responses import Missing, answer
from merflow.studio.run_results import pooled_facts
from merflow.workflow.final_model import FINAL
from merflow.workflow.training_log import LIVE


def routes(project: Project) -> list[Route]:
    """Return the routes."""

    def experiments(request: Request) -> dict[str, Any]:
        plan = project.plan()
        found = []
        for name in plan.experiments:
            entry = plan.experiment(name)
            runs = [run for run in plan.scored_runs() if run.experiment == name]
            found.append(
                {
                    "name": name,
                    "method": entry.network if entry.method == "keras" else entry.method,
                    "preparation": entry.preparation,
                    "collection": entry.collection,
                    "scheme": entry.scheme,
                    "protocol": entry.protocol,
                    "control": entry.control,
                    "runs": [_run_row(project, run) for run in runs],
                }
            )
        return {"experiments": found}

    def run(request: Request) -> dict[str, Any]:
        chosen, folder = opened(request)
        pooled = folder / "pooled.csv"
        if not pooled.is_file():
            raise Missing(chosen.folder, "not scored yet", fix="start the experiment")
        table = read_pooled(pooled)
        scores = folder / "scores.csv"
        return pooled_facts(table, read_scores(scores) if scores.is_file() else [])

    def curves(request: Request) -> dict[str, Any]:
        """The training curves of the folds finished so far, and of those under way."""
        _, folder = opened(request)
        files = [*folder.glob("*/history.csv"), *folder.glob(f"*/{LIVE}")]
        found = {}
        for file in sorted(files, key=lambda one: (one.parent.name, one.name)):
            if file.parent.name == FINAL:
                continue
            project.below(*file.relative_to(project.root).parts)
            curve = _curve(file)
            if curve:
                found[file.parent.name] = curve | {"live": file.name == LIVE}
        return {"folds": found}

    def opened(request: Request) -> tuple[Run, Path]:
        names = request.path_params
        for run in project.plan().scored_runs():
            if (run.experiment, run.factor, str(run.seed)) == (
                names["experiment"],
                names["factor"],
                names["seed"],
            ):
                return run, _folder(project, run)
        raise Missing("request", "no such run in the config")

    at = "/api/runs/{experiment}/{factor}/{seed}"
    return [
        Route("/api/experiments", answer(experiments)),
        Route(at, answer(run)),
        Route(at + "/curves", answer(curves)),
    ]


def _folder(project: Project, run: Run) -> Path:
    return project.below(*run.folder.split("/"))


def _run_row(project: Project, run: Run) -> dict[str, Any]:
    """Return how far a run is, and its score over all clips once it has one."""
    folder = _folder(project, run)
    row = {
        "factor": run.factor,
        "seed": run.seed,
        "folds": sum(1 for _ in folder.glob("*/predictions.csv")),
        "score": None,
        "note": "",
    }
    scores = folder / "scores.csv"
    if scores.is_file():
        try:
            full = next(r for r in read_scores(scores) if r.part == "full")
            row["score"] = asdict(full)
        except (MerflowError, StopIteration) as error:
            row["note"] = str(error) or "no row for all clips"
    return row


def _curve(file: Path) -> dict[str, Any]:
    """Return the columns of a history.csv as numbers; empty where a method has no epochs."""
    try:
        sheet = read_csv(file, ("epoch",), may_be_empty=True)
    except MerflowError:
        if file.exists():
            raise
        # A training ended between the listing and the reading.
        return {}
    try:
        columns = {name: [float(cell) for cell in sheet[name]] for name in sheet.columns}
    except ValueError as error:
        raise MerflowError(str(file), str(error), "numbers") from None
    facts = file.with_name("run.json")
    if columns["epoch"] and facts.is_file():
        seconds = json.loads(facts.read_text(encoding="utf-8")).get("seconds")
        return {"columns": columns, "seconds": seconds}
    return {"columns": columns} if columns["epoch"] else {}
