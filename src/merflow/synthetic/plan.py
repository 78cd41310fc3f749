"""Plan the clips of a demo dataset: emotions, action units, strengths and lengths; no pixels."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.synthetic.clip import CLASSES, DemoClip, Difficulty
from merflow.synthetic.expressions import EMOTIONS, Unit, objective_class

CYCLE = ("negative", "positive", "surprise", "negative", "positive", "surprise")
OTHER = "other"
SINGLE = {"positive": ("happiness",), "surprise": ("surprise",), OTHER: ("others",)}
"""The emotions of the classes that have the same one in every dataset."""


def seed_of(*parts: object) -> int:
    """Return a seed, 0..2**62, that depends on every part and on nothing else."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 2


@dataclass(frozen=True, slots=True)
class Camera:
    """A dataset's frame rate (Hz), frame size (px), px per face unit and clip lengths (frames)."""

    fps: float
    size: tuple[int, int]
    unit: float
    length: tuple[int, int]
    grey: bool = False

    def smaller(self) -> "Camera":
        """Return half the frame size and about half the clip length (stills: all), for tests."""
        (w, h), (low, high) = self.size, self.length
        half = self.length if high <= 12 else (max(12, low // 2), max(14, high // 2))
        return Camera(self.fps, (w // 2, h // 2), self.unit / 2, half, self.grey)


@dataclass(frozen=True, slots=True)
class Draft:
    """One clip before its dataset gives it a name and frame numbers."""

    expression: str
    emotion: str
    """The emotion that is drawn, lower case."""
    action_units: str
    units: tuple[Unit, ...]
    amplitude_px: float
    frames: int
    apex: int
    """Position of the apex frame, from 0."""
    seed: int


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of a demo dataset: everything its clips are planned from."""

    dataset: str
    id: Any
    """Number or name, as the dataset's list of subjects has it."""
    place: int
    """Position among the dataset's subjects, from 0."""
    clips: int
    seed: int
    """The seed of the whole demo."""
    camera: Camera
    difficulty: Difficulty

    def seed_of(self, purpose: str, *more: object) -> int:
        """Return a seed of this subject's own for one purpose."""
        return seed_of(purpose, self.dataset, self.id, self.seed, *more)

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a random generator for one purpose."""
        return np.random.default_rng(self.seed_of(purpose))

    def drafts(self, negative: Sequence[str], other: bool = False) -> Iterator[Draft]:
        """Yield the subject's clips, the three classes in turn.

        negative: the emotions of that class; other: add a clip outside the three classes.
        """
        emotions = {**SINGLE, "negative": negative}
        rng = self.rng("plan")
        turn = dict.fromkeys((*CLASSES, OTHER), int(rng.integers(100)))
        kinds = [CYCLE[i] if i < len(CYCLE) else "negative" for i in range(self.clips)]
        for number, kind in enumerate([*kinds, OTHER] if other else kinds):
            emotion = emotions[kind][turn[kind] % len(emotions[kind])]
            units = EMOTIONS[emotion][int(rng.integers(len(EMOTIONS[emotion])))]
            turn[kind] += 1
            low, high = self.camera.length
            frames = int(rng.integers(low, high + 1))
            pixels = float(rng.uniform(*self.difficulty.amplitude_px)) * self.camera.size[1] / 480
            yield Draft(
                expression=kind,
                emotion=emotion,
                action_units="+".join(units),
                units=tuple(units.items()),
                amplitude_px=round(pixels, 4),
                frames=frames,
                apex=round(frames * rng.uniform(0.35, 0.55)),
                seed=self.seed_of("clip", number),
            )

    def clip(
        self, draft: Draft, key: ClipKey, name: tuple[str, str], onset: int, **changes: object
    ) -> DemoClip:
        """Return the clip of a draft; `name` is subject and clip as the folders write them.

        changes: fields of the clip that differ from the draft's and the camera's.
        """
        clip = DemoClip(
            dataset=self.dataset,
            subject=name[0],
            clip=name[1],
            key=key,
            emotion=draft.emotion,
            expression=draft.expression,
            units=draft.units,
            action_units=draft.action_units,
            objective=objective_class(draft.emotion),
            onset=onset,
            apex=onset + draft.apex,
            offset=onset + draft.frames - 1,
            fps=self.camera.fps,
            size=self.camera.size,
            unit=self.camera.unit,
            amplitude_px=draft.amplitude_px,
            person=self.seed_of("person"),
            seed=draft.seed,
            grey=self.camera.grey,
            difficulty=self.difficulty,
        )
        return replace(clip, **changes)
