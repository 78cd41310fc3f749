"""Metrics against scikit-learn, against the figures of the field, and against themselves."""

import numpy as np
import pytest

from merflow.evaluation import metrics
from merflow.evaluation.metrics import (
    METRICS,
    baselines,
    confusion,
    grouped_confusion,
    uar,
    uf1,
    value,
)

OFFICIAL = {
    "full": (250, 109, 83),
    "smic": (70, 51, 43),
    "casme2": (88, 32, 25),
    "samm": (92, 26, 15),
}
ALWAYS_NEGATIVE = {  # acc, UF1, UAR as published analyses of the official list give them
    "full": (0.5656, 0.2408, 0.3333),
    "smic": (0.4268, 0.1994, 0.3333),
    "casme2": (0.6069, 0.2518, 0.3333),
    "samm": (0.6917, 0.2726, 0.3333),
}


def random_table(rng):
    classes = int(rng.integers(2, 8))
    truth = rng.choice(classes, rng.integers(1, 200), p=rng.dirichlet(np.ones(classes)))
    right = rng.random(len(truth)) < rng.random()
    return truth, np.where(right, truth, rng.integers(0, classes, len(truth))), classes


def test_scores_equal_scikit_learn_on_a_thousand_random_tables():
    from sklearn import config_context
    from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

    rng = np.random.default_rng(0)
    supported = 0
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for number in range(1000):
            truth, answers, classes = random_table(rng)
            matrix = confusion(truth, answers, classes)
            _, recall, f1, _ = precision_recall_fscore_support(
                truth, answers, labels=range(classes), average="macro", zero_division=0
            )
            assert abs(uf1(matrix) - f1) < 1e-12
            assert abs(uar(matrix) - recall) < 1e-12
            assert abs(metrics.accuracy(matrix) - np.mean(truth == answers)) < 1e-12
            if number % 5 == 0 and len(np.unique(truth)) == classes:
                supported += 1
                assert abs(uar(matrix) - balanced_accuracy_score(truth, answers)) < 1e-12
    assert supported > 100


@pytest.mark.parametrize("part", OFFICIAL)
def test_always_negative_scores_what_the_field_knows(part):
    truth = np.repeat([0, 1, 2], OFFICIAL[part])
    matrix = confusion(truth, np.zeros_like(truth), 3)
    found = (metrics.accuracy(matrix), uf1(matrix), uar(matrix))
    assert np.allclose(found, ALWAYS_NEGATIVE[part], atol=5e-5)
    baseline = baselines(np.array(OFFICIAL[part]))
    assert (baseline.uf1, baseline.uar) == pytest.approx(found[1:], abs=1e-12)


@pytest.mark.parametrize("part", OFFICIAL)
def test_a_perfect_classifier_scores_one(part):
    truth = np.repeat([0, 1, 2], OFFICIAL[part])
    matrix = confusion(truth, truth, 3)
    assert uf1(matrix) == uar(matrix) == metrics.accuracy(matrix) == 1


def test_a_class_without_support_counts_as_zero_and_is_named():
    truth, answers = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    matrix = confusion(truth, answers, 3)
    assert uf1(matrix) == uar(matrix) == pytest.approx(2 / 3)
    assert metrics.unsupported(matrix, ("a", "b", "c")) == ("c",)
    assert metrics.unsupported(matrix[:2, :2], ("a", "b")) == ()


def test_a_single_clip_of_a_class_counts():
    assert uar(confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), 2)) == 0.75
    assert uf1(confusion(np.array([0]), np.array([0]), 2)) == 0.5


def test_the_floors_of_one_clip_and_of_none():
    assert baselines(np.array([1, 0])) == metrics.Baselines(0.5, 0.5)
    assert baselines(np.array([0, 0])) == metrics.Baselines(0, 0)


def test_mean_of_folds_is_not_the_pooled_score():
    # Two subjects of one class each, all answers right: folds would average to 1/3.
    truth, group = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2])
    each = grouped_confusion(truth, truth, group, 3)
    assert uf1(each).mean() == pytest.approx(1 / 3)
    assert uf1(each.sum(0)) == 1


@pytest.mark.parametrize("name", METRICS)
class TestEveryMetric:
    def table(self, seed):
        return random_table(np.random.default_rng(seed))

    @pytest.mark.parametrize("seed", range(20))
    def test_order_does_not_matter(self, name, seed):
        truth, answers, classes = self.table(seed)
        order = np.random.default_rng(seed).permutation(len(truth))
        first = confusion(truth, answers, classes)
        assert (first == confusion(truth[order], answers[order], classes)).all()
        assert 0 <= value(METRICS[name](first)) <= 1

    @pytest.mark.parametrize("seed", range(20))
    def test_names_of_classes_do_not_matter(self, name, seed):
        truth, answers, classes = self.table(seed)
        names = np.random.default_rng(seed).permutation(classes)
        first = value(METRICS[name](confusion(truth, answers, classes)))
        second = value(METRICS[name](confusion(names[truth], names[answers], classes)))
        assert first == pytest.approx(second, abs=1e-12)

    @pytest.mark.parametrize("seed", range(20))
    def test_splitting_into_folds_and_pooling_changes_nothing(self, name, seed):
        truth, answers, classes = self.table(seed)
        group = np.random.default_rng(seed).integers(0, 7, len(truth))
        pooled = grouped_confusion(truth, answers, group, classes).sum(0)
        whole = confusion(truth, answers, classes)
        assert value(METRICS[name](pooled)) == value(METRICS[name](whole))

    @pytest.mark.parametrize("seed", range(20))
    def test_a_right_answer_more_never_lowers_it(self, name, seed):
        truth, answers, classes = self.table(seed)
        wrong = np.flatnonzero(truth != answers)
        if not len(wrong):
            return
        better = answers.copy()
        better[wrong[0]] = truth[wrong[0]]
        before = value(METRICS[name](confusion(truth, answers, classes)))
        assert value(METRICS[name](confusion(truth, better, classes))) >= before

    def test_stacked_matrices_score_as_each_alone(self, name):
        matrices = np.random.default_rng(0).integers(0, 5, (4, 6, 3, 3))
        found = value(METRICS[name](matrices))
        assert found.shape == (4, 6)
        assert found[2, 3] == value(METRICS[name](matrices[2, 3]))

    def test_ratios_are_sums_over_subjects(self, name):
        subjects = np.random.default_rng(0).integers(0, 5, (9, 3, 3))
        for each, pooled in zip(
            METRICS[name](subjects), METRICS[name](subjects.sum(0)), strict=True
        ):
            assert np.allclose(each.sum(0), pooled)


def test_wrong_class_numbers_are_refused():
    with pytest.raises(ValueError, match=r"outside 0\.\.2"):
        confusion(np.array([0, 3]), np.array([0, 1]), 3)
    with pytest.raises(ValueError, match="do not match"):
        confusion(np.array([0, 1]), np.array([0]), 3)
