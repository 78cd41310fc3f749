"""A trained spotter in place of merflow's rule: opened from its folder, used on a new recording."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow import paths
from merflow.clip import ClipArrays
from merflow.config.settings import Align, Preparation
from merflow.errors import MerflowError
from merflow.evaluation.run_id import FINAL
from merflow.io.json_file import read_json
from merflow.models.factory import load
from merflow.stages.movement import Span
from merflow.stages.pipeline import Pipeline, cropped
from merflow.stages.score_peaks import level, smoothed
from merflow.stages.windows import length_of, windows_clip
from merflow.workflow.face_finder import load_finder
from merflow.workflow.spotters import Spotter

if TYPE_CHECKING:
    from merflow.stages.faces import Finder


@dataclass(frozen=True)
class TrainedSpotter:
    """The spotter of all recordings of a spotting run. name: `softnet seed 0`."""

    name: str
    spotter: Spotter
    pipeline: Pipeline
    finder: "Finder"

    def find(self, clip: ClipArrays) -> tuple[list[Span], np.ndarray, float]:
        """Return the movements in a raw recording, its scores (T,) and their threshold.

        Scores are smoothed; 0 at the ends, where no mean is complete. Raises SkipClip when no face
        is found, or the recording is shorter than a window.
        """
        face = cropped(clip, self.pipeline, self.finder)
        window = self.spotter.window
        made = windows_clip(face, self.pipeline.preparation.windows, window)
        track = self.spotter.track(made)
        shown, limit = track.scores, self.spotter.threshold
        if self.spotter.fitted is not None:
            shown = smoothed(track.scores, length_of(window))
            limit = level(shown, self.spotter.threshold)
        at = np.asarray(clip.numbers) - track.first
        found = [
            Span(
                *np.searchsorted(at, [one.onset - track.first, one.offset - track.first]).tolist(),
                one.confidence,
            )
            for one in self.spotter.intervals(track)
        ]
        return found, np.nan_to_num(shown)[at], float(limit)


def open_spotter(path: Path) -> TrainedSpotter:
    """Return the spotter of a spotting run's folder, or of its `final` folder."""
    folder = path if path.name == FINAL else path / FINAL
    record = folder / "run.json"
    if not record.is_file():
        run = paths.parts(f"{paths.SPOTTING}/final", folder, anywhere=True)
        target = f"{paths.SPOTTING}/final/run.json".format(**run) if run else "spotters"
        raise MerflowError(
            str(path),
            "no spotter of all recordings here",
            "results/spotting/<name>/seed<k>",
            f"make it in the folder of its project: merflow run {target} --config {paths.CONFIG}",
        )
    facts = read_json(record, fix="make it again")
    try:
        align = Align.model_validate(facts["chain"]["align"])
        preparation = Preparation.model_validate(facts["chain"]["preparation"], context="saved")
        method, window = facts["method"], facts["window"]
        fitted = load(folder / paths.WEIGHTS) if method == "keras" else None
        limit, peaks = float(facts["threshold"]), facts["peaks"]
        spotter = Spotter(method, window, limit, facts["scale"], peaks, fitted)
        name = f"{facts['spotting']} seed {facts['seed']}"
    except (ValueError, KeyError, TypeError) as error:
        raise MerflowError(
            str(record), f"not the run.json of a spotter ({error})", fix="make it again"
        ) from None
    finder = load_finder(align.points, align.model)
    return TrainedSpotter(name, spotter, Pipeline(align, preparation, ("x1",)), finder)
