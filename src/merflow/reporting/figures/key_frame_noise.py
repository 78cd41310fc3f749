"""UF1 against the distance by which key frames moved, a line for each noise of the training."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.evaluation.columns import KEY_FRAME_NOISE
from merflow.evaluation.schema import records
from merflow.reporting.figures.style import COLOURS, COLUMN, DASHES, write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_run(stem: Path, scores: Path) -> list[Path]:
    """Draw the scores of one run as <stem>.svg and <stem>.pdf."""
    rows = [row for row in records(KEY_FRAME_NOISE.read(scores)) if row.part == "full"]
    return write_figure(stem, partial(draw_noise, rows=rows))


def draw_noise(figure: "Figure", rows: Sequence[Any]) -> None:
    """Draw rows of one experiment and factor, all of part `full`; several seeds as their mean."""
    figure.set_size_inches(COLUMN, 2.4)
    axes = figure.subplots()
    for number, level in enumerate(sorted({row.training_noise for row in rows})):
        trained = [row for row in rows if row.training_noise == level]
        _line(axes, trained, number, level)
    axes.axhline(rows[0].floor_uf1, color="0.4", lw=0.9, ls=":", label="largest class")
    axes.set_xticks(sorted({row.key_frame_noise for row in rows}))
    axes.set_xlabel("tested key frames moved by (frames at 200 per s)")
    axes.set_ylabel("UF1 (0 to 1)")
    axes.set_ylim(0, 1)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)


def _line(axes: "Axes", rows: Sequence[Any], number: int, level: int) -> None:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    name = "trained as annotated" if level == 0 else f"trained with {level} frames"
    known = [row for row in rows if row.apex == "annotated"]
    places = sorted({row.key_frame_noise for row in known})
    points = [_mean([row for row in known if row.key_frame_noise == place]) for place in places]
    shifted = [place + 0.06 * number for place in places]
    look = {"color": colour, "ls": dash, "marker": "o", "ms": 3.5, "capsize": 2, "lw": 1}
    axes.errorbar(shifted, [p[0] for p in points], _bars(points), label=name, **look)
    if unknown := [row for row in rows if row.apex == "unknown"]:
        point = _mean(unknown)
        label = "apex unknown" if number == 0 else None
        look = {"color": colour, "fmt": "D", "ms": 5, "mfc": "none", "capsize": 2, "lw": 1}
        axes.errorbar([-0.25 + 0.06 * number], [point[0]], _bars([point]), label=label, **look)


def _mean(rows: Sequence[Any]) -> tuple[float, float, float]:
    """Return UF1 and the ends of its interval, means over seeds."""
    ends = ("uf1", "uf1_lo", "uf1_hi")
    return tuple(sum(getattr(row, end) for row in rows) / len(rows) for end in ends)


def _bars(points: Sequence[tuple[float, float, float]]) -> list[list[float]] | None:
    """Return the lengths of the error bars; None where an interval is not known."""
    if any(math.isnan(value) for point in points for value in point):
        return None
    below = [max(0.0, value - low) for value, low, _ in points]
    return [below, [max(0.0, high - value) for value, _, high in points]]
