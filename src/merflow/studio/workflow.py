"""Routes that start and stop the workflow, through Snakemake itself and nothing else."""

import sys
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from merflow import paths
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.studio.jobs import KEEP, Desk
from merflow.studio.project import Project
from merflow.studio.responses import Missing, answer, only_keys, whole_number


def routes(project: Project, desk: Desk) -> list[Route]:
    """Return the routes."""

    def state(request: Request) -> dict[str, Any]:
        after = whole_number(request, "after", 0, KEEP, 0)
        return desk.job.state(after) if desk.job else {"state": "idle", "lines": [], "next": 0}

    def start(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("what", "name"))
        what, name = given.get("what"), given.get("name")
        if not isinstance(what, str) or what not in TARGETS or not isinstance(name, str):
            raise MerflowError("request", "nothing to start", f"what ({', '.join(TARGETS)}), name")
        targets = TARGETS[what](project, name)
        return desk.start(f"{what} {name}", command(project, *targets)).state()

    def stop(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("id",))
        return desk.stop(given.get("id")).state()

    def unlock(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ())
        return desk.start("unlock", command(project, "--unlock")).state()

    return [
        Route("/api/workflow", answer(state)),
        Route("/api/workflow/start", answer(start), methods=["POST"]),
        Route("/api/workflow/stop", answer(stop), methods=["POST"]),
        Route("/api/workflow/unlock", answer(unlock), methods=["POST"]),
    ]


def command(project: Project, *words: str) -> list[str]:
    """Return the Snakemake call, as one would type it in the project's folder."""
    found = [project.root / "Snakefile", Path(__file__).resolve().parents[3] / "Snakefile"]
    snakefile = next((file for file in found if file.is_file()), None)
    if snakefile is None:
        raise MerflowError(
            str(found[0]), "no Snakefile", "a project made from merflow's repository"
        )
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)),
        *("--configfile", str(project.config), "--rerun-incomplete"),
        *("--resources", "gpu=1", "--cores", "all", *words),
    ]


def experiment_targets(project: Project, name: str) -> list[str]:
    """Return the scores of all runs of an experiment."""
    plan = project.plan()
    if name not in plan.experiments:
        raise Missing("request: name", f"no experiment {name[:80]!r} in {project.config.name}")
    runs = [run for run in plan.scored_runs() if run.experiment == name]
    return [f"{run.folder}/scores.csv" for run in runs]


def dataset_targets(project: Project, name: str) -> list[str]:
    """Return the prepared stores of a dataset, for every experiment that uses it."""
    plan = project.plan()
    if name not in plan.settings.datasets:
        raise Missing("request: name", f"no dataset {name[:80]!r} in {project.config.name}")
    if name not in plan.data.datasets():
        raise MerflowError(
            name,
            "no experiment uses this dataset",
            fix=f"name a collection with it in an experiment of {project.config.name}",
        )
    plan.data.clips[name] = list(read_dataset(name, plan.settings.datasets[name]).clips)
    used = {
        (entry.preparation, part)
        for entry in plan.settings.experiments.values()
        if name in plan.settings.collections[entry.collection]
        for factor in entry.factors
        for part in factor.split("+")
    }
    stores = []
    for preparation, factor in sorted(used):
        kind = plan.settings.preparations[preparation].kind
        last = paths.prepared(preparation, kind, factor)
        for subject in plan.data.subjects(name):
            stores.append(paths.cropped(preparation, name, subject))
            stores.append(last.format(dataset=name, subject=subject))
    return sorted(set(stores))


def final_targets(project: Project, name: str) -> list[str]:
    """Return the final model of a run, named by its folder."""
    for run in project.plan().runs():
        if run.folder == name:
            return [f"{run.folder}/final/run.json"]
    raise Missing("request: name", f"no run {name[:80]!r} in {project.config.name}")


TARGETS = {
    "experiment": experiment_targets,
    "dataset": dataset_targets,
    "final": final_targets,
}
