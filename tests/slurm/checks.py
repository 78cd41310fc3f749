"""What the runs on a cluster share: the command, waiting for a job, and comparing tables."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cluster import NEEDED, Cluster, command_line

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/helpers"))
from project import Project  # noqa: E402

Jobs = list[dict[str, str]]
CORES = 2
"""Of a node; the profile's own width of a job is laid over it, as docs/cluster.md says."""
SITE = [
    *("--workflow-profile", "slurm", "--cores", str(CORES)),
    *("--slurm-status-command", "squeue", "--slurm-no-account", "--latency-wait", "10"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
]


def in_a_folder(compare: Callable[[Path], None]) -> None:
    """Call `compare` with a temporary folder; show the logs of Slurm where it fails.

    Without Slurm or root nothing is run, and what is lacking is printed.
    """
    if missing := lacking():
        print(f"skipped: needs root and {', '.join(NEEDED)}; lacking: {missing}")
        return
    with tempfile.TemporaryDirectory(prefix="merflow-slurm-") as folder:
        try:
            compare(Path(folder))
        except BaseException:
            show_logs(Path(folder))
            raise


def lacking() -> list[str]:
    """Return what a cluster on this machine needs and has not."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    root = [] if os.getuid() == 0 else ["root"]
    return root + [name for name in NEEDED if not shutil.which(name, path=path)]


def show_logs(folder: Path) -> None:
    """Print the ends of the logs of Slurm's daemons."""
    for log in sorted(folder.glob("*/*.log")):
        print(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}")


def submit(project: Project, cluster: Cluster, *words: str) -> subprocess.Popen:
    """Start the workflow on the cluster through the slurm profile; its output goes to a file."""
    command = [sys.executable, "-m", "snakemake", *SITE, *words]
    command += ["--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(project.write_config())]
    with open(project.path("run.log"), "w") as log:
        streams = {"stdout": log, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, cwd=project.folder, env=cluster.environment, **streams)


def ended_well(run: subprocess.Popen, project: Project, what: str) -> str:
    """Wait for a run, stop unless it ended well, and return what it printed."""
    run.wait()
    text = project.text("run.log")
    check(run.returncode == 0, what, text)
    return text


def when(run: subprocess.Popen, project: Project, found: Callable[[], object], what: str) -> object:
    """Wait, while a run goes on, until something is so, and return it."""
    while run.poll() is None:
        if value := found():
            return value
        time.sleep(0.3)
    raise SystemExit(f"{project.text('run.log')}\nthe run ended before {what}")


def processes(pattern: str, folder: Path) -> list[int]:
    """Return the processes of this command line that work in this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if re.search(pattern, command_line(entry.name)) and (entry / "cwd").resolve() == folder:
                found.append(int(entry.name))
    return found


def outcome(project: Project) -> dict[str, bytes]:
    """Return the bytes of every table and prediction; what a run cost differs in every run."""
    found = [p for p in project.path("results/tables").glob("*") if p.stem != "cost"]
    found += project.path("results/runs").rglob("*.csv")
    return {p.relative_to(project.folder).as_posix(): p.read_bytes() for p in found}


def megabytes(text: str) -> float:
    """Return the number of a size as Slurm prints it, 1500M or 2G."""
    return float(text[:-1]) * {"K": 1 / 1024, "M": 1, "G": 1024}[text[-1]]


def same(found: dict[str, bytes], expected: dict[str, bytes], what: str, text: str = "") -> None:
    """Stop, naming the files, where bytes are not the expected ones."""
    names = {*found, *expected}
    other = sorted(name for name in names if found.get(name) != expected.get(name))
    check(len(expected) > 12, "there are tables and predictions to compare")
    check(
        not other, f"{what}, {len(expected)} files byte for byte" + f": {other}" * bool(other), text
    )


def check(true: object, what: str, text: str = "") -> None:
    """Say what holds; stop where it does not."""
    if not true:
        raise SystemExit(f"{text}\nNOT TRUE: {what}")
    print(f"true: {what}", flush=True)
