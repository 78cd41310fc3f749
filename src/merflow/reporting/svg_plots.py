"""The report's drawings: numbers in, inline SVG out, small enough to draw hundreds of them.

Colours and line styles are the page's (classes in report.css), so that one drawing serves the
light, the dark and the printed page. Every drawing says in words what it shows (aria-label).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from merflow.reporting.html.markup import Html, el, text

NAME = 14
"""Longer names are cut on drawings; hovering shows the whole."""


@dataclass(frozen=True, slots=True)
class Point:
    """A score of one factor: mean, 95% interval (NaN: none), and each seed's own score."""

    label: str
    value: float
    lo: float
    hi: float
    seeds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """What a score is held against, in [0, 1]: the largest class's score and the guesses' band."""

    floor: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A measure over epochs: (E,) epochs, and (E,) low, middle and high over the folds."""

    name: str
    epochs: np.ndarray
    low: np.ndarray
    mid: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, slots=True)
class Bar:
    """A subject: its dataset, its name, how many of its clips are right, and how many there are."""

    group: str
    name: str
    right: int
    total: int


def forest(point: Point, guess: Guess, *, label: str) -> Html:
    """Return one row of a forest plot: the score's interval over the band of guesses, 0 to 1."""
    width, height, middle = 168, 20, 10

    def x(value: float) -> str:
        return _n(4 + value * (width - 8))

    marks = [el("line", x1=4, x2=width - 4, y1=middle, y2=middle, class_="axis")]
    if not math.isnan(guess.lo):
        marks.append(_box(float(x(guess.lo)), 2, float(x(guess.hi)), height - 2, "guess"))
    marks.append(el("line", x1=x(guess.floor), x2=x(guess.floor), y1=2, y2=18, class_="floor"))
    if not math.isnan(point.lo):
        marks.append(el("path", d=f"M{x(point.lo)} {middle}H{x(point.hi)}", class_="range"))
    marks.append(el("circle", cx=x(point.value), cy=middle, r=4, class_="dot"))
    return _svg(width, height, label, *marks)


def forest_axis() -> Html:
    """Return the scale that stands above a column of `forest` rows."""
    ticks = [
        el("text", word, x=4 + v * 160, y=10, text_anchor=anchor)
        for v, word, anchor in ((0, "0", "start"), (0.5, ".5", "middle"), (1, "1", "end"))
    ]
    return _svg(168, 12, "scale from 0 to 1", *ticks)


def effect(points: Sequence[Point], guess: Guess, *, label: str) -> Html:
    """Return scores against factors, 0 to 1, with intervals, floor and band of guesses."""
    width, height = max(250, 60 + 46 * len(points)), 190
    left, right, top, bottom = 30.0, width - 8.0, 8.0, height - 26.0

    def y(value: float) -> float:
        return bottom - value * (bottom - top)

    step = (right - left) / len(points)
    places = [left + step * (i + 0.5) for i in range(len(points))]
    marks = _grid(left, right, [(y(v), f"{v:g}".lstrip("0") or "0") for v in (0, 0.25, 0.5, 0.75)])
    marks += _grid(left, right, [(y(1), "1")])
    if not math.isnan(guess.lo):
        marks.append(_box(left, y(guess.hi), right, y(guess.lo), "guess"))
    marks.append(_line(left, y(guess.floor), right, y(guess.floor), "floor"))
    way = "M" + "L".join(f"{_n(x)} {_n(y(p.value))}" for x, p in zip(places, points, strict=True))
    marks.append(el("path", d=way, class_="link"))
    for x, point in zip(places, points, strict=True):
        if not math.isnan(point.lo):
            lo, hi = _n(y(point.lo)), _n(y(point.hi))
            bar = f"M{_n(x)} {lo}V{hi}M{_n(x - 4)} {lo}h8M{_n(x - 4)} {hi}h8"
            marks.append(el("path", d=bar, class_="range"))
        if len(point.seeds) > 1:
            marks += [el("circle", cx=_n(x + 9), cy=_n(y(s)), r=2) for s in point.seeds]
        marks.append(el("circle", cx=_n(x), cy=_n(y(point.value)), r=4, class_="dot"))
        marks.append(el("text", point.label, x=_n(x), y=height - 8, text_anchor="middle"))
    return _svg(width, height, label, *marks)


def subject_bars(bars: Sequence[Bar], *, label: str) -> Html:
    """Return a bar a subject: its clips, those predicted right filled; datasets side by side."""
    step = min(30.0, max(13.0, 700 / max(1, len(bars))))
    top, base, left = 6, 96, 30
    names = max((len(bar.name) for bar in bars), default=1)
    height = base + 12 + 6 * min(names, NAME) + 20
    most = max((bar.total for bar in bars), default=1)
    marks = [_grid_line(left, 0, base, "0"), _grid_line(left, 0, top, str(most))]
    x = left + 4.0
    for group in dict.fromkeys(bar.group for bar in bars):
        members = [bar for bar in bars if bar.group == group]
        for number, bar in enumerate(members):
            marks.append(_bar(bar, x + number * step, base, (base - top) / most, step))
        # A dataset of one subject still gets room for its name.
        wide = max(len(members) * step, 7.0 * min(len(group), NAME))
        shown = group if 7 * len(group) <= wide else f"{group[: int(wide / 7) - 1]}…"
        at = {"x": _n(x), "y": height - 4}
        marks.append(el("text", shown, **at, class_="b"))
        marks.append(_line(x, base, x + wide, base, "axis"))
        x += wide + 14
    return _svg(int(x), height, label, *marks)


