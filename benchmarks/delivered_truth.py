"""The gain that merflow measures against the true one, after every compression.

A cell passes if the measured gain is within .15 of the true one, or is called not credible.
`python benchmarks/delivered_truth.py [--faces astronaut biden obama drawn] [--px 0.1 0.2 0.5]
[--factors 25] [--noise 1.5] [--compression none ...] [--methods phase lagrangian]`; about a
minute per face, displacement and size. The portraits are those of `real_faces.py`.
"""

from merflow.config.settings import Magnify
from merflow.stages.magnification.compression import frame_coding
from merflow.stages.magnify import magnify_frames
from merflow.synthetic.render import render_clip

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import real_faces as real
from moving_face import STILL, FaceRuler, face_clip

FACES = (*real.FACES, "drawn")
CLOSE = 0.15
"""Largest difference between the measured gain and the true one."""


class Scene(NamedTuple):
    """One clip before compression; gain: of the (H, W, 3) apex frame for a factor."""

    label: str
    frames: list[np.ndarray]
    apex: int
    fps: float
    gain: Callable[[np.ndarray, float], float]


class Cell(NamedTuple):
    """What one method did to one clip."""

    clean: bool
    true: float
    measured: float | None
    credible: bool

    @property
    def wrong(self) -> bool:
        """Whether a measured gain that is called credible is not true."""
        far = self.measured is not None and abs(self.measured - self.true) > CLOSE
        return far and self.credible


def scenes(faces: list[str], pxs: list[float], noise: float, places: list[str]) -> Iterator[Scene]:
    """Yield every clip as the camera recorded it."""
    for face in faces:
        for px in pxs:
            for at in places:
                yield (drawn if face == "drawn" else partial(portrait, face))(px, noise, at)


def portrait(face: str, px: float, noise: float, at: str) -> Scene:
    """Return the clip of a portrait."""

    def gain(frame: np.ndarray, factor: float) -> float:
        return real.score(frame, face, at, px * factor)["gain"]

    frames = real.moving_portrait(face, at).recorded(px, noise)
    return Scene(f"{face} | {px:g} | {at}", frames, real.APEX, real.FPS, gain)


def drawn(px: float, noise: float, at: str) -> Scene:
    """Return the clip of a drawn face; at camera size it is drawn twice as large."""
    clip = face_clip(px, difficulty=replace(STILL, noise=noise))
    if at == "camera":
        clip = replace(clip, size=(512, 512), unit=2 * clip.unit, amplitude_px=2 * px)

    def gain(frame: np.ndarray, factor: float) -> float:
        return _ruler(clip, factor).multiple(frame) / factor

    return Scene(f"drawn | {px:g} | {at}", list(render_clip(clip)), clip.apex, clip.fps, gain)


class _Reduced(FaceRuler):
    """A ruler for working frames of a face that was drawn larger."""

    working = staticmethod(real.reduced)


@lru_cache(maxsize=4)
def _ruler(clip: object, factor: float) -> FaceRuler:
    return (FaceRuler if clip.size[0] == real.SIZE else _Reduced)(clip, factor)


def measured(
    scene: Scene, compression: str, factors: list[float], methods: list[str]
) -> list[Cell]:
    """Print one row per factor, and return its cells."""
    whole = real.compressed(scene.frames, compression)
    frames = np.stack([real.reduced(frame) for frame in whole])
    coding = frame_coding(np.stack(whole))
    seen = frame_coding(frames)
    cells = []
    for factor in factors:
        texts = []
        for method in methods:
            out, facts = magnify_frames(
                frames, scene.fps, factor, Magnify(method=method), coding=coding
            )
            true = scene.gain(out[scene.apex], factor)
            clean = not compression.startswith("h264")
            cells.append(Cell(clean, true, facts["gain"], facts["credible"]))
            said = "none" if facts["gain"] is None else f"{facts['gain']:.2f}"
            texts.append(f"{true:.2f} / {said}{'' if facts['credible'] else ' *'}")
            texts[-1] += " WRONG" if cells[-1].wrong else ""
        numbers = " | ".join(
            f"{c['independent']:.2f} / {c['repeated']:.2f}" for c in (coding, seen)
        )
        print(f"| {scene.label} | {compression} | x{factor:g} | {' | '.join(texts)} | {numbers} |",
              flush=True)  # fmt: skip
    return cells


def main() -> None:
    """Print true / measured gain (*: not credible) of every cell, and how many are wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", nargs="+", default=FACES, choices=FACES)
    parser.add_argument("--px", type=float, nargs="+", default=[0.1, 0.2, 0.5])
    parser.add_argument("--factors", type=float, nargs="+", default=[25])
    parser.add_argument("--noise", type=float, default=1.5)
    parser.add_argument("--compression", nargs="+", default=real.COMPRESSIONS)
    parser.add_argument("--at", nargs="+", default=real.PLACES, choices=real.PLACES)
    parser.add_argument("--methods", nargs="+", default=["phase", "lagrangian"])
    options = parser.parse_args()
    head = ["face", "px", "at", "compression", "factor", *options.methods, "camera", "working"]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    cells = [
        cell
        for scene in scenes(options.faces, options.px, options.noise, options.at)
        for compression in options.compression
        for cell in measured(scene, compression, options.factors, options.methods)
    ]
    clean = [cell for cell in cells if cell.clean]
    coded = [cell for cell in cells if not cell.clean]
    print(f"\n{sum(cell.wrong for cell in cells)} of {len(cells)} cells wrong")
    for name, group in (("not predicted", clean), ("H.264", coded)):
        lost = sum(not cell.credible for cell in group)
        needless = sum(not c.credible and not c._replace(credible=True).wrong for c in group)
        print(f"{name}: {lost} of {len(group)} not credible, {needless} of these within {CLOSE}")


if __name__ == "__main__":
    main()
