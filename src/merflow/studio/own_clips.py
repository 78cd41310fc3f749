"""Own clips as the page edits them: a manifest with the clips on disk, its faults, its save."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from merflow.datasets.clip_guess import guess_clips
from merflow.datasets.manifest_checks import check_table
from merflow.datasets.manifest_table import (
    NAME,
    TITLES,
    Difference,
    ManifestTable,
    compare,
    digest_of,
    merge,
    read_manifest_table,
    table_of,
    write_manifest_table,
)
from merflow.datasets.registry import takes_any_dataset
from merflow.errors import MerflowError
from merflow.io.file_lock import folder_lock
from merflow.io.files import safe_name, write_text
from merflow.studio.dataset_config import dataset_edits
from merflow.studio.project import Project
from merflow.studio.routing import Conflict
from merflow.text import is_text

FIELDS = ("subject", "clip", "path", "fps", "onset", "apex", "offset", "emotion", "action_units")
"""Columns of a new table."""
ROWS_LIMIT, COLUMNS_LIMIT, CELL_LIMIT = 50_000, 100, 2000
SHOWN = 200
"""Most differences of a kind that are listed."""
SHEETS = "config/manifests"
"""Folder of manifests of folders that cannot be written to."""


def own_datasets(project: Project) -> list[dict[str, Any]]:
    """Return the datasets of own clips in the config, with their folders."""
    settings = project.settings()
    found = []
    for name, entry in settings.datasets.items():
        if takes_any_dataset(name, settings):
            folder = (project.root / Path(entry.root).expanduser()).resolve()
            exists = folder.is_dir()
            row = {"name": name, "folder": str(folder), "exists": exists}
            found.append(row | {"manifest": exists and any(folder.glob("manifest.*"))})
    return found


def manifest_of(project: Project, folder: Path, dataset: str = "") -> Path:
    """Return the manifest of a folder: in it, or in the project where it cannot be written to."""
    beside = folder / NAME
    if beside.exists() or os.access(folder, os.W_OK | os.X_OK):
        return beside
    name = safe_name(dataset or folder.name or "clips", "dataset")
    return project.below(*SHEETS.split("/"), f"{name}.csv")


def load_folder(project: Project, folder: Path, only: str = "") -> dict[str, Any]:
    """Return the table of a folder: its manifest, if any, and the clips that it does not list.

    only: path of the one recording that is looked at, from the folder; empty: all clips.
    """
    path = manifest_of(project, folder)
    old = read_manifest_table(path) if path.is_file() else None
    guess = None
    notes: list[str] = []
    try:
        guess = guess_clips(folder)
        notes += guess.notes
    except MerflowError as error:
        if old is None:
            raise
        notes.append(f"{error.found}")
    clips = [
        {
            "subject": clip.subject,
            "clip": clip.clip,
            "path": clip.path,
            "emotion": clip.emotion,
        }
        for clip in (guess.clips if guess else ())
        if only in ("", clip.path)
    ]
    if only:
        notes.append(f"only {only} was read; Read again adds the other clips of the folder")
    table, added, gone = table_of(clips, FIELDS), range(len(clips)), ()
    if old is not None:
        found = merge(old, clips)
        table, added, gone = found.table, found.added, () if only else found.gone
    if len(table.rows) > ROWS_LIMIT:
        raise MerflowError(
            str(folder),
            f"{len(table.rows):,} clips",
            f"at most {ROWS_LIMIT:,} in the page",
            "use `merflow make-manifest`, or choose a folder nearer to the clips",
        )
    return {
        "folder": str(folder),
        "manifest": str(path),
        "exists": old is not None,
        "digest": digest_of(path),
        "dataset": dataset_of_folder(project, folder) or free_dataset(project),
        "shape": guess.shape if guess else "",
        "notes": notes,
        "new": list(added) if old is not None else [],
        "gone": list(gone),
        **table_json(table),
    }


def table_json(table: ManifestTable) -> dict[str, Any]:
    """Return a table for the page; fields: field -> its column."""
    return {
        "header": list(table.header),
        "rows": [list(row) for row in table.rows],
        "fields": table.places,
        "titles": TITLES,
    }


def table_from(body: Mapping[str, Any]) -> ManifestTable:
    """Return the table of a request; refuse one that is not a table of texts."""
    header, rows = body.get("header"), body.get("rows")
    if not isinstance(header, list) or not isinstance(rows, list):
        raise MerflowError("request", "no table", "header and rows")
    if not 0 < len(header) <= COLUMNS_LIMIT or len(rows) > ROWS_LIMIT:
        raise MerflowError(
            "request",
            f"{len(header)} columns and {len(rows)} rows",
            f"at most {COLUMNS_LIMIT} columns and {ROWS_LIMIT} rows",
        )
    for number, row in enumerate([header, *rows]):
        good = isinstance(row, list) and len(row) == len(header)
        if not good or not all(isinstance(c, str) and len(c) <= CELL_LIMIT for c in row):
            found = "not as many texts as the header has"
            raise MerflowError(f"request: row {number}", found, f"{len(header)} short texts")
        if not all(is_text(c) and not any(ord(s) < 32 and s != "\n" for s in c) for c in row):
            raise MerflowError(f"request: row {number}", "a control character", "plain text")
    if len({title.strip().casefold() for title in header}) < len(header) or "" in header:
        raise MerflowError("request: header", "a title twice or empty", "every title once")
    table = ManifestTable(tuple(header), tuple(tuple(row) for row in rows))
    for field in ("subject", "clip", "path"):
        if field not in table.places:
            raise MerflowError("request: header", f"no column '{TITLES[field]}'", "the column")
    return table


def check(project: Project, folder: Path, table: ManifestTable) -> dict[str, Any]:
    """Return the faults of a table and what saving it would change in the manifest."""
    name = dataset_of_folder(project, folder) or free_dataset(project)
    faults, count = check_table(table, folder, project.settings().datasets.get(name))
    path = manifest_of(project, folder)
    change = compare(read_manifest_table(path), table) if path.is_file() else None
    errors = sum(fault.severity == "error" for fault in faults)
    return {
        "faults": [fault._asdict() for fault in faults],
        "count": count,
        "errors": errors,
        "digest": digest_of(path),
        "change": _change_json(change) if change is not None else None,
    }


def _change_json(change: Difference) -> dict[str, Any]:
    listed = asdict(change)
    counts = {name: len(items) for name, items in listed.items()}
    return {"counts": counts, **{name: items[:SHOWN] for name, items in listed.items()}}


def save(
    project: Project, folder: Path, dataset: object, table: ManifestTable, before: object
) -> dict[str, Any]:
    """Write a manifest and name the dataset in the project's config.

    before: checksum of the manifest that the page compared with, "" for none. A manifest that was
    changed since is not overwritten.
    """
    name = checked_name(project, dataset, folder)
    faults, _ = check_table(table, folder, project.settings().datasets.get(name))
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        first = errors[0]
        raise MerflowError(
            f"row {first.row + 1}, column '{table.header[first.column]}'",
            first.found,
            "a table without errors",
            first.fix,
        )
    if not table.rows:
        raise MerflowError("the table", "no clips", "one row for each clip")
    path = manifest_of(project, folder, name)
    at = table.places.get("dataset")
    if at is not None:
        # Rows without a name belong to every dataset; those with another name to that one.
        names = {row[at] for row in table.rows if row[at]}
        if names and name not in names:
            rows = tuple((*row[:at], name, *row[at + 1 :]) for row in table.rows)
            table = ManifestTable(table.header, rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with folder_lock(project.below("config")):
        present = digest_of(path)
        if before != present:
            raise Conflict(
                str(path),
                "changed since this page compared it" if present else "it is gone",
                fix="look at the differences again; nothing was saved",
            )
        # The config is checked before anything is written.
        edits = dataset_edits(project, name, folder, path)
        write_manifest_table(path, table)
        for file, text in edits.items():
            write_text(file, text)
    return {
        "manifest": str(path),
        "digest": digest_of(path),
        "clips": len(table.rows),
        "dataset": name,
        "config": [file.name for file in edits],
    }


def checked_name(project: Project, name: object, folder: Path) -> str:
    """Return the name of a dataset of own clips; refuse one that another folder or reader has."""
    if not isinstance(name, str) or not name:
        raise MerflowError("name of the dataset", "empty", "a name such as pilot")
    settings = project.settings()
    entry = settings.datasets.get(name)
    if entry is None:
        return name
    if not takes_any_dataset(name, settings):
        raise MerflowError(
            "name of the dataset",
            f"'{name}' is a dataset of the config with another reader",
            "another name",
        )
    if not same_folder(project, entry.root, folder) and _holds_clips(project, entry.root):
        raise MerflowError(
            "name of the dataset",
            f"'{name}' is a dataset of the config, with the folder {entry.root}",
            "another name",
            "choose another name, or give that dataset another folder in Data",
        )
    return name


def same_folder(project: Project, root: str, folder: Path) -> bool:
    """Return whether a root of the config is a folder."""
    return (project.root / Path(root).expanduser()).resolve() == folder.resolve()


def _holds_clips(project: Project, root: str) -> bool:
    """Return whether a root has a manifest: that of a new project's template is empty."""
    folder = project.root / Path(root).expanduser()
    return folder.is_dir() and any(folder.glob("manifest.*"))


def dataset_of_folder(project: Project, folder: Path) -> str:
    """Return the dataset of own clips that has this folder as its root, or nothing."""
    settings = project.settings()
    for name, entry in settings.datasets.items():
        if same_folder(project, entry.root, folder) and takes_any_dataset(name, settings):
            return name
    return ""


def free_dataset(project: Project) -> str:
    """Return the dataset that a new project has for own clips, if it has no clips yet."""
    waiting = [one["name"] for one in own_datasets(project) if not one["manifest"]]
    return waiting[0] if len(waiting) == 1 else ""
