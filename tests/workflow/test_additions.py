"""Datasets added to a finished project run their own stages and what names them, no more."""

import json

import full_size
import pytest
from project import ROOT, Project

from merflow.paths import record

FACTORS, ADDED = 2, 2


def test_two_more_datasets_leave_the_other_experiment_alone(project):
    for name in ("casme_sq", "casme3"):
        words = ["demo", "faces", "--small", "--subjects", "1", "--clips", "3"]
        done = project.merflow(*words, "--dataset", name)
        assert done.returncode == 0, done.stderr
        project.config["datasets"][name] = {"root": f"faces/{name}"}
    # A dataset that no experiment names is not even looked at; the settings printed name it.
    assert project.jobs() == {"table": 1, "report": 1, "manifest": 1}
    quick = project.config["experiments"]["quick"]
    project.config["collections"]["all"] = ["smic", "casme2", "samm", "casme_sq", "casme3"]
    project.config["experiments"]["more"] = {**quick, "collection": "all"}
    found = project.jobs()
    assert found["align"] == ADDED and found["crop"] == ADDED
    assert found["magnify"] == ADDED and found["interpolate"] == ADDED * FACTORS
    assert found["pack"] == FACTORS and found["split"] == 1 and found["score"] == FACTORS
    text = project.run("--dry-run")
    assert "quick x1" not in text and "more x1" in text


@pytest.fixture(scope="module")
def full_scale(full_size_datasets, tmp_path_factory):
    """Return a project of the five micro-expression datasets at their published size."""
    project = Project(tmp_path_factory.mktemp("full scale"))
    names = ["smic", "casme2", "samm", "casme_sq", "casme3"]
    for name in names:
        project.config["datasets"][name] = {"root": str(full_size_datasets / name)}
    project.config["collections"] = {"all": names, "official": names[:3]}
    quick = project.config["experiments"]["quick"] | {"factors": [1, 10, 25, 50]}
    project.config["experiments"] = {
        "all": {**quick, "collection": "all"},
        "official": {**quick, "collection": "official"},
    }
    project.config["folds_per_job"] = 1
    return project


def test_the_dag_of_five_datasets_at_full_scale(full_scale):
    found = full_scale.jobs()
    clips = sum(len(full_size.plan(n).expected) for n in full_scale.config["datasets"])
    assert clips > 1400
    # 68 folds of the official composite at four factors, and those of all five datasets.
    assert found["train"] > 4 * (68 + 100) and found["magnify"] == found["align"], (
        "one job for x10, x25, x50"
    )
    assert (ROOT / "docs/performance.md").exists()


def with_pretraining(project, collection):
    quick = project.config["experiments"]["quick"]
    begun = {"preparation": "grey32", "collection": collection, "training": {"epochs": 2}}
    project.config["pretrainings"] = {"begun": begun}
    project.config["experiments"] = {"quick": {**quick, "factors": [1], "pretrain": "begun"}}


def test_a_pretraining_is_a_job_whose_weights_the_folds_wait_for(project):
    words = ["demo", "faces", "--small", "--subjects", "2", "--clips", "7", "--dataset", "jaffe"]
    assert project.merflow(*words).returncode == 0
    project.config["datasets"]["jaffe"] = {"root": "faces/jaffe"}
    project.config["collections"]["stills"] = ["jaffe"]
    with_pretraining(project, "stills")
    found = project.jobs()
    assert found["pretrain"] == 1 and found["align"] == 2 and found["train"] == 6
    project.config["folds_per_job"] = 1
    fold = "results/runs/quick/x1/seed0/smic-s01"
    project.run(f"{fold}/predictions.csv")
    weights = "results/pretrained/begun/weights.weights.h5"
    assert project.path(weights).stat().st_size > 1000
    assert weights in json.loads(project.text(record(f"{fold}/run.json")))["read"]


def test_a_pretraining_on_tested_subjects_is_refused_whatever_their_name(project):
    project.config["datasets"]["other_name"] = {"root": "faces/smic", "reader": "smic"}
    project.config["collections"]["same"] = ["other_name"]
    with_pretraining(project, "same")
    done = project.snakemake("--dry-run")
    assert done.returncode != 0
    assert "was trained on 2 of the tested subjects: smic/s01" in done.stdout
