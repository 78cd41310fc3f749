"""Style of all figures: widths of columns, colours, fonts, and files that are the same each time.

A figure is as wide as one column (3.5 in) or two (7.16 in) of a two-column paper, with text of 8
pt, no title inside, and colours that colour-blind readers tell apart (Okabe and Ito), each with a
line style or a marker as well. A PDF embeds its font, and an SVG has its text as outlines, so both
look the same everywhere. Matplotlib's own font is used, and no settings of the user, so the same
results give the same bytes.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from merflow.io.files import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.5, 7.16
"""Width (in) of one column and of two columns with the space between them."""
SMALLER = 7
"""Size (pt) of text inside a drawing; all other text has 8."""
BLUE, ORANGE, GREEN, PURPLE, SKY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, "#e69f00", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))
GREY, BAND = "#c9d1d8", "#f0d9a8"
STYLE = {
    "svg.hashsalt": "merflow",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "text.parse_math": False,
}
METADATA = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
MOST_LETTERS = 14


def write_figure(stem: Path, draw: Callable[["Figure"], None]) -> list[Path]:
    """Write what `draw` draws as <stem>.svg and <stem>.pdf; return both paths."""
    from matplotlib import style
    from matplotlib.figure import Figure

    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every font it embeds
    made = []
    with style.context(["default", STYLE]):
        figure = Figure(layout="constrained")
        draw(figure)
        for kind, metadata in METADATA.items():
            path = stem.with_name(f"{stem.name}.{kind}")
            with atomic(path) as part:
                figure.savefig(part, format=kind, metadata=metadata | {"Title": stem.name})
            figure.set_layout_engine("none")  # one layout serves both files
            made.append(path)
    return made


def short(name: str, most: int = MOST_LETTERS) -> str:
    """Return a name with an ellipsis in place of what is too long."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def row_of(figure: "Figure", count: int, **options: object) -> Sequence["Axes"]:
    """Return `count` axes side by side."""
    return figure.subplots(1, count, squeeze=False, **options)[0] if count else []
