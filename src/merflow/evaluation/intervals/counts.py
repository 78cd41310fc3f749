"""Precision, recall and F1 from counts, and whether printed scores follow from counts."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Counts(NamedTuple):
    """Hits, false alarms and misses, summed over recordings before any ratio is taken."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """TP over predictions; 0 without predictions."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """TP over annotated intervals; 0 without any."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """2 TP over (2 TP + FP + FN); 0 without a hit."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def scores(self) -> dict[str, float]:
        """Return precision, recall and F1 by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    rows = list(counts)
    return Counts(*(sum(row[i] for row in rows) for i in range(3)))


def ratio(above: float, below: float) -> float:
    """Return a ratio; 0 over nothing."""
    return above / below if below else 0.0


def harmonic(one: float, other: float) -> float:
    """Return the harmonic mean of two scores; 0 where both are 0."""
    return ratio(2 * one * other, one + other)


LEAST_DIGITS = 3
"""Printed scores are compared with the digits they have, and at least these."""


def inconsistent(
    printed: Mapping[str, float | None], expected: Mapping[str, float]
) -> dict[str, float]:
    """Return the scores that are not printed as expected, with the expected values.

    Printed scores may be rounded or cut. A score that is not printed cannot differ.
    """
    return {
        name: value
        for name, value in expected.items()
        if (shown := printed.get(name)) is not None and not _agree(shown, value)
    }


def _agree(printed: float, value: float) -> bool:
    digits = max(LEAST_DIGITS, len(f"{printed:.9g}".partition(".")[2]))
    return abs(printed - value) <= 1.01 * 10**-digits
