"""ROC and precision-recall curves of a run prepared for drawing, with their areas."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from merflow.evaluation.predictions import Pooled
from merflow.evaluation.ranking import Ranking, rankings

LEFT, RIGHT, TOP, BOTTOM = 34.0, 194.0, 8.0, 168.0
MOST_POINTS = 90
UNCALIBRATED = ("lbptop_svm", "flow_svm", "flow_pixels_svm")
"""Methods that give a softmax of votes and distances in place of probabilities."""


class Curve(NamedTuple):
    """One class: its clips, their share, both areas (NaN: undefined) and both paths."""

    name: str
    clips: int
    share: float
    roc_area: float
    average_precision: float
    roc: str
    precision_recall: str


@dataclass(frozen=True, slots=True)
class Rankings:
    """The curves of all classes; note: what the method's numbers are, where no probabilities."""

    curves: list[Curve]
    note: str

    @property
    def drawn(self) -> bool:
        """Whether some class has clips and others."""
        return any(curve.roc for curve in self.curves)


def run_rankings(pooled: Pooled, method: str) -> Rankings | None:
    """Return the curves over all folds; None for predictions without probabilities."""
    if pooled.probabilities is None:
        return None
    found = rankings(pooled.truth, pooled.probabilities)
    curves = [_curve(name, one) for name, one in zip(pooled.classes, found, strict=True)]
    note = ""
    if method in UNCALIBRATED:
        note = "An SVM gives no probabilities: these are shares of votes, not calibrated. "
    elif np.isin(pooled.probabilities, (0.0, 1.0)).all():
        note = "The program names one class a clip, so each curve has one corner. "
    return Rankings(curves, note)


def _curve(name: str, one: Ranking) -> Curve:
    paths = ["", ""]
    if one.defined:
        paths = [_path(*one.roc()), _path(*one.precision_recall(), steps=True)]
    areas = one.roc_area, one.average_precision
    return Curve(name, one.positives, one.share, *areas, *paths)


def _path(x: np.ndarray, y: np.ndarray, steps: bool = False) -> str:
    """Return the SVG path of a curve in 0..1; steps: y holds until the next x."""
    turns = np.flatnonzero(np.append(True, np.diff(x) != 0) | np.append(True, np.diff(y) != 0))
    if len(turns) > MOST_POINTS:
        chosen = np.linspace(0, len(turns) - 1, MOST_POINTS).round().astype(int)
        turns = turns[chosen]
    across = LEFT + x[turns] * (RIGHT - LEFT)
    down = BOTTOM - y[turns] * (BOTTOM - TOP)
    parts = [f"M{across[0]:.1f} {down[0]:.1f}"]
    for right, low in zip(across[1:], down[1:], strict=True):
        parts.append(f"V{low:.1f}H{right:.1f}" if steps else f"L{right:.1f} {low:.1f}")
    return "".join(parts)
