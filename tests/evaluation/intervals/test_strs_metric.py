"""The data of STRS-Metric (244 intervals) score as its program prints, where they are at hand.

They have no licence, so they are not in the tree: MERFLOW_STRS_METRIC names the folder with gt.csv
and pred.csv (github.com/genbing99/STRS-Metric, data/).
"""

import os
from pathlib import Path

import numpy as np
import pytest

from merflow.evaluation.interval_files.table import read_intervals
from merflow.evaluation.intervals.analysis import confusion, summed_counts
from merflow.evaluation.intervals.scores import match
from merflow.evaluation.intervals.summary import emotions_of, summary

FOLDER = os.environ.get("MERFLOW_STRS_METRIC")
pytestmark = pytest.mark.skipif(not FOLDER, reason="MERFLOW_STRS_METRIC is not set")


@pytest.fixture(scope="module")
def data():
    predicted = read_intervals(Path(FOLDER) / "pred.csv", negative=True).intervals
    truth = read_intervals(Path(FOLDER) / "gt.csv").intervals
    return predicted, truth, match(predicted, truth, rule="megc-str")


def scores_of(data, emotions):
    (row,) = summary(data[2], emotions=emotions, resamples=100)
    values = (*row.analysis[1:6], row.counts.f1, row.strs)
    return [f"{value:.4f}" for value in values]


def test_all_emotions(data):
    assert data[2].counts() == (159, 85, 85)
    found = scores_of(data, emotions_of(*data[:2]))
    assert found == ["0.5983", "0.5872", "0.5927", "0.5766", "0.5983", "0.6516", "0.3862"]


def test_without_others(data):
    emotions = [emotion for emotion in emotions_of(*data[:2]) if emotion != "others"]
    found = scores_of(data, emotions)
    assert found == ["0.7955", "0.5538", "0.6530", "0.6259", "0.7955", "0.6516", "0.4255"]


def test_counts_of_each_emotion(data):
    emotions = emotions_of(*data[:2])
    pairs = [pair for group in data[2].groups for pair in group.emotions()]
    table = confusion(pairs, emotions)
    tp = np.diagonal(table)
    fp, fn = table.sum(0)[:-1] - tp, table.sum(1) - tp
    found = dict(zip(emotions, zip(*(c.tolist() for c in (tp, fp, fn)), strict=True), strict=True))
    assert found == {
        "disgust": (18, 10, 25),
        "happiness": (8, 11, 4),
        "others": (49, 35, 19),
        "repression": (4, 6, 13),
        "surprise": (17, 1, 2),
    }
    assert summed_counts(table, official=True) == (96, 63, 63)
    others = confusion(pairs, [emotion for emotion in emotions if emotion != "others"])
    assert summed_counts(others, official=True) == (47, 9, 9)


def test_one_to_one_finds_the_same_where_each_recording_has_one_interval(data):
    assert match(*data[:2]).counts() == (159, 85, 85)
