"""The choice of a GPU: real processes, and an `nvidia-smi` of the test on the PATH.

No GPU is needed, and none was at hand.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from merflow.models.training import gpu_choice

SRC = str(Path(__file__).parents[3] / "src")
TAKE = """
import os, sys
from merflow.models.training import gpu_choice
gpu = gpu_choice.choose_gpu(int(sys.argv[1]))
print(gpu and gpu.total, os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that sets the GPUs of this machine: name -> free of 80,000 MiB."""

    def has(**free):
        lines = "".join(f"echo 'GPU-{name}, 80000, {left}'\n" for name, left in free.items())
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\n{lines}")
        tool.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PYTHONPATH", SRC)
    has(a=1000, b=80000)
    return has


@pytest.fixture
def take():
    """Return a function that starts trainings at once and returns the GPUs that they took."""
    running = []

    def start(*shares):
        jobs = [
            subprocess.Popen(
                [sys.executable, "-c", TAKE, str(share)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for share in shares
        ]
        running.extend(jobs)
        return [job.stdout.readline().split()[1].removeprefix("GPU-") for job in jobs]

    def end(which=slice(None)):
        for job in running[which]:
            job.communicate("")

    start.end = end
    yield start
    end()


def test_jobs_use_different_gpus_and_release_them(machine, take):
    assert sorted(take(1, 1)) == ["a", "b"]
    take.end()
    assert take(1) == ["b"], "most free memory first"


def test_jobs_that_start_together_spread_evenly_over_shared_gpus(machine, take):
    machine(a=80000, b=80000, c=80000)
    assert sorted(take(*[3] * 9)) == ["a"] * 3 + ["b"] * 3 + ["c"] * 3


def test_a_slot_is_free_again_when_its_job_is_killed(machine, take):
    machine(a=900, b=800)
    assert take(2) + take(2) + take(2) + take(2) == ["a", "b", "a", "b"]
    take.end(slice(1, 2))
    assert take(2) == ["b"]


def test_a_job_that_has_a_gpu_alone_counts_as_all_that_share_one(machine, take):
    machine(a=900, b=800)
    assert take(1) + take(2) + take(2) == ["a", "b", "b"]


def test_more_jobs_than_slots_still_spread(machine, take):
    assert sorted(take(1, 1, 1, 1)) == ["a", "a", "b", "b"]


@pytest.mark.parametrize("listed", ["1,2", "GPU-b,GPU-c", "2, 1,-1,0"])
def test_of_several_that_the_user_or_slurm_lists_one_is_chosen(machine, take, monkeypatch, listed):
    machine(a=80000, b=1000, c=2000)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    names = {"1": "b", "2": "c"}
    assert [names.get(name, name) for name in take(1, 1)] in (["b", "c"], ["c", "b"])


def test_jobs_with_other_names_of_a_gpu_count_its_slots(machine, take, monkeypatch):
    machine(a=900, b=800)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert take(1) == ["0"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert take(1) == ["b"]


@pytest.mark.parametrize("value", ["7", "-1", "", "GPU-b", "MIG-123"])
def test_a_single_gpu_and_none_stay_as_the_user_set_them(machine, monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    monkeypatch.setattr(gpu_choice, "_chosen", [])
    found = gpu_choice.choose_gpu(2)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == value
    totals = {"GPU-b": 80000, "7": 0, "MIG-123": 0}
    assert (found and found.total) == totals.get(value)


def test_one_gpu_is_used_as_it_is(machine, monkeypatch):
    machine(a=1000)
    monkeypatch.setattr(gpu_choice, "_chosen", [])
    assert gpu_choice.choose_gpu() == ("GPU-a", "GPU-a", 80000, 1000)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_without_a_driver_there_is_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_choice.installed() == []


def test_memory_that_the_driver_does_not_tell_is_unknown(machine, tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU-a, [N/A], [N/A]'\n")
    assert gpu_choice.installed() == [("GPU-a", "GPU-a", 0, 0)]
