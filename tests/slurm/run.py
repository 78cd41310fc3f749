"""The demo on a real Slurm of one node: the same tables as here, byte for byte, killed jobs too.

python tests/slurm/run.py        needs root, slurm-wlm and munge; `make slurm` installs them
"""

import os
import re
import time
from pathlib import Path

from checks import (
    CORES,
    Jobs,
    Project,
    check,
    ended_well,
    in_a_folder,
    megabytes,
    outcome,
    processes,
    same,
    submit,
    when,
)
from cluster import Cluster, cluster_of

JOBS = 44
"""Of the demo, without those that run where Snakemake runs: 30 of stages, 2 packs, 12 folds."""


def compare(folder: Path) -> None:
    """Run here, run on the cluster, kill and run on the cluster; compare all three."""
    home = folder / "the project"  # The space is meant.
    home.mkdir()
    project = Project(home)
    project.draw()
    there = project.copy(folder / "the cluster's project")
    started = time.monotonic()
    project.run("--cores", str(CORES))
    here = time.monotonic() - started
    expected = outcome(project)
    state = folder / "slurm"
    state.mkdir()
    with cluster_of(state, cores=CORES) as cluster:
        refused(there, cluster)
        started = time.monotonic()
        text = ended_well(submit(there, cluster), there, "the run through Slurm ends well")
        spent = time.monotonic() - started
        same(outcome(there), expected, "the cluster's tables are the local ones", text)
        check("note: one GPU" not in text and "disk: up to" in text, "no cap, and disk shown", text)
        jobs = cluster.jobs()
        as_asked(jobs)
        print(f"one machine {here:.0f} s; Slurm {spent:.0f} s, {len(jobs)} jobs")
        killed(there, cluster, len(jobs))
        same(outcome(there), expected, "the tables are the same after the kills")
    check(not list(there.folder.rglob(".part-*")), "no unfinished file is left")


def refused(project: Project, cluster: Cluster) -> None:
    """Check that job arrays are refused with limits under which the plugin would lose jobs."""
    run = submit(project, cluster, "--slurm-array-jobs", "train", "--jobs", "5")
    run.wait()
    text = project.text("run.log")
    needed = re.search(r"--jobs is 5.*to do: --jobs (\d+) --max-jobs", text, re.DOTALL)
    check(run.returncode and needed, "job arrays with too few jobs at once are refused", text)
    check(int(needed[1]) == JOBS and not cluster.jobs(), "with the number needed; nothing was sent")


def as_asked(jobs: Jobs) -> None:
    """Check what Slurm was asked for: one job a subject, a GPU for training only, few cores."""
    for job in jobs:
        print("  ", *job.values())
    chains = [j for j in jobs if "subject" in j["comment"]]
    training = [j for j in jobs if "train" in j["comment"]]
    check(len(chains) == 6, "each of six subjects is one job")
    check(len(training) == 2, "six folds are one job")
    check(all(int(j["cores"]) <= CORES for j in jobs), "every job fits on the node")
    check(all("gpu:1" in j["gres"] for j in training), "a job of six folds has one GPU")
    check(not any("gpu" in j["gres"] for j in chains), "nothing before training has")


def killed(project: Project, cluster: Cluster, before: int) -> None:
    """Do one subject and all after it again; cancel its job, kill a training on its node."""
    words = ["--forcerun", "results/aligned/smic/s01.h5", "--resources", "gpu=1"]
    run = submit(project, cluster, *words)

    def running(word: str) -> dict[str, str]:
        def found() -> dict[str, str] | None:
            jobs = cluster.jobs()[before:]
            known = (j for j in jobs if word in j["comment"] and j["state"] == "RUNNING")
            return next(known, None)

        return when(run, project, found, f"a job of '{word}' ran")

    chain = running("subject")
    cluster.ask("scancel", chain["job"])
    train = running("train")

    def training() -> list[int]:
        return processes(r"-m merflow train ", project.folder)

    os.kill(when(run, project, training, "a fold was trained")[0], 9)
    text = ended_well(run, project, "the run ends well in spite of the kills")
    check("note: one GPU at a time" in text, "a cap over the whole cluster is named", text)
    again = cluster.jobs()[before:]
    as_sent = [(j["state"], j["memory"]) for j in again if "subject" in j["comment"]]
    print("  ", *as_sent, [(j["state"], j["memory"]) for j in again if "train" in j["comment"]])
    check(as_sent[0][0] == "CANCELLED" and as_sent[1][0] == "COMPLETED", "a cancelled job again")
    check(megabytes(as_sent[1][1]) > megabytes(as_sent[0][1]), "with more memory")
    states = [j["state"] for j in again if j["comment"] == train["comment"]]
    check(states == ["FAILED", "COMPLETED"], f"a killed training again: {states}")


if __name__ == "__main__":
    in_a_folder(compare)
