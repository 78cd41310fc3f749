"""Results in a storage: an object store or another place that the nodes of a run reach.

Snakemake copies what a job declares as input from the storage to the job's machine, below a folder
called `root` here, and stores what the job declares as output. So `results/...` lies below the root
as it otherwise lies below the project's folder, and commands run there.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Coroutine, Iterable
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from merflow import paths
from merflow.io import records
from merflow.io.files import atomic, write_text
from merflow.io.records import Record
from merflow.text import plural
from merflow.workflow.stale import Results

COPIES = f"{paths.STATE}/stored"
"""Copies of stored records, so that a run fetches only those that changed."""
SHOWN = (
    *(f"{paths.TABLES}/{name}" for name in (*paths.TABLE_FILES, *paths.LATEX_FORMS)),
    *(paths.REPORT, paths.MANIFEST, paths.SKIPPED, paths.DELIVERED),
    *(f"{paths.RESULTS}/{name}" for name in (*paths.METHODS, *paths.CARDS)),
)
"""What a finished run copies into the project's folder."""


class Storage:
    """A storage with the results of a run.

    find: returns Snakemake's object for a path (`results/...`); run: waits for its coroutines.
    """

    def __init__(
        self, find: Callable[[str], Any], run: Callable[[Coroutine[Any, Any, Any]], Any]
    ) -> None:
        self._find, self._run = find, run
        self.root = os.path.dirname(find(str(paths.RESULTS)).local_path())
        self._seen = SimpleNamespace(
            exists_in_storage={}, exists_local={}, mtime={}, size={}, checksum={}
        )

    def plain(self, path: object) -> str:
        """Return a path below the root as the project names it: `results/...`."""
        return str(path).removeprefix(f"{self.root}/")

    def local(self, path: str) -> Path:
        """Return the copy of a stored file on this machine."""
        return Path(self.root, path)

    @property
    def place(self) -> str:
        """The folder of the results in the storage, for messages: `s3://bucket/project/results`."""
        return self._find(str(paths.RESULTS)).print_query

    def exists(self, path: str) -> bool:
        """Return whether the storage has a file."""
        return self._run(self._find(path).managed_exists())

    def fetch(self, path: str, place: Path | None = None) -> Path:
        """Copy a stored file to its place below the root, or to another; return the place."""
        found = self._find(path)
        if place is not None:
            found.set_local_path(place)
        self._run(found.managed_retrieve())
        return Path(found.local_path())

    def put(self, *files: str) -> None:
        """Store files that lie below the root."""
        for path in files:
            self._run(self._find(path).managed_store())

    def time(self, path: str) -> float | None:
        """Return the time at which a file was stored (s since 1970); None for one not there."""
        if not self._any_run:
            return None
        found = self._find(path)
        key = found.cache_key()
        if not self._listed and key not in self._seen.exists_in_storage:
            self._run(found.inventory(self._seen))
        if key in self._seen.mtime:
            return self._seen.mtime[key].storage()
        known = self._listed or key in self._seen.exists_in_storage
        return None if known or not self.exists(path) else self._run(found.managed_mtime())

    @cached_property
    def _any_run(self) -> bool:
        """Whether a run has stored anything: each one stores its plan first."""
        return self.exists(records.PLAN)

    @cached_property
    def _listed(self) -> bool:
        """Whether one listing gives all files, as with S3; otherwise each file is looked up."""
        self._run(self._find(str(paths.RESULTS)).inventory(self._seen))
        return self._find(records.PLAN).cache_key() in self._seen.exists_in_storage


class StoredResults:
    """Which files the storage holds, and what they were made from.

    Of a job with a record, the record tells: Snakemake finds by itself which outputs were deleted.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @cache  # noqa: B019
    def record(self, place: str) -> Record | None:
        """Return a record by its path; None without one."""
        when = self._storage.time(place)
        if when is None:
            return None
        copy = Path(COPIES, place)
        if not copy.is_file() or copy.stat().st_mtime != when:
            self._storage.fetch(place, copy)
            os.utime(copy, (when, when))
        return records.read(copy)

    def view(self) -> Results:
        """Return the results as `find_stale` reads them."""
        return Results(self.exists, self.record, found=True)

    def recorded(self, place: str) -> bool:
        """Return whether there is a record at a path."""
        return self.record(place) is not None

    def exists(self, path: str) -> bool:
        """Return whether a job wrote a file, or there is one without a record."""
        place = paths.record(path)
        found = self.record(place) if place else None
        return self._storage.time(path) is not None if found is None else path in found.wrote


def mark_stored(storage: Storage, any_stale: bool) -> None:
    """Renew the stored file that stale jobs have as input, as `stale.mark` does with its own."""
    if any_stale or not storage.exists(paths.STORED_STALE):
        write_text(storage.local(paths.STORED_STALE), f"{os.urandom(8).hex()}\n")
        storage.put(paths.STORED_STALE)


def fetch_plan(storage: Storage) -> None:
    """Copy the plan of the run, with its record, below the root, for a process of a job."""
    record = records.read(storage.fetch(records.PLAN))
    for path, checksum in record.wrote.items() if record else ():
        copy = storage.local(path)
        if not copy.is_file() or records.checksum(copy) != checksum:
            storage.fetch(path)


def link_project(root: str) -> None:
    """Link everything in the working folder but results/ below the root.

    So paths of the config, such as a dataset's or a program's, mean the same there.
    """
    os.makedirs(root, exist_ok=True)
    for name in os.listdir():
        link = os.path.join(root, name)
        if name != str(paths.RESULTS) and not os.path.lexists(link):
            with contextlib.suppress(FileExistsError):
                os.symlink(os.path.abspath(name), link)


def copied_text(copied: list[str], storage: Storage) -> str:
    """Return a note on what was copied into results/, and where everything else is."""
    shown = f"copied into results/: {plural(len(copied), 'file')}, the tables and the report; "
    return f"{shown if copied else ''}all results are in {storage.place}\n"


def copy_shown(storage: Storage, files: Iterable[str] = SHOWN) -> list[str]:
    """Copy tables, report and run manifest from the storage into results/; return the paths."""
    found = [path for path in files if storage.exists(path)]
    for path in found:
        with atomic(path) as part:
            shutil.copyfile(storage.fetch(path), part)
    return found
