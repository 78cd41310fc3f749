"""Limits of a metric for as many independent clips."""

import numpy as np
import pytest
from composite_counts import composite

from merflow.evaluation.clip_limits import clip_limits, wilson
from merflow.evaluation.confidence import interval
from merflow.evaluation.metrics import METRICS, accuracy_ratios, recall_ratios, value


def test_wilson_as_published():
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_accuracy_has_the_limits_of_a_proportion_over_all_clips():
    matrix = np.array([[70, 5, 5], [2, 20, 3], [1, 4, 10]])
    assert clip_limits(matrix, accuracy_ratios) == pytest.approx(wilson(100 / 120, 120), abs=0.003)


def test_the_mean_recall_has_the_limits_of_independent_proportions():
    matrix = np.array([[70, 5, 5], [2, 20, 3], [1, 4, 10]])
    recalls, counts = np.diag(matrix) / matrix.sum(1), matrix.sum(1)
    ends = wilson(recalls, counts)
    lo = recalls.mean() - np.sqrt(((recalls - ends.lo) ** 2).sum()) / 3
    hi = recalls.mean() + np.sqrt(((ends.hi - recalls) ** 2).sum()) / 3
    assert clip_limits(matrix, recall_ratios) == pytest.approx((lo, hi), abs=1e-9)


@pytest.mark.parametrize("metric", ["uf1", "uar"])
def test_a_perfect_table_is_as_uncertain_as_its_smallest_class(metric):
    many, few = np.diag([92, 26, 60]), np.diag([92, 26, 3])
    ends = [clip_limits(matrix, METRICS[metric]) for matrix in (many, few)]
    assert ends[0].hi == ends[1].hi == 1
    assert ends[1].lo < ends[0].lo - 0.05
    assert ends[1].lo < wilson(1.0, 121).lo - 0.1


@pytest.mark.parametrize("metric", ["uf1", "uar"])
def test_a_class_without_true_clips_adds_no_uncertainty(metric):
    found = clip_limits(np.array([[20, 0, 2], [1, 9, 0], [0, 0, 0]]), METRICS[metric])
    assert 0 < found.lo < found.hi < 2 / 3


@pytest.mark.parametrize(("part", "metric"), [("samm", "uar"), ("samm", "uf1"), ("casme2", "uar")])
def test_nearly_perfect_tables_cover_the_truth(part, metric):
    # 300 tables: a coverage of .95 has a standard error of .013.
    counts, strata = composite(part)
    chances = np.array([[1, 0, 0], [0, 1, 0], [0.05, 0.05, 0.9]])
    truth = value(METRICS[metric](chances * counts.sum(0)[:, None]))
    rng, hits = np.random.default_rng(4), 0
    for _ in range(300):
        subjects = rng.multinomial(counts, np.broadcast_to(chances, (len(counts), 3, 3)))
        lo, hi = interval(subjects, strata, METRICS[metric], resamples=200)
        hits += lo <= truth <= hi
    assert 0.92 <= hits / 300 <= 0.995
