"""All figures of a workflow's results in one folder, for a paper: `results/figures`."""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.io.files import atomic
from merflow.reporting.figures.effects import draw_effect
from merflow.reporting.figures.key_frame_noise import draw_noise
from merflow.reporting.figures.run import write_figures
from merflow.reporting.figures.style import write_figure
from merflow.reporting.html.magnification import Panel
from merflow.reporting.html.run_data import RunResults
from merflow.reporting.key_frame_noise import noise_groups

if TYPE_CHECKING:
    from pandas import DataFrame

KINDS = ("curves", "confusion", "subjects", "ranking")


def write_gallery(
    folder: Path,
    runs: Iterable[RunResults],
    panels: Sequence[tuple[str, Sequence[Panel]]],
    effects: Sequence[Any],
    noise: "DataFrame | None" = None,
) -> list[Path]:
    """Write the magnification effect of every experiment, key-frame noise, and each run's figures.

    The figures of a run are those that scoring left in its folder; without them they are drawn.
    """
    made = []
    for experiment, shown in panels:
        own = [e for e in effects if e.experiment == experiment and e.against == "x1"]
        stem = folder / f"{experiment}_magnification"
        made += write_figure(stem, lambda figure, p=shown, e=own: draw_effect(figure, p, e))
    groups = noise_groups(noise) if noise is not None else {}
    for (experiment, factor), rows in groups.items():
        stem = folder / f"{experiment}_{factor}_key_frames"
        made += write_figure(stem, partial(draw_noise, rows=rows))
    for run in runs:
        if run.pooled is not None:
            name = f"{run.run.experiment}_{run.run.factor}_seed{run.run.seed}"
            with tempfile.TemporaryDirectory() as other:
                drawn = _figures_of(run, Path(other))
                made += [_put(path, folder / f"{name}_{path.name}") for path in drawn]
    return made


def _figures_of(run: RunResults, other: Path) -> list[Path]:
    """Return the figures of a run's folder; of an older run, figures drawn into another folder."""
    folder = Path(run.run.folder)
    kept = [folder / f"{name}.{kind}" for name in KINDS for kind in ("svg", "pdf")]
    found = [path for path in kept if path.exists()]
    # A run that an earlier version scored has other figures: text in their SVG, or no PDF.
    if len(found) >= 6 and b"<text" not in found[0].read_bytes():
        return found
    return write_figures(other, run.pooled, run.training.curves)


def _put(source: Path, target: Path) -> Path:
    with atomic(target) as part:
        shutil.copyfile(source, part)
    return target
