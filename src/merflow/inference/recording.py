"""Predictions for a recording: where the face moves, and which expression each movement is.

A model knows pre-cut expressions only: it names a class for a face at rest too. So movements are
found first (spotting.py), each is cut out and goes through the whole pipeline as a clip, and all
other frames are labelled NONE.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from merflow.clip import ClipArrays
from merflow.errors import MerflowError, SkipClip
from merflow.frame_buffer import FrameBuffer, Frames, luma_of_files
from merflow.progress import report
from merflow.stages.movement import STARTS, Span, movement, rests, spans
from merflow.stages.pipeline import cropped, network_inputs
from merflow.workflow.final_model import Model, mean_probabilities

if TYPE_CHECKING:
    from merflow.inference.trained_spotter import TrainedSpotter
    from merflow.models.factory import Fitted
    from merflow.stages.faces import Finder

NONE = "no expression"
NO_REST = "never at rest"
"""Label of frames without a found movement where movement cannot be told from rest."""
OnProgress = Callable[[str, int, int], None]
"""Called with the present step, and with how much of it is done and how much there is."""
WINDOW_S = 0.5
"""Default length of a window (s)."""


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """Frames first..last (positions), the most movement in them (times the rest), their label.

    probabilities: (K,) float64, or None for NONE; reason: why a movement was not classified.
    """

    first: int
    last: int
    strength: float
    label: str
    probabilities: np.ndarray | None
    reason: str = ""


@dataclass(frozen=True)
class RecordingPrediction:
    """A recording with its movements and windows.

    ratio: (T,) movement in times the rest; measure: (T,) the same as a share of the face's side;
    rests: whether the face is at rest in enough frames, or the rest was given; pending: movements
    that are not classified yet, while a prediction is being made.
    """

    name: str
    fps: float
    numbers: np.ndarray
    classes: tuple[str, ...]
    ratio: np.ndarray
    measure: np.ndarray
    movements: tuple[LabelledSpan, ...]
    windows: tuple[LabelledSpan, ...]
    rests: bool = True
    pending: tuple[Span, ...] = ()
    spotter: str = ""
    """Name of the trained spotter; empty: merflow's rule. `ratio` is then its scores."""
    limit: float = STARTS
    """What the ratio exceeds in a movement."""

    @property
    def quiet_label(self) -> str:
        """Label of frames in which no movement was found."""
        return NONE if self.rests else NO_REST


def predict_recording(
    clip: ClipArrays,
    model: Model,
    fitted: "Fitted",
    finder: "Finder",
    window: int | None = None,
    stride: int | None = None,
    *,
    rest: float | None = None,
    spotter: "TrainedSpotter | None" = None,
    on_progress: OnProgress = report,
    on_found: Callable[[RecordingPrediction], None] | None = None,
) -> RecordingPrediction:
    """Find movements in a recording and classify them; frames (T, H, W, 3) uint8 RGB.

    window, stride: of the windows returned (frames); rest: level of the measure at rest, if more
    than this recording is known. spotter: finds the movements in place of the rule. on_found:
    called with what is known before each movement is classified. Raises SkipClip when no face is
    found.
    """
    sizes = window_sizes(len(clip.frames), clip.fps, window, stride)
    on_progress("aligning the face", 0, 0)
    watched = replace(clip, frames=_Watched(clip.frames, "aligning the face", on_progress))
    limit = STARTS
    if spotter is not None:
        found, ratio, limit = spotter.find(watched)
        measure, calm = ratio, True
    else:
        face = cropped(watched, model.pipeline, finder)
        on_progress("looking for movement", 0, 0)
        measure = movement(face.frames, clip.fps, face.landmarks)
        found, ratio = spans(measure, clip.fps, rest)
        calm = rest is not None or rests(measure)
    movements: list[LabelledSpan] = []

    def known(pending: Sequence[Span]) -> RecordingPrediction:
        rows = tuple(windows(ratio, movements, *sizes, NONE if calm else NO_REST))
        facts = (clip.key.clip, clip.fps, clip.numbers, model.classes, ratio, measure)
        name = spotter.name if spotter else ""
        return RecordingPrediction(
            *facts, tuple(movements), rows, calm, tuple(pending), name, limit
        )

    for number, span in enumerate(found):
        on_progress("classifying movements", number, len(found))
        if on_found:
            on_found(known(found[number:]))
        part = cut(clip, span.first, span.last)
        try:
            movements.append(_classify(part, span, model, fitted, finder))
        except SkipClip as skip:
            spot = (span.first, span.last, span.strength)
            movements.append(LabelledSpan(*spot, NONE, None, skip.reason))
    return known(())


