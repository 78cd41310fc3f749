"""The choice of a dataset's root: a folder of the project, written to config/local.yaml."""

from pathlib import Path
from typing import Any

import yaml

from merflow.config.loading import merge, read_yaml, validate
from merflow.datasets.registry import names
from merflow.errors import MerflowError
from merflow.io.file_lock import folder_lock
from merflow.io.files import write_text
from merflow.studio.project import Project
from merflow.studio.routing import Conflict, Missing

FOLDERS_LIMIT = 500
"""Most folders listed."""


def folders(project: Project, at: str) -> dict[str, Any]:
    """Return the folders in a folder below the root, without hidden ones, links and files."""
    found = sorted(
        one.name for one in folder_below(project, at).iterdir()
        if not one.name.startswith(".") and one.is_dir() and not one.is_symlink()
    )  # fmt: skip
    return {"at": at, "folders": found[:FOLDERS_LIMIT], "more": max(0, len(found) - FOLDERS_LIMIT)}


def folder_below(project: Project, path: object) -> Path:
    """Return a folder below the project's root; an empty path is the root itself."""
    if not isinstance(path, str) or len(path) > 1000:
        raise MerflowError("request: root", "no path", "a folder below the project's")
    place = project.below(*path.split("/")) if path else project.root
    if not place.is_dir():
        raise Missing("request: root", f"no folder {path[:80]!r} below the project's")
    return place


def choose(project: Project, name: object, path: object, before: object) -> str:
    """Set a dataset's root in config/local.yaml, and add a dataset that the config lacks.

    before: the root that the page showed, None for a dataset that the config lacked. Other values
    of that file stay; its comments do not. Returns the file's path from the root.
    """
    with folder_lock(project.below("config")):
        return _choose(project, name, path, before)


def _choose(project: Project, name: object, path: object, before: object) -> str:
    settings = project.settings()
    known = {*settings.datasets, *names()}
    if not isinstance(name, str) or name not in known:
        raise Missing("request: dataset", f"no dataset {str(name)[:80]!r}")
    folder_below(project, path)
    now = settings.datasets[name].root if name in settings.datasets else None
    if before != now:
        raise Conflict(
            f"root of {name}",
            f"changed elsewhere: the config has {now or 'none'}, this page wants {path}",
            fix="choose one of the two; nothing was saved",
            versions={"file": now, "page": path},
        )
    local = project.below("config", "local.yaml")
    values = read_yaml(local) if local.is_file() else {}
    values = merge(values, {"datasets": {name: {"root": path}}})
    validate(merge(read_yaml(project.config), values), "config/local.yaml")
    write_text(local, yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    return local.relative_to(project.root).as_posix()
