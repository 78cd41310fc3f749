"""Prepared flow through the whole workflow: packed, trained, scored, verified, exported."""

import csv

import cv2
import flow_layouts
import numpy as np
import pytest
from project import Project
from sklearn.svm import SVC

from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset

CLASSES = flow_layouts.CLASSES


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    pictures = flow_layouts.made(every=12)
    flow_layouts.write_loso(folder / "pictures", pictures)
    project = Project(folder)
    project.config = flow_layouts.config(
        folder / "pictures", "loso", svm={"method": "flow_pixels_svm"}
    )
    planned = project.jobs()
    project.run("--cores", "2", "--quiet")
    return project, pictures, planned


def test_preparation_that_has_nothing_to_do_makes_no_job(run):
    _, pictures, planned = run
    assert {*planned} == {
        *("plan", "pack", "skipped", "split", "train", "score", "table", "report", "manifest")
    }
    assert planned["pack"] == 1 and planned["train"] == 6
    assert len({one.subject for one in pictures}) == 6


def test_predictions_are_those_of_a_plain_script(run):
    project, pictures, _ = run
    x = np.stack([one.picture.ravel() / 255 for one in pictures])
    y = np.array([CLASSES.index(one.label) for one in pictures])
    wanted = {}
    for _, train, test in flow_layouts.folds(pictures):
        machine = SVC(kernel="linear", C=1).fit(x[train], y[train])
        wanted |= {pictures[i][:3]: CLASSES[machine.predict(x[[i]])[0]] for i in test}
    with open(project.path("results/runs/svm/x1/seed0/pooled.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    assert {
        tuple(r[k] for k in ("dataset", "subject", "clip")): r["predicted"] for r in rows
    } == wanted


def test_the_protocol_line_declares_channels_zero_and_scaling(run):
    text = " ".join(run[0].path("results/tables/scores.txt").read_text().split())
    assert (
        "samm (labels in folder names, prepared flow u-v-strain, per picture min-max, zero" in text
    )


def test_a_changed_picture_is_found_and_packed_again(run):
    project, pictures, _ = run
    assert project.merflow("verify").returncode == 0
    one = pictures[0]
    root = project.path("pictures") / flow_layouts.LOSO
    path = root / one.subject / f"u_test/{CLASSES.index(one.label)}/{one.subject}_{one.clip} .png"
    kept = path.read_bytes()
    path.unlink()
    cv2.imwrite(str(path), 255 - one.picture)
    try:
        found = project.merflow("verify")
        assert found.returncode == 2 and path.name in found.stdout
        jobs = project.jobs()
        assert jobs["pack"] == 1 and jobs["train"] == 6 and "align" not in jobs
    finally:
        path.write_bytes(kept)


def test_an_export_of_the_run_is_read_back_as_it_was(run, tmp_path):
    project, pictures, _ = run
    done = project.merflow("export", tmp_path / "out", "--experiment", "svm", "--layout", "htnet")
    assert done.returncode == 0, done.stderr
    assert f"{len(pictures)} clips of 6 subjects exported" in done.stdout
    clips = read_dataset("all", DatasetEntry(root=str(tmp_path / "out"), reader="flow_pictures"))
    found = {clip.key[1:]: clip for clip in clips.required().clips}
    for one in pictures:
        clip = found[one.subject, one.clip]
        assert clip.emotion == one.label
        image = cv2.imread(f"{clip.folder}/{clip.files[0]}")
        assert np.array_equal(image[..., ::-1], one.picture)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--experiment", "svm", "--layout", "htnet", "--factor", "x10"], "has no such factor"),
        (["--experiment", "svn", "--layout", "htnet"], "did you mean 'svm'"),
        (["--experiment", "svm", "--layout", "ststnet"], "ststnet"),
        (["--experiment", "svm", "--layout", "frames", "--form", "video"], "one image a clip"),
    ],
)
def test_an_export_that_cannot_be_is_refused(run, tmp_path, words, message):
    done = run[0].merflow("export", tmp_path / "out", *words)
    assert done.returncode in (1, 2) and message in done.stderr + done.stdout
    assert not (tmp_path / "out").exists()


def test_bi_woof_on_pictures_is_refused_before_any_job(run, tmp_path):
    project = run[0].copy(tmp_path / "copy")
    project.config["experiments"]["svm"]["method"] = "flow_svm"
    done = project.snakemake("--dry-run")
    assert done.returncode != 0
    assert "flow_svm counts the directions of motion" in done.stdout
