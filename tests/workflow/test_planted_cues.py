"""Shortcuts planted in a demo: each is caught by the control that is meant for it.

The background of every frame gets a grey level that tells the class, and a scheme gives every
dataset one class of its own.
"""

import contextlib

import cv2
import numpy as np
import pytest
from project import DATASETS

from merflow.config.loading import load
from merflow.config.settings import DatasetEntry
from merflow.evaluation.score_table import read_scores
from merflow.reporting.control_notes import parts_above
from merflow.reporting.results_table import wide_tables
from merflow.workflow.plan import Plan

GREY = {"negative": 40, "positive": 128, "surprise": 215}
BY_DATASET = {"smic": "negative", "casme2": "positive", "samm": "surprise"}
EMOTIONS = ("negative", "positive", "surprise", "happiness", "disgust", "repression", "anger")
EMOTIONS += ("contempt", "fear", "sadness")
LOOKS = """
import csv, sys, numpy as np
train, test = (np.load(f"{sys.argv[1]}/{side}.npz") for side in ("train", "test"))
known, new = (side["x"][:, 0].reshape(len(side["x"]), -1).astype(float) for side in (train, test))
names = train["classes"]
means = np.stack([known[train["y"] == k].mean(0) for k in range(len(names))])
answers = ((new[:, None] - means) ** 2).mean(-1).argmin(1)
with open(f"{sys.argv[1]}/predictions.csv", "w", newline="") as file:
    rows = [[*key, names[k]] for key, k in zip(test["keys"], answers)]
    csv.writer(file).writerows([["dataset", "subject", "clip", "predicted"], *rows])
"""
"""A trainer: the class whose mean first frame is nearest."""


def paint_background(project):
    """Paint what lies outside an ellipse round the face, in every frame of every clip."""
    from merflow.datasets.registry import read_dataset

    for name in DATASETS:
        root = project.path(f"faces/{name}")
        for clip in read_dataset(name, DatasetEntry(root=str(root))).clips:
            truth = np.load(root / "truth" / f"{clip.key.subject}-{clip.key.clip}.npz")
            expression, points = str(truth["expression"]), truth["landmarks"]
            if expression not in GREY:
                continue
            low, high = points.min((0, 1)), points.max((0, 1))
            centre, axes = (low + high) / 2, (high - low) * (0.54, 0.66)
            for file in clip.files:
                path = f"{clip.folder}/{file}"
                image = cv2.imread(path)
                face = np.zeros(image.shape[:2], np.uint8)
                ellipse = (tuple(map(int, centre)), tuple(map(int, axes)))
                cv2.ellipse(face, *ellipse, 0, 0, 360, 1, -1)
                image[face == 0] = GREY[expression]
                cv2.imwrite(path, image)


@pytest.fixture(scope="module")
def planted(drawn, tmp_path_factory):
    """A run at x1 on a demo with both cues, and the score tables of its controls."""
    project = drawn.copy(tmp_path_factory.mktemp("planted") / "p")
    paint_background(project)
    program = project.path("looks.py")
    program.write_text(LOOKS)
    plain = {
        "preparation": "grey32",
        "factors": [1],
        "collection": "composite",
        "method": "command",  # seconds, where a network takes minutes
        "command": f"python {program}",
    }
    project.config["preparations"]["grey32"]["crop"]["margin"] = 0.3
    project.config["schemes"] = {
        "by_dataset": {name: dict.fromkeys(EMOTIONS, word) for name, word in BY_DATASET.items()}
    }
    project.config["experiments"] = {
        "masked": {**plain, "control": "masked"},
        "dataset-only": {**plain, "control": "dataset-only"},
        "by-dataset": {**plain, "control": "dataset-only", "scheme": "by_dataset"},
    }
    project.run()
    return project


def above(project, experiment):
    with contextlib.chdir(project.folder):
        plan = Plan(load("results/config.yaml"))
        control = plan.experiment(experiment).control
        for table in wide_tables(read_scores("results/tables/scores.csv")):
            for line in table.lines:
                if line.experiment == experiment:
                    return parts_above(line, table, control)
    raise AssertionError(experiment)


def test_a_background_that_tells_the_class_is_caught_by_the_masked_face(planted):
    assert "full" in above(planted, "masked")
    assert "full" not in above(planted, "dataset-only")


def test_a_dataset_that_tells_the_class_is_caught_by_the_dataset_alone(planted):
    assert "full" in above(planted, "by-dataset")


def test_the_tables_say_so(planted):
    for form in ("txt", "md", "tex"):
        text = " ".join(planted.text(f"results/tables/scores.{form}").split())
        for name in ("masked", "by-dataset"):
            assert f"Negative control above the guesses: {name} x1" in text
        assert "Negative control above the guesses: dataset-only" not in text
    assert "Negative control above the guesses: masked x1" in planted.text("results/report.html")
