"""Records: what each job made a file from, with the checksums of what it read and wrote.

One JSON file a job below results/records/, written last. A reader checks a file against the record
of the job that wrote it; the plan compares `made` with what it would make today. Files outside
results/ have no record and are not checked.
"""

import contextlib
import functools
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from merflow import __version__, paths
from merflow.errors import MerflowError
from merflow.io.files import CHECKSUM_BYTES, MARK, write_json

Made = dict[str, Any]
"""What a file depends on: settings, versions, digests of frames, rows and earlier files."""
Sums = dict[str, str]
"""Path from the project's folder (`results/...`) -> checksum."""
PLAN = paths.record(paths.CONFIG)
PROVE = (
    "see what else differs with `merflow verify`; `merflow verify --remake`, then `merflow run`, "
)
PROVE += "makes it again"


@dataclass(frozen=True)
class Record:
    """A record. step: the command; facts: what else the job keeps, such as checksums of clips."""

    step: str
    made: Made
    read: Sums
    wrote: Sums
    facts: dict[str, Any] = field(default_factory=dict)
    merflow: str = __version__


def checksum(path: Path | str) -> str:
    """Return the SHA-256 of a file, in hex; of a checked HDF5 file the one it ends with.

    That one covers all bytes before it, and `open_hdf5` checks it.
    """
    with open(path, "rb") as handle:
        if str(path).endswith(".h5"):
            size = os.fstat(handle.fileno()).st_size
            handle.seek(max(0, size - CHECKSUM_BYTES))
            last = handle.read()
            if last.startswith(MARK) and len(last) == CHECKSUM_BYTES:
                return last[len(MARK) :].hex()
            handle.seek(0)
        return hashlib.file_digest(handle, "sha256").hexdigest()


def named(path: Path | str) -> str:
    """Return a path as records name it: from the project's folder."""
    path = Path(path)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


class Job:
    """A job that keeps a record. read: checksums of the files that were read and checked so far."""

    def __init__(self, step: str, place: str) -> None:
        self.step, self.place = step, place
        self.read: Sums = {}

    def done(self, made: Made, wrote: Iterable[Path | str], **facts: object) -> None:
        """Write the record of the files that the job wrote, after all of them."""
        if self.place:
            sums = {name: checksum(name) for name in map(named, wrote)}
            about = {"merflow": __version__, "step": self.step, "made": made, "facts": facts}
            write_json(self.place, about | {"read": self.read, "wrote": sums})


_JOBS: list[Job] = []
"""The jobs of this process, each inside the one before."""


@contextlib.contextmanager
def job(step: str, path: Path | str) -> Iterator[Job]:
    """Remove the record of `path`, which would describe older files, and note what is read.

    The job may read its own files before it is done. Files outside results/ get no record.
    """
    one = Job(step, paths.record(named(path)))
    if one.place:
        Path(one.place).unlink(missing_ok=True)
    _JOBS.append(one)
    try:
        yield one
    finally:
        _JOBS.remove(one)


def read(path: Path | str) -> Record | None:
    """Return a record by its own path; None without one."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None
    return parse(text, path)


def parse(text: str, path: Path | str) -> Record:
    """Return the record that a text holds; path: for the message."""
    try:
        about = json.loads(text)
        found = Record(**about)
        for sums in (found.read, found.wrote):
            if not all(isinstance(word, str) for pair in sums.items() for word in pair):
                raise TypeError("a checksum that is no text")
        if not (isinstance(found.made, dict) and isinstance(found.facts, dict)):
            raise TypeError("`made` or `facts` is no section")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, error) from None
    return found


def _damaged(path: Path | str, error: Exception) -> MerflowError:
    return MerflowError(
        str(path),
        f"not readable as a record ({error})",
        "the record that a job of merflow wrote",
        "delete it; the next run makes its files again",
    )


def forget(path: Path | str) -> None:
    """Take a file that was removed out of the record of the job that wrote it."""
    place = paths.record(named(path))
    if place and (record := read(place)):
        wrote = {name: one for name, one in record.wrote.items() if name != named(path)}
        write_json(place, asdict(replace(record, wrote=wrote)))


def record_of(path: Path | str) -> Record | None:
    """Return the record of the job that wrote a file; None without one, or outside results/."""
    kept = paths.record(named(path))
    return _cached(kept, _stamp(kept)) if kept else None


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


@functools.lru_cache(maxsize=4096)
def _cached(path: str, stamp: tuple[int, ...]) -> Record | None:
    return read(path) if stamp else None


def check(*files: Path | str) -> Sums:
    """Return the checksums of files after comparing them with the records of their jobs.

    Refuses a file that is missing, was changed since, or has no record. Files outside results/ have
    none and pass unread. Files of the plan are not noted as read: a new subject or a moved dataset
    changes them, and what a job takes from them is in `made`.
    """
    found: Sums = {}
    own = {one.place for one in _JOBS if one.place}
    for path in map(named, files):
        place = paths.record(path)
        if not place or place in own:
            continue
        try:
            found[path] = checksum(path)
        except OSError as error:
            raise MerflowError(
                path, f"cannot be read ({error.strerror or error})", "a file of this run",
                "call `merflow run` again",
            ) from None  # fmt: skip
        _compare(path, found[path], record_of(path), place)
        if _JOBS and place != PLAN:
            _JOBS[-1].read[path] = found[path]
    return found


def _compare(path: str, found: str, record: Record | None, place: str) -> None:
    if record is None or path not in record.wrote:
        raise MerflowError(
            path,
            f"nothing shows which job wrote it: not in {place}",
            "a file with its record",
            PROVE,
        )
    if found != record.wrote[path]:
        raise MerflowError(
            path,
            f"changed since `merflow {record.step}` wrote it",
            f"SHA-256 {record.wrote[path][:16]}..., as in {place}",
            PROVE,
        )


def made_of(path: Path | str) -> Made:
    """Return what a file was made from, as its record tells; empty without a record."""
    record = record_of(path)
    return dict(record.made) if record else {}


def same_file(path: Path | str, sums: Mapping[str, str]) -> bool:
    """Return whether a file has the checksum that a table of checksums gives."""
    name = named(path)
    return Path(name).is_file() and sums.get(name) == checksum(name)
