"""Results in a storage: the same bytes, everything declared, and nodes that need nothing else."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT, Project

HELPERS = ROOT / "tests/helpers"
UNSHARED = ("--shared-fs-usage", "none")


def chosen(project: Project) -> Project:
    """Give a project two SVMs, one of them with a nested choice: every kind of job, soon done."""
    one = {"collection": "composite", "training": {}}
    project.config |= {
        "collections": {"composite": ["smic", "casme2"]},
        "preparations": project.config["preparations"] | {"flow16": {"kind": "flow"}},
        "experiments": {
            "lbp": one
            | {"method": "lbptop_svm", "preparation": "grey32", "nested": True, "factors": [1, 10]},
            "flow": one
            | {"method": "flow_svm", "preparation": "flow16", "factors": [1]}
            | {"key_frame_noise": {"test": [3], "training": [2], "apex": "unknown"}},
        },
        "folds_per_job": 1,
    }
    return project


def outcome(folder: Path) -> dict[str, bytes]:
    """Return all results but what a run cost, logs and records of these."""
    leave = re.compile(
        r"cost\.|run\.json$|model_card|\.html$|snakemake_timestamp|"
        r"/(logs|benchmarks|records|raw|catalogue)/"
    )
    found = [p for p in folder.rglob("*") if p.is_file() and p.stat().st_size]
    names = {p.relative_to(folder).as_posix(): p for p in found}
    return {name: p.read_bytes() for name, p in names.items() if not leave.search(f"/{name}")}


class Stored:
    """A project with its results in the folder `store` beside it."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.store, self.traced = project, folder / "store", folder / "traced"
        self.traced.mkdir(exist_ok=True)
        self.flags = [
            *("--default-storage-provider", "folder"),
            *("--default-storage-prefix", str(self.store)),
        ]

    def run(self, *words: str) -> str:
        return self.project.run(*words, *self.flags, *UNSHARED)


@pytest.fixture(scope="module")
def variables(tmp_path_factory) -> dict[str, str]:
    """Return the variables under which Snakemake knows the storage and commands are traced."""
    known = [str(HELPERS / "storage"), str(HELPERS / "traced"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, known))}


