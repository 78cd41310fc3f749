"""A property that tells the class is found; one that does not seldom is, however subjects differ."""

import numpy as np

from merflow.evaluation.label_channels import binned, channel


def drawn(rng, subjects=12, clips=8, classes=3):
    owner = np.repeat(np.arange(subjects), clips)
    return owner, rng.integers(0, classes, len(owner))


def test_a_value_that_is_the_class_tells_it_and_one_of_the_subject_does_not():
    owner, y = drawn(np.random.default_rng(0))
    assert channel(y.tolist(), y.tolist(), owner.tolist()).tells
    assert not channel(owner.tolist(), y.tolist(), owner.tolist()).tells
    marked = (y == 1).tolist()
    assert channel(marked, y.tolist(), owner.tolist()).tells


def test_random_values_tell_nothing_also_when_subjects_differ_in_class_and_value():
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(100):
        owner, y = drawn(rng)
        y[rng.random(len(y)) < 0.5] = 0
        numbers = rng.normal(size=len(y)) + 3 * owner
        found += channel(binned(numbers), y.tolist(), owner.tolist()).tells
    assert found == 0


def test_few_clips_or_subjects_are_not_judged():
    assert not channel([0, 1] * 5, [0, 1] * 5, range(10)).tells
    assert not channel([0, 1] * 20, [0, 1] * 20, [0] * 20 + [1] * 20).tells


def test_many_numbers_are_put_into_bins_of_equal_counts():
    assert binned([5, 5, 9]) == [0, 0, 1]
    assert np.ptp(np.bincount(binned(np.arange(1200.0)))) <= 1
