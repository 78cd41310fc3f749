"""Figures of a run as SVG and PDF: training curves, confusion matrices, clips right by subject.

Matplotlib draws them; the same results give the same bytes (one font that Matplotlib brings along,
fixed ids, no dates, no settings of the user). Text stays text: it can be searched and edited, and
a screen reader finds it. A PDF embeds the font, so it looks the same everywhere and suits a paper;
an SVG shown where the font is missing falls back to a narrower one. Matplotlib is imported when a
figure is drawn, because the import costs about half a second.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from merflow.evaluation.predictions import Pooled
from merflow.evaluation.run_id import run_of
from merflow.io.files import atomic
from merflow.reporting.captions import part_name
from merflow.reporting.html.charts import highest_loss, panels
from merflow.reporting.html.runs import Bar, Matrix, matrices, subjects
from merflow.reporting.training_records import Attempts, Curve, read_training
from merflow.text import plural
from merflow.workflow.plan import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = {
    "svg.hashsalt": "merflow",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "text.parse_math": False,
}
METADATA = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
BLUE, ORANGE, GREY = "#14628c", "#b2540d", "#d5dce2"
MOST_LETTERS = 14


def draw_run(folder: Path, plan: Plan, pooled: Pooled) -> None:
    """Write the figures of a scored run into its folder."""
    known = read_training(folder, plan.fold_names(run_of(folder).experiment), Attempts())
    write_figures(folder, pooled, known.curves)


def write_figures(folder: Path, pooled: Pooled, found: Sequence[Curve]) -> None:
    """Write curves, confusion and subjects as .svg and .pdf."""
    from matplotlib import style
    from matplotlib.figure import Figure

    drawings: dict[str, Callable[[Figure], None]] = {
        "curves": lambda figure: draw_curves(figure, found),
        "confusion": lambda figure: draw_matrices(figure, matrices(pooled), pooled.classes),
        "subjects": lambda figure: draw_subjects(figure, subjects(pooled)),
    }
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every font it embeds
    with style.context(["default", STYLE]):
        for name, draw in drawings.items():
            figure = Figure(layout="constrained")
            draw(figure)
            for kind, metadata in METADATA.items():
                with atomic(folder / f"{name}.{kind}") as part:
                    figure.savefig(part, format=kind, metadata=metadata | {"Title": name})
                figure.set_layout_engine("none")  # one layout serves both files


def draw_curves(figure: "Figure", found: Sequence[Curve]) -> None:
    """Draw losses and measures over epochs: the median over folds in the band of most folds."""
    one_step = not found or max(len(curve.epochs) for curve in found) == 1
    groups = [] if one_step else panels(found, highest_loss(found))
    figure.set_size_inches(3.4 * max(1, len(groups)), 2.5 if groups else 0.4)
    if not groups:
        figure.text(0.5, 0.5, "Fitted in one step: no curve", ha="center", va="center")
    for axes, (name, curves, top) in zip(_row(figure, len(groups)), groups, strict=True):
        for curve, colour in zip(curves, (BLUE, ORANGE), strict=False):
            axes.fill_between(curve.epochs, curve.low, curve.high, color=colour, alpha=0.18, lw=0)
            axes.plot(curve.epochs, curve.mid, color=colour, label=curve.name)
        axes.set(title=f"{name}: median and middle 80% of the folds", xlabel="epoch")
        axes.set_ylim(0, top * 1.02)
        axes.locator_params(axis="x", integer=True)
        if len(curves) > 1:
            axes.legend(frameon=False)


def draw_matrices(figure: "Figure", found: Sequence[Matrix], classes: Sequence[str]) -> None:
    """Draw one confusion matrix per part: clips, and their share of the row (truth) as shade."""
    names = [_short(name) for name in classes]
    side = 0.55 * len(names) + 1
    figure.set_size_inches(side * len(found), side)
    for axes, matrix in zip(_row(figure, len(found)), found, strict=True):
        axes.imshow(matrix.share, cmap=_blues(), vmin=0, vmax=1)
        for i, row in enumerate(matrix.counts):
            for j, count in enumerate(row):
                axes.text(j, i, str(count), ha="center", va="bottom")
                axes.text(j, i, f"{matrix.share[i, j]:.0%}", ha="center", va="top", size=7)
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="predicted", ylabel="truth")
        axes.set_title(f"{part_name(matrix.part)}, {plural(matrix.clips, 'clip')}")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)


def draw_subjects(figure: "Figure", found: dict[str, list[Bar]]) -> None:
    """Draw a bar for each subject: its clips, and those predicted right; one panel per dataset."""
    widths = [max(3, len(bars)) for bars in found.values()]
    figure.set_size_inches(0.8 * len(found) + 0.16 * sum(widths), 2.4)
    figure.suptitle("Clips predicted right (blue) of all clips (grey), by subject", size=8)
    rows = _row(figure, len(found), sharey=True, width_ratios=widths)
    for axes, (dataset, bars) in zip(rows, found.items(), strict=True):
        names = [_short(bar.name) for bar in bars]
        axes.bar(range(len(bars)), [bar.total for bar in bars], color=GREY)
        axes.bar(range(len(bars)), [bar.right for bar in bars], color=BLUE)
        axes.set_xticks(range(len(bars)), names, rotation=90, size=6)
        axes.set_title(_short(part_name(dataset)))
        axes.locator_params(axis="y", integer=True)


def _row(figure: "Figure", count: int, **options: object) -> Sequence["Axes"]:
    return figure.subplots(1, count, squeeze=False, **options)[0] if count else []


def _blues() -> object:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blues", ["#f2f6f9", "#8ab0c6"])


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"
