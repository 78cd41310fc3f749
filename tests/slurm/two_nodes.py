"""The demo on a Slurm of two nodes: job arrays, groups of folds, a node drained and a node killed.

The tables and predictions must be the local ones, byte for byte, after each of them.

python tests/slurm/two_nodes.py        needs root, slurm-wlm and munge; `make slurm-nodes`
"""

import re
import shutil
import time
from contextlib import suppress
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
from cluster import Cluster, cluster_of, command_line, parent

from merflow.workflow.shared_start import VARIABLE

NODES = ("n1", "n2")
GIVEN_UP = 40
"""Seconds without an answer after which Slurm gives a node up."""
ARRAYS = ("--jobs", "500", "--max-jobs-per-timespan", "500/1s", "--slurm-array-jobs")
FOLDS = 3
"""Folds in a job of the cluster, where they are groups."""
ONE_FOLD = 2902
"""What training a fold asks for (MB)."""
TRAINING = r"-m merflow train "
SERVER = r"-m merflow\.workflow\.shared_start "
TRAINED = "results/runs"
ONE_RUN = "results/runs/quick/x10/seed0"


def compare(folder: Path) -> None:
    """Run here, then in every way on the cluster; compare after each."""
    home = folder / "here"
    home.mkdir()
    project = Project(home)
    project.draw()
    there = project.copy(folder / "there")
    started = time.monotonic()
    project.run("--cores", str(CORES))
    print(f"one machine: {time.monotonic() - started:.0f} s", flush=True)
    expected = outcome(project)
    state = folder / "slurm"
    state.mkdir()
    with cluster_of(state, NODES, CORES, GIVEN_UP) as cluster:
        for step in (arrays, groups_and_drain, killed_node, killed_without_requeue):
            before, started = len(cluster.jobs()), time.monotonic()
            step(there, cluster)
            spent, jobs = time.monotonic() - started, len(cluster.jobs()) - before
            same(outcome(there), expected, f"{step.__name__}: the tables are the local ones")
            print(f"{step.__name__}: {spent:.0f} s, {jobs} jobs\n", flush=True)
    check(not list(there.folder.rglob(".part-*")), "no unfinished file is left")


def jobs_of(cluster: Cluster, word: str, before: int = 0) -> Jobs:
    """Return the jobs with a word in their comment, and print them."""
    found = [job for job in cluster.jobs()[before:] if word in job["comment"]]
    for job in found:
        print("  ", *job.values(), flush=True)
    return found


def arrays(project: Project, cluster: Cluster) -> None:
    """Everything as job arrays, the preparation of the subjects too."""
    project.config["folds_per_job"] = 1
    ended_well(submit(project, cluster, *ARRAYS, "all"), project, "all rules as arrays")
    prepared, trained = jobs_of(cluster, "rule_align"), jobs_of(cluster, "rule_train")
    check([j["task"] for j in prepared] == list("123456"), "six subjects are one array")
    check(len({j["array"] for j in trained}) <= 2, "the folds of each factor are in one array")
    check(len(trained) == 12 and all(j["task"] != "N/A" for j in trained), "12 folds, 12 tasks")
    for found, what in ((prepared, "aligned"), (trained, "trained")):
        check({j["node"] for j in found} == set(NODES), f"both nodes {what}")
    check(all("gpu:1" in j["gres"] for j in trained), "each training has one GPU")


