"""Routes of the Datasets view: datasets of the config, their checks, the choice of their roots."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from starlette.requests import Request

from merflow.clip import Clip
from merflow.datasets.registry import names, takes_any_dataset
from merflow.errors import MerflowError
from merflow.studio.context import Studio, refuse_remote
from merflow.studio.dataset_roots import choose
from merflow.studio.own_clips import has_manifest
from merflow.studio.project import Project
from merflow.studio.routing import Endpoint, only_keys


def list_datasets(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the datasets of the config, and the readers that the config does not use yet."""
    project = studio.project
    settings = project.settings()
    used = set(project.plan().data.datasets())
    return {
        "config": project.config.relative_to(project.root).as_posix(),
        "readers": [name for name in names() if name not in settings.datasets],
        "datasets": [dataset_facts(project, name, name in used) for name in settings.datasets],
    }


def check_state(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the state and the findings of a dataset's check."""
    return studio.checks.state(studio.project.dataset(request.path_params["dataset"]))


def start_check(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Start a check of a dataset."""
    only_keys(body)
    return studio.checks.start(studio.project.dataset(request.path_params["dataset"]))


def set_root(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Set the root of a dataset."""
    # The root decides whether clips count as generated: another one would show recorded people.
    refuse_remote(studio, "another root of a dataset")
    only_keys(body, "root", "before")
    name, wanted = request.path_params["dataset"], (body.get("root"), body.get("before"))
    return {"file": choose(studio.project, studio.browsed(), name, *wanted)}


ROUTES = (
    Endpoint("GET", "/api/datasets", list_datasets),
    Endpoint("POST", "/api/datasets/{dataset}/root", set_root),
    Endpoint("GET", "/api/datasets/{dataset}/check", check_state),
    Endpoint("POST", "/api/datasets/{dataset}/check/start", start_check),
)


def dataset_facts(project: Project, name: str, used: bool) -> dict[str, Any]:
    """Return a dataset's root, its clips by subject and emotion, and its cropped subjects."""
    settings = project.settings()
    root = settings.datasets[name].root
    folder = project.root / Path(root).expanduser()
    clips, error = [], ""
    try:
        clips = project.clips(name)
    except MerflowError as failed:
        error = str(failed)
    stores = {p: project.below("results", p, "cropped", name) for p in settings.preparations}
    return {
        "name": name,
        "root": root,
        "root_exists": folder.is_dir(),
        "folder": str(folder),
        "own": takes_any_dataset(name, settings),
        "manifest": has_manifest(project, settings.datasets[name]),
        "used": used,
        "clips": len(clips),
        "error": error,
        "emotions": sorted({clip.emotion for clip in clips}),
        "subjects": _counts(clips),
        "prepared": {p: len(list(folder.glob("*.h5"))) for p, folder in stores.items()},
    }


def _counts(clips: list[Clip]) -> dict[str, dict[str, int]]:
    """Return subject -> emotion -> clips."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for clip in clips:
        counts[clip.key.subject][clip.emotion] += 1
    return {subject: dict(sorted(counts[subject].items())) for subject in sorted(counts)}
