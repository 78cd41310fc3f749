"""Scores with moved key frames as a printed table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.config.display_names import NO_LABELS, Shown, shown_row
from merflow.evaluation.columns import KEY_FRAME_NOISE
from merflow.evaluation.schema import records, stacked
from merflow.reporting.captions import bracket, number, spread
from merflow.reporting.table import Cell, Heading, Table

if TYPE_CHECKING:
    from pandas import DataFrame

TITLE = "Moved key frames"
CAPTION = (
    "Onset, apex and offset of the tested clips moved by so many frames at 200 per second (scaled "
    "by a clip's rate), earlier or later at random with a fixed seed; the folds and, trained as "
    "annotated, their weights are those of the main row, and 0 is the main row. Moved: mean "
    "distance that key frames did move: onset and offset stop where a clip has no more frames. "
    "Alignment and crop stay those of the annotated onset. Apex unknown: the middle of onset and "
    "offset. Bracket: 95% studentised bootstrap interval over subjects."
)


def read_noise(files: Sequence[str]) -> "DataFrame":
    """Return the scores of all runs with moved key frames below each other."""
    return stacked([KEY_FRAME_NOISE.read(Path(path)) for path in files], KEY_FRAME_NOISE)


def noise_groups(frame: "DataFrame") -> dict[tuple[str, str], list[Any]]:
    """Return the rows of all clips by experiment and factor, in the order of the runs."""
    found: dict[tuple[str, str], list[Any]] = {}
    for row in records(frame):
        if row.part == "full":
            found.setdefault((row.experiment, row.factor), []).append(row)
    return found


def noise_table(frame: "DataFrame", shown: Shown = NO_LABELS) -> Table:
    """Return the scores of all clips, means over seeds; shown: display names of experiments."""
    columns = [Heading(name, number=False) for name in ("experiment", "factor", "training", "test")]
    columns += [Heading("moved"), Heading("UF1"), Heading("UAR")]
    columns.append(Heading("no frames outside", number=False, spare=True, about=ABOUT_ENDS))
    body = []
    for (experiment, factor), rows in noise_groups(frame).items():
        variants = dict.fromkeys((r.training_noise, r.key_frame_noise, r.apex) for r in rows)
        for variant in sorted(variants, key=lambda one: (one[0], one[2], one[1])):
            of_it = [r for r in rows if (r.training_noise, r.key_frame_noise, r.apex) == variant]
            names = [shown_row(experiment, shown), factor]
            body.append([*names, *_cells(variant, of_it)])
    return Table(TITLE, columns, body, (), (CAPTION, ABOUT_ENDS), anchor="key-frame-noise")


ABOUT_ENDS = (
    "no frames outside: clips whose onset, or offset, should move out of the clip and stays; then "
    "clips whose apex met onset or offset."
)


def _cells(variant: tuple[int, int, str], rows: Sequence[Any]) -> list[str | Cell]:
    training, distance, apex = variant
    tested = "apex unknown" if apex == "unknown" else str(distance)
    first = rows[0]
    ends = f"{first.no_earlier}, {first.no_later}; apex {first.apex_clipped}"
    moved = sum(row.moved for row in rows) / len(rows)
    scores = [_score(rows, "uf1"), _score(rows, "uar")]
    return [str(training), tested, Cell(f"{moved:.1f}", moved), *scores, ends]


def _score(rows: Sequence[Any], name: str) -> Cell:
    mean, lo, hi = (
        sum(getattr(row, name + end) for row in rows) / len(rows) for end in ("", "_lo", "_hi")
    )
    values = [getattr(row, name) for row in rows]
    deviation = float("nan")
    if len(values) > 1:
        deviation = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return Cell(number(mean), mean, rest=spread(deviation) + bracket(lo, hi))