def groups_and_drain(project: Project, cluster: Cluster) -> None:
    """Three folds in a job, one after the other, with one start; a node drained in the middle."""
    project.config["folds_per_job"] = FOLDS
    shutil.rmtree(project.path(TRAINED))
    before = len(cluster.jobs())
    run = submit(project, cluster)
    seen = Seen(project.folder)
    when(run, project, lambda: "n2" in seen.look(), "n2 trained")
    cluster.ask("scontrol", "update", "nodename=n2", "state=drain", "reason=test")
    kept = [j["job"] for j in cluster.jobs()[before:] if j["node"] == "n2"]
    while run.poll() is None:
        seen.look()
        time.sleep(0.3)
    ended_well(run, project, "a run with a drained node ends well")
    trained = jobs_of(cluster, "train", before)
    check(len(trained) == 12 // FOLDS, "three folds are one job")
    check(all("gpu:1" in j["gres"] for j in trained), "which asks for one GPU")
    check({megabytes(j["memory"]) for j in trained} == {ONE_FOLD}, "and one fold's memory")
    check([j["job"] for j in trained if j["node"] == "n2"] == kept, "a drained node takes no job")
    check(all(j["state"] == "COMPLETED" for j in trained), "and finishes the one it has")
    check(seen.at_once == 1, "a job trains one fold at a time")
    check(len(seen.servers) == len(trained), "its folds share one start of TensorFlow")
    cluster.ask("scontrol", "update", "nodename=n2", "state=resume")
    cluster.wait_for("n2", "idle")


def killed_node(project: Project, cluster: Cluster) -> None:
    """An array of trainings, and a node killed in the middle: Slurm itself sends its tasks again."""
    project.config["folds_per_job"] = 1
    trained = lose_node(project, cluster, *ARRAYS, "train")
    check(any(int(j["restarts"]) for j in trained), "Slurm sent a task of the killed node again")
    check(all(j["state"] == "COMPLETED" for j in trained), "every task was completed")


def killed_without_requeue(project: Project, cluster: Cluster) -> None:
    """Groups of folds, and a node killed in the middle: Snakemake sends the group again."""
    project.config["folds_per_job"] = FOLDS
    trained = lose_node(project, cluster, "--slurm-no-requeue")
    lost = [j for j in trained if j["state"] == "NODE_FAIL"]
    check(len(lost) == 1 and lost[0]["node"] == "n2", "the job of the killed node failed")
    again = [j for j in trained if j["comment"] == lost[0]["comment"] and j != lost[0]]
    check([j["state"] for j in again] == ["COMPLETED"], "and was completed on the other node")
    check(megabytes(again[0]["memory"]) == 2 * ONE_FOLD, "with more memory")


def lose_node(project: Project, cluster: Cluster, *words: str) -> Jobs:
    """Train a run again, kill a node that trains, and return the trainings' jobs."""
    shutil.rmtree(project.path(ONE_RUN))
    before = len(cluster.jobs())
    run = submit(project, cluster, *words)
    seen = Seen(project.folder)
    when(run, project, lambda: "n2" in seen.look(), "n2 trained")
    print(f"killed {cluster.kill_node('n2')} processes of n2", flush=True)
    when(run, project, lambda: cluster.state("n2").rstrip("*") == "down", "n2 was given up")
    ended_well(run, project, "a run that loses a node ends well")
    found = jobs_of(cluster, "train", before)
    check({j["node"] for j in found if j["state"] == "COMPLETED"} >= {"n1"}, "on the other node")
    cluster.start_node("n2")
    cluster.wait_for("n2", "idle")
    return found


class Seen:
    """Processes of a project seen during a run: servers of a shared start, and trainings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: set[int] = set()
        self.at_once = 0
        """Largest number of folds that one job trained at a time."""

    def look(self) -> set[str]:
        """Take note of what runs now; return the nodes that train a fold."""
        known = [environment(number) for number in processes(TRAINING, self.folder)]
        jobs = [e[VARIABLE] for e in known if VARIABLE in e]
        self.at_once = max([self.at_once, *map(jobs.count, jobs)])
        for number in processes(SERVER, self.folder):
            # A fold's process is a fork of the server and has its command line.
            if not re.search(SERVER, command_line(parent(number))):
                self.servers.add(number)
        return {e["SLURMD_NODENAME"] for e in known if "SLURMD_NODENAME" in e}


def environment(number: int) -> dict[str, str]:
    """Return the environment that a process was started with; empty for one that has ended."""
    with suppress(OSError):
        words = Path(f"/proc/{number}/environ").read_bytes().decode().split("\0")
        return dict(word.split("=", 1) for word in words if "=" in word)
    return {}


if __name__ == "__main__":
    in_a_folder(compare)
