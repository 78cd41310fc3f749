"""A small project of generated faces, and the workflow run in it as a user runs it."""

import contextlib
import copy
import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from loaded_snakemake import dry_run

ROOT = Path(__file__).parents[2]
DATASETS = ("smic", "casme2", "samm")


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; other workers wait."""
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def job_counts(text: str) -> dict[str, int]:
    """Return rule -> jobs from what a dry run prints; generated rules by family."""
    found: dict[str, int] = {}
    table = text.split("Reasons:")[0]  # a dry run prints its table twice
    for rule, count in re.findall(r"^(\w+) +(\d+)$", table.split("Job stats:")[-1], re.MULTILINE):
        if rule not in ("total", "all"):
            name = re.sub(r"(_\d+)+$", "", rule)
            found[name] = found.get(name, 0) + int(count)
    return found


class Project:
    """A working folder with its own config and datasets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = yaml.safe_load((ROOT / "config/quick.yaml").read_text())
        for name in DATASETS:
            self.config["datasets"][name]["root"] = f"faces/{name}"

    def draw(self, subjects: int = 2) -> None:
        """Write the look-alikes, or bring them to another number of subjects."""
        words = ["demo", "faces", "--small", "--subjects", str(subjects), "--clips", "3"]
        done = self.merflow(*words)
        assert done.returncode == 0, done.stderr

    def write_config(self) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.config, sort_keys=False))
        return path

    def merflow(self, *words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "merflow", *map(str, words)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True)

    def snakemake(self, *words: str) -> subprocess.CompletedProcess:
        """Run the workflow; its output is in stdout, both streams together."""
        known = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(self.write_config())]
        if "--dry-run" in words:
            return dry_run([*words, *known], self.folder)
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *words, *known],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> str:
        done = self.snakemake(*words)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def jobs(self, *words: str) -> dict[str, int]:
        """Return how many jobs of each rule a dry run lists; generated rules by family."""
        return job_counts(self.run(*words, "--dry-run", "--quiet", "rules"))

    def copy(self, folder: Path) -> "Project":
        """Return the same project elsewhere, times of files kept."""
        shutil.copytree(self.folder, folder, symlinks=True)
        twin = Project(folder)
        twin.config = copy.deepcopy(self.config)
        return twin

    def path(self, name: str) -> Path:
        return self.folder / name

    def text(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8")
