"""Uncut recordings: long rests, blinks and a few expressions at known positions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.datasets.registry import GENERATED
from merflow.io.csv_table import csv_text
from merflow.io.files import write_json, write_text
from merflow.io.video import write
from merflow.synthetic.clip import CLASSES, NEUTRAL, DemoClip, Difficulty
from merflow.synthetic.expressions import EMOTIONS, Unit
from merflow.synthetic.motion import course
from merflow.synthetic.plan import seed_of
from merflow.synthetic.render import render_clip
from merflow.synthetic.warp import Warp

FOLDER = "recordings"
FPS, SECONDS = 100.0, 4.0
SHOWN = {"negative": "disgust", "positive": "happiness", "surprise": "surprise"}
EXPRESSION_S = (0.22, 0.40)
"""Shortest and longest expression (s)."""
APART_S, EDGE_S = 1.1, 0.5
"""Shortest time from one expression to the next, and from the ends (s)."""
BLINK_S = 0.035
"""Standard deviation of a blink's course (s); the lids move for seven times as long."""


@dataclass(frozen=True, slots=True)
class Part:
    """One expression: positions of its first and last frame, its class and action units."""

    first: int
    last: int
    expression: str
    units: tuple[Unit, ...]
    amplitude_px: float


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording to draw. blinks: positions of the frames with closed lids."""

    clip: DemoClip
    parts: tuple[Part, ...]
    blinks: tuple[int, ...]


def plan(
    number: int,
    seed: int,
    difficulty: Difficulty,
    small: bool,
    expressions: int = 2,
    like: DemoClip | None = None,
) -> Recording:
    """Return recording `number`; the seed decides face and positions; small: half size and rate.

    like: names, face, camera and length in place of these; positions stay those of the seed.
    """
    share = 2 if small else 1
    fps, size, unit = FPS / share, (640 // share, 480 // share), 57.0 / share
    count = round(SECONDS * fps)
    rng = np.random.default_rng(seed_of("recording", seed, number))
    who = seed_of("recorded", seed, number)
    clip = like or DemoClip(
        *("recording", f"r{number:02d}", f"recording{number:02d}"),
        ClipKey("recording", f"r{number:02d}", f"recording{number:02d}"),
        *("", NEUTRAL, (), "", 0, 0, count // 2, count - 1, fps, size, unit, 0.0, who, who + 1),
        difficulty=replace(difficulty, blink_share=0.0, distractors=0),
    )
    kinds = [CLASSES[(number + k) % len(CLASSES)] for k in range(expressions)]
    parts = tuple(_parts(rng, clip, kinds))
    return Recording(clip, parts, tuple(_blinks(rng, clip, parts)))


def _parts(rng: np.random.Generator, clip: DemoClip, kinds: Sequence[str]) -> Iterator[Part]:
    """Yield one expression of each kind, in this order, at random times."""
    fps, (least, most) = clip.fps, clip.difficulty.amplitude_px
    room = (clip.frames - 2 * EDGE_S * fps) / max(len(kinds), 1)
    for k, kind in enumerate(kinds):
        length = round(rng.uniform(*EXPRESSION_S) * fps)
        spare = max(0.0, room - max(length, APART_S * fps))
        first = round(EDGE_S * fps + k * room + rng.uniform(0, spare))
        variants = EMOTIONS[SHOWN[kind]]
        units = tuple(variants[int(rng.integers(len(variants)))].items())
        peak = float(rng.uniform(max(0.4, least), most)) * (clip.size[1] / 480)
        yield Part(first, first + length - 1, kind, units, peak)


def _blinks(rng: np.random.Generator, clip: DemoClip, parts: Sequence[Part]) -> Iterator[int]:
    """Yield a blink about every 1.2 s, outside the first frames and the expressions."""
    count, fps = clip.frames, clip.fps
    far, last = round(5 * BLINK_S * fps), 0
    for at in np.arange(0.3, count / fps - 0.3, 1.2):
        for place in (np.sort(at + rng.uniform(0, 1.2, 6)) * fps).round().astype(int).tolist():
            free = all(not part.first - far <= place <= part.last + far for part in parts)
            if free and last + 2 * far < place < count - far:
                last = place
                yield place
                break


def frames(recording: Recording) -> Iterator[np.ndarray]:
    """Yield the frames (H, W, 3) uint8 RGB; the same recording, the same bytes."""
    clip = recording.clip
    still = Warp(clip)
    closed = np.zeros(clip.frames)
    for place in recording.blinks:
        away = (np.arange(clip.frames) - place) / clip.fps
        closed = np.maximum(closed, np.exp(-0.5 * (away / BLINK_S) ** 2) * (np.abs(away) < 0.12))
    still.motion = replace(still.motion, closed=closed)
    done = 0
    for part in recording.parts:
        yield from render_clip(clip, still, range(done, part.first))
        yield from render_clip(*_moving(clip, still, part), range(part.first, part.last + 1))
        done = part.last + 1
    yield from render_clip(clip, still, range(done, clip.frames))


def _moving(clip: DemoClip, still: Warp, part: Part) -> tuple[DemoClip, Warp]:
    """Return the clip with one expression; head, lids and light are those of `still`."""
    length = part.last - part.first + 1
    own = replace(
        clip, expression=part.expression, units=part.units, amplitude_px=part.amplitude_px
    )
    run = np.zeros(clip.frames)
    run[part.first : part.last + 1] = course(length, length // 2, 0.0)
    warp = Warp(own)
    warp.motion = replace(still.motion, units=warp.motion.units, course=run)
    warp.linear, warp.offset = still.linear, still.offset
    return own, warp


def write_recording(folder: Path, recording: Recording) -> Path:
    """Write NAME.avi, and NAME.truth.csv with the frames of every movement; return the video."""
    name, clip = recording.clip.clip, recording.clip
    path = folder / f"{name}.avi"
    rows = [(part.expression, str(part.first), str(part.last)) for part in recording.parts]
    rows += [("blink", str(place), str(place)) for place in recording.blinks]
    write_json(folder / GENERATED, {"mark": "", "clips": {}, "sheets": []})
    text = csv_text(("what", "first", "last"), sorted(rows, key=lambda row: int(row[1])))
    write_text(folder / f"{name}.truth.csv", text)
    write(path, np.stack(list(frames(recording))), clip.fps, range(clip.frames))
    return path
