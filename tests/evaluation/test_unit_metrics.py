"""F1 of action units: against scikit-learn, and the published counts of CD6ME."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from merflow.clip import ClipKey
from merflow.evaluation.cd6me import CLIPS, COUNTS, UNITS, differences, statement
from merflow.evaluation.clip_limits import ratio_values
from merflow.evaluation.metrics import value
from merflow.evaluation.protocols import folds
from merflow.evaluation.unit_metrics import (
    binary_f1,
    by_dataset,
    everything_present,
    macro_f1,
    precision,
    recall,
    unit_counts,
)
from merflow.evaluation.unit_thresholds import best_thresholds

ORDER = ("casme", "casme2", "samm", "fourdme", "mmew", "casme3")


def published():
    """Counts of predicting every unit in every clip of the published table, (6, 12, 2, 2)."""
    found = np.zeros((6, 12, 2, 2), np.int64)
    for row, name in enumerate(ORDER):
        present = np.array(COUNTS[name])
        found[row, :, 1, 0], found[row, :, 0, 0] = present, CLIPS[name] - present
    return everything_present(found)


def test_the_published_table_sums_up():
    assert sum(CLIPS.values()) == 2031
    totals = np.sum(list(COUNTS.values()), axis=0)
    assert totals.tolist() == [304, 280, 708, 134, 60, 252, 117, 75, 176, 277, 52, 86]
    assert [sum(COUNTS[n]) for n in ORDER] == [217, 363, 168, 401, 444, 928]


def test_all_ones_on_the_published_counts():
    everything = published()
    pooled = 100 * ratio_values(binary_f1(everything.sum(0)))
    wanted = [26.0, 24.2, 51.7, 12.4, 5.7, 22.1, 10.9, 7.1, 15.9, 24.0, 5.0, 8.1]
    np.testing.assert_allclose(pooled, wanted, atol=0.05)
    assert pooled.mean() == pytest.approx(17.77, abs=0.005)
    parts = 100 * value(binary_f1(everything))
    np.testing.assert_allclose(parts, [16.08, 19.40, 15.33, 20.16, 20.72, 15.12], atol=0.005)
    spread = by_dataset(everything, np.arange(6)).sum(0)
    assert 100 * value(binary_f1(spread)) == pytest.approx(17.80, abs=0.005)
    assert value(macro_f1(everything.sum(0))) == pytest.approx(pooled.mean() / 200)


def test_a_guess_by_shares_expects_the_share_as_its_f1():
    """In the mean over many draws: F1 of two independent draws with one share is the share."""
    pooled = published().sum(0)
    share = pooled[:, 1].sum(-1) / pooled.sum((-2, -1))
    assert 100 * share.mean() == pytest.approx(10.34, abs=0.005)
    rng = np.random.default_rng(0)
    truth = rng.random((200_000, 12)) < share
    guesses = rng.random(truth.shape) < share
    counts = unit_counts(truth.astype(float), guesses, np.zeros(len(truth), int), 1)[0]
    np.testing.assert_allclose(ratio_values(binary_f1(counts)), share, atol=0.01)


def test_scores_equal_those_of_scikit_learn_on_random_tables():
    rng = np.random.default_rng(1)
    truth = (rng.random((300, 5)) < [0.1, 0.5, 0.9, 0.02, 0.0]).astype(float)
    predicted = rng.random((300, 5)) < 0.3
    counts = unit_counts(truth, predicted, np.zeros(300, int), 1)[0]
    theirs = f1_score(truth.astype(int), predicted, average=None, zero_division=0)
    np.testing.assert_allclose(ratio_values(binary_f1(counts)), theirs)
    assert theirs[4] == 0  # A unit that no clip has.
    flavour = [f1_score(t, p, average="macro", zero_division=0)
               for t, p in zip(truth.T.astype(int), predicted.T, strict=True)]  # fmt: skip
    assert value(macro_f1(counts)) == pytest.approx(np.mean(flavour))
    assert ratio_values(precision(counts))[1] == pytest.approx(
        (truth[:, 1] * predicted[:, 1]).sum() / predicted[:, 1].sum()
    )
    assert ratio_values(recall(counts))[1] == pytest.approx(
        (truth[:, 1] * predicted[:, 1]).sum() / truth[:, 1].sum()
    )


def test_unclear_labels_are_in_no_cell():
    truth = np.array([[1, np.nan], [0, 1], [np.nan, np.nan]])
    predicted = np.ones((3, 2), bool)
    counts = unit_counts(truth, predicted, np.array([0, 0, 1]), 2)
    assert counts[0].tolist() == [[[0, 1], [0, 1]], [[0, 0], [0, 1]]]
    assert counts[1].sum() == 0


def test_cd6me_tests_each_dataset_once_and_trains_on_the_others():
    keys = [ClipKey(n, f"s{i % 20}", f"c{i}") for n, many in CLIPS.items() for i in range(many)]
    labels = [f"AU{i % 3}" for i in range(len(keys))]
    made = folds(keys, labels, "cd6me")
    assert len(made) == 6
    assert sorted(len(f.test) for f in made) == sorted(CLIPS.values())
    for fold in made:
        assert fold.trained + len(fold.test) == 2031
        sides = [{keys[i].dataset for i in side} for side in (fold.train, fold.test)]
        assert sides[0].isdisjoint(sides[1]) and len(sides[1]) == 1


def test_counts_are_compared_with_the_published_ones():
    truth = np.zeros((159, 12))
    for column, count in enumerate(COUNTS["samm"]):
        truth[:count, column] = 1
    readers = {"samm": "samm"}
    same = differences(readers, ["samm"] * 159, UNITS, truth)
    assert len(same) == 13 and all(d.here == d.published for d in same)
    truth[0, 8] = np.nan  # a choice left open
    other = differences(readers, ["samm"] * 159, UNITS, truth)
    assert [(d.unit, d.here, d.published) for d in other if d.here != d.published] == [
        ("AU12", 27, 28)
    ]
    text = statement(readers, other, generated=False)
    assert "samm: AU12 27 (28)" in text and "without casme, casme2" in text


def test_the_best_threshold_is_found_and_a_unit_without_clips_keeps_one_half():
    truth = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], float)
    chances = np.array([[0.4, 0.1], [0.3, 0.9], [0.2, 0.2], [0.1, 0.3]])
    found = best_thresholds(truth, chances)
    np.testing.assert_allclose(found, [0.25, 0.5])


def test_of_equally_good_thresholds_the_nearest_to_one_half_is_taken():
    truth, chances = np.array([[1.0], [0.0]]), np.array([[0.9], [0.2]])
    assert best_thresholds(truth, chances).tolist() == [0.5]


def test_the_best_threshold_equals_a_search_over_all():
    rng = np.random.default_rng(4)
    for _ in range(20):
        truth = (rng.random((40, 1)) < 0.3).astype(float)
        truth[0] = 1
        chances = rng.random((40, 1)).round(2)
        found = best_thresholds(truth, chances)[0]
        present = chances > np.append(np.linspace(0, 1, 1001), found)
        hits = (present * truth).sum(0)
        f1 = 2 * hits / (present.sum(0) + truth.sum())
        assert f1[-1] == pytest.approx(f1.max())
