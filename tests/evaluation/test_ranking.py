"""ROC and precision-recall curves: against scikit-learn, with ties, and for classes without clips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from merflow.evaluation.ranking import ranking, rankings

CASES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])),
    min_size=2,
    max_size=60,
).filter(lambda rows: 0 < sum(truth for truth, _ in rows) < len(rows))


@given(CASES)
def test_areas_and_curves_are_those_of_scikit_learn(rows):
    truth, chances = (np.array(column) for column in zip(*rows, strict=True))
    found = ranking(truth, chances)
    assert found.roc_area == pytest.approx(roc_auc_score(truth, chances))
    assert found.average_precision == pytest.approx(average_precision_score(truth, chances))
    x, y, thresholds = roc_curve(truth, chances, drop_intermediate=False)
    np.testing.assert_allclose(found.roc(), (x, y))
    np.testing.assert_array_equal(found.thresholds, thresholds)
    precision, recall, _ = precision_recall_curve(truth, chances)
    np.testing.assert_allclose(found.precision_recall(), (recall[::-1], precision[::-1]))


def test_three_classes_one_against_the_rest():
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 200)
    raised = rng.random((200, 3)) + np.eye(3)[truth]
    p = raised / raised.sum(1, keepdims=True)
    areas = [one.roc_area for one in rankings(truth, p)]
    expected = roc_auc_score(truth, p, multi_class="ovr", average=None)
    assert areas == pytest.approx(list(expected))


@given(CASES, st.integers(0, 5))
def test_the_order_of_the_clips_does_not_count(rows, seed):
    truth, chances = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(seed).permutation(len(rows))
    one, two = ranking(truth, chances), ranking(truth[order], chances[order])
    np.testing.assert_array_equal(one.hits, two.hits)
    assert one.roc_area == two.roc_area


def test_equal_probabilities_are_one_step_and_an_area_of_one_half():
    found = ranking(np.array([True, False, True, False]), np.full(4, 0.3))
    assert len(found.thresholds) == 2
    assert (found.roc_area, found.average_precision, found.share) == (0.5, 0.5, 0.5)


def test_a_perfect_and_an_inverted_order():
    truth = np.array([True, True, False, False])
    assert ranking(truth, np.array([0.9, 0.8, 0.2, 0.1])).roc_area == 1
    assert ranking(truth, np.array([0.1, 0.2, 0.8, 0.9])).roc_area == 0


@pytest.mark.parametrize("truth", [[], [True], [False], [True, True], [False, False, False]])
def test_a_class_without_clips_or_with_all_has_no_area(truth):
    found = ranking(np.array(truth, bool), np.linspace(0, 1, len(truth)))
    assert not found.defined
    assert np.isnan([found.roc_area, found.average_precision]).all()
    assert found.positives == sum(truth)


@pytest.mark.parametrize(
    ("truth", "chances"),
    [([True], [0.1, 0.2]), ([[True]], [[0.1]]), ([True, False], [0.1, float("nan")])],
)
def test_arrays_that_do_not_match_are_refused(truth, chances):
    with pytest.raises(ValueError, match="probabilities"):
        ranking(np.array(truth), np.array(chances))
