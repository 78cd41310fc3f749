"""Routes of the Experiments view: the entries of the config, their forms, previews and saves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request

from merflow.config.grid import base_of, members
from merflow.config.loading import merge, read_yaml
from merflow.config.settings import Settings
from merflow.datasets import labels
from merflow.errors import MerflowError
from merflow.evaluation.run_id import NESTED, Run
from merflow.models import network_registry
from merflow.studio import config_entries, config_file, form_fields
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.routing import Endpoint, Missing, only_keys
from merflow.workflow.forecast import forecast
from merflow.workflow.plan import Plan

NAMED = ("datasets", "collections", "preparations", "pretrainings", "schemes")


def list_entries(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the experiments, preparations and collections of the config, with their runs.

    error: why the config is not valid; its entries are listed nevertheless, to be mended.
    """
    project = studio.project
    raw, runs, error = config_entries.raw_config(project), {}, ""
    sections = {name: _entries(raw, name) for name in config_entries.SECTIONS}
    try:
        runs = _runs_of(project, project.settings())
    except MerflowError as fault:
        error = str(fault)
    return {
        "file": project.config.relative_to(project.root).as_posix(),
        "version": config_file.version(project),
        **sections,
        "runs": {name: runs.get(name, []) for name in sections["experiments"]},
        "names": known_names(project, raw),
        "error": error,
    }


def list_fields(_: Studio, request: Request) -> dict[str, Any]:
    """Return the fields of a section's form, and the networks with their settings."""
    section = request.path_params["section"]
    if section not in form_fields.SECTIONS:
        raise Missing("request: section", f"no form of {section[:40]!r}")
    return {"fields": form_fields.fields(section), "networks": form_fields.networks()}


def preview_entry(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Return what saving an entry would write, and every fault of it; nothing is written."""
    only_keys(body, *config_entries.KEYS)
    return config_entries.preview(studio.project, body)


def save_entry(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Save an entry to the config; a fault of any field, or a file changed since, is refused."""
    only_keys(body, *config_entries.KEYS)
    project = studio.project
    changes = config_entries.changes_of(config_entries.raw_config(project), body)

    def check(text: str) -> None:
        config_entries.refuse_new_faults(project, text)
        if studio.remote:
            config_entries.refuse_new_programs(project, text)

    version = config_file.save(project, changes, body.get("before"), check)
    return {"version": version}


def plan_experiment(studio: Studio, request: Request) -> dict[str, Any]:
    """Return what running an experiment of the saved config would do, and roughly how long."""
    name = request.path_params["name"]
    settings = studio.project.settings()
    grids = members(settings)
    if name not in {base_of(grids, one) for one in settings.experiments}:
        raise Missing("request: name", f"no experiment {name[:80]!r}")
    return forecast(settings, name)


ROUTES = (
    Endpoint("GET", "/api/config", list_entries),
    Endpoint("GET", "/api/config/fields/{section}", list_fields),
    Endpoint("POST", "/api/config/preview", preview_entry),
    Endpoint("POST", "/api/config/save", save_entry),
    Endpoint("GET", "/api/config/plan/{name}", plan_experiment),
)


def _entries(raw: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return the entries of a section; none where it is not one."""
    found = raw.get(section)
    return dict(found) if isinstance(found, Mapping) else {}


def known_names(project: Project, raw: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names that fields may have."""
    local = project.root / "config/local.yaml"
    merged = merge(raw, read_yaml(local) if local.is_file() else {})
    own = {name: sorted(_entries(merged, name)) for name in NAMED}
    schemes = sorted({*labels.names(Settings()), *own.pop("schemes")})
    return {**own, "schemes": schemes, "networks": list(network_registry.names())}


def _runs_of(project: Project, settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Return the runs of every experiment, by the name that it has in the config."""
    plan, grids = Plan(settings), members(settings)
    found: dict[str, list[dict[str, Any]]] = {}
    try:
        runs = plan.scored_runs()
    except MerflowError:  # A nested choice that does not fit together: its fault is the plan's.
        runs = plan.runs()
    for run in runs:
        found.setdefault(base_of(grids, run.experiment), []).append(_run_row(project, run))
    return found


def _run_row(project: Project, run: Run) -> dict[str, Any]:
    folder = project.below(*Path(run.folder).parts)
    return {
        "folder": run.folder,
        "experiment": run.experiment,
        "factor": run.factor,
        "seed": run.seed,
        "folds": sum(1 for _ in folder.glob("*/predictions.csv")),
        "scored": (folder / "scores.csv").is_file(),
        "final": (folder / "final/run.json").is_file(),
        "can_be_final": run.factor != NESTED,
    }
