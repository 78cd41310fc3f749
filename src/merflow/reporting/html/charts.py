"""Curves of a training prepared for drawing: which share a panel, and their paths on the page."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from merflow.reporting.training_records import Curve

LEFT, RIGHT, TOP, BOTTOM = 38.0, 290.0, 10.0, 136.0
MOST_POINTS = 120


class Line(NamedTuple):
    """One curve as SVG paths."""

    name: str
    band: str
    middle: str


class Chart(NamedTuple):
    """A drawing of measures over epochs; ticks: (value, y); label: its last values as text."""

    name: str
    label: str
    series: list[Line]
    ticks: list[tuple[str, float]]
    first: str
    last: str


def panels(found: Sequence[Curve], top: float) -> list[tuple[str, list[Curve], float]]:
    """Return (name, curves, top of the scale): losses up to `top`, measures in 0..1 up to 1.

    A measure of another range has no scale and is left out.
    """
    shares = [c for c in found if "loss" not in c.name and np.nanmax(c.high) <= 1 + 1e-9]
    groups = ((_losses(found), top), (shares, 1.0))
    return [
        (group[0].name.removeprefix("val_"), [_named(curve) for curve in group], height)
        for group, height in groups
        if group
    ]


def highest_loss(found: Sequence[Curve]) -> float:
    """Return the top of the scale on which losses are drawn."""
    return max((float(np.nanmax(curve.high)) for curve in _losses(found)), default=1.0) or 1.0


def chart(name: str, series: Sequence[Curve], top: float) -> Chart:
    """Return the drawing of curves on a scale from 0 to `top`."""
    first = min(float(c.epochs[0]) for c in series)
    last = max(float(c.epochs[-1]) for c in series)
    scale = (first, max(last - first, 1e-9), top)
    ends = ", ".join(f"{c.name} {c.mid[-1]:.3g}" for c in series)
    return Chart(
        name,
        f"{name}, at the end: {ends}",
        [_line(curve, *scale) for curve in series],
        [(f"{v:g}", BOTTOM - v / top * (BOTTOM - TOP)) for v in ticks(top)],
        f"{first:g}",
        f"{last:g}",
    )


def _line(curve: Curve, first: float, span: float, top: float) -> Line:
    count = len(curve.epochs)
    keep = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))
    xs = LEFT + (curve.epochs[keep] - first) / span * (RIGHT - LEFT)

    def points(values: np.ndarray) -> list[str]:
        ys = BOTTOM - np.clip(values[keep] / top, 0, 1) * (BOTTOM - TOP)
        return [f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True) if math.isfinite(y)]

    band = points(curve.high) + points(curve.low)[::-1]
    return Line(curve.name, f"M{'L'.join(band)}z", f"M{'L'.join(points(curve.mid))}")


def ticks(top: float) -> list[float]:
    """Return three to six round numbers from 0 up to `top`.

    >>> ticks(1.0), ticks(2.3)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 0.5, 1.0, 1.5, 2.0])
    """
    if not (math.isfinite(top) and top > 0):
        return [0.0]
    size = 10.0 ** math.floor(math.log10(top / 4))
    step = next((f * size for f in (1, 2, 2.5, 5) if top / (f * size) <= 5), 10 * size)
    return [round(step * i, 12) for i in range(int(top / step + 1e-9) + 1)]


def _named(curve: Curve) -> Curve:
    return replace(curve, name="inner folds" if "val_" in curve.name else "training")


def _losses(found: Sequence[Curve]) -> list[Curve]:
    return [curve for curve in found if "loss" in curve.name]
