"""Datasets in the project's config: the text that names one, with everything else of it kept."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from merflow.config.edit import Put, edit_config
from merflow.config.loading import merge, read_yaml, validate
from merflow.datasets.manifest_table import NAME
from merflow.studio.project import Project


def dataset_edits(project: Project, name: str, folder: Path, manifest: Path) -> dict[Path, str]:
    """Return the new text of each config file that must change to name a dataset of own clips.

    It gets a collection too if no collection has it. Comments are kept.
    """
    wanted = {"reader": "manifest", "root": root_text(project, folder)}
    present = project.settings().datasets.get(name)
    if manifest != folder / NAME and not (present and present.sheet):
        # A relative path would start at the dataset's root.
        wanted["sheet"] = str(manifest)
    local = project.below("config", "local.yaml")
    overridden = local.is_file() and name in (read_yaml(local).get("datasets") or {})
    changes: dict[Path, dict[tuple[str, ...], Any]] = defaultdict(dict)
    for key, value in wanted.items():
        changes[local if overridden else project.config]["datasets", name, key] = value
    collections = project.settings().collections
    if not any(name in members for members in collections.values()):
        free = name if name not in collections else f"{name}-alone"
        changes[project.config]["collections", free] = [name]
    return edits(project, changes)


def edits(
    project: Project, changes: Mapping[Path, Mapping[tuple[str, ...], Any]]
) -> dict[Path, str]:
    """Return the new text of each config file in which values change, as the workflow takes it.

    changes: file -> path of a key -> value.
    """
    files = (project.config, project.below("config", "local.yaml"))
    before = {file: file.read_text(encoding="utf-8") if file.is_file() else "" for file in files}
    made = {}
    for file, values in changes.items():
        present = read_yaml(file) if before[file] else {}
        puts = [Put(key, value) for key, value in values.items() if _at(present, key) != value]
        if puts:
            made[file] = edit_config(before[file], puts)
    merged: dict[str, Any] = {}
    for file in files:
        merged = merge(merged, yaml.safe_load(made.get(file, before[file])) or {})
    validate(merged, project.config.name)
    return made


def _at(values: Any, key: tuple[str, ...]) -> Any:  # noqa: ANN401
    for part in key:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def root_text(project: Project, folder: Path) -> str:
    """Return a folder as a config names it: relative to the project if it lies in it."""
    inside = folder.is_relative_to(project.root)
    return folder.relative_to(project.root).as_posix() if inside else str(folder)
