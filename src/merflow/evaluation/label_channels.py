"""Whether a property of the files, such as a frame count, tells the class of unseen subjects."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

LEAST_GAIN = 0.15
"""A property is reported if its UAR exceeds that of guessing by this much."""
PERMUTATIONS = 500
BINS = 12
"""Numbers with more different values are put into as many bins of equal clip counts."""
LEAST_SUBJECTS, LEAST_CLIPS = 3, 12


class Channel(NamedTuple):
    """How well a property predicts the class of subjects that were left out.

    uar: unweighted average recall; guess: that of guessing; tells: it is above chance.
    """

    uar: float
    guess: float
    tells: bool


def channel(
    values: Sequence[Hashable], labels: Sequence[str], subjects: Sequence[Hashable]
) -> Channel:
    """Return how well the values of N clips predict their labels, subject by subject left out.

    For each clip, the class that its value has most often among the other subjects is predicted.
    Above chance: no one of PERMUTATIONS random orders of the labels predicts as well, and the UAR
    exceeds that of guessing by LEAST_GAIN.
    """
    names, y = np.unique(np.asarray(labels), return_inverse=True)
    value = _codes(values)
    guess = 1 / max(1, len(names))
    owner = _codes(subjects)
    enough = owner.max(initial=-1) + 1 >= LEAST_SUBJECTS and len(y) >= LEAST_CLIPS
    if not enough or len(names) < 2 or value.max() == 0:
        return Channel(guess, guess, False)
    uar = _uar(value, y, owner)
    if uar < guess + LEAST_GAIN:
        return Channel(uar, guess, False)
    rng = np.random.default_rng(0)
    best = max(_uar(value, rng.permutation(y), owner) for _ in range(PERMUTATIONS))
    return Channel(uar, guess, bool(uar > best))


def binned(numbers: Sequence[float]) -> list[int]:
    """Return numbers as few different values: themselves, or their bins of equal clip counts."""
    given = np.asarray(numbers, float)
    distinct, place = np.unique(given, return_inverse=True)
    if len(distinct) > BINS:
        edges = np.quantile(given, np.linspace(0, 1, BINS + 1)[1:-1])
        place = np.searchsorted(edges, given)
    return [int(code) for code in place]


def _codes(values: Sequence[Hashable]) -> np.ndarray:
    """Return (N,) int64 numbers, equal for equal values, in order of appearance."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.int64)


def _uar(value: np.ndarray, y: np.ndarray, owner: np.ndarray) -> float:
    """Return the UAR of predicting each clip by the other subjects' clips of the same value."""
    shape = (owner.max() + 1, value.max() + 1, y.max() + 1)
    own = np.zeros(shape)
    np.add.at(own, (owner, value, y), 1)
    others = own.sum(axis=0) - own
    size = own.sum(axis=(0, 1))
    # Relative to the size of the class: UAR weighs classes equally. Unseen values: no class.
    score = others[owner, value] / size
    predicted = np.where(score.max(axis=1) > 0, score.argmax(axis=1), -1)
    right = np.bincount(y, predicted == y, minlength=len(size))
    return float((right / size).mean())
