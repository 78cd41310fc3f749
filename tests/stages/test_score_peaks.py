"""Post-processing of window scores: k, threshold, peaks, intervals."""

import itertools

import numpy as np
import pytest
from scipy.signal import find_peaks

from merflow.stages.score_peaks import (
    Peak,
    at_frames,
    half_length,
    level,
    peaks,
    smoothed,
    spotted,
)

SCORES = np.array([0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1.2, 0])


@pytest.mark.parametrize(("mean", "k"), [(12.58, 6), (35.44, 18), (73.31, 37), (433.77, 217)])
def test_k_of_the_published_datasets(mean, k):
    assert half_length([mean]) == k


def test_k_is_at_least_one_frame():
    assert half_length([0, 0]) == 1


def test_threshold_and_peaks_of_the_published_rule():
    assert level(SCORES, 0.55) == pytest.approx(1.2575)
    assert peaks(SCORES, level(SCORES, 0.55), 4).tolist() == [6]
    assert level(SCORES, 0.3) == pytest.approx(0.845)
    assert peaks(SCORES, level(SCORES, 0.3), 4).tolist() == [2, 6, 10]
    assert peaks(SCORES, level(SCORES, 0.3), 5).tolist() == [6]


@pytest.mark.parametrize("seed", range(20))
def test_peaks_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    scores = rng.random(60)
    for distance in (1, 2, 5, 9):
        known, _ = find_peaks(scores, height=0.4, distance=distance)
        assert peaks(scores, 0.4, distance).tolist() == known.tolist()
    plateaus = np.round(scores, 1)  # Which of two equal peaks is dropped, scipy leaves open.
    assert peaks(plateaus, 0.4, 1).tolist() == find_peaks(plateaus, height=0.4)[0].tolist()


def test_smoothing_is_the_mean_from_k_before_to_k_after_without_the_last():
    means = smoothed(np.arange(10.0), 2)
    assert np.isnan(means[[0, 1, 9]]).all()
    assert means[2:9].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]
    assert np.isnan(smoothed(np.arange(3.0), 2)).all()


def test_scores_between_windows_are_interpolated_and_beyond_them_unknown():
    scores = at_frames(np.array([0.0, 1.0]), np.array([1, 3]), 6)
    assert np.isnan(scores[[0, 4, 5]]).all()
    assert scores[1:4].tolist() == [0, 0.5, 1]
    assert np.isnan(at_frames(np.empty(0), np.empty(0, int), 3)).all()


def test_intervals_stay_inside_the_recording():
    scores = np.zeros(30)
    scores[[8, 24]] = 1
    scores[26:] = np.nan
    found = spotted(scores, 4, 0.3)
    assert found == [Peak(4, 12, pytest.approx(1 / 8))]
    scores = np.where(np.arange(12) < 8, np.arange(12) % 8 == 4, np.nan)
    assert spotted(scores, 1, 0.3) == [Peak(3, 5, pytest.approx(0.5))]
    assert all(0 <= one.first <= one.last <= 11 for one in spotted(scores, 3, 0.1))


def test_peaks_apart_give_no_overlapping_intervals_and_keep_the_higher():
    t = np.arange(60)
    scores = (1 + np.sin(2 * np.pi * t / 5)) * (1 + t / 100)
    published = spotted(scores, 3, 0.2)
    assert any(one.last >= other.first for one, other in itertools.pairwise(published))
    apart = spotted(scores, 3, 0.2, apart=True)
    assert all(one.last < other.first for one, other in itertools.pairwise(apart))
    assert max(published, key=lambda one: one.score) in apart
    assert {(one.first, one.last) for one in apart} <= {(one.first, one.last) for one in published}


def test_a_recording_without_change_has_no_peak():
    assert spotted(np.full(40, 0.3), 4, 0.55) == []
    assert spotted(np.full(5, np.nan), 4, 0.55) == []
