"""The whole workflow interrupted: after the documented way on, the tables are the same bytes.

`python tests/faults/kill_runs.py 50` kills so many runs of the smallest demo, half of them by one
random process (Snakemake's own among them), half by the whole process group, and prints a line each.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from merflow.io.files import PARTIAL

ROOT = Path(__file__).parents[2]
CONFIG = {
    "datasets": {"smic": {"root": "faces/smic"}},
    "collections": {"c": ["smic"]},
    "preparations": {"p": {"crop": {"working_size": 64}, "interpolate": {"length": 8, "size": 24}}},
    "experiments": {
        "e": {"method": "lbptop_svm", "preparation": "p", "factors": [1], "collection": "c"}
    },
    "folds_per_job": 6,
    "bootstrap": 100,
}
"""One dataset, two subjects, one factor, an SVM: every stage, in the least time."""


class Smallest:
    """The smallest demo in a folder of its own, with a folder for temporary files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tmp = folder, folder / "tmp"

    def draw(self) -> None:
        """Write faces and config."""
        self.tmp.mkdir(parents=True)
        drawn = ["--dataset", "smic", "--small", "--subjects", "2", "--clips", "3"]
        self.run("merflow", "demo", "faces", *drawn)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))

    def command(self, *words: str) -> list[str]:
        """Return a command of this Python."""
        return [sys.executable, "-m", *words]

    def snakemake(self, *words: str) -> list[str]:
        """Return a call of the workflow."""
        known = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "config.yaml"]
        return self.command("snakemake", *known, "--cores", "2", *words)

    def start(self, command: list[str]) -> subprocess.Popen:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(self.tmp)}, start_new_session=True,
        )  # fmt: skip

    def run(self, *words: str) -> None:
        """Run a command to its end."""
        done = self.finish(self.command(*words))
        assert done.returncode == 0, done.stdout

    def finish(self, command: list[str]) -> subprocess.CompletedProcess:
        """Run a command to its end and return what it said."""
        return subprocess.run(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "TMPDIR": str(self.tmp)},
        )  # fmt: skip

    def resume(self) -> None:
        """Go on as `make resume` does: unlock, then run."""
        for words in (["--unlock"], ["--rerun-incomplete"]):
            done = self.finish(self.snakemake(*words))
            assert done.returncode == 0, done.stdout

    def copy(self, folder: Path) -> "Smallest":
        """Return the same demo elsewhere, times of files kept."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Smallest(folder)

    def made(self) -> dict[str, bytes]:
        """Return the files whose bytes are promised; `cost.*` holds measured seconds."""
        results = self.folder / "results"
        files = [
            *results.glob("tables/scores.*"),
            results / "tables/effects.csv",
            *results.rglob("*.h5"),
            *results.rglob("p*s.csv"),
        ]
        files += [*results.rglob("pooled.csv"), results / "skipped.csv"]
        return {str(p.relative_to(results)): p.read_bytes() for p in files}

    def left(self) -> list[Path]:
        """Return unfinished files, and temporary ones of ours."""
        return [p for p in self.folder.rglob("*") if p.name.startswith(PARTIAL)]


def members(group: int) -> list[int]:
    """Return the processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == group and fields[0] != "Z":
                    found.append(int(entry.name))
    return sorted(found)


def interrupt(demo: Smallest, moment: float, how: str, rng: random.Random) -> str:
    """Start the workflow and interrupt it at a moment (s); return who was hit.

    how: `process` kills one of the run's processes, `group` all of them, `ctrl-c` asks all.
    """
    running = demo.start(demo.snakemake())
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(moment)
        return "nobody: it was done"
    if how == "process":
        victim = rng.choice(members(running.pid) or [running.pid])
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        hit = "snakemake" if victim == running.pid else "a job"
    else:
        sign = signal.SIGINT if how == "ctrl-c" else signal.SIGKILL
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, sign)
        hit = "all"
    running.wait()
    # What outlives a killed Snakemake goes on writing, and ends by itself.
    while members(running.pid):
        if rng.random() < 0.02:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
        time.sleep(0.05)
    return hit


def undisturbed(demo: Smallest) -> tuple[dict[str, bytes], float]:
    """Run the demo whole; return its files and the seconds it took."""
    began = time.perf_counter()
    done = demo.finish(demo.snakemake())
    assert done.returncode == 0, done.stdout
    return demo.made(), time.perf_counter() - began


def main(count: int, seconds: float) -> None:
    """Kill runs until there were `count`, or until `seconds` have passed."""
    rng = random.Random(count)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        drawn = Smallest(Path(name, "drawn"))
        drawn.draw()
        want, longest = undisturbed(drawn.copy(Path(name, "whole")))
        kills = same = stale = 0
        while kills < count and time.monotonic() - began < seconds:
            demo = drawn.copy(Path(name, "killed"))
            how = ("process", "group")[kills % 2]
            moment = rng.uniform(0, longest)
            hit = interrupt(demo, moment, how, rng)
            if hit.startswith("nobody"):
                shutil.rmtree(demo.folder)
                continue
            at = len(list((demo.folder / "results").rglob("*")))
            demo.resume()
            good, left = demo.made() == want, demo.left()
            kills, same, stale = kills + 1, same + good, stale + len(left)
            said = "same" if good else "OTHER"
            print(
                f"kill {kills}: {how}, {hit}, {at} files made: {said}, {len(left)} left", flush=True
            )
            shutil.rmtree(demo.folder)
    print(f"{kills} runs killed: {same} with the same bytes, {stale} unfinished files left")
    if same < kills or stale:
        raise SystemExit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1e6)
