"""Frames of a clip, its true displacement fields and its true landmarks."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from merflow.demo.clip import DemoClip
from merflow.demo.expressions import creases, field
from merflow.demo.face import bump, landmarks, ramp
from merflow.demo.identity import random_identity
from merflow.demo.motion import Motion, motion
from merflow.demo.portrait import HEAD, OVERSAMPLING, Scene, portrait

Array = np.ndarray
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
INVERSION_STEPS = 5
"""Fixed-point steps of the inverse warp; the error left is below 0.01 px (tested)."""


@dataclass(frozen=True, slots=True)
class TrueFields:
    """Displacement onset to apex, (H, W, 2) float32 px (x, y), on the onset frame's pixels.

    The three add up exactly to the whole movement; lids that blink are in none of them.
    """

    expression: Array
    head: Array
    distractors: Array


class Warp:
    """Where each point of the still picture lies in frame t, and back."""

    def __init__(self, clip: DemoClip) -> None:
        self.clip = clip
        self.motion: Motion = motion(clip)
        self.scene = Scene(clip.size, clip.unit)
        self.person = random_identity(clip.person)
        self.portrait = portrait(clip.person, self.scene)
        # Only `inner` of the still picture moves; in the frame it lies somewhere in `part`.
        self.inner = self.scene.rows_columns(HEAD)
        left, right, top, bottom = HEAD
        self.part = self.scene.rows_columns((left - 0.5, right + 0.5, top - 0.5, bottom + 0.5))
        self.corner = (self.inner[1].start, self.inner[0].start)
        grid = self.scene.grid().window(*self.inner)
        amplitude = np.float32(clip.amplitude_px / self.motion.place[3])
        self.expression = amplitude * field(
            self.person, grid, self.motion.units, self.motion.balance
        )
        self.crease = creases(self.person, grid, self.motion.units)
        self.pulls = [
            (bump(grid.x, grid.y, x, y, s, s)[..., None] * np.array([dx, dy], np.float32), run)
            for (x, y, dx, dy, s), run in self.motion.distractors
        ]
        # The head moves whole; its movement fades out over the wall and the shoulders.
        reach = np.hypot(grid.x / 3.4, (grid.y - 0.3) / 4.3)
        self.weight = ramp(reach, 1.0, 0.85).astype(np.float32)
        self.x = (grid.x * clip.unit).astype(np.float32)
        self.y = (grid.y * clip.unit).astype(np.float32)
        self.z = self.portrait.height[self.inner] * np.float32(clip.unit)
        self.linear, self.offset = self._placement()

    def _placement(self) -> tuple[Array, Array]:
        """The similarity that puts the whole scene into this clip's frames."""
        dx, dy, roll, scale = self.motion.place
        c, s = scale * np.cos(roll), scale * np.sin(roll)
        linear = np.array([[c, -s], [s, c]])
        centre = np.array(self.scene.centre)
        return linear, centre + np.array([dx, dy]) - linear @ centre

    def head(self, t: int) -> Array:
        """Displacement (h, w, 2) px by the head's pose and drift in frame t."""
        m = self.motion
        grow, roll = m.scale[t] - 1, m.roll[t]
        x = m.shift[t, 0] + grow * self.x - roll * self.y + np.sin(m.yaw[t]) * self.z
        y = m.shift[t, 1] + grow * self.y + roll * self.x + np.sin(m.pitch[t]) * self.z
        return (np.stack([x, y], -1) * self.weight[..., None]).astype(np.float32)

    def distractors(self, t: int) -> Array:
        """Displacement (h, w, 2) px by the movements that mean nothing."""
        out = np.zeros_like(self.expression)
        for pull, run in self.pulls:
            out += np.float32(run[t]) * pull
        return out

    def displacement(self, t: int) -> Array:
        """Displacement (h, w, 2) px of every point of the still picture in frame t."""
        return (
            self.head(t)
            + self.distractors(t)
            + np.float32(self.motion.course[t]) * (self.expression)
        )

    def look_up(self, moved: Array, x: Array, y: Array) -> Array:
        """Return a displacement map's values at picture positions x, y; 0 where nothing moves."""
        left, top = (np.float32(v) for v in self.corner)
        return cv2.remap(moved, x - left, y - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)

    def sources(self, t: int, part: tuple[slice, slice]) -> tuple[Array, Array]:
        """Return x, y (h, w) in the still picture of the frame's pixels in `part`."""
        inverse = np.linalg.inv(self.linear)
        rows, columns = (np.arange(s.start, s.stop) for s in part)
        x, y = np.meshgrid(columns - self.offset[0], rows - self.offset[1])
        base_x = (inverse[0, 0] * x + inverse[0, 1] * y).astype(np.float32)
        base_y = (inverse[1, 0] * x + inverse[1, 1] * y).astype(np.float32)
        moved = self.displacement(t)
        x, y = base_x, base_y
        for _ in range(INVERSION_STEPS):
            step = self.look_up(moved, x, y)
            x, y = base_x - step[..., 0], base_y - step[..., 1]
        return x, y

    def points(self, t: int) -> Array:
        """Return the true 68 landmarks (68, 2) float32 px in frame t."""
        still = landmarks(self.person) * self.clip.unit + self.scene.centre
        at = still.astype(np.float32)[:, None]
        moved = self.look_up(self.displacement(t), at[..., 0], at[..., 1])
        return ((still + moved[:, 0]) @ self.linear.T + self.offset).astype(np.float32)