def _bar(bar: Bar, x: float, base: float, unit: float, step: float) -> Html:
    wide, middle = _n(step - 4), x + step / 2
    tall, full = _n(bar.total * unit), _n(bar.right * unit)
    name = bar.name if len(bar.name) <= NAME else f"{bar.name[: NAME - 1]}…"
    at = {"x": _n(middle + 3), "y": base + 6}
    turned = f"rotate(-90 {at['x']} {at['y']})"
    return el(
        "g",
        el("title", f"{bar.group}/{bar.name}: {bar.right} of {bar.total} right"),
        el("path", d=f"M{_n(x + 2)} {_n(base)}v-{tall}h{wide}v{tall}z", class_="all"),
        el("path", d=f"M{_n(x + 2)} {_n(base)}v-{full}h{wide}v{full}z", class_="right"),
        el("text", name, **at, text_anchor="end", transform=turned, class_="s"),
    )


def matrix(counts: np.ndarray, classes: Sequence[str], *, label: str) -> Html:
    """Return a confusion matrix, (C, C) clips, rows truth, shaded by shares of a row."""
    cell, left, top = 58, 78, 34
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    marks = []
    for i, name in enumerate(classes):
        short = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
        x, y = left + cell * (i + 0.5), top + cell * (i + 0.5)
        marks.append(el("text", short, x=_n(x), y=top - 8, text_anchor="middle"))
        marks.append(el("text", short, x=left - 8, y=_n(y + 4), text_anchor="end"))
    for (i, j), count in np.ndenumerate(counts):
        x, y, side = left + cell * j, top + cell * i, cell - 2
        shade = {"class_": "right", "fill_opacity": f"{0.06 + 0.44 * share[i, j]:.2f}"}
        marks.append(el("rect", x=x + 1, y=y + 1, width=side, height=side, rx=3, **shade))
        for said, down, kind in ((str(count), 27, "b k"), (f"{share[i, j]:.0%}", 42, "s k")):
            at = {"x": x + cell / 2, "y": y + down}
            marks.append(el("text", said, **at, text_anchor="middle", class_=kind))
    side = cell * len(classes)
    return _svg(left + side + 4, top + side + 4, label, *marks)


def curves(series: Sequence[Curve], top: float, *, label: str) -> Html:
    """Return measures over epochs, 0 to `top`: the median over folds in its band."""
    width, up, bottom = 300, 10.0, 136.0
    height = 170 if len(series) > 1 else 156
    left, right = 38.0, width - 10.0
    last = max(float(c.epochs[-1]) for c in series)
    first = min(float(c.epochs[0]) for c in series)
    span = max(last - first, 1e-9)

    def place(epochs: np.ndarray, values: np.ndarray) -> list[str]:
        xs = left + (epochs - first) / span * (right - left)
        ys = bottom - np.clip(values / top, 0, 1) * (bottom - up)
        return [f"{_n(x)} {_n(y)}" for x, y in zip(xs, ys, strict=True) if math.isfinite(y)]

    marks = _grid(left, right, [(bottom - v / top * (bottom - up), f"{v:g}") for v in ticks(top)])
    for number, curve in enumerate(series):
        kind = f"c{number % 4}"
        keep = _thinned(len(curve.epochs))
        epochs = curve.epochs[keep]
        band = place(epochs, curve.high[keep]) + place(epochs, curve.low[keep])[::-1]
        line = place(epochs, curve.mid[keep])
        if not line:
            continue
        marks.append(el("path", d=f"M{'L'.join(band)}z", class_=f"band {kind}"))
        marks.append(el("path", d=f"M{'L'.join(line)}", class_=f"line {kind}"))
        if len(series) > 1:
            x = _n(left + 90 * number)
            marks.append(el("text", curve.name, x=x, y=height - 4, class_=f"b {kind}"))
    marks.append(el("text", f"{first:g}", x=left, y=bottom + 15, text_anchor="middle"))
    if last > first:
        marks.append(el("text", f"{last:g} epochs", x=right, y=bottom + 15, text_anchor="end"))
    return _svg(width, height, label, *marks)


def ticks(top: float) -> list[float]:
    """Return three to six round numbers from 0 up to `top`.

    >>> ticks(1.0), ticks(2.3)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 0.5, 1.0, 1.5, 2.0])
    """
    if not (math.isfinite(top) and top > 0):
        return [0.0]
    size = 10.0 ** math.floor(math.log10(top / 4))
    for step in (size, 2 * size, 2.5 * size, 5 * size, 10 * size):
        if top / step <= 5:
            break
    return [round(step * i, 12) for i in range(int(top / step + 1e-9) + 1)]


def _thinned(count: int, most: int = 120) -> np.ndarray:
    """Return positions of at most `most` of `count` points, ends included."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _grid(left: float, right: float, lines: Sequence[tuple[float, str]]) -> list[Html]:
    return [_grid_line(left, right, y, word) for y, word in lines]


def _grid_line(left: float, right: float, y: float, word: str) -> Html:
    number = el("text", word, x=_n(left - 4), y=_n(y + 3.5), text_anchor="end")
    return Html((_line(left, y, right, y, "grid") if right > left else "") + number)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Html:
    return el("line", x1=_n(x1), y1=_n(y1), x2=_n(x2), y2=_n(y2), class_=kind)


def _box(x1: float, y1: float, x2: float, y2: float, kind: str) -> Html:
    return el("rect", x=_n(x1), y=_n(y1), width=_n(x2 - x1), height=_n(y2 - y1), class_=kind)


def _svg(width: float, height: float, label: str, *marks: Html) -> Html:
    size = {"viewBox": f"0 0 {_n(width)} {_n(height)}", "width": _n(width), "height": _n(height)}
    return el("svg", *marks, role="img", aria_label=text(label), **size)


def _n(value: float) -> str:
    """Return a coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")
