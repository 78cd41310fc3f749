"""The effect of magnification as a figure: UF1 of every factor, and paired differences from x1."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merflow.reporting.captions import part_name
from merflow.reporting.figures.style import BAND, BLUE, COLUMN, GREY, ORANGE, PAGE, SMALLER
from merflow.reporting.html.magnification import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_effect(figure: "Figure", panels: Sequence[Panel], effects: Sequence[Any]) -> None:
    """Draw UF1 with 95% intervals against the factor, a panel per part; below, the differences.

    effects: paired differences of this experiment from x1, if there are any.
    """
    width = COLUMN if len(panels) < 3 else PAGE
    paired = [e for e in effects if e.part in {panel.part for panel in panels}]
    figure.set_size_inches(width, 3.4 if paired else 2.0)
    rows = figure.subplots(2 if paired else 1, len(panels), squeeze=False, sharey="row")
    for axes, panel in zip(rows[0], panels, strict=True):
        _scores(axes, panel)
    for axes, panel in zip(rows[1] if paired else (), panels, strict=False):
        _differences(axes, panel, [e for e in paired if e.part == panel.part])
    rows[0][0].set_ylabel("UF1 (0 to 1)")
    if paired:
        rows[1][0].set_ylabel("UF1 minus UF1 at x1")
    for axes in rows[-1]:
        axes.set_xlabel("magnification factor")
    handles, labels = rows[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2 if width == COLUMN else 4)


def _scores(axes: "Axes", panel: Panel) -> None:
    places = range(len(panel.points))
    facts = panel.facts
    if not math.isnan(facts.guess_uf1_lo):
        axes.axhspan(facts.guess_uf1_lo, facts.guess_uf1_hi, color=BAND, lw=0, label="guesses, 95%")
    axes.axhline(facts.floor_uf1, color=ORANGE, lw=0.8, ls="--", label="largest class")
    cells = [cell for _, cell, _ in panel.points]
    ends = [[max(0, c.uf1 - c.uf1_lo) for c in cells], [max(0, c.uf1_hi - c.uf1) for c in cells]]
    axes.errorbar(
        places,
        [cell.uf1 for cell in cells],
        yerr=None if any(math.isnan(v) for side in ends for v in side) else ends,
        fmt="o",
        ms=4,
        color=BLUE,
        capsize=2,
        lw=1,
        label="UF1, 95% over subjects",
    )
    if any(len(seeds) > 1 for _, _, seeds in panel.points):
        dots = [(place + 0.2, v) for place, p in enumerate(panel.points) for v in p[2]]
        axes.plot(*zip(*dots, strict=True), ".", ms=2.5, color="0.35", label="single seeds")
    few = " †" if facts.few else ""
    axes.set_title(f"{part_name(panel.part)} (n = {facts.n}){few}")
    _ticks(axes, panel)
    axes.set_ylim(0, 1)


def _differences(axes: "Axes", panel: Panel, effects: Sequence[Any]) -> None:
    place = {factor: i for i, (factor, _, _) in enumerate(panel.points)}
    axes.axhline(0, color=GREY, lw=0.8)
    for effect in effects:
        known = not (math.isnan(effect.lo) or math.isnan(effect.hi))
        low, high = effect.difference - effect.lo, effect.hi - effect.difference
        axes.errorbar(
            place[effect.factor],
            effect.difference,
            yerr=[[max(0, low)], [max(0, high)]] if known else None,
            fmt="s",
            ms=3.5,
            color=BLUE,
            capsize=2,
            lw=1,
        )
    _ticks(axes, panel)


def _ticks(axes: "Axes", panel: Panel) -> None:
    names = [factor + "§" * bool(cell.doubt) for factor, cell, _ in panel.points]
    crowded = len(names) > 4
    size = {"size": SMALLER, "rotation": 90} if crowded else {}
    axes.set_xticks(range(len(names)), names, **size)
    axes.set_xlim(-0.5, len(names) - 0.5)
