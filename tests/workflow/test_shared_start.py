"""Folds that share one start of TensorFlow: a server of the run forks a process for each."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from merflow.workflow import shared_start

RUN = "results/runs/quick/x10/seed0"
FOLDS = ("smic-s01", "casme2-sub01", "samm-006")
pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux only")


@pytest.fixture
def owner():
    """Stand in for the Snakemake process that owns the server."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


class Jobs:
    """Folds of a project as jobs of a run: with a private folder for temporary files."""

    def __init__(self, project, owner: int, tmp: Path, experiments=("quick",)) -> None:
        tmp.mkdir(exist_ok=True)
        self.project, self.tmp = project, tmp
        shared = shared_start.value(owner, list(experiments))
        self.environment = {**os.environ, "TMPDIR": str(tmp), shared_start.VARIABLE: shared}

    def start(self, fold: str, **environment: str) -> subprocess.Popen:
        words = ["train", RUN, f"results/folds/quick/{fold}.csv", "--config", "results/config.yaml"]
        return subprocess.Popen(
            [sys.executable, "-m", "merflow", *words],
            cwd=self.project.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def servers(self) -> list[Path]:
        return sorted(self.tmp.glob("merflow-*"))

    def made(self, fold: str) -> dict[str, bytes]:
        names = ("weights.weights.h5", "predictions.csv", "history.csv")
        return {name: self.project.path(f"{RUN}/{fold}/{name}").read_bytes() for name in names}


def processes(word: str) -> list[int]:
    """Return the processes with a word in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


def forks(jobs: Jobs, server: int) -> list[int]:
    """Return the process that waits for a fold and that of the fold, once there are both."""
    found = [p for p in processes(str(jobs.servers()[0])) if p != server]
    return found if len(found) == 2 else []


def wait_for(true, seconds: float = 60) -> object:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


def alone_in(folder: Path) -> int:
    """Return the server of a folder, once the processes of the last fold have ended."""
    (server,) = wait_for(lambda: len(found := processes(str(folder))) == 1 and found)
    return server


def test_a_fold_of_the_server_has_the_bytes_of_one_trained_alone(project, owner, tmp_path):
    alone = Jobs(project, owner.pid, tmp_path / "alone", experiments=())
    assert alone.start(FOLDS[0]).wait() == 0
    expected = alone.made(FOLDS[0])
    assert not alone.servers(), "an experiment without a network starts no server"
    shutil.rmtree(project.path(f"{RUN}/{FOLDS[0]}"))
    jobs = Jobs(project, owner.pid, tmp_path / "shared")
    running = [jobs.start(fold) for fold in FOLDS]
    for job, fold in zip(running, FOLDS, strict=True):
        text = job.communicate()[0]
        assert job.returncode == 0 and f"[1 of 1] {fold}" in text and "note" not in text, text
    assert jobs.made(FOLDS[0]) == expected
    (folder,) = jobs.servers()
    assert folder.stat().st_mode & 0o077 == 0
    assert alone_in(folder)
    assert jobs.start(FOLDS[0], OMP_NUM_THREADS="7").wait() == 0
    assert len(jobs.servers()) == 2, "variables that libraries read while they load are its own"
    owner.kill()
    wait_for(lambda: not processes(str(jobs.tmp)))
    wait_for(lambda: not jobs.servers())


def test_a_killed_process_loses_its_fold_only(project, owner, tmp_path):
    jobs = Jobs(project, owner.pid, tmp_path / "tmp")
    assert jobs.start(FOLDS[0]).wait() == 0
    server = alone_in(jobs.servers()[0])
    job = jobs.start(FOLDS[1])
    _, fork = wait_for(lambda: forks(jobs, server))
    os.kill(fork, signal.SIGKILL)
    text = job.communicate()[0]
    assert job.returncode == 128 + signal.SIGKILL and "of this fold was killed (Killed)" in text
    assert jobs.start(FOLDS[2]).wait() == 0, "the server goes on"


def test_a_fold_goes_on_without_its_server_and_ends_with_its_job(project, owner, tmp_path):
    jobs = Jobs(project, owner.pid, tmp_path / "tmp")
    assert jobs.start(FOLDS[0]).wait() == 0
    server = alone_in(jobs.servers()[0])
    job = jobs.start(FOLDS[0])
    wait_for(lambda: forks(jobs, server))
    os.kill(server, signal.SIGKILL)
    assert job.wait() == 0
    job = jobs.start(FOLDS[1])  # a new server, in the same folder
    wait_for(lambda: len(processes(str(jobs.servers()[0]))) == 3)
    job.kill()
    job.wait()
    wait_for(lambda: len(processes(str(jobs.servers()[0]))) == 1, 20)


def test_an_error_of_the_fold_has_its_message_and_exit_code(project, owner, tmp_path):
    jobs = Jobs(project, owner.pid, tmp_path / "tmp")
    project.path(f"results/folds/quick/{FOLDS[0]}.csv").write_text("nothing\n")
    job = jobs.start(FOLDS[0])
    text = job.communicate()[0]
    assert job.returncode == 2 and f"merflow: results/folds/quick/{FOLDS[0]}.csv" in text
    assert len(jobs.servers()) == 1


def test_a_folder_of_somebody_else_is_not_used(project, owner, tmp_path, monkeypatch):
    jobs = Jobs(project, owner.pid, tmp_path / "tmp")
    assert jobs.start(FOLDS[0]).wait() == 0
    (folder,) = jobs.servers()
    os.kill(alone_in(folder), signal.SIGTERM)
    folder.chmod(0o777)
    job = jobs.start(FOLDS[1])
    text = job.communicate()[0]
    assert job.returncode == 0 and "belongs to somebody else" in text


def test_a_folder_with_a_long_name_is_no_obstacle(project, owner, tmp_path):
    jobs = Jobs(project, owner.pid, tmp_path / ("long" * 30))  # too long for a socket's path
    job = jobs.start(FOLDS[0])
    text = job.communicate()[0]
    assert job.returncode == 0 and "note" not in text and len(jobs.servers()) == 1


def test_where_no_server_starts_the_fold_is_trained_all_the_same(project, owner, tmp_path):
    jobs = Jobs(project, owner.pid, tmp_path / "tmp")
    owner.kill()
    owner.wait()  # A server without an owner does not start.
    job = jobs.start(FOLDS[0])
    text = job.communicate()[0]
    assert job.returncode == 0 and "no shared start" in text
