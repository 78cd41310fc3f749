"""A recording through the whole chain: where the face moves, and which expression it is there.

A network knows pre-cut expressions and nothing else: shown a face at rest it still names a class.
So movements are found first (spotting.py), each is cut out and goes through the chain as a clip of
its own, and everything else is answered NONE.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.clip import ClipArrays
from merflow.errors import MerflowError, SkipClip
from merflow.inference.spotting import Span, movement, spans
from merflow.io.csv_table import csv_text
from merflow.io.files import atomic, write_text
from merflow.stages.pipeline import cropped, whole_chain
from merflow.workflow.final_model import Model, answers

if TYPE_CHECKING:
    from merflow.models.factory import Fitted
    from merflow.stages.faces import Finder

NONE = "no expression"
Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""
WINDOW_S = 0.5
"""Length of a window when none is asked for (s)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One movement and its answer.

    span: positions in the recording; chances: (K,) float64, or None where the movement could not
    be classified, `reason` then says why.
    """

    span: Span
    answer: str
    chances: np.ndarray | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Frames first..last (positions), the most movement in them (times the rest), their answer."""

    first: int
    last: int
    strength: float
    answer: str
    chances: np.ndarray | None


@dataclass(frozen=True)
class Answered:
    """A recording with its answers.

    ratio: (T,) movement in times the rest; measure: (T,) the same as a share of the face's side.
    """

    name: str
    fps: float
    numbers: np.ndarray
    classes: tuple[str, ...]
    ratio: np.ndarray
    measure: np.ndarray
    events: tuple[Event, ...]
    windows: tuple[Window, ...]


def predict_recording(
    clip: ClipArrays,
    model: Model,
    fitted: "Fitted",
    finder: "Finder",
    window: int | None = None,
    stride: int | None = None,
    *,
    rest: float | None = None,
    tell: Tell = lambda *_: None,
) -> Answered:
    """Find where the face moves in a recording and classify that; frames (T, H, W, 3) uint8 RGB.

    window, stride: of the rows given back (frames); rest: of the measure, where it is known from
    more than this recording. Raises SkipClip when no face is found.
    """
    sizes = window_sizes(len(clip.frames), clip.fps, window, stride)
    tell("aligning the face", 0, 0)
    face = cropped(clip, model.chain, finder)
    tell("looking for movement", 0, 0)
    measure = movement(face.frames, clip.fps, face.landmarks)
    found, ratio = spans(measure, clip.fps, rest)
    events = []
    for number, span in enumerate(found):
        tell("classifying movements", number, len(found))
        events.append(_event(clip, span, model, fitted, finder))
    rows = tuple(windows(ratio, events, *sizes))
    about = (clip.key.clip, clip.fps, clip.numbers, model.classes)
    return Answered(*about, ratio, measure, tuple(events), rows)


def predict_clip(clip: ClipArrays, model: Model, fitted: "Fitted", finder: "Finder") -> Answered:
    """Classify a recording as one pre-cut clip, onset to offset, wherever it moves."""
    chances = answers(fitted, [whole_chain(clip, model.chain, finder)])[0]
    answer, last = model.classes[int(chances.argmax())], len(clip.frames) - 1
    nan = float("nan")
    event = Event(Span(0, last, nan), answer, chances)
    row = Window(0, last, nan, answer, chances)
    still = np.full(len(clip.frames), nan)
    about = (clip.key.clip, clip.fps, clip.numbers, model.classes)
    return Answered(*about, still, still, (event,), (row,))


def cut(clip: ClipArrays, span: Span) -> ClipArrays:
    """Return the frames of a span as a clip of its own, onset to offset."""
    part = slice(span.first, span.last + 1)
    frames = clip.frames[part]
    last = len(frames) - 1
    return replace(clip, frames=frames, numbers=clip.numbers[part], onset=0, apex=None, offset=last)


def _event(clip: ClipArrays, span: Span, model: Model, fitted: "Fitted", finder: "Finder") -> Event:
    """Classify one movement; one that cannot go through the chain is no expression."""
    try:
        seen = whole_chain(cut(clip, span), model.chain, finder)
    except SkipClip as skip:
        return Event(span, NONE, None, skip.reason)
    chances = answers(fitted, [seen])[0]
    return Event(span, model.classes[int(chances.argmax())], chances)


