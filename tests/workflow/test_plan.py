"""The plan of a run: looking changes nothing, and a job works by no other plan than its run's."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from project import ROOT

from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.io import records, scheduled_plan
from merflow.workflow import plan_files
from merflow.workflow.plan import Plan

LOOKS = (
    ["--dry-run"],
    ["--lint"],
    ["--summary"],
    ["--dag"],
    ["--report", "report.html"],
    ["--unlock"],
)


def state(folder: Path) -> dict[str, tuple]:
    """Return path -> size, time and inode of everything below results/."""
    found = {}
    for path in sorted((folder / "results").rglob("*")):
        stat = path.stat()
        times = () if path.is_dir() else (stat.st_size, stat.st_mtime_ns)
        found[str(path.relative_to(folder))] = (*times, stat.st_ino)
    return found


@pytest.mark.parametrize("words", LOOKS, ids=lambda words: words[0])
def test_looking_changes_nothing_below_results(project, words):
    """The config differs from the run's: a plan that is only looked at must not replace it."""
    project.config["experiments"]["quick"]["training"]["epochs"] = 9
    before = state(project.folder)
    done = project.snakemake(*words)
    assert done.returncode == 0 or words == ["--lint"], done.stdout
    assert state(project.folder) == before


def test_looking_at_a_fresh_project_makes_no_results(fresh):
    assert fresh.jobs()["plan"] == 1
    assert not fresh.path("results").exists()


def test_a_run_keeps_its_plan_while_another_config_is_looked_at(project):
    """Reproduced earlier with epochs: x10 trained 4, x1 one, and one table compared them."""
    svm = {"blocks": 2, "radii": [1, 1, 2]}
    entry = {"method": "lbptop_svm", "preparation": "grey32", "collection": "composite"}
    project.config["experiments"] = {"svm": {**entry, "factors": [1, 10], "training": {"svm": svm}}}
    project.config["folds_per_job"] = 1
    changed = yaml.safe_load(yaml.safe_dump(project.config))
    changed["experiments"]["svm"]["training"]["svm"]["radii"] = [1, 1, 3]
    other = project.folder / "other.yaml"
    other.write_text(yaml.safe_dump(changed))
    looked: list[str] = []

    def look() -> None:
        runs = project.path("results/runs/svm")
        while not looked and not list(runs.rglob("predictions.csv")):
            time.sleep(0.1)
        command = [sys.executable, "-m", "snakemake", "--dry-run", "--snakefile"]
        command += [str(ROOT / "Snakefile"), "--configfile", str(other)]
        done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True)
        looked.append(done.stdout + done.stderr)

    thread = threading.Thread(target=look)
    thread.start()
    output = project.run("results/runs/svm/x1/seed0/scores.csv")
    looked.append("a run that trained nothing would leave it waiting")
    thread.join()
    assert "svm" in looked[0] and len(looked) == 2, output
    made = [
        json.loads(path.read_text())["made"]
        for path in project.path("results/records/runs/svm").rglob("*.json")
    ]
    assert len(made) == 6
    assert {str(one["recipe"]["training"]["svm"]["radii"]) for one in made} == {"[1, 1, 2]"}
    assert load(project.path("results/config.yaml")).experiments["svm"].training.svm.radii[2] == 2


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Return a folder with the plan of a config without clips in its results/."""
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("preparations: {p: {}}\n")
    plan_files.put(plan_files.stage(plan_files.texts(Plan(load("c.yaml")))))
    return tmp_path


def test_a_job_refuses_another_plan_than_that_of_its_run(put, monkeypatch):
    known = scheduled_plan.current()
    monkeypatch.setenv(scheduled_plan.VARIABLE, known)
    scheduled_plan.require_scheduled()
    Path("c.yaml").write_text("preparations: {p: {}}\nbootstrap: 200\n")
    plan_files.put(plan_files.stage(plan_files.texts(Plan(load("c.yaml")))))
    command = [sys.executable, "-m", "merflow", "skipped", "out.csv"]
    environment = {**os.environ, scheduled_plan.VARIABLE: known}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 3 and "is not the one of this run" in done.stderr
    assert not Path("out.csv").exists()


def test_a_config_edited_in_results_is_refused(put, monkeypatch):
    known = scheduled_plan.current()
    with open("results/config.yaml", "a") as config:
        config.write("# a comment\n")
    with pytest.raises(MerflowError, match="changed since `merflow plan` wrote it"):
        load("results/config.yaml")
    with pytest.raises(MerflowError, match="is not the one of this run"):
        scheduled_plan.require(known)


def test_a_staged_plan_that_was_edited_is_not_put(put):
    folder = plan_files.stage(plan_files.texts(Plan(load("c.yaml"))))
    with open(folder / "results/config.yaml", "a") as config:
        config.write("bootstrap: 7\n")
    shutil.rmtree("results")
    with pytest.raises(MerflowError, match="not the one that was staged"):
        plan_files.put(folder)
    assert records.record_of("results/config.yaml") is None
