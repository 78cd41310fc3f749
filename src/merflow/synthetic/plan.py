"""Which clips a demo dataset gets: words, action units, strengths and lengths, no bytes yet."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from merflow.synthetic.clip import CLASSES, Difficulty
from merflow.synthetic.expressions import EMOTIONS, Unit

CYCLE = ("negative", "positive", "surprise", "negative", "positive", "surprise")
OTHER = "other"


def seed_of(*parts: object) -> int:
    """Return a seed, 0..2**62, that depends on every part and on nothing else."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 2


@dataclass(frozen=True, slots=True)
class Frames:
    """How a dataset films: rate (Hz), frame size (px), px a face unit, clip lengths (frames)."""

    fps: float
    size: tuple[int, int]
    unit: float
    length: tuple[int, int]
    grey: bool = False

    def smaller(self) -> "Frames":
        """Half the picture and about half the frames: for tests."""
        w, h = self.size
        low, high = self.length
        half = (max(12, low // 2), max(14, high // 2))
        return Frames(self.fps, (w // 2, h // 2), self.unit / 2, half, self.grey)


@dataclass(frozen=True, slots=True)
class Draft:
    """One clip before its dataset gives it a name and frame numbers."""

    expression: str
    emotion: str
    """The drawn emotion's word, lower case."""
    action_units: str
    units: tuple[Unit, ...]
    amplitude_px: float
    frames: int
    apex: int
    """Position of the apex frame, from 0."""
    seed: int


def drafts(
    who: tuple[object, ...],
    clips: int,
    words: dict[str, tuple[str, ...]],
    film: Frames,
    difficulty: Difficulty,
    other: bool = False,
) -> Iterator[Draft]:
    """Yield a subject's clips: the three classes in turn, each as often as the others can be.

    `who` seeds the subject; `words` lists each class's emotions; `other` adds one clip of a
    word that no composite class takes.
    """
    rng = np.random.default_rng(seed_of("plan", *who))
    turn = dict.fromkeys((*CLASSES, OTHER), int(rng.integers(100)))
    kinds = [CYCLE[i] if i < len(CYCLE) else "negative" for i in range(clips)]
    for number, kind in enumerate([*kinds, OTHER] if other else kinds):
        word = words[kind][turn[kind] % len(words[kind])]
        ways = EMOTIONS[word]
        cell, units = ways[int(rng.integers(len(ways)))]
        turn[kind] += 1
        frames = int(rng.integers(film.length[0], film.length[1] + 1))
        yield Draft(
            expression=kind,
            emotion=word,
            action_units=cell,
            units=units,
            amplitude_px=round(
                float(rng.uniform(*difficulty.amplitude_px)) * film.size[1] / 480, 4
            ),
            frames=frames,
            apex=round(frames * rng.uniform(0.35, 0.55)),
            seed=seed_of("clip", *who, number),
        )
