"""Intervals and chance, with the subject as the unit."""

import numpy as np
import pytest
from composite_counts import composite

from merflow.evaluation import confidence
from merflow.evaluation.clip_limits import clip_limits, wilson
from merflow.evaluation.confidence import (
    chance_interval,
    chance_p,
    effective_subjects,
    errors,
    interval,
    permuted_scores,
    resample_weights,
    shuffled_by_subject,
    weighted_values,
)
from merflow.evaluation.metrics import METRICS, accuracy_ratios, f1_ratios, recall_ratios, uf1


def simulated(part="full", skill=0.6, seed=0):
    """Confusion matrices of the official subjects for a classifier right with chance `skill`."""
    counts, strata = composite(part)
    chances = np.full((3, 3), (1 - skill) / 2)
    np.fill_diagonal(chances, skill)
    return np.random.default_rng(seed).multinomial(counts, chances), strata


def clips(part="full"):
    """Truth, subject and dataset of every clip of the official counts."""
    counts, strata = composite(part)
    owner = np.repeat(np.arange(len(counts)), counts.sum(1))
    truth = np.concatenate([np.repeat([0, 1, 2], row) for row in counts])
    return truth, owner, strata[owner]


@pytest.mark.parametrize(
    ("part", "expected"), [("full", 33), ("smic", 8.8), ("casme2", 11.8), ("samm", 16.3)]
)
def test_effective_subjects_of_the_composite(part, expected):
    assert effective_subjects(composite(part)[0].sum(1)) == pytest.approx(expected, abs=0.2)


def test_equal_subjects_are_all_effective():
    assert effective_subjects(np.full(12, 7)) == pytest.approx(12)
    assert effective_subjects(np.array([100, 1])) < 1.03


def test_the_same_table_gives_the_same_interval():
    subjects, strata = simulated()
    first = interval(subjects, strata, f1_ratios)
    assert first == interval(subjects, strata, f1_ratios)
    assert first.lo < uf1(subjects.sum(0)) < first.hi


@pytest.mark.parametrize("metric", METRICS)
def test_more_alike_subjects_narrow_the_interval(metric):
    subjects, strata = simulated()
    few = interval(subjects, strata, METRICS[metric])
    many = interval(np.tile(subjects, (9, 1, 1)), np.tile(strata, 9), METRICS[metric])
    assert (many.hi - many.lo) == pytest.approx((few.hi - few.lo) / 3, rel=0.2)


def test_whole_subjects_are_resampled_not_clips():
    # Forty subjects of ten clips, each all right or all wrong: a clip-wise interval would be
    # three times too narrow.
    subjects = np.zeros((40, 2, 2), int)
    subjects[:20, 0, 0] = subjects[:20, 1, 1] = 5
    subjects[20:, 0, 1] = subjects[20:, 1, 0] = 5
    found = interval(subjects, np.zeros(40, int), recall_ratios)
    assert found.hi - found.lo == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 40), rel=0.15)


def test_subjects_are_drawn_within_their_dataset():
    strata = np.array([0, 0, 1, 1, 1])
    weights = resample_weights(strata, 50, np.random.default_rng(0))
    assert (weights[:, :2].sum(1) == 2).all()
    assert (weights[:, 2:].sum(1) == 3).all()


def test_one_subject_has_no_interval_and_a_perfect_table_is_no_certainty():
    perfect = np.tile(np.diag([2, 1, 1]), (5, 1, 1))
    assert np.isnan(interval(perfect[:1], np.zeros(1, int), f1_ratios)).all()
    found = interval(perfect, np.zeros(5, int), f1_ratios)
    assert found == clip_limits(perfect.sum(0), f1_ratios)
    assert found.lo < wilson(1.0, 20).lo and found.hi == 1
    found = interval(perfect, np.zeros(5, int), accuracy_ratios)
    assert found == pytest.approx(wilson(1.0, 20), abs=1e-6)


def test_a_few_subjects_that_are_alike_are_no_certainty():
    alike = np.tile([[2, 0, 0], [0, 2, 0], [0, 1, 1]], (3, 1, 1))
    found = interval(alike, np.zeros(3, int), recall_ratios)
    assert found.lo < 0.63 and found.hi > 0.93


def test_an_interval_stays_inside_zero_and_one():
    for seed in range(20):
        subjects, strata = simulated("smic", 0.97, seed)
        found = interval(subjects, strata, f1_ratios)
        assert 0 <= found.lo <= found.hi <= 1


def test_the_standard_error_is_that_of_many_resamples():
    subjects, strata = simulated()
    once = np.ones((1, len(subjects)))
    weights = resample_weights(strata, 4000, np.random.default_rng(0))
    for metric in METRICS.values():
        spread = weighted_values(weights, metric(subjects)).std()
        assert errors(once, metric(subjects), strata)[0] == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("skill", [0.45, 0.7, 0.9])
def test_the_interval_covers_the_truth_on_the_official_subjects(skill):
    # Clips independent: the truth is the metric at the expected matrix. 200 tables give a
    # coverage of .95 a standard error of .015.
    counts, _ = composite()
    chances = np.full((3, 3), (1 - skill) / 2)
    np.fill_diagonal(chances, skill)
    truth = uf1(counts.sum(0)[:, None] * chances)
    hits = 0
    for seed in range(200):
        subjects, strata = simulated(skill=skill, seed=seed)
        lo, hi = interval(subjects, strata, f1_ratios, resamples=500)
        hits += lo <= truth <= hi
    assert 0.90 <= hits / 200 <= 0.99


def test_exchanges_move_whole_bags_within_a_dataset():
    _, owner, strata = clips()
    shuffled = shuffled_by_subject(owner, strata, 20, np.random.default_rng(0))
    for places in shuffled:
        assert (np.sort(places) == np.arange(len(owner))).all()
        assert (strata[places] == strata).all()
        changes = np.count_nonzero(np.diff(owner[places]))
        assert changes == len(np.unique(owner)) - 1  # every bag still in one piece


def test_guesses_fall_at_chance_and_are_wider_where_a_guess_holds_for_a_subject():
    truth, owner, strata = clips()
    rng = np.random.default_rng(0)
    free = permuted_scores(truth, rng.choice(3, len(truth)), owner, strata, 3)
    tied = permuted_scores(truth, rng.choice(3, 68)[owner], owner, strata, 3)
    for scores in (free, tied):
        assert 0.28 < scores.mean() < 0.38
    widths = [np.ptp(chance_interval(s)) for s in (free, tied)]
    assert widths[1] > 1.2 * widths[0]


@pytest.mark.parametrize("tied", [False, True])
def test_chance_p_is_uniform_for_a_classifier_that_guesses(tied):
    truth, owner, strata = clips("casme2")
    found = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        guess = rng.choice(3, owner.max() + 1)[owner] if tied else rng.choice(3, len(truth))
        scores = permuted_scores(truth, guess, owner, strata, 3, permutations=200)
        matrix = np.bincount(truth * 3 + guess, minlength=9).reshape(3, 3)
        found.append(chance_p(scores, float(uf1(matrix))))
    assert np.mean(np.array(found) <= 0.05) <= 0.12
    assert 0.4 < np.mean(found) < 0.6


def test_skill_is_seen_and_a_constant_answer_is_not_called_skill():
    truth, owner, strata = clips()
    perfect = permuted_scores(truth, truth, owner, strata, 3)
    assert chance_p(perfect, 1.0) == pytest.approx(1 / (1 + confidence.PERMUTATIONS))
    constant = np.zeros_like(truth)
    scores = permuted_scores(truth, constant, owner, strata, 3)
    assert chance_p(scores, float(scores[0])) == 1
