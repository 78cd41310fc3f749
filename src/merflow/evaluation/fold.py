"""A fold: which clips are tested, and from which pool the others are trained on."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Fold:
    """One split: `test` and `pool` are positions (int64, ascending) of clips.

    pool: all clips of the fold, those of `test` included. Folds of one pool share its array, so a
    thousand folds of ten thousand clips need the memory of ten thousand numbers, and what depends
    on the pool alone is computed once (`by_pool`).
    """

    name: str
    pool: np.ndarray
    test: np.ndarray

    @classmethod
    def of(cls, name: str, train: Iterable[int], test: Iterable[int]) -> Self:
        """Return a fold from the positions of its training and of its test clips."""
        sides = [np.unique(np.array([*side], np.int64)) for side in (train, test)]
        return cls(name, np.union1d(*sides), sides[1])

    @property
    def train(self) -> np.ndarray:
        """Positions (int64, ascending) of the training clips: the pool without the test clips."""
        inside = np.searchsorted(self.pool, self.test)
        return np.delete(self.pool, inside)

    @property
    def trained(self) -> int:
        """Number of training clips."""
        return len(self.pool) - len(self.test)


def by_pool(made: Iterable[Fold]) -> Iterator[tuple[np.ndarray, list[Fold]]]:
    """Yield each pool with the folds in sequence that share its array, in their order."""
    for _, group in itertools.groupby(made, key=lambda fold: id(fold.pool)):
        folds = list(group)
        yield folds[0].pool, folds


def numbered(names: Iterable[object]) -> tuple[list, np.ndarray]:
    """Return the sorted different names, and (N,) int64, the position of each name among them."""
    names = list(names)
    known = sorted(set(names))
    place = {name: i for i, name in enumerate(known)}
    return known, np.array([place[name] for name in names], np.int64)
