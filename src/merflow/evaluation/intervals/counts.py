"""Precision, recall and F1 from counts, and whether printed scores agree with their counts."""

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


def inconsistent(counts: Counts, printed: Mapping[str, str]) -> dict[str, float]:
    """Return the printed scores that the counts do not give, with what they give.

    printed: `precision`, `recall`, `f1` as text; a score agrees if it is within one unit of its
    last printed digit, so that rounding and cutting both pass.
    """
    true = {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}
    return {
        name: true[name]
        for name, text in printed.items()
        if abs(float(text) - true[name]) >= last_digit(text)
    }


def consistent(tp: int, fp: int, fn: int, **printed: str) -> bool:
    """Return whether counts give the printed `precision`, `recall` and `f1` (as text)."""
    return not inconsistent(Counts(tp, fp, fn), printed)


def last_digit(text: str) -> float:
    """Return one unit of the last digit of a printed number: 0.001 for `.185`."""
    return 10.0 ** -len(text.partition(".")[2])