def _sample(picture: Array, x: Array, y: Array) -> Array:
    s = np.float32(OVERSAMPLING)
    at = (s * (x + np.float32(0.5)) - np.float32(0.5), s * (y + np.float32(0.5)) - np.float32(0.5))
    return cv2.remap(picture, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def render_clip(clip: DemoClip) -> Iterator[Array]:
    """Yield the frames (H, W, 3) uint8 RGB, onset to offset; the same clip, the same bytes.

    A grey clip's three channels are equal.
    """
    warp, channels = Warp(clip), 1 if clip.grey else 3
    whole = (slice(0, clip.size[1]), slice(0, clip.size[0]))
    still = _sample(warp.portrait.picture, *warp.sources(0, whole))
    crease = warp.look_up(warp.crease, *warp.sources(0, warp.part))[..., None]
    for t in range(clip.frames):
        frame = still.copy()
        picture = warp.portrait.with_eyes(float(warp.motion.closed[t]))
        part = _sample(picture, *warp.sources(t, warp.part))
        depth = clip.difficulty.crease * clip.amplitude_px * warp.motion.course[t]
        part *= 1 - np.float32(depth) * crease
        frame[warp.part] = part
        if clip.grey:
            frame = (frame @ LUMA)[..., None]
        # One generator per frame: a frame's bytes do not depend on those before it.
        rng = np.random.default_rng([clip.seed, 0x0153, t])
        noise = rng.standard_normal((*frame.shape[:2], channels), dtype=np.float32)
        # One pass: brightness, noise, rounding, and the limits of a byte.
        gain, sigma = float(warp.motion.gain[t]), float(clip.difficulty.noise)
        frame = cv2.addWeighted(frame, gain, noise, sigma, 0, dtype=cv2.CV_8U)
        frame = frame.reshape(*frame.shape[:2], channels)
        yield np.repeat(frame, 3, axis=2) if clip.grey else frame


def true_landmarks(clip: DemoClip) -> Array:
    """Return the true iBUG-68 landmarks (T, 68, 2) float32 px of every frame."""
    warp = Warp(clip)
    return np.stack([warp.points(t) for t in range(clip.frames)])


def true_fields(clip: DemoClip) -> TrueFields:
    """Return the true displacement fields from the onset to the apex frame."""
    warp = Warp(clip)
    apex = clip.apex - clip.onset
    whole = (slice(0, clip.size[1]), slice(0, clip.size[0]))
    x, y = warp.sources(0, whole)

    def seen(moved: Array) -> Array:
        moved = warp.look_up(moved.astype(np.float32), x, y)
        return (moved @ warp.linear.T).astype(np.float32)

    run = warp.motion.course
    return TrueFields(
        expression=seen(np.float32(run[apex] - run[0]) * warp.expression),
        head=seen(warp.head(apex) - warp.head(0)),
        distractors=seen(warp.distractors(apex) - warp.distractors(0)),
    )
