"""kill -9 at random moments of every writer: what the final name then holds.

`python tests/faults/kill_writers.py 200` prints a line for each writer.
"""

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from writers import NEW, OLD, WRITERS, Writer, in_child, network_writer

from merflow.io.files import PARTIAL


def killed(writer: Writer, folder: Path, count: int) -> Counter[str]:
    """Kill so many writes; count what is found: the old file, the new one, an unreadable one.

    After every kill the write is run again, undisturbed: it must leave the new file alone.
    """
    path = folder / writer.file
    assert in_child(lambda: writer.write(path, OLD)) == 0
    longest = min(timed(lambda: writer.write(path, NEW)) for _ in range(3))
    rng = random.Random(writer.file)
    found: Counter[str] = Counter()
    while found["killed"] < count:
        assert in_child(lambda: writer.write(path, OLD)) == 0
        moment = rng.uniform(0, longest)
        if in_child(lambda: writer.write(path, NEW), until=moment) is not None:
            continue  # It was quicker than the kill.
        found["killed"] += 1
        found["left unfinished"] += bool(parts(folder))
        try:
            found[{OLD: "old", NEW: "new"}[writer.read(path)]] += 1
        except Exception as error:
            found["unreadable"] += 1
            print(f"{writer.file}: {error}", flush=True)
        assert in_child(lambda: writer.write(path, NEW)) == 0
        assert writer.read(path) == NEW
        found["stale"] += len(parts(folder))
    return found


def timed(write: Callable[[], object]) -> float:
    """Return the seconds that a write in a child takes."""
    began = time.perf_counter()
    assert in_child(write) == 0
    return time.perf_counter() - began


def parts(folder: Path) -> list[Path]:
    """Return unfinished files."""
    return [path for path in folder.iterdir() if path.name.startswith(PARTIAL)]


def main(count: int) -> None:
    """Kill `count` writes in all, spread over the writers."""
    makers = [*(lambda writer=writer: writer for writer in WRITERS), network_writer]
    total: Counter[str] = Counter()
    for number, make in enumerate(makers):
        share = count // len(makers) + (number < count % len(makers))
        writer = make()  # Keras last: a process that holds it forks slowly
        with tempfile.TemporaryDirectory() as folder:
            found = killed(writer, Path(folder), share)
        total += found
        print(f"{writer.file}: {share} kills: {dict(found)}", flush=True)
    print(f"{count} kills: {dict(total)}; unreadable {total['unreadable']}, stale {total['stale']}")
    if total["unreadable"] or total["stale"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 26)
