"""`merflow run` in a project outside the source tree: Snakemake's flags, signals and exit codes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from merflow.commands.run import gpus_here, run
from merflow.errors import MerflowError
from merflow.synthetic.generate import demo_dataset, write_dataset
from merflow.workflow.project_template import create_project
from merflow.workflow.snakemake_call import snakemake_call, workflow_file

ROOT = Path(__file__).parents[2]
CONFIG = """
datasets: {smic: {root: data/smic}}
collections: {one: [smic]}
preparations: {p: {crop: {working_size: 64}, interpolate: {length: 4, size: 16}}}
experiments: {e: {preparation: p, collection: one, factors: [1]}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with 2 subjects of 3 clips without pictures; its folder's name has a blank."""
    folder = tmp_path_factory.mktemp("my project")
    create_project(folder)
    (folder / "config/config.yaml").write_text(CONFIG)
    write_dataset(folder / "data/smic", "smic", demo_dataset("smic").plan(2, 3, small=True), False)
    return folder


@pytest.fixture
def here(project, monkeypatch):
    monkeypatch.chdir(project)
    return project


def merflow(folder, *words):
    command = [sys.executable, "-m", "merflow", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_run_makes_its_target_and_a_second_one_has_nothing_to_do(project):
    target = "results/catalogue/smic.json"
    done = merflow(project, "run", f"./{target}", "--cores", "2", "--", "--rerun-triggers", "mtime")
    assert done.returncode == 0, done.stderr
    assert (project / target).is_file()
    again = merflow(project, "run", target)
    assert again.returncode == 0 and "Nothing to be done" in again.stderr


def test_a_dry_run_lists_the_jobs_and_writes_nothing(project):
    before = sorted(project.rglob("*.csv"))
    done = merflow(project, "run", "-n", "e")
    assert done.returncode == 0, done.stderr
    assert "results/runs/e/x1/seed0/scores.csv" in done.stdout and "report" not in done.stdout
    assert sorted(project.rglob("*.csv")) == before


def test_a_stopped_run_ends_with_snakemake_and_its_code(project):
    """The process is Snakemake's own, so a signal reaches it, and it ends its jobs."""
    command = [sys.executable, "-m", "merflow", "run", "aligned", "--cores", "1"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, cwd=project, text=True, **pipe)
    for line in process.stdout:
        if line.startswith("[1 of"):
            break
    assert b"snakemake" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.send_signal(signal.SIGINT)
    text = process.stdout.read()
    assert process.wait(60) == 1 and "stopping: the running jobs are ended" in text
    assert text.rstrip().endswith("jobs are done and kept; the same command continues")
    assert "FAILED" not in text and "Error" not in text
    assert not list(project.glob(".snakemake/locks/*"))


def test_what_is_wrong_is_said_before_snakemake_starts(here):
    for call, says in {
        lambda: run("aligne"): "did you mean 'aligned'",
        lambda: run(cores="many"): "--cores: 'many'",
        lambda: run(cores="0"): "--cores: '0'",
        lambda: run(gpus=0): "--gpus: 0",
        lambda: run(config=Path("config/nope.yaml")): "--config FILE; here are config/config.yaml",
    }.items():
        with pytest.raises(MerflowError) as error:
            call()
        assert says in str(error.value)


def test_a_folder_without_a_project_names_init(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MerflowError, match="no project in this folder") as error:
        run()
    assert "merflow init" in error.value.fix


def test_a_wrong_name_in_the_config_is_one_message(here, monkeypatch):
    Path("config/wrong.yaml").write_text(CONFIG.replace("factors", "network: cnn3, factors"))
    with pytest.raises(MerflowError, match=r"experiments\.e\.network.*did you mean 'cnn3d'"):
        run(config=Path("config/wrong.yaml"))


def test_the_call_names_targets_first_and_keeps_further_flags_last(here):
    call = snakemake_call(Path("c.yaml"), ["all"], ["--forceall"], cores="3", gpus=2)
    assert call[1:4] == ["-m", "snakemake", "all"]
    assert call[call.index("--configfile") + 1] == "c.yaml"
    assert call[-1] == "--forceall"
    assert call[call.index("--cores") + 1] == "3" and call[call.index("--resources") + 1] == "gpu=2"


@pytest.mark.parametrize(
    ("extra", "read"),
    [
        (["--resources", "mem_mb=8000", "--quiet"], ["gpu=2", "mem_mb=8000", "--quiet"]),
        (["--res", "mem_mb=8000", "gpu=1"], ["mem_mb=8000", "gpu=1"]),
        (["--resources=mem_mb=8000"], ["gpu=2", "mem_mb=8000"]),
    ],
)
def test_further_resources_leave_the_limit_of_gpus(here, extra, read):
    call = snakemake_call(Path("c.yaml"), (), extra, gpus=2)
    assert call[-len(read) :] == read and call[-len(read) - 1] in ("--resources", "--res")


def test_the_snakefile_is_the_projects_own_or_merflows(tmp_path):
    assert workflow_file(tmp_path) == ROOT / "Snakefile"
    (tmp_path / "Snakefile").write_text("")
    assert workflow_file(tmp_path) == tmp_path / "Snakefile"


def test_trainings_at_a_time_follow_the_gpus(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nprintf 'GPU-a, 900, 100\\nGPU-b, 900, 200\\n'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus_here() == 2
    for listed, count in {"1": 1, "0,1": 2, "-1": 1}.items():
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
        assert gpus_here() == count
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert gpus_here() == 1