def window_sizes(count: int, fps: float, window: int | None, stride: int | None) -> tuple[int, int]:
    """Return window and stride in frames; refuse what cannot be."""
    size = min(count, max(2, round(WINDOW_S * fps))) if window is None else window
    step = max(1, size // 2) if stride is None else stride
    if not 1 <= size <= count:
        raise MerflowError("--window", f"{size} frames", f"1 to {count}, the recording's length")
    if step < 1:
        raise MerflowError("--stride", f"{step} frames", "at least 1")
    return size, step


def windows(ratio: np.ndarray, events: Sequence[Event], size: int, step: int) -> Iterator[Window]:
    """Yield a row every `step` frames; the last one ends with the recording.

    A window has the answer of the movement it shares most frames with, if that is at least half
    of the window or of the movement.
    """
    last = len(ratio) - size
    for first in sorted({*range(0, last + 1, step), last}):
        end = first + size - 1
        best, most = None, 0
        for event in events:
            shared = min(end, event.span.last) - max(first, event.span.first) + 1
            least = min(size, event.span.last - event.span.first + 1) / 2
            if shared >= least and shared > most:
                best, most = event, shared
        strength = float(ratio[first : end + 1].max())
        answer, chances = (best.answer, best.chances) if best else (NONE, None)
        yield Window(first, end, strength, answer, chances)


def write_answers(folder: Path, stem: str, done: Answered, said: str) -> list[Path]:
    """Write STEM.csv (windows), STEM.events.csv (movements) and STEM.png; return their paths."""
    head = ("first", "last", "seconds", "movement", "answer", *(f"p_{c}" for c in done.classes))
    rows = [_row(done, w.first, w.last, w.strength, w.answer, w.chances) for w in done.windows]
    write_text(folder / f"{stem}.csv", csv_text(head, rows))
    events = [
        (*_row(done, e.span.first, e.span.last, e.span.strength, e.answer, e.chances), e.reason)
        for e in done.events
    ]
    write_text(folder / f"{stem}.events.csv", csv_text((*head, "reason"), events))
    with atomic(folder / f"{stem}.png") as part:
        draw(part, done, said)
    return [folder / f"{stem}{end}" for end in (".csv", ".events.csv", ".png")]


def _row(
    done: Answered,
    first: int,
    last: int,
    strength: float,
    answer: str,
    chances: np.ndarray | None,
) -> tuple[str, ...]:
    """Return a row's cells; frames by the recording's own numbers, seconds from its start."""
    cells = [""] * len(done.classes) if chances is None else [f"{p:.9g}" for p in chances]
    moved = "" if np.isnan(strength) else f"{strength:.9g}"
    numbers = (str(int(done.numbers[first])), str(int(done.numbers[last])))
    return (*numbers, f"{first / done.fps:.9g}", moved, answer, *cells)


def as_json(done: Answered) -> dict[str, Any]:
    """Return what `--json` prints of a recording."""

    def one(first: int, last: int, strength: float, answer: str, p: np.ndarray | None) -> dict:
        chances = None if p is None else dict(zip(done.classes, p.tolist(), strict=True))
        return {
            "first": int(done.numbers[first]),
            "last": int(done.numbers[last]),
            "seconds": first / done.fps,
            "movement": None if np.isnan(strength) else strength,
            "answer": answer,
            "probabilities": chances,
        }

    return {
        "name": done.name,
        "frames": len(done.numbers),
        "fps": done.fps,
        "events": [
            one(e.span.first, e.span.last, e.span.strength, e.answer, e.chances)
            | {"reason": e.reason}
            for e in done.events
        ],
        "windows": [one(w.first, w.last, w.strength, w.answer, w.chances) for w in done.windows],
    }


def draw(path: Path, done: Answered, said: str) -> None:
    """Draw the movement over time and the answers, PNG; `said` stands below."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from merflow.inference.spotting import STARTS

    page = Figure(figsize=(9, 4.6), layout="constrained")
    FigureCanvasAgg(page)
    top, low = page.subplots(2, 1, sharex=True)
    seconds = np.arange(len(done.ratio)) / done.fps
    top.plot(seconds, done.ratio, color="0.3", lw=1)
    top.axhline(STARTS, color="0.6", lw=0.8, ls=":")
    top.set_ylabel("movement\n(times the rest)")
    top.set_title(done.name, fontsize=10)
    for k, name in enumerate(done.classes):
        low.plot([], [], color=f"C{k}", lw=6, label=name)
    for event in done.events:
        start, end = event.span.first / done.fps, (event.span.last + 1) / done.fps
        if event.chances is None:
            low.axvspan(start, end, color="0.85")
            continue
        colour = f"C{int(event.chances.argmax())}"
        top.axvspan(start, end, color=colour, alpha=0.2)
        share = (end - start) / len(done.classes)
        for k, chance in enumerate(event.chances):
            low.bar(start + k * share, chance, share, align="edge", color=f"C{k}")
    low.set(ylim=(0, 1), ylabel="probability", xlim=(0, len(done.ratio) / done.fps))
    low.set_xlabel("seconds")
    low.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    page.supxlabel(said, fontsize=7, color="0.35")
    page.savefig(path, format="png", dpi=120)
