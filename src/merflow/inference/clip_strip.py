"""Example clips that may be shown, at several factors: for the report and as a figure.

Only clips of generated faces and of subjects with consent are chosen: see `datasets.publishable`.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from merflow import paths
from merflow.clip import ClipArrays, ClipKey
from merflow.config.fingerprints import factor_value
from merflow.datasets.publishable import may_show
from merflow.errors import MerflowError
from merflow.evaluation.schema import records
from merflow.inference.preview import anchors, traces
from merflow.io.clip_store import Store
from merflow.io.records import forget
from merflow.reporting.figures.gallery import KINDS
from merflow.reporting.figures.style import (
    COLOURS,
    DASHES,
    METADATA,
    ORANGE,
    PAGE,
    write_figure,
)
from merflow.reporting.html_report import Face
from merflow.stages.magnify import magnify_clip
from merflow.workflow.cropped import read_annotated
from merflow.workflow.delivered_gain import read_delivered
from merflow.workflow.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WANTED = (1.0, 10.0, 25.0)
"""Factors that are shown where the config has more than three."""
FRAMES = 5
CLIP = "clip"
"""First part of the name of an example's figure."""
OF_EXPERIMENT = re.compile(rf"_(magnification|x[^_]+_seed\d+_({'|'.join(KINDS)}))$")
"""End of the names of other figures: an experiment may be called `clip` too."""
LONGEST = 600
"""Most frames of an example, so that a long recording does not hold up the report."""
SIDE, FACE = 160, 96
"""Side (px) of a frame in the figure and on the page."""


@dataclass(frozen=True, slots=True)
class Example:
    """A clip that may be shown, cropped, at each factor: `x10` -> clip."""

    key: ClipKey
    preparation: str
    clips: Mapping[str, ClipArrays]


def examples(plan: Plan) -> tuple[list[Example], list[str]]:
    """Return one example per dataset that has a clip to show, and what could not be read."""
    found, problems = [], []
    for dataset in plan.data.datasets():
        for preparation in _preparations(plan, dataset):
            try:
                example = _example(plan, dataset, preparation)
            except (MerflowError, OSError) as error:
                problems.append(f"example of {dataset}: {error}")
                continue
            if example:
                found.append(example)
                break
    return found, problems


def _preparations(plan: Plan, dataset: str) -> list[str]:
    """Return the preparations of frames that use a dataset."""
    entries = [plan.experiment(name) for name in plan.experiments]
    used = [
        entry.preparation
        for entry in entries
        if dataset in plan.settings.collections[entry.collection]
        and plan.settings.preparations[entry.preparation].kind == "frames"
    ]
    return list(dict.fromkeys(used))


def _example(plan: Plan, dataset: str, preparation: str) -> Example | None:
    """Return the shown clip of a dataset with the most motion that magnification followed."""
    entry = plan.settings.datasets[dataset]
    moved = _moved(preparation, dataset)
    best: tuple[float, Path, int] | None = None
    for path in sorted(Path(paths.cropped(preparation, dataset, "x")).parent.glob("*.h5")):
        if not may_show(ClipKey(dataset, path.stem, ""), entry):
            continue
        with Store(path) as store:
            for place, key in enumerate(store.keys):
                score = moved.get(key, 0.0)
                is_long = store.shape(place)[0][0] > LONGEST
                if not is_long and (best is None or score > best[0]):
                    best = score, path, place
    if best is None:
        return None
    with Store(best[1]) as store:
        clip = read_annotated(store, best[2])
    chosen = plan.settings.preparations[preparation].magnify
    clips = {f"x{value:g}": magnify_clip(clip, chosen, value) for value in factors_of(plan)}
    return Example(clip.key, preparation, clips)


def _moved(preparation: str, dataset: str) -> dict[ClipKey, float]:
    """Return the largest displacement (px at 256 px) of the clips with a credible gain."""
    if not Path(paths.DELIVERED).exists():
        return {}
    found: dict[ClipKey, float] = {}
    for row in records(read_delivered(Path(paths.DELIVERED))):
        if row.preparation == preparation and row.dataset == dataset and row.credible:
            found[ClipKey(row.dataset, row.subject, row.clip)] = row.peak_px
    return found


def factors_of(plan: Plan) -> list[float]:
    """Return at most three factors of the config to show, with x1."""
    named = {f for name in plan.experiments for f in plan.experiment(name).factors}
    values = {1.0} | {factor_value(one) for name in named for one in name.split("+")}
    wanted = [value for value in sorted(values) if value in WANTED]
    return wanted if len(values) > 3 and len(wanted) > 1 else sorted(values)[:3]


