"""The report's drawings: numbers in, inline SVG out, small enough to draw hundreds of them.

Colours and line styles are the page's (classes in report.css), so that one drawing serves the
light, the dark and the printed page. Every drawing says in words what it shows (aria-label).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from merflow.reporting.markup import Html, el, text


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
    width, height = max(230, 60 + 46 * len(points)), 190
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
    step, high, top = 13, 90, 6
    names = max((len(bar.name) for bar in bars), default=1)
    width, height = 34, top + high + 12 + 7 * min(names, 14) + 16
    most = max((bar.total for bar in bars), default=1)
    base = top + high
    marks = [_grid_line(30, 0, base, "0"), _grid_line(30, 0, top, str(most))]
    groups: list[tuple[str, float, float]] = []
    x = float(width)
    for number, bar in enumerate(bars):
        if not number or bar.group != bars[number - 1].group:
            x += 10 if number else 0
            groups.append((bar.group, x, x))
        marks.append(_bar(bar, x, base, high / most, step))
        x += step
        groups[-1] = (*groups[-1][:2], x)
    for name, start, end in groups:
        shown = name if 6 * len(name) <= end - start + 8 else name[: max(2, int(end - start) // 6)]
        marks.append(
            el("text", shown, x=_n((start + end) / 2), y=height - 4, text_anchor="middle", class_="b")
        )  # fmt: skip
    marks.append(_line(30, base, x, base, "axis"))
    return _svg(int(x) + 6, height, label, *marks)


def _bar(bar: Bar, x: float, base: float, unit: float, step: int) -> Html:
    wide = step - 4
    tall, full = _n(bar.total * unit), _n(bar.right * unit)
    name = bar.name if len(bar.name) <= 14 else f"{bar.name[:13]}…"
    at = f"rotate(-90 {_n(x + 8)} {_n(base + 6)})"
    return el(
        "g",
        el("title", f"{bar.group}/{bar.name}: {bar.right} of {bar.total} right"),
        el("path", d=f"M{_n(x + 2)} {_n(base)}v-{tall}h{wide}v{tall}z", class_="all"),
        el("path", d=f"M{_n(x + 2)} {_n(base)}v-{full}h{wide}v{full}z", class_="right"),
        el("text", name, x=_n(x + 8), y=_n(base + 6), text_anchor="end", transform=at, class_="s"),
    )


def curves(series: Sequence[Curve], top: float, *, label: str) -> Html:
    """Return measures over epochs, 0 to `top`: the median over folds in its band."""
    width, height = 300, 170
    left, right, up, bottom = 38.0, width - 10.0, 10.0, height - 34.0
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
        x = left + 6 + 90 * number
        marks.append(el("text", curve.name, x=_n(x), y=height - 4, class_=f"b {kind}"))
    marks.append(el("text", f"{first:g}", x=left, y=height - 20, text_anchor="middle"))
    if last > first:
        marks.append(el("text", f"{last:g} epochs", x=right, y=height - 20, text_anchor="end"))
    return _svg(width, height, label, *marks)


def ticks(top: float) -> list[float]:
    """Return three to six round numbers from 0 up to `top`.

    >>> ticks(1.0), ticks(2.3)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 0.5, 1.0, 1.5, 2.0])
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
