"""Figure of spotting: precision and false alarms against recall, over thresholds."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from merflow.evaluation.intervals.curve import CurvePoint
from merflow.evaluation.intervals.scores import FULL, OVERALL
from merflow.reporting.figures.style import COLOURS, DASHES, PAGE, row_of, write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "interval_curve"


def write_curve(folder: Path, points: Sequence[CurvePoint]) -> list[Path]:
    """Write interval_curve.svg and .pdf of the points; remove earlier ones where there are none."""
    if points:
        return write_figure(folder / NAME, lambda figure: draw_curve(figure, points))
    for kind in ("svg", "pdf"):
        (folder / f"{NAME}.{kind}").unlink(missing_ok=True)
    return []


def draw_curve(figure: "Figure", points: Sequence[CurvePoint]) -> None:
    """Draw the curves of all datasets together, one line for each type."""
    figure.set_size_inches(PAGE, 2.6)
    left, right = row_of(figure, 2)
    timed = not any(math.isnan(one.false_per_minute) for one in points)
    kinds = dict.fromkeys(one.kind for one in points)
    for number, kind in enumerate(kinds):
        line = [one for one in points if (one.part, one.kind) == (FULL, kind)]
        look = {"color": COLOURS[number], "ls": DASHES[number], "marker": ".", "ms": 3}
        alarms = [one.false_per_minute if timed else one.false_per_video for one in line]
        recall = [one.recall for one in line]
        left.plot(recall, [one.precision for one in line], label=kind or OVERALL, **look)
        right.plot(alarms, recall, **look)
    left.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    unit = "minute" if timed else "video"
    right.set(xlabel=f"false alarms per {unit}", ylabel="recall", ylim=(0, 1.02))
    right.set_xlim(left=0)
    if len(kinds) > 1:
        left.legend()
