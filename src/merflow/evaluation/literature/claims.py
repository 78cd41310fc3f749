"""Check whether printed scores of intervals follow from the printed counts."""

from typing import Any

from merflow.evaluation.intervals.counts import Counts, harmonic, inconsistent


def wrong_scores(score: Any) -> list[str]:  # noqa: ANN401
    """Return what does not follow from the counts: `recall .1850, from the counts .2829`."""
    expected = {}
    if None not in (score.tp, score.fp, score.fn):
        expected = Counts(score.tp, score.fp, score.fn).scores()
    if None not in (score.analysis_precision, score.analysis_recall):
        expected["analysis_f1"] = harmonic(score.analysis_precision, score.analysis_recall)
    if None not in (score.f1, score.analysis_f1):
        expected["strs"] = score.f1 * score.analysis_f1
    printed = {name: getattr(score, name) for name in expected}
    return [
        f"{name} {_shown(printed[name])}, from the rest {_shown(value)}"
        for name, value in inconsistent(printed, expected).items()
    ]


def _shown(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")
