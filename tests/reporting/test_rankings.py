"""Curves of a run on the page and in files: classes without clips, predictions without numbers."""

import numpy as np
import pytest
from report_page import rows_of
from report_tree import CLASSES, few

from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import About, score_rows, write_rankings
from merflow.reporting.html.rankings import MOST_POINTS, run_rankings
from merflow.workflow.scoring import as_json


@pytest.mark.parametrize("kept", [("negative",), ("negative", "positive")])
def test_a_class_without_clips_has_no_curve_and_one_class_alone_has_none(tmp_path, kept):
    keys, labels = few()
    rows = [(key, name) for key, name in zip(keys, labels, strict=True) if name in kept]
    pooled = Pooled.of(
        [key for key, _ in rows],
        CLASSES,
        np.array([CLASSES.index(name) for _, name in rows]),
        np.zeros(len(rows), np.int64),
        [""] * len(rows),
        np.random.default_rng(0).dirichlet(np.ones(3), len(rows)),
    )
    found = run_rankings(pooled, "keras")
    assert found.drawn == (len(kept) > 1)
    assert [bool(curve.roc) for curve in found.curves] == [len(kept) > 1, len(kept) > 1, False]
    assert np.isnan(found.curves[2].roc_area)
    write_rankings(tmp_path, pooled)
    areas = {(row["part"], row["class"]): row for row in rows_of(tmp_path / "ranking.csv")}
    assert areas["full", "surprise"]["roc_area"] == ""
    assert areas["full", "surprise"]["clips"] == "0"


def test_predictions_without_probabilities_have_no_curves(tmp_path):
    keys, labels = few()
    truth = np.array([CLASSES.index(name) for name in labels])
    pooled = Pooled.of(keys, CLASSES, truth, truth, [""] * len(keys))
    assert run_rankings(pooled, "command") is None
    write_rankings(tmp_path, pooled)
    assert not list(tmp_path.iterdir())
    named = pooled.changed(probabilities=np.eye(3)[truth])
    assert "names one class a clip" in run_rankings(named, "command").note


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    rng = np.random.default_rng(2)
    keys = [few()[0][0]._replace(clip=f"c{i}") for i in range(2000)]
    truth = rng.integers(0, 3, 2000)
    pooled = Pooled.of(keys, CLASSES, truth, truth, [""] * 2000, rng.dirichlet(np.ones(3), 2000))
    path = run_rankings(pooled, "keras").curves[0].roc
    assert path.startswith("M34.0 168.0") and path.endswith("L194.0 8.0")
    assert path.count("L") < MOST_POINTS


def test_the_counts_of_the_curves_file_end_with_all_clips(tmp_path):
    keys, labels = few()
    truth = np.array([CLASSES.index(name) for name in labels])
    p = np.random.default_rng(0).dirichlet(np.ones(3), len(keys))
    write_rankings(tmp_path, Pooled.of(keys, CLASSES, truth, p.argmax(1), [""] * len(keys), p))
    rows = [r for r in rows_of(tmp_path / "ranking_curves.csv") if r["part"] == "full"]
    for name in CLASSES:
        mine = [row for row in rows if row["class"] == name]
        assert (mine[0]["threshold"], mine[0]["hits"]) == ("inf", "0")
        assert (int(mine[-1]["hits"]), int(mine[-1]["false_alarms"])) == (18, 36)


def test_the_areas_stand_in_scores_json_and_undefined_ones_are_null():
    keys, labels = few()
    truth = np.array([CLASSES.index(name) for name in labels])
    p = np.eye(3)[truth] * 0.5 + 1 / 6
    table = Pooled.of(keys, CLASSES, truth, truth, [""] * len(keys), p)
    found = as_json(
        table, score_rows(table, About("mine", factor="", scheme="three"), resamples=100)
    )
    assert found["parts"]["full"]["roc_area"] == dict.fromkeys(CLASSES, 1.0)
    one = table.take(np.flatnonzero(truth == 0))
    found = as_json(one, score_rows(one, About("mine", factor="", scheme="three"), resamples=100))
    assert found["parts"]["full"]["roc_area"] == dict.fromkeys(CLASSES)
    assert found["parts"]["full"]["average_precision"] == dict.fromkeys(CLASSES)
