"""Many writers save at once: corrections of one dataset, and dataset roots in config/local.yaml.

`python tests/faults/concurrent_saves.py 1000` makes 1,000 saves of each kind by six processes of
two threads each, and prints how many were acknowledged, refused with both versions, and lost.

Every save writes a value that no other save writes. So the acknowledged saves of one place form a
chain: each started from the value of another, no two from the same, and the file holds the last.
"""

import json
import multiprocessing
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from merflow.clip import Clip, ClipKey
from merflow.studio.browse import Browse
from merflow.studio.dataset_roots import choose
from merflow.studio.marks import MarkCorrections, corrected, published
from merflow.studio.project import Project
from merflow.studio.routing import Conflict

PROCESSES, THREADS = 6, 2
CLIPS = 30
DATASETS = ("smic", "casme2", "samm", "casme_sq")


def clip(number: int) -> Clip:
    key = ClipKey("smic", "s01", f"c{number:02}")
    return Clip(key, "/", (), tuple(range(10_001)), 25.0, "x", onset=0, offset=10_000)


class Marks:
    """Corrections of CLIPS clips of one dataset."""

    def __init__(self, folder: Path) -> None:
        self.corrections = MarkCorrections(folder / "config/corrections")

    def read(self, place: int) -> dict[str, Any]:
        shown = clip(place % CLIPS)
        return corrected(published(shown), self.corrections.of(shown))

    def save(self, place: int, before: dict[str, Any], number: int) -> None:
        shown = clip(place % CLIPS)
        wanted, sheet = before | {"apex": number}, published(shown)
        self.corrections.save(shown, wanted, before, f"save {number}", sheet)


class Roots:
    """Roots of four datasets in config/local.yaml."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder, folder / "config/config.yaml")
        self.browse = Browse(folder)

    def read(self, place: int) -> str | None:
        entries = self.project.settings().datasets
        name = DATASETS[place % len(DATASETS)]
        return entries[name].root if name in entries else None

    def save(self, place: int, before: str | None, number: int) -> None:
        name = DATASETS[place % len(DATASETS)]
        choose(self.project, self.browse, name, f"roots/{number}", before)


PLACES = {Marks: CLIPS, Roots: len(DATASETS)}


def written(kind: type, before: Any, number: int) -> Any:
    return before | {"apex": number} if kind is Marks else f"roots/{number}"


def one_writer(kind: type, folder: Path, writer: int, turns: int) -> list[list]:
    """Return place, value before and value written of the acknowledged saves; None if refused."""
    saver, rows = kind(folder), []
    for turn in range(turns):
        place, number = (writer * 5 + turn) % PLACES[kind], 1 + writer * turns + turn
        before = saver.read(place)
        try:
            saver.save(place, before, number)
        except Conflict as refused:
            assert refused.versions["file"] != before
            assert refused.versions["page"] == written(kind, before, number)
            rows.append(None)
        else:
            rows.append([place, before, written(kind, before, number)])
    return rows


def _process(kind: type, folder: Path, first: int, turns: int) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        writers = range(first, first + THREADS)
        done = pool.map(lambda writer: one_writer(kind, folder, writer, turns), writers)
        (folder / f"saves{first}.json").write_text(
            json.dumps([row for rows in done for row in rows])
        )


def campaign(kind: Callable, folder: Path, saves: int) -> dict[str, int]:
    """Make many saves at once; return how many were acknowledged, refused and lost."""
    turns = -(-saves // (PROCESSES * THREADS))
    for number in range(1, turns * PROCESSES * THREADS + 1):
        (folder / f"roots/{number}").mkdir(parents=True)
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text("{}\n")
    firsts = range(0, PROCESSES * THREADS, THREADS)
    fork = multiprocessing.get_context("fork")
    jobs = [fork.Process(target=_process, args=(kind, folder, n, turns)) for n in firsts]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
        assert job.exitcode == 0
    rows = [row for n in firsts for row in json.loads((folder / f"saves{n}.json").read_text())]
    made = [row for row in rows if row]
    ends = {place: kind(folder).read(place) for place, _, _ in made}
    return {
        "saves": len(rows), "acknowledged": len(made), "refused": len(rows) - len(made),
        "lost": sum(lost(end, [row for row in made if row[0] == p]) for p, end in ends.items()),
    }  # fmt: skip


def lost(end: Any, made: list[list]) -> int:
    """Return how many acknowledged values of one place no later save started from."""
    starts = [json.dumps(before) for _, before, _ in made]
    values = {json.dumps(value) for _, _, value in made}
    return len(values - set(starts) - {json.dumps(end)}) + (json.dumps(end) not in values)


def main() -> None:
    for kind in PLACES:
        with tempfile.TemporaryDirectory() as folder:
            print(
                kind.__name__,
                json.dumps(campaign(kind, Path(folder), int(sys.argv[1]))),
                flush=True,
            )


if __name__ == "__main__":
    main()
