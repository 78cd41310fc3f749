"""Check whether printed scores of intervals follow from the printed counts."""

from typing import Any

LEAST_DIGITS = 3
"""Scores are compared with the digits they have, and at least these."""


def wrong_scores(score: Any) -> list[str]:  # noqa: ANN401
    """Return what does not follow from the counts: `recall .1850, from the counts .2829`."""
    expected = {}
    if None not in (score.tp, score.fp, score.fn):
        tp, fp, fn = score.tp, score.fp, score.fn
        expected = {
            "precision": _share(tp, tp + fp),
            "recall": _share(tp, tp + fn),
            "f1": _share(2 * tp, 2 * tp + fp + fn),
        }
    if None not in (score.analysis_precision, score.analysis_recall):
        p, r = score.analysis_precision, score.analysis_recall
        expected["analysis_f1"] = _share(2 * p * r, p + r)
    if None not in (score.f1, score.analysis_f1):
        expected["strs"] = score.f1 * score.analysis_f1
    return [
        f"{name} {_shown(printed)}, from the rest {_shown(value)}"
        for name, value in expected.items()
        if (printed := getattr(score, name)) is not None and not _agree(printed, value)
    ]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _agree(printed: float, value: float) -> bool:
    """Return whether a print is the value rounded, or cut, to the digits of the print."""
    digits = max(LEAST_DIGITS, len(f"{printed:.9g}".partition(".")[2]))
    return abs(printed - value) <= 1.01 * 10**-digits


def _shown(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")