def predict_clip(
    clip: ClipArrays, model: Model, fitted: "Fitted", finder: "Finder"
) -> RecordingPrediction:
    """Classify a recording as one pre-cut clip, onset to offset, wherever it moves."""
    whole = Span(0, len(clip.frames) - 1, float("nan"))
    found = (_classify(clip, whole, model, fitted, finder),)
    unknown = np.full(len(clip.frames), float("nan"))
    facts = (clip.key.clip, clip.fps, clip.numbers, model.classes)
    return RecordingPrediction(*facts, unknown, unknown, found, found)


class _Watched(FrameBuffer):
    """The frames of a recording; reports each one that is read."""

    def __init__(self, frames: Frames, step: str, on_progress: OnProgress) -> None:
        super().__init__(frames.shape, frames.dtype)
        self._frames, self._step, self._on_progress = frames, step, on_progress

    @property
    def luma(self) -> FrameBuffer:
        return _Watched(luma_of_files(self._frames), self._step, self._on_progress)

    @property
    def decoded(self) -> bool:
        return getattr(self._frames, "decoded", True)

    def frame(self, position: int) -> np.ndarray:
        self._on_progress(self._step, position, len(self))
        return self._frames[position]


def cut(clip: ClipArrays, first: int, last: int) -> ClipArrays:
    """Return the frames at positions first..last as a clip, onset to offset, apex unknown."""
    frames, numbers = (values[first : last + 1] for values in (clip.frames, clip.numbers))
    return replace(clip, frames=frames, numbers=numbers, onset=0, apex=None, offset=last - first)


def _classify(
    clip: ClipArrays, span: Span, model: Model, fitted: "Fitted", finder: "Finder"
) -> LabelledSpan:
    p = mean_probabilities(fitted, [network_inputs(clip, model.pipeline, finder)])[0]
    return LabelledSpan(span.first, span.last, span.strength, model.label(p), p)


def window_sizes(count: int, fps: float, window: int | None, stride: int | None) -> tuple[int, int]:
    """Return window and stride in frames; refuse impossible ones."""
    size = min(count, max(2, round(WINDOW_S * fps))) if window is None else window
    step = max(1, size // 2) if stride is None else stride
    if not 1 <= size <= count:
        raise MerflowError("--window", f"{size} frames", f"1 to {count}, the recording's length")
    if step < 1:
        raise MerflowError("--stride", f"{step} frames", "at least 1")
    return size, step


def windows(
    ratio: np.ndarray, movements: Sequence[LabelledSpan], size: int, step: int, quiet: str = NONE
) -> Iterator[LabelledSpan]:
    """Yield a window every `step` frames; the last one ends with the recording.

    A window has the label of the movement with which it shares most frames, if these are at least
    half of the window or of the movement; quiet: the label of the others.
    """
    last = len(ratio) - size
    for first in sorted({*range(0, last + 1, step), last}):
        end = first + size - 1
        best, most = None, 0
        for one in movements:
            shared = min(end, one.last) - max(first, one.first) + 1
            least = min(size, one.last - one.first + 1) / 2
            if shared >= least and shared > most:
                best, most = one, shared
        strength = float(ratio[first : end + 1].max())
        label, p = (best.label, best.probabilities) if best else (quiet, None)
        yield LabelledSpan(first, end, strength, label, p)
