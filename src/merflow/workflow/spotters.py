"""Spotters: from the windows of a recording to a score for every frame, and to intervals.

Two methods: a network that tells windows of an expression from those of rest, and merflow's measure
of movement in times the rest. A spotter sees training recordings only when it is made.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Experiment, Spotting
from merflow.evaluation.intervals.fold_labels import Span, overlaps
from merflow.evaluation.intervals.record import VideoInterval, VideoLength
from merflow.evaluation.intervals.scores import match
from merflow.stages.movement import STARTS, resting, spans
from merflow.stages.score_peaks import at_frames, spotted
from merflow.stages.windows import length_of, scaled

if TYPE_CHECKING:
    from merflow.models.method_interface import Fitted, TrainingData

CLASSES = ("rest", "expression")
FIXED = {"keras": 0.55, "motion_energy": STARTS}
"""Thresholds of `threshold: fixed`."""
TRIED = {
    "keras": (0.55, *(round(0.05 * i, 2) for i in range(1, 20) if i != 11)),
    "motion_energy": (STARTS, 1.5, 2.0, 2.5, 3.0, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0),
}
"""Thresholds that `threshold: training` chooses from; of equal ones the first."""
BLUR, NOISE = (7, 7), 0.02
"""Kernel (px) of blurred copies of a window, and standard deviation of the noise in others, as a
share of the window's largest value."""
CHUNK = 2048
"""Windows of a recording that are predicted at a time."""


@dataclass(frozen=True)
class Track:
    """The scores of one recording: (T,) float64 for its frames first, first + 1, ...; NaN: none.

    Of the rule they are movement in times the rest.
    """

    key: ClipKey
    fps: float
    first: int
    scores: np.ndarray

    @property
    def length(self) -> VideoLength:
        """The frames of the recording."""
        return VideoLength(len(self.scores), self.fps, self.first)


@dataclass(frozen=True)
class Spotter:
    """A spotter that is ready to use. fitted: its network; None for the rule."""

    method: str
    window: str
    threshold: float
    scale: str = "window"
    peaks: str = "apart"
    fitted: "Fitted | None" = None

    def track(self, clip: ClipArrays) -> Track:
        """Return the scores of a recording from its windows, as `stages.windows` makes them."""
        if self.fitted is None:
            return movement_track(clip)
        scores = np.concatenate(
            [
                self.fitted.predict(scaled(clip.frames[at : at + CHUNK], self.scale))[:, 1]
                for at in range(0, len(clip.frames), CHUNK)
            ]
        ).astype(np.float64)
        first, last = clip.facts["recording"]
        starts = np.asarray(clip.numbers) - first
        return Track(clip.key, clip.fps, first, at_frames(scores, starts, last - first + 1))

    def intervals(
        self, track: Track, kind: str = "", threshold: float | None = None
    ) -> list[VideoInterval]:
        """Return the intervals of a recording; the confidence is the score at the peak."""
        limit = self.threshold if threshold is None else threshold
        if self.method == "motion_energy":
            found = [
                (one.first, one.last, one.strength)
                for one in spans(track.scores, track.fps, 1.0, limit)[0]
            ]
        else:
            k, apart = length_of(self.window), self.peaks == "apart"
            found = [tuple(one) for one in spotted(track.scores, k, limit, apart)]
        return [
            VideoInterval(
                *track.key, track.first + first, track.first + last, kind, "", float(score)
            )
            for first, last, score in found
        ]


def movement_track(clip: ClipArrays) -> Track:
    """Return the movement of a recording in times its rest; a missing frame is as the one before.

    clip: with the measure in place of its frames, (T, 1, 1, 1).
    """
    measure = np.asarray(clip.frames, np.float64).reshape(-1)
    first, last = int(clip.numbers[0]), int(clip.numbers[-1])
    place = np.searchsorted(clip.numbers, np.arange(first, last + 1), side="right") - 1
    return Track(clip.key, clip.fps, first, (measure / resting(measure))[place])


def truths_of(key: ClipKey, spans_: Sequence[Span], kind: str) -> list[VideoInterval]:
    """Return the annotated intervals of a recording as records."""
    return [VideoInterval(*key, one.onset, one.offset, kind) for one in spans_]


