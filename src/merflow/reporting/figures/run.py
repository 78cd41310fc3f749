"""Figures of a run: training curves, confusion matrices, clips right by subject, ROC and PR."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow.evaluation.predictions import Pooled
from merflow.evaluation.ranking import Ranking, rankings
from merflow.evaluation.run_id import run_of
from merflow.evaluation.unit_predictions import UnitTable
from merflow.reporting.captions import number, part_name
from merflow.reporting.figures.style import (
    BLUE,
    COLOURS,
    COLUMN,
    DASHES,
    GREY,
    ORANGE,
    PAGE,
    SMALLER,
    row_of,
    short,
    write_figure,
)
from merflow.reporting.html.charts import highest_loss, panels
from merflow.reporting.html.runs import Bar, Matrix, matrices, subjects
from merflow.reporting.training_records import Attempts, Curve, read_training
from merflow.text import plural
from merflow.workflow.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = {COLUMN: 28, PAGE: 60}
FEWEST_BARS = 8
"""Subjects in a row of bars, so that their names do not touch."""
CELL = 0.4
"""Least side (in) of a cell of a confusion matrix."""
BESIDE = 0.9
"""Room (in) for the names beside and below the matrices."""


def draw_run(folder: Path, plan: Plan, pooled: Pooled | UnitTable) -> list[Path]:
    """Write the figures of a scored run into its folder and return their paths."""
    known = read_training(folder, plan.fold_names(run_of(folder).experiment), Attempts())
    return write_figures(folder, pooled, known.curves)


def write_figures(folder: Path, pooled: Pooled | UnitTable, found: Sequence[Curve]) -> list[Path]:
    """Write curves, confusion, subjects and, of probabilities, ranking as .svg and .pdf."""
    drawings: dict[str, Callable[[Figure], None]] = {
        "curves": lambda figure: draw_curves(figure, found),
        "subjects": lambda figure: draw_subjects(figure, subjects(pooled)),
    }
    if isinstance(pooled, UnitTable):
        drawings["confusion"] = lambda figure: draw_units(figure, pooled)
    else:
        drawings["confusion"] = lambda figure: draw_matrices(
            figure, matrices(pooled), pooled.classes
        )
    if pooled.probabilities is not None:
        ranked = rankings(pooled.truth, pooled.probabilities)
        if any(one.defined for one in ranked):
            drawings["ranking"] = lambda figure: draw_ranking(figure, ranked, pooled.classes)
    return [path for name, draw in drawings.items() for path in write_figure(folder / name, draw)]


def draw_curves(figure: "Figure", found: Sequence[Curve]) -> None:
    """Draw losses and measures over epochs: the median over folds in the band of most folds."""
    one_step = not found or max(len(curve.epochs) for curve in found) == 1
    groups = [] if one_step else panels(found, highest_loss(found))
    figure.set_size_inches(COLUMN, 1.8 if groups else 0.4)
    if not groups:
        figure.text(0.5, 0.5, "Fitted in one step: no curve", ha="center", va="center")
    for axes, (name, curves, top) in zip(row_of(figure, len(groups)), groups, strict=True):
        for curve, colour, dash in zip(curves, (BLUE, ORANGE), DASHES, strict=False):
            axes.fill_between(curve.epochs, curve.low, curve.high, color=colour, alpha=0.18, lw=0)
            axes.plot(curve.epochs, curve.mid, color=colour, linestyle=dash, label=curve.name)
        axes.set(xlabel="epoch", ylabel=name if "loss" in name else f"{name} (0 to 1)")
        axes.set_ylim(0, top * 1.02)
        axes.locator_params(axis="x", integer=True, nbins=4)
        if len(curves) > 1:
            axes.legend(handlelength=1.5)


def draw_matrices(figure: "Figure", found: Sequence[Matrix], classes: Sequence[str]) -> None:
    """Draw one confusion matrix per part: clips, and their share of the row (truth) as shade."""
    names = [short(name) for name in classes]
    side = CELL * len(names) + 0.12
    width = COLUMN if len(found) * side + BESIDE <= COLUMN or len(found) == 1 else PAGE
    across = max(1, min(len(found), int((width - BESIDE) / side)))
    down = math.ceil(len(found) / across)
    figure.set_size_inches(width, down * (min((width - BESIDE) / across, side + 0.4) + BESIDE))
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for axes, matrix in zip(grid, found, strict=False):
        axes.imshow(matrix.share, cmap=_blues(), vmin=0, vmax=1)
        for i, row in enumerate(matrix.counts):
            for j, count in enumerate(row):
                axes.text(j, i, str(count), ha="center", va="bottom")
                share = f"{matrix.share[i, j]:.0%}"
                axes.text(j, i, share, ha="center", va="top", size=SMALLER)
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="predicted class", ylabel="true class")
        axes.set_title(f"{part_name(matrix.part)}, {plural(matrix.clips, 'clip')}")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    for axes in grid[len(found) :]:
        axes.set_visible(False)
    for number_, axes in enumerate(grid):
        if number_ % across:
            axes.set(ylabel="", yticklabels=[])


def draw_units(figure: "Figure", pooled: UnitTable) -> None:
    """Draw each action unit's clips: found, missed, and predicted without being there."""
    counts = pooled.grouped(np.zeros(len(pooled.keys), np.int64))[0]
    places = np.arange(len(counts))
    figure.set_size_inches(COLUMN if len(counts) <= MOST_BARS[COLUMN] // 2 else PAGE, 2.0)
    axes = figure.subplots()
    hits, misses, false = counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1]
    axes.bar(places, hits, color=BLUE, label="found")
    axes.bar(places, misses, bottom=hits, color=GREY, label="missed")
    axes.bar(places, -false, color=ORANGE, label="predicted, not there")
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xticks(places, [short(n, 6) for n in pooled.classes], rotation=90, size=SMALLER)
    axes.set_ylabel("clips")
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.locator_params(axis="y", integer=True, nbins=5)
    figure.legend(loc="outside upper right", ncols=3)


