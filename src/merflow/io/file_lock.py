"""A lock on a folder: one writer at a time, across threads and processes."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from merflow.errors import FAILED, MerflowError

LOCK = ".lock"
"""Name of the empty file that is locked; it stays, since removing it would race."""
WAIT_SECONDS = 30.0
"""Longest wait for another writer (s)."""
STEP_SECONDS = 0.002


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder during a read, check and write of its files.

    The system releases the lock when a process ends, even by kill -9. File locks belong to an
    open file, so that two threads of one process exclude each other as well.
    """
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = open(path, "a")  # noqa: SIM115
    except OSError as error:
        found = f"cannot be locked ({error.strerror or error})"
        raise MerflowError(str(path), found, "a writable folder", code=FAILED) from None
    with handle:
        _wait(handle.fileno(), path)
        yield


def _wait(descriptor: int, path: Path) -> None:
    """Lock an open file; give up after WAIT_SECONDS."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                found = f"locked by another process for {WAIT_SECONDS:.0f} s"
                fix = "end the other studio of this project, then save again"
                raise MerflowError(str(path), found, "a free file", fix, code=FAILED) from None
            time.sleep(STEP_SECONDS)
        except OSError as error:
            found = f"cannot be locked ({error.strerror or error})"
            raise MerflowError(str(path), found, "a local folder", code=FAILED) from None
        else:
            return