def chosen_threshold(
    spotter: Spotter, tracks: Sequence[Track], known: dict[ClipKey, list[Span]]
) -> tuple[float, dict[str, float]]:
    """Return the threshold of the best F1 on training recordings, and the F1 of each one tried."""
    truths = [t for track in tracks for t in truths_of(track.key, known[track.key], "")]
    scores = {}
    for threshold in TRIED[spotter.method]:
        found = [i for track in tracks for i in spotter.intervals(track, "", threshold)]
        scores[threshold] = match(found, truths).counts().f1
    best = max(scores, key=lambda t: scores[t])
    return best, {f"{t:g}": round(f1, 6) for t, f1 in scores.items()}


# Training windows


def window_labels(numbers: np.ndarray, k: int, known: Sequence[Span]) -> np.ndarray:
    """Return 1 for each window [n, n + k) that has a frame in an interval, else 0; (N,) int64."""
    return np.array([overlaps(known, int(n), int(n) + k - 1) for n in numbers], np.int64)


def training_windows(
    clips: Iterator[ClipArrays],
    known: dict[ClipKey, list[Span]],
    entry: Spotting,
    k: int,
    rng: np.random.Generator,
    subject_id: Callable[[ClipKey], str],
) -> "TrainingData":
    """Return the windows that a network is trained on, (N, 42, 42, 3) float16.

    known: the intervals of the training recordings; clips of other recordings are left out.
    """
    from merflow.models.method_interface import TrainingData

    x, y, keys = [], [], []
    for clip in clips:
        if clip.key not in known:
            continue
        labels = window_labels(clip.numbers, k, known[clip.key])
        rest = np.flatnonzero(labels == 0)
        kept = rng.permutation(rest)[: round(entry.keep_rest * len(rest))]
        rows = np.sort(np.concatenate([np.flatnonzero(labels), kept]))
        frames = scaled(_taken(clip, rows), entry.scale)
        x.append(frames)
        y.append(labels[rows])
        keys += [_window_key(clip.key, clip.numbers[i]) for i in rows]
        own = np.flatnonzero(labels[rows])
        for name, alter in [*COPIES.items()][: entry.copies] if len(own) else ():
            made = [alter(frames[i].astype(np.float32), rng) for i in own]
            x.append(np.stack(made).astype(np.float16))
            y.append(np.ones(len(own), np.int64))
            keys += [_window_key(clip.key, clip.numbers[rows[i]], name) for i in own]
    ids = tuple(subject_id(key) for key in keys)
    return TrainingData(np.concatenate(x), np.concatenate(y), tuple(keys), subject_ids=ids)


def _taken(clip: ClipArrays, rows: np.ndarray) -> np.ndarray:
    """Return windows at ascending positions; of a long recording only these are read."""
    if isinstance(clip.frames, np.ndarray):
        return clip.frames[rows]
    return np.stack([clip.frames[int(i)] for i in rows])


def _window_key(key: ClipKey, number: int, copy: str = "") -> ClipKey:
    return key._replace(clip=f"{key.clip}@{number}{copy}")


COPIES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "+mirrored": lambda x, rng: x[:, ::-1],
    "+blurred": lambda x, rng: cv2.GaussianBlur(x, BLUR, 0),
    "+noise": lambda x, rng: np.maximum(x + rng.normal(0, NOISE * x.max(), x.shape), 0),
}
"""Altered copies of a window, in the order in which `copies` adds them."""


def network_experiment(entry: Spotting) -> Experiment:
    """Return the settings by which a spotter's network is trained."""
    return Experiment(
        network=entry.network,
        network_settings=entry.network_settings,
        preparation=entry.preparation,
        collection=entry.collection,
        training=entry.training,
    )


def with_threshold(
    spotter: Spotter,
    entry: Spotting,
    tracks: Callable[[], list[Track]],
    known: dict[ClipKey, list[Span]],
) -> tuple[Spotter, dict[str, Any]]:
    """Return the spotter with its threshold, and the facts of the choice.

    tracks: returns those of the training recordings; called only where they are needed.
    """
    if entry.threshold == "fixed":
        return spotter, {"threshold": spotter.threshold, "threshold_by": "fixed"}
    best, tried = chosen_threshold(spotter, tracks(), known)
    facts = {"threshold": best, "threshold_by": "training subjects", "training_f1": tried}
    return replace(spotter, threshold=best), facts
