"""Routes that start, watch and stop the workflow; every command is a call of Snakemake."""

from typing import Any

from starlette.requests import Request

from merflow import paths
from merflow.config.grid import base_of, members
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.routing import Endpoint, Missing, only_keys, query_number
from merflow.studio.workflow_process import LINES_LIMIT
from merflow.workflow.snakemake_call import snakemake_call


def workflow_state(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the state of the workflow and its output from line `after` on."""
    after = query_number(request, "after", 0, LINES_LIMIT, 0)
    job = studio.workflow.job
    return job.state(after) if job else {"state": "idle", "lines": [], "next": 0}


def start_workflow(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Start the workflow for an experiment, a dataset or a final model."""
    only_keys(body, "what", "name")
    what, name = body.get("what"), body.get("name")
    if not isinstance(what, str) or what not in TARGETS or not isinstance(name, str):
        raise MerflowError("request", "nothing to start", f"what ({', '.join(TARGETS)}), name")
    targets = TARGETS[what](studio.project, name)
    title, address = _shown(studio.project, what, name)
    return studio.workflow.start(title, command(studio.project, *targets), address).state()


def stop_workflow(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Stop the workflow."""
    only_keys(body, "id")
    return studio.workflow.stop(body.get("id")).state()


def unlock_workflow(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Remove the lock that a crashed Snakemake left."""
    only_keys(body)
    return studio.workflow.start("unlock", command(studio.project, "--unlock")).state()


ROUTES = (
    Endpoint("GET", "/api/workflow", workflow_state),
    Endpoint("POST", "/api/workflow/start", start_workflow),
    Endpoint("POST", "/api/workflow/stop", stop_workflow),
    Endpoint("POST", "/api/workflow/unlock", unlock_workflow),
)


def command(project: Project, *arguments: str) -> list[str]:
    """Return the Snakemake command, as a user would type it in the project's folder."""
    flags = [word for word in arguments if word.startswith("--")]
    targets = [word for word in arguments if not word.startswith("--")]
    return snakemake_call(project.config, targets, flags, project=project.root)


def experiment_targets(project: Project, name: str) -> list[str]:
    """Return the scores of all runs of an experiment, or of all that its grid makes."""
    return [f"{run.folder}/scores.csv" for run in _runs_of(project, name)]


def _runs_of(project: Project, name: str) -> list[Run]:
    plan = project.plan()
    grids = members(plan.settings)
    runs = [
        run for run in plan.scored_runs()
        if name in (run.experiment, base_of(grids, run.experiment))
    ]  # fmt: skip
    if not runs:
        raise Missing("request: name", f"no experiment {name[:80]!r} in {project.config.name}")
    return runs


def dataset_targets(project: Project, name: str) -> list[str]:
    """Return the prepared stores of a dataset, for every experiment that uses it."""
    plan, settings = project.plan(), project.settings()
    if project.dataset(name) not in plan.data.datasets():
        raise MerflowError(
            name,
            "no experiment uses this dataset",
            fix=f"name a collection with it in an experiment of {project.config.name}",
        )
    plan.data.clips[name] = list(read_dataset(name, settings.datasets[name]).clips)
    used = {
        (entry.preparation, part)
        for entry in settings.experiments.values()
        if name in settings.collections[entry.collection]
        for factor in entry.factors
        for part in factor.split("+")
    }
    stores = set()
    for preparation, factor in used:
        last = paths.prepared(preparation, settings.preparations[preparation].kind, factor)
        for subject in plan.data.subjects(name):
            stores.add(paths.cropped(preparation, name, subject))
            stores.add(last.format(dataset=name, subject=subject))
    return sorted(stores)


def final_targets(project: Project, name: str) -> list[str]:
    """Return the final model of a run, which is named by its folder."""
    return [f"{project.run(name).folder}/final/run.json"]


def _shown(project: Project, what: str, name: str) -> tuple[str, list[str]]:
    """Return the title of a job, and the parts of the page's address that shows its result."""
    if what == "experiment":
        run = _runs_of(project, name)[0]
        return f"Experiment {name}", ["runs", run.experiment, run.factor, str(run.seed)]
    if what == "final":
        run = project.run(name)
        title = f"Final model of {run.experiment} {run.factor} seed {run.seed}"
        return title, ["test", name]
    return f"Preparation of {name}", ["datasets"]


TARGETS = {"experiment": experiment_targets, "dataset": dataset_targets, "final": final_targets}