@pytest.fixture(scope="module")
def stored(drawn, variables, tmp_path_factory) -> Stored:
    folder = tmp_path_factory.mktemp("storage")
    made = Stored(chosen(drawn.copy(folder / "a project")), folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setenv("TRACED", str(made.traced))
        made.text = made.run("all", "finals")
    return made


@pytest.fixture
def known(variables, monkeypatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_all_results_are_those_of_a_run_without_a_storage(stored, drawn, tmp_path):
    plain = chosen(drawn.copy(tmp_path / "plain"))
    plain.run("all", "finals")
    expected, found = outcome(plain.path("results")), outcome(stored.store / "results")
    assert expected.keys() == found.keys() and len(expected) > 60
    assert [name for name in expected if expected[name] != found[name]] == []


def test_tables_and_report_are_in_the_project_too(stored):
    assert "copied into results/" in stored.text and str(stored.store / "results") in stored.text
    for name in ("tables/scores.txt", "report.html", "manifest.json", "methods.md"):
        here = stored.project.path(f"results/{name}")
        assert here.read_bytes() == (stored.store / "results" / name).read_bytes()


def test_every_file_that_a_command_opens_is_declared(stored):
    """Declared: an input or output by Snakemake's notes of the job that the command belongs to."""
    declared, jobs = declarations(stored)
    seen, undeclared = set(), set()
    for notes in sorted(stored.traced.iterdir()):
        calls = [json.loads(line) for line in notes.read_text().splitlines()]
        command = calls[0][2][0] if calls else "plan"
        opened = [(kind, below(path)) for kind, path, _ in calls]
        wrote = {path for kind, path in opened if kind == "os.rename" and path}
        if command == "plan" or not wrote:
            continue
        job = next(declared[path] for path in wrote if path in declared)
        seen.add(command)
        for path in wrote - jobs[job]["output"]:
            in_folder = str(Path(path).parent) in jobs[job]["output"]
            if not path.endswith("/live.csv") and not in_folder:
                undeclared.add((command, "writes", path))
        reads = {path for kind, path in opened if kind == "read" and path} - wrote
        files = {path for path in reads if (stored.store / path).is_file()}
        for path in files - jobs[job]["input"] - jobs[job]["output"]:
            if not path.startswith("results/benchmarks/"):
                undeclared.add((command, "reads", path))
    stages = {"align", "crop", "magnify", "interpolate", "flow", "pack", "archive"}
    assert seen == stages | {
        *("split", "train", "final", "score", "choose", "skipped", "table", "report"),
        *("provenance", "jitter"),
    }
    assert sorted(undeclared) == []


def declarations(stored: Stored) -> tuple[dict[str, str], dict[str, dict[str, set[str]]]]:
    """Return output -> job, and job -> its inputs and outputs."""
    declared, jobs = {}, {}
    prefix = f"{stored.store}/"
    for file in stored.project.path(".snakemake/metadata").rglob("*"):
        if not file.is_file():
            continue
        name = base64.b64decode(file.name.removeprefix("@")).decode().removeprefix(prefix)
        about = json.loads(file.read_text())
        job = f"{about['rule']} {sorted(about['log'])}"
        inputs = {one.removeprefix(prefix) for one in about["input"]}
        declared[name] = job
        found = jobs.setdefault(job, {"input": inputs, "output": set()})
        found["output"].add(name)
    return declared, jobs


def below(path: str) -> str:
    """Return a path from results/ on; empty for folders, plans and unfinished files."""
    start = path.rfind("results/")
    name = path[start:]
    return "" if ".part-" in name or "/plans/" in path or not Path(name).suffix else name


def test_a_second_run_has_nothing_to_do(stored, known):
    assert "Nothing to be done" in stored.run("all", "finals", "--dry-run")
    stored.project.path(".snakemake/metadata").rename(stored.project.path("metadata"))
    shutil.rmtree(stored.project.path(".snakemake/merflow"))
    # What merflow itself compares is in the storage: another machine knows it too.
    assert "Nothing to be done" in stored.run("all", "finals", "--dry-run")
    stored.project.path("metadata").rename(stored.project.path(".snakemake/metadata"))


def test_other_settings_rerun_what_depends_on_them(stored, known):
    before = stored.project.config["preparations"]["grey32"]["interpolate"]["length"]
    stored.project.config["preparations"]["grey32"]["interpolate"]["length"] = before + 1
    text = stored.run("--dry-run")
    stored.project.config["preparations"]["grey32"]["interpolate"]["length"] = before
    assert "stale, made again where needed" in text
    table = dict(re.findall(r"^(\w+) +(\d+)$", text.split("Job stats:")[-1], re.MULTILINE))
    assert table["interpolate"] == "8" and table["pack"] == "2" and table["train"] == "8"
    assert "align" not in table and "flow" not in table


def test_a_record_that_is_lost_in_the_storage_makes_its_job_run(stored, known):
    record = stored.store / "results/records/skipped.json"
    kept = record.read_bytes()
    record.unlink()
    text = stored.run("--dry-run")
    record.write_bytes(kept)
    assert "nothing shows what they were made from" in text
    assert re.search(r"^skipped +1$", text, re.MULTILINE)


def test_a_copy_of_the_storage_verifies(stored, tmp_path):
    project = stored.project.copy(tmp_path / "copy")
    shutil.rmtree(project.path("results"))
    shutil.copytree(stored.store / "results", project.path("results"))
    done = project.merflow("verify")
    assert done.returncode == 0 and "unknown" not in done.stdout, done.stdout + done.stderr


def test_a_node_needs_nothing_but_the_storage(stored, known, tmp_path):
    """The process of a job, as an executor starts it, in an empty folder."""
    packed = stored.store / "results/grey32/packed/composite/x10.h5"
    expected = packed.read_bytes()
    packed.unlink()
    node = tmp_path / "node"
    shutil.copytree(ROOT / "workflow", node / "workflow")
    shutil.copy(ROOT / "Snakefile", node)
    shutil.copy(stored.project.path("config.yaml"), node / "config.yaml")
    plan = json.loads((stored.store / "results/records/plan.json").read_text())["made"]["plan"]
    words = [
        *("--snakefile", "Snakefile", "--configfiles", "config.yaml", "--mode", "remote"),
        *("--target-jobs", "pack:preparation=grey32,collection=composite,factor=x10"),
        *("--allowed-rules", "pack", "--cores", "1", "--force", "--nolock", "--no-hooks"),
        *("--config", f"plan_id=_{plan}", "together=,", "archived=1", *stored.flags, *UNSHARED),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *words], cwd=node, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert packed.read_bytes() == expected
