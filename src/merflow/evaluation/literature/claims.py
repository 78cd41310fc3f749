"""Check whether printed scores of intervals follow from the printed counts."""

from typing import Any

from merflow.evaluation.intervals.counts import Counts, harmonic, inconsistent, last_digit

LEAST_DIGITS = 3
"""Scores are compared with the digits they have, and at least these: `.300` is read as 0.3."""


def wrong_scores(score: Any) -> list[str]:  # noqa: ANN401
    """Return what does not follow from the rest: `recall .1850, from the rest .2829`."""
    found: dict[str, float] = {}
    if None not in (score.tp, score.fp, score.fn):
        known = {name: getattr(score, name) for name in ("precision", "recall", "f1")}
        printed = {name: _text(value) for name, value in known.items() if value is not None}
        found |= inconsistent(Counts(score.tp, score.fp, score.fn), printed)
    if None not in (score.analysis_precision, score.analysis_recall):
        value = harmonic(score.analysis_precision, score.analysis_recall)
        found |= _unlike("analysis_f1", score.analysis_f1, value)
    if None not in (score.f1, score.analysis_f1):
        found |= _unlike("strs", score.strs, score.f1 * score.analysis_f1)
    return [
        f"{name} {_shown(getattr(score, name))}, from the rest {_shown(value)}"
        for name, value in found.items()
    ]


def _unlike(name: str, printed: float | None, value: float) -> dict[str, float]:
    """Return a score that differs from a print by more than one unit of the print's last digit."""
    if printed is None or abs(printed - value) <= last_digit(_text(printed)):
        return {}
    return {name: value}


def _text(value: float) -> str:
    """Return a score as printed: at least LEAST_DIGITS digits."""
    digits = len(f"{value:.9g}".partition(".")[2])
    return f"{value:.{max(digits, LEAST_DIGITS)}f}"


def _shown(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")