def draw_subjects(figure: "Figure", found: dict[str, list[Bar]]) -> None:
    """Draw a bar for each subject: its clips, and those predicted right; a row per dataset."""
    most = max(map(len, found.values()))
    width = COLUMN if most <= MOST_BARS[COLUMN] else PAGE
    room = MOST_BARS[width]
    rows = [
        (part_name(dataset), bars[first : first + room])
        for dataset, bars in found.items()
        for first in range(0, len(bars), room)
    ]
    figure.set_size_inches(width, 0.3 + 1.05 * len(rows))
    grid = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for axes, (dataset, bars) in zip(grid, rows, strict=True):
        places = range(len(bars))
        axes.bar(places, [bar.total for bar in bars], color=GREY, label="all clips")
        axes.bar(places, [bar.right for bar in bars], color=BLUE, label="predicted right")
        axes.set_xticks(places, [short(b.name, 8) for b in bars], rotation=90, size=SMALLER)
        axes.set_xlim(-0.6, max(FEWEST_BARS, min(room, most)) - 0.4)
        axes.set_ylabel(f"{short(dataset)}\nclips")
        axes.locator_params(axis="y", integer=True, nbins=3)
    grid[-1].set_xlabel("subject")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)


def draw_ranking(figure: "Figure", found: Sequence[Ranking], classes: Sequence[str]) -> None:
    """Draw ROC and precision-recall curves of every class against the others."""
    drawn = [(name, one) for name, one in zip(classes, found, strict=True) if one.defined]
    lines = math.ceil(len(drawn) / 2)
    figure.set_size_inches(COLUMN, 2.0 + 0.17 * lines)
    left, right = row_of(figure, 2)
    for place, (name, one) in enumerate(drawn):
        look = {"color": COLOURS[place % 7], "linestyle": DASHES[place % 7]}
        areas = f"{number(one.roc_area, 2)}, {number(one.average_precision, 2)}"
        left.plot(*one.roc(), label=f"{short(name)} ({areas})", **look)
        right.plot(*one.precision_recall(), drawstyle="steps-pre", **look)
    left.plot((0, 1), (0, 1), color=GREY, lw=0.8, zorder=0)
    left.set(xlabel="false positive rate", ylabel="true positive rate")
    right.set(xlabel="recall (0 to 1)", ylabel="precision (0 to 1)")
    for axes in (left, right):
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03), aspect="equal")
        axes.set_xticks((0, 0.5, 1), ("0", ".5", "1"))
        axes.set_yticks((0, 0.5, 1), ("0", ".5", "1"))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=2,
        title="class (ROC area, average precision)",
        handlelength=1.8,
        columnspacing=1,
    )


def _blues() -> object:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blues", ["#f2f6f9", "#8ab0c6"])
