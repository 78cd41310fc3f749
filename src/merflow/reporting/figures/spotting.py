"""Figures of a spotting run: time lines of truth and predictions, and scores over thresholds."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow.evaluation.intervals.curve import CurvePoint
from merflow.evaluation.intervals.floor import floor_f1, random_counts
from merflow.evaluation.intervals.scores import FULL
from merflow.reporting.figures.style import (
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    PAGE,
    SMALLER,
    short,
    write_figure,
)
from merflow.workflow.spotters import Track
from merflow.workflow.spotting_scores import Spotted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, MARGIN = 0.42, 0.7
"""Height of a recording, and of axis and legend (in)."""
MOST_ROWS = 60
"""Recordings in a figure; of more, those with the most wrong intervals are shown."""


def draw_spotting(
    folder: Path, spotted: Spotted, tracks: Sequence[Track], found: Sequence[CurvePoint]
) -> list[Path]:
    """Write timeline and curve as .svg and .pdf; return their paths."""
    return [
        *write_figure(folder / "timeline", lambda figure: draw_timeline(figure, spotted, tracks)),
        *write_figure(folder / "curve", lambda figure: draw_curve(figure, spotted, found)),
    ]


def draw_timeline(figure: "Figure", spotted: Spotted, tracks: Sequence[Track]) -> None:
    """Draw each recording: its scores, annotated intervals below, spotted ones above."""
    wrong = {group.key: group.counts.fp + group.counts.fn for group in spotted.matched().groups}
    shown = sorted(tracks, key=lambda track: -wrong.get(track.key, 0))[:MOST_ROWS]
    shown = sorted(shown, key=lambda track: track.key)
    figure.set_size_inches(PAGE, MARGIN + ROW * max(1, len(shown)))
    rows = figure.subplots(max(1, len(shown)), 1, squeeze=False)[:, 0]
    hits = {
        (group.key, group.predictions[p].onset)
        for group in spotted.matched().groups
        for p, _, _ in group.matching.pairs
    }
    for axes, track in zip(rows, shown, strict=False):
        seconds = np.arange(len(track.scores)) / track.fps
        low, high = _range(track.scores)
        axes.plot(seconds, (track.scores - low) / (high - low), color="0.5", lw=0.8)
        for one in spotted.truths:
            if tuple(one.key) == tuple(track.key):
                _bar(axes, one.onset, one.offset, track, -0.35, GREY)
        for one in spotted.predictions:
            if tuple(one.key) == tuple(track.key):
                hit = (one.key, one.onset) in hits
                _bar(axes, one.onset, one.offset, track, 1.1, GREEN if hit else ORANGE)
        axes.set(ylim=(-0.4, 1.4), yticks=[], xlim=(0, max(seconds[-1], 1e-6)))
        axes.spines["left"].set_visible(False)
        name = f"{track.key.subject} {short(track.key.clip)}"
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=SMALLER)
        if axes is not rows[len(shown) - 1]:
            axes.set_xticks([])
    rows[-1].set_xlabel(
        "seconds; below: annotated (grey); above: spotted and annotated (green), false (orange)"
    )


def _range(scores: np.ndarray) -> tuple[float, float]:
    known = scores[np.isfinite(scores)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return low, max(high, low + 1e-9)


def _bar(axes, onset: int, offset: int, track: Track, bottom: float, colour: str) -> None:  # noqa: ANN001
    start = (onset - track.first) / track.fps
    axes.bar(
        start, 0.28, (offset - onset + 1) / track.fps, bottom, align="edge", color=colour, lw=0
    )


def draw_curve(figure: "Figure", spotted: Spotted, found: Sequence[CurvePoint]) -> None:
    """Draw F1, precision and recall over the threshold on the score at the peak, with the floor."""
    figure.set_size_inches(COLUMN, 2.4)
    axes = figure.subplots()
    points = [one for one in found if one.part == FULL]
    x = [one.threshold for one in points]
    for name, colour, line in (
        ("f1", BLUE, "-"),
        ("precision", GREEN, "--"),
        ("recall", ORANGE, ":"),
    ):
        axes.plot(x, [getattr(one, name) for one in points], line, color=colour, label=name)
    floor = floor_f1(random_counts(spotted.matched(), spotted.lengths))
    axes.axhline(floor, color="0.5", lw=0.8, label="random F1, all intervals")
    axes.set(xlabel="threshold on the score at the peak", ylabel="score", ylim=(0, 1.02))
    axes.legend(fontsize=SMALLER)
