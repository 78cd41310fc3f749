"""Own clips as the page edits them: a manifest with the clips on disk, its faults, its save."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from merflow.config.settings import DatasetEntry
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
            found.append(row | {"manifest": has_manifest(project, entry)})
    return found


def has_manifest(project: Project, entry: DatasetEntry) -> bool:
    """Return whether a dataset has a manifest: that of a new project's template has none."""
    folder = project.root / Path(entry.root).expanduser()
    return bool(entry.sheet) or any(folder.glob("manifest.*"))


def manifest_of(project: Project, folder: Path, dataset: str) -> Path:
    """Return the manifest of a dataset of a folder: the one that the workflow reads.

    Without a `sheet` in the config it is in the folder, or in the project where the folder cannot
    be written to. A folder of no dataset has no other than the one in it.
    """
    entry = project.settings().datasets.get(dataset)
    if entry is not None and entry.sheet and same_folder(project, entry.root, folder):
        return _editable(project, dataset, folder, folder / entry.sheet)
    beside = folder / NAME
    if not dataset or beside.exists() or os.access(folder, os.W_OK | os.X_OK):
        return beside
    return project.below(*SHEETS.split("/"), f"{safe_name(dataset, 'dataset')}.csv")


def _editable(project: Project, dataset: str, folder: Path, sheet: Path) -> Path:
    """Return the sheet that a config names; refuse one that the page may not write."""
    places = (project.root.resolve(), folder.resolve())
    inside = any(sheet.resolve().is_relative_to(place) for place in places)
    if inside and sheet.suffix.lower() == ".csv":
        return sheet
    raise MerflowError(
        f"datasets.{dataset}.sheet",
        f"it names {sheet}, which cannot be edited here",
        "a CSV file below the project or the folder of clips",
        "edit that file by hand, or remove `sheet` from the config",
    )


def load_folder(project: Project, folder: Path, only: str = "") -> dict[str, Any]:
    """Return the table of a folder: its manifest, if any, and the clips that it does not list.

    only: path of the one recording that is looked at, from the folder; empty: all clips.
    """
    dataset = dataset_of_folder(project, folder)
    path = manifest_of(project, folder, dataset)
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
        "dataset": dataset or free_dataset(project),
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


def check(project: Project, folder: Path, dataset: object, table: ManifestTable) -> dict[str, Any]:
    """Return the faults of a table and what saving it would change in the dataset's manifest."""
    if not isinstance(dataset, str):
        raise MerflowError("request: dataset", f"{str(dataset)[:40]!r}", "a name")
    faults, count = check_table(table, folder, project.settings().datasets.get(dataset))
    path = manifest_of(project, folder, dataset)
    change = compare(read_manifest_table(path), table) if path.is_file() else None
    errors = sum(fault.severity == "error" for fault in faults)
    return {
        "faults": [fault._asdict() for fault in faults],
        "count": count,
        "errors": errors,
        "manifest": str(path),
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
    _refuse_manifest_of_another(project, folder, path)
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
    if not same_folder(project, entry.root, folder) and has_manifest(project, entry):
        raise MerflowError(
            "name of the dataset",
            f"'{name}' is a dataset of the config, with the folder {entry.root}",
            "another name",
            "choose another name, or give that dataset another folder in Data",
        )
    return name


def same_folder(project: Project, root: Path | str, folder: Path) -> bool:
    """Return whether a root of the config is a folder."""
    return (project.root / Path(root).expanduser()).resolve() == folder.resolve()


def _refuse_manifest_of_another(project: Project, folder: Path, path: Path) -> None:
    """Refuse to write a manifest that the config names for another folder."""
    for name, entry in project.settings().datasets.items():
        root = project.root / Path(entry.root).expanduser()
        if entry.sheet and root / entry.sheet == path and not same_folder(project, root, folder):
            raise MerflowError(
                str(path),
                f"it is the manifest of dataset '{name}', which has the folder {entry.root}",
                "a manifest of this folder",
                "give this dataset another name",
            )


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
