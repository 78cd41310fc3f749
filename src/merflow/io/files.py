"""Atomic file writes, temporary folders, safe path names, digests of values and files."""

import contextlib
import errno
import functools
import hashlib
import itertools
import json
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from merflow.errors import FAILED, MerflowError
from merflow.text import is_text

PARTIAL = ".part-"
"""Prefix of the names of unfinished files; nothing reads them."""
HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:6]
MARK = b"merflow-seal-1\n"
CHECKSUM_BYTES = len(MARK) + 32
"""What a checked HDF5 file ends with: MARK and the SHA-256 of all bytes before it (`io.hdf5`)."""
_IN_THE_WAY = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY}
FOREIGN_SECONDS = 24 * 3600
"""An unfinished file of another machine counts as abandoned after this time (s)."""


@contextlib.contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a unique path beside `path`; on success it is synced and renamed onto `path`.

    On failure the unfinished file is removed and `path` stays unchanged.
    """
    path = Path(path)
    part = path.with_name(f"{_partial_name()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(os.path.abspath(path.parent))
        yield part
        with open(part, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except (OSError, RuntimeError) as error:
        _drop(part)
        # HDF5 reports a full disk as a RuntimeError; other RuntimeErrors have other causes.
        if isinstance(error, RuntimeError) and "write failed" not in str(error):
            raise
        number = getattr(error, "errno", None) or errno.EIO
        fault = f"could not be written ({os.strerror(number)})"
        if number in _IN_THE_WAY:
            fix = "choose another path, or move the existing file or folder"
            raise MerflowError(str(path), fault, "a path that is not in use", fix) from error
        fix = (
            "free some space or check the folder's permissions, then run again; "
            "everything already computed is kept"
        )
        expected = "a writable folder with free space"
        raise MerflowError(str(path), fault, expected, fix, code=FAILED) from error
    except BaseException:
        _drop(part)
        raise


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield an empty folder for the duration of a `with`; remove those of killed processes."""
    root = tempfile.gettempdir()
    sweep(root)
    folder = Path(root, _partial_name())
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def temporary_files_removed() -> Iterator[None]:
    """Put the temporary files of a library into a temporary folder of ours during a `with`.

    Without it they stay in the system's folder when the process is killed.
    """
    with temporary_folder() as folder:
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; on success it is renamed onto `path`.

    On failure it is removed. `path` must not exist, or be an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise MerflowError(
            str(path),
            "already exists and is not an empty folder",
            "a new or empty folder",
            "name another folder",
        )
    part = path.with_name(f"{_partial_name()}-{path.name}")
    try:
        part.mkdir(parents=True)
        yield part
        os.sync()  # One call for all files: a folder of thousands would wait for each of them.
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        _drop(part)
        raise MerflowError(
            str(path),
            f"could not be written ({error.strerror or error})",
            "a writable folder with free space",
            "free some space or check the folder's permissions, then run again",
            code=FAILED,
        ) from error
    except BaseException:
        _drop(part)
        raise


def _partial_name() -> str:
    """Return a name that contains the host and the process id."""
    return f"{PARTIAL}{HOST}-{os.getpid()}-{secrets.token_hex(4)}"


@functools.cache
def sweep(folder: str) -> None:
    """Remove unfinished files of killed processes from a folder, once per folder and process."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(PARTIAL) and abandoned(entry):
                _drop(Path(entry.path))


def abandoned(entry: os.DirEntry[str] | Path) -> bool:
    """Return whether the process named by an unfinished file has ended."""
    host, _, rest = entry.name.removeprefix(PARTIAL).partition("-")
    number = rest.partition("-")[0]
    if host != HOST or not number.isdigit():
        return time.time() - entry.stat().st_mtime > FOREIGN_SECONDS
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _drop(part: Path) -> None:
    """Remove an unfinished file or folder; ignore failures."""
    with contextlib.suppress(OSError):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 text with Unix line ends, atomically."""
    with atomic(path) as part, open(part, "w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)


def write_json(path: Path | str, value: Any) -> None:  # noqa: ANN401
    """Write `value` as sorted, indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def digest(value: Any) -> str:  # noqa: ANN401
    """Return a 16-digit hex digest of a JSON-able value, independent of key order."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def portable(path: Path | str) -> str:
    """Return a path for provenance: relative to the working folder, else the file name only."""
    path = Path(path)
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


RESERVED = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}

MAX_NAME = 200
"""Longest part of a path (bytes): file systems take 255, and merflow adds to a name."""
REFUSED = re.compile(r'[/\\:*?"<>|{}\x00-\x1f\x7f]')
REPEATED = re.compile(r"(.+)\1{19,}$")
FORMULA = frozenset("=+-@\t\r＝＋－＠")
"""First characters that make a spreadsheet program read a text as a formula."""


def safe_name(name: str, where: str) -> str:
    """Return `name` if it can be one part of a path on every system; refuse it otherwise.

    Snakemake reads braces as wildcards of a path, and refuses a name that ends in 20 repetitions.
    """
    if not is_text(name):
        raise MerflowError(where, f"{name!r} is not Unicode text", "a name in UTF-8")
    if len(name.encode()) > MAX_NAME:
        found = f"a name of {len(name.encode())} bytes, {name[:20]!r}..."
        raise MerflowError(where, found, f"at most {MAX_NAME} bytes", "shorten the name")
    bad = (
        not name
        or name in {".", ".."}
        or name != name.strip()
        or name.endswith(".")
        or name[0] in FORMULA
        or REFUSED.search(name)
        or name.split(".")[0].lower() in RESERVED
    )
    if bad:
        raise MerflowError(
            where,
            f"{name!r} cannot be part of a file name",
            "a name without slashes, colons, quotes or braces, with no = + - @ first and no space "
            "or dot at its end, that Windows does not reserve (con, nul)",
            "choose another name",
        )
    if REPEATED.search(name):
        found = f"{name[:40]!r} ends in a text repeated 20 times or more"
        raise MerflowError(where, found, "a name that Snakemake takes", "shorten the name")
    return name


def refuse_source(out: Path, *sources: Path) -> None:
    """Refuse an OUT that is one of its own sources, links included."""
    for source in sources:
        if out.exists() and source.exists() and out.samefile(source):
            raise MerflowError(
                str(out),
                "OUT is SOURCE",
                "another path: sources are never overwritten",
                "name another file or folder for OUT",
            )


def safe_join(root: Path, *parts: str, where: str = "") -> Path:
    """Join names below `root`; refuse a path that leads outside, links included."""
    path = root.joinpath(*(safe_name(part, where or str(root)) for part in parts))
    # Safe names do not lead upwards, so only a link below the root can lead outside.
    below = itertools.accumulate(parts, os.path.join, initial=os.fspath(root))
    linked = any(map(os.path.islink, itertools.islice(below, 1, None)))
    if linked and not path.resolve().is_relative_to(root.resolve()):
        raise MerflowError(
            where or str(root),
            f"{'/'.join(parts)!r} leads outside {root}",
            "a path below the dataset's root",
            "replace the link or correct the name",
        )
    return path
