"""The nth call that writes fails with ENOSPC or EIO, for every n and every writer.

`python tests/faults/nth_calls.py` builds nth_call.c with the C compiler, runs itself with it and
prints a line for each writer.
"""

import ctypes
import errno
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from kill_writers import parts
from writers import NEW, OLD, WRITERS, Writer, in_child, network_writer

from merflow.errors import FAILED

HERE = Path(__file__).parent
LIBRARY = "MERFLOW_NTH_CALL"
MOST = 2000


def built(folder: Path) -> Path | None:
    """Return the compiled library, or None where there is no C compiler."""
    library = folder / "nth_call.so"
    command = ["cc", "-shared", "-fPIC", "-O1", str(HERE / "nth_call.c"), "-o", str(library)]
    try:
        done = subprocess.run([*command, "-ldl"], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    assert done.returncode == 0, done.stderr
    return library


def failed(writer: Writer, folder: Path, library: ctypes.CDLL) -> Counter[str]:
    """Fail call 1, 2, 3, ... once and from then on, until a write passes untouched."""
    path = folder / writer.file
    assert in_child(lambda: writer.write(path, OLD)) == 0
    kept = path.read_bytes()
    assert in_child(lambda: writer.write(path, NEW)) == 0  # what a writer keeps beside is made
    found: Counter[str] = Counter()
    for number, lasting in ((errno.ENOSPC, 1), (errno.EIO, 1), (errno.EIO, 0)):
        for nth in range(1, MOST):
            path.write_bytes(kept)
            code, calls = _armed(writer, path, library, (nth, number, lasting))
            if calls < nth:
                assert code == 0 and writer.read(path) == NEW
                found["calls"] = max(found["calls"], calls)
                break
            _judge(writer, path, code, found, f"call {nth}, {errno.errorcode[number]}, {lasting}")
            assert in_child(lambda: writer.write(path, NEW)) == 0
            found["stale"] += len(parts(folder))
    return found


def _armed(
    writer: Writer, path: Path, library: ctypes.CDLL, fault: tuple[int, int, int]
) -> tuple[int | None, int]:
    """Write with a fault armed; return the exit code and how many calls were counted."""
    nth, number, lasting = fault
    told = path.parent.with_name("calls")

    def write() -> None:
        library.nth_arm(str(path.parent).encode(), ctypes.c_long(nth), number, lasting)
        try:
            writer.write(path, NEW)
        finally:
            calls = library.nth_calls()
            library.nth_arm(b"", ctypes.c_long(0), 0, 0)
            told.write_text(str(calls))

    return in_child(write), int(told.read_text())


def _judge(writer: Writer, path: Path, code: int | None, found: Counter[str], what: str) -> None:
    """Count what a failed write left behind."""
    found["faults"] += 1
    try:
        version = writer.read(path)
    except Exception as error:
        found["unreadable"] += 1
        print(f"{writer.file}: {what}: unreadable ({error})", flush=True)
        return
    if code == 0:
        found["weathered" if version == NEW else "silent"] += 1
    elif code == FAILED:
        found["said"] += 1
    else:
        found["other error"] += 1
        print(f"{writer.file}: {what}: ended with {code}", flush=True)


def run(with_network: bool) -> None:
    """Print a line of JSON for each writer; the library must be loaded already."""
    library = ctypes.CDLL(os.environ[LIBRARY])
    library.nth_calls.restype = ctypes.c_long
    for writer in (*WRITERS, *([network_writer()] if with_network else [])):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "out")
            folder.mkdir()
            found = failed(writer, folder, library)
        print(json.dumps({"writer": writer.file, **found}), flush=True)


def main() -> None:
    """Build the library and run this file with it."""
    if LIBRARY in os.environ:
        run("--network" in sys.argv)
        return
    with tempfile.TemporaryDirectory() as name:
        library = built(Path(name))
        if library is None:
            raise SystemExit("a C compiler (cc) is needed")
        env = {**os.environ, LIBRARY: str(library), "LD_PRELOAD": str(library)}
        done = subprocess.run([sys.executable, __file__, *sys.argv[1:]], env=env)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
