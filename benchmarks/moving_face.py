"""A drawn face with known movement, and the same face with the movement multiplied."""

from merflow.clip import ClipKey
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.render import render_clip, true_fields
from merflow.synthetic.warp import Warp

from dataclasses import replace
from itertools import islice

import numpy as np
from motion_truth import luma, ssim, unit

STILL = Difficulty(
    noise=0.0,
    flicker=0.0,
    drift_px=0.0,
    roll_degrees=0.0,
    turn_degrees=0.0,
    distractors=0,
    blink_share=0.0,
    crease=0.0,
)
"""Nothing but the expression; each disturbance is switched on by itself."""


def face_clip(
    amplitude: float,
    units: tuple[tuple[str, float], ...] = (("12", 1.0), ("1", 0.8), ("2", 0.8)),
    frames: int = 64,
    apex: int = 26,
    difficulty: Difficulty = STILL,
    seed: int = 3,
) -> DemoClip:
    """Return a clip of 256 x 256 px at 100 Hz whose largest displacement is `amplitude` px.

    Amplitudes of the demo are given for frames of 480 px; here they are px of this frame.
    """
    return DemoClip(
        dataset="truth",
        subject="01",
        clip="a",
        key=ClipKey("truth", "01", "a"),
        emotion="",
        expression="positive",
        units=units,
        action_units="",
        objective=0,
        onset=0,
        apex=apex,
        offset=frames - 1,
        fps=100.0,
        size=(256, 256),
        unit=46.0,
        amplitude_px=amplitude,
        person=5,
        seed=seed,
        difficulty=difficulty,
    )


class FaceRuler:
    """Measures the displacement of a frame in multiples of the input's, at its apex.

    working: makes the frames that are measured of those that are drawn.
    """

    @staticmethod
    def working(frame: np.ndarray) -> np.ndarray:
        """Return a drawn frame or plane as it is measured."""
        return frame

    def __init__(self, clip: DemoClip, factor: float) -> None:
        # A blink is kept: the demo draws the face's place after it.
        blink = clip.difficulty.blink_share
        quiet = replace(clip, difficulty=replace(STILL, blink_share=blink))
        apex = list(islice(render_clip(self._times(quiet, factor)), clip.apex + 1))[-1]
        self.truth = self.working(apex)
        field = true_fields(Warp(quiet)).expression
        size = self.working(np.hypot(field[..., 0], field[..., 1]))
        self.peak = float(size.max())
        self.moving = size > 0.35 * size.max()
        self.resting = size < 0.02 * size.max()
        # As many frames as the clip: the demo draws a clip's own traits after its time course.
        steps = clip.frames - 4
        long = replace(self._times(quiet, 1.3 * factor), apex=steps)
        warp = Warp(long)
        self.multiples = 1.3 * factor * warp.motion.course[: steps + 1]
        rows = islice(render_clip(long, warp), steps + 1)
        self.rows = np.stack([unit(luma(self.working(row))[self.moving]) for row in rows])

    @staticmethod
    def _times(clip: DemoClip, factor: float) -> DemoClip:
        return replace(clip, amplitude_px=clip.amplitude_px * factor)

    def multiple(self, frame: np.ndarray) -> float:
        """Return the multiple of the input's displacement that `frame` matches best."""
        match = self.rows @ unit(luma(frame)[self.moving])
        best = int(np.clip(match.argmax(), 1, len(match) - 2))
        near = slice(best - 1, best + 2)
        bend, slope, _ = np.polyfit(self.multiples[near], match[near], 2)
        found = -slope / (2 * bend) if bend < 0 else self.multiples[best]
        return float(np.clip(found, *self.multiples[[near.start, near.stop - 1]]))

    def score(self, out: np.ndarray, factor: float) -> dict[str, float]:
        """Return gain, ssim and psnr (dB) of an apex frame against the truly multiplied one."""
        true, made = luma(self.truth), luma(out)
        error = np.mean((true - made)[self.moving] ** 2)
        return {
            "gain": self.multiple(out) / factor,
            "ssim": ssim(true, made, self.moving),
            "psnr": float(10 * np.log10(255**2 / error)),
        }