def places(clip: ClipArrays, count: int = FRAMES) -> list[int]:
    """Return the positions of frames from onset to offset, evenly spaced."""
    last = len(clip.frames) - 1 if clip.offset is None else clip.offset
    return sorted({int(at) for at in np.linspace(clip.onset, last, count).round()})


def sheet(example: Example, side: int) -> np.ndarray:
    """Return (H, W, C) uint8: a row for each factor, frames from onset to offset."""
    rows = []
    for clip in example.clips.values():
        rows.append(np.concatenate([_small(clip.frames[at], side) for at in places(clip)], axis=1))
    return np.concatenate(rows, axis=0)


def _small(frame: np.ndarray, side: int) -> np.ndarray:
    made = cv2.resize(np.ascontiguousarray(frame), (side, side), interpolation=cv2.INTER_AREA)
    return made if made.ndim == 3 else made[..., None]


def times_ms(clip: ClipArrays) -> np.ndarray:
    """Return (T,) ms after the onset frame."""
    return (np.arange(len(clip.frames)) - clip.onset) / clip.fps * 1000


def draw_strip(figure: "Figure", example: Example) -> None:
    """Draw frames of a clip at each factor, and the motion of its most mobile point over time."""
    clips = example.clips
    first = next(iter(clips.values()))
    at, times = places(first), times_ms(first)
    paths_of = {name: traces(clip) for name, clip in clips.items()}
    point = max(paths_of["x1"], key=lambda name: _length(paths_of["x1"][name]).max())
    unit = first.frames.shape[1]
    figure.set_size_inches(PAGE, 0.88 * max(2, len(clips)) + 0.55)
    grid = figure.add_gridspec(len(clips), len(at) + 1, width_ratios=[1] * len(at) + [2.6])
    mark = anchors(first)[point] / unit * SIDE
    for row, (name, clip) in enumerate(clips.items()):
        for column, place in enumerate(at):
            axes = figure.add_subplot(grid[row, column])
            axes.imshow(_small(clip.frames[place], SIDE), cmap="gray", vmin=0, vmax=255)
            axes.plot(*mark, "+", color=ORANGE, ms=5, mew=0.8)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if row == 0:
                axes.set_title(f"{times[place]:.0f} ms")
            if column == 0:
                axes.set_ylabel(_named(name, clip), rotation=0, ha="right", va="center")
    lines = figure.add_subplot(grid[:, -1])
    for number, name in enumerate(clips):
        moved = _length(paths_of[name][point]) * 256 / unit
        look = {"color": COLOURS[number], "linestyle": DASHES[number]}
        lines.plot(times, moved, label=name, **look)
    lines.set(xlabel="time after onset (ms)", ylabel=f"{point} moved\n(px at 256 px)")
    lines.legend(handlelength=1.8)


def _length(track: np.ndarray) -> np.ndarray:
    return np.hypot(*track.T)


def _named(name: str, clip: ClipArrays) -> str:
    return f"{name} §" if doubtful_clip(clip) else name


def doubtful_clip(clip: ClipArrays) -> bool:
    """Return whether a magnified clip's gain is measured and not credible."""
    facts: dict[str, Any] = clip.facts.get("magnify", {})
    return facts.get("delivered") is not None and not facts.get("credible", True)


def faces(found: Sequence[Example]) -> list[Face]:
    """Return the pictures of the examples for the report."""
    made = []
    for example in found:
        first = next(iter(example.clips.values()))
        times = ", ".join(f"{times_ms(first)[at]:.0f}" for at in places(first))
        rows = ", ".join(_named(name, clip) for name, clip in example.clips.items())
        image = sheet(example, FACE)
        bgr = np.ascontiguousarray(image[..., ::-1])
        picture = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        about = f"rows {rows}; frames at {times} ms after the onset"
        made.append(Face(str(example.key), about, picture, image.shape[1], image.shape[0]))
    return made


def write_strips(folder: Path, found: Sequence[Example]) -> list[Path]:
    """Write a figure of each example; return the paths."""
    made = []
    for example in found:
        made += write_figure(
            folder / _stem(example), lambda figure, e=example: draw_strip(figure, e)
        )
    return made


def remove_strips(folder: Path, kept: Sequence[Example], datasets: Iterable[str]) -> None:
    """Remove figures of other clips of the datasets that an earlier report left.

    Consent may be withdrawn, or another clip has more motion now.
    """
    stems = {_stem(example) for example in kept}
    for dataset, kind in itertools.product(datasets, METADATA):
        for path in sorted(folder.glob(f"{CLIP}_{dataset}_*.{kind}")):
            if path.stem not in stems and not OF_EXPERIMENT.search(path.stem):
                path.unlink()
                forget(path)


def _stem(example: Example) -> str:
    return "_".join((CLIP, *example.key))
