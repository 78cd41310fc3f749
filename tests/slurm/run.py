"""The demo on a real Slurm of one node: the same tables as here, byte for byte, killed jobs too.

python tests/slurm/run.py        needs root, slurm-wlm and munge; `make slurm` installs them
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import NEEDED, Cluster, one_node

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/helpers"))
from project import Project  # noqa: E402

CORES = 2
"""Of the node; the profile's own width of a job is laid over it, as docs/cluster.md says."""
SITE = [
    *("--workflow-profile", "slurm", "--cores", str(CORES)),
    *("--slurm-status-command", "squeue", "--slurm-no-account", "--latency-wait", "10"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
]


def main() -> None:
    """Run everything; stop at the first thing that is not as it must be."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    lacking = [name for name in NEEDED if not shutil.which(name, path=path)]
    if os.getuid() != 0 or lacking:
        print(f"skipped: needs root and {', '.join(NEEDED)}; lacking: {lacking or 'root'}")
        return
    with tempfile.TemporaryDirectory(prefix="merflow-slurm-") as folder:
        try:
            compare(Path(folder))
        except BaseException:
            for log in sorted(Path(folder).glob("*/*.log")):
                print(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}")
            raise


def compare(folder: Path) -> None:
    """Run here, run on the cluster, kill and run on the cluster; compare all three."""
    home = folder / "the project"  # The space is meant.
    home.mkdir()
    project = Project(home)
    project.draw()
    there = project.copy(folder / "the cluster's project")
    begun = time.monotonic()
    project.run("--cores", str(CORES))
    here = time.monotonic() - begun
    expected = outcome(project)
    state = folder / "slurm"
    state.mkdir()
    with one_node(state, CORES) as cluster:
        begun = time.monotonic()
        text = submit(there, cluster).communicate()[0]
        spent = time.monotonic() - begun
        same(outcome(there), expected, "the cluster's tables are the local ones", text)
        check("note: one GPU" not in text and "disk: up to" in text, "no cap, and disk said", text)
        jobs = cluster.jobs()
        as_asked(jobs)
        print(f"one machine {here:.0f} s; Slurm {spent:.0f} s, {len(jobs)} jobs")
        killed(there, cluster, len(jobs))
        same(outcome(there), expected, "the tables are the same after the kills")
    check(not list(there.folder.rglob(".part-*")), "no unfinished file is left")


def outcome(project: Project) -> dict[str, bytes]:
    """Return the bytes of every table and prediction; what a run cost differs in every run."""
    found = [p for p in project.path("results/tables").glob("*") if p.stem != "cost"]
    found += project.path("results/runs").rglob("*.csv")
    return {p.relative_to(project.folder).as_posix(): p.read_bytes() for p in found}


def submit(project: Project, cluster: Cluster, *words: str) -> subprocess.Popen:
    """Start the workflow on the cluster through the slurm profile."""
    command = [sys.executable, "-m", "snakemake", *SITE, *words]
    command += ["--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(project.write_config())]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=project.folder, env=cluster.environment, **pipes)


def as_asked(jobs: list[dict[str, str]]) -> None:
    """Check what Slurm was asked for: one job a subject, a GPU for training only, few cores."""
    for job in jobs:
        print("  ", *job.values())
    chains = [j for j in jobs if "subject" in j["comment"]]
    training = [j for j in jobs if "train" in j["comment"]]
    check(len(chains) == 6, "each of six subjects is one job")
    check(all(int(j["cores"]) <= CORES for j in jobs), "every job fits on the node")
    check(all("gpu" in j["gres"] for j in training) and training, "training has a GPU")
    check(not any("gpu" in j["gres"] for j in chains), "nothing before training has")


def killed(project: Project, cluster: Cluster, before: int) -> None:
    """Do one subject and all after it again; cancel its job, kill a training on its node."""
    words = ["--forcerun", "results/aligned/smic/s01.h5", "--resources", "gpu=1"]
    run = submit(project, cluster, *words)
    chain = running(run, cluster, before, "subject")
    cluster.ask("scancel", chain["job"])
    train = running(run, cluster, before, "train")
    pid = process(r"merflow train ", project.folder)
    os.kill(pid, 9)
    text = run.communicate()[0]
    check(run.returncode == 0, "the run ends well in spite of the kills", text)
    check("note: one GPU at a time" in text, "a cap over the whole cluster is said", text)
    again = cluster.jobs()[before:]
    as_sent = [(j["state"], j["memory"]) for j in again if "subject" in j["comment"]]
    print("  ", *as_sent, [(j["state"], j["memory"]) for j in again if "train" in j["comment"]])
    check(as_sent[0][0] == "CANCELLED" and as_sent[1][0] == "COMPLETED", "a cancelled job again")
    check(megabytes(as_sent[1][1]) > megabytes(as_sent[0][1]), "with more memory")
    states = [j["state"] for j in again if j["comment"] == train["comment"]]
    check(states == ["FAILED", "COMPLETED"], f"a killed training again: {states}")


def running(run: subprocess.Popen, cluster: Cluster, before: int, word: str) -> dict[str, str]:
    """Wait for a job of this kind to run, and return it."""
    while run.poll() is None:
        for job in cluster.jobs()[before:]:
            if word in job["comment"] and job["state"] == "RUNNING":
                return job
        time.sleep(0.3)
    raise SystemExit(f"no job of '{word}' ran:\n{run.stdout.read()}")


def process(pattern: str, folder: Path, seconds: float = 120) -> int:
    """Wait for a process of this command line, working in this folder; return its number."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if re.search(pattern, words) and (entry / "cwd").resolve() == folder:
                    return int(entry.name)
            except (OSError, ValueError):
                continue
        time.sleep(0.2)
    raise SystemExit(f"no process like '{pattern}' in {folder}")


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


if __name__ == "__main__":
    main()
