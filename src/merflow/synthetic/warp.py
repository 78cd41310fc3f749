"""Map points of a still image to frame t of a clip, and back."""

from dataclasses import dataclass

import cv2
import numpy as np

from merflow.synthetic.clip import DemoClip
from merflow.synthetic.expressions import creases, field
from merflow.synthetic.face import bump, landmarks, ramp
from merflow.synthetic.identity import random_identity
from merflow.synthetic.motion import Motion, motion
from merflow.synthetic.portrait import AROUND, HEAD, Scene, portrait

Array = np.ndarray
Part = tuple[slice, slice]
STEPS, STEPS_NEAR = 6, 3
"""Fixed-point steps of the inverse warp, without a start and from another frame's result."""


@dataclass(frozen=True, slots=True)
class Maps:
    """Maps that determine how points move; every array has the points' shape, float32.

    x, y, z: position relative to the midpoint of the eyes, and height, px; weight: 0..1, how much
    a point follows the head; expression (..., 2): displacement at the apex, px; pulls: the same
    for each distractor at its peak.
    """

    x: Array
    y: Array
    z: Array
    weight: Array
    expression: Array
    pulls: tuple[Array, ...]


def head_moves(maps: Maps, m: Motion, t: int) -> Array:
    """Displacement (..., 2) float32 px by the head's pose and drift in frame t."""
    grow, roll = float(m.scale[t]) - 1, float(m.roll[t])
    yaw, pitch = float(np.sin(m.yaw[t])), float(np.sin(m.pitch[t]))
    x = float(m.shift[t, 0]) + grow * maps.x - roll * maps.y + yaw * maps.z
    y = float(m.shift[t, 1]) + grow * maps.y + roll * maps.x + pitch * maps.z
    return np.stack([x * maps.weight, y * maps.weight], -1)


def distractors_move(maps: Maps, m: Motion, t: int) -> Array:
    """Displacement (..., 2) float32 px of the distractors."""
    out = np.zeros_like(maps.expression)
    for pull, (_, run) in zip(maps.pulls, m.distractors, strict=True):
        out += float(run[t]) * pull
    return out


def displacement(maps: Maps, m: Motion, t: int) -> Array:
    """Displacement (..., 2) float32 px of every point in frame t."""
    expression = float(m.course[t]) * maps.expression
    return head_moves(maps, m, t) + distractors_move(maps, m, t) + expression


class Warp:
    """A clip's motion applied to the still image of its face."""

    def __init__(self, clip: DemoClip) -> None:
        self.clip = clip
        self.motion = motion(clip)
        self.scene = Scene(clip.size, clip.unit)
        self.identity = random_identity(clip.person)
        self.portrait = portrait(clip.person, self.scene)
        # Only `inner` of the still image moves; in the frame it lies inside `part`.
        inner = self.scene.rows_columns(HEAD)
        self.part = self.scene.rows_columns(AROUND)
        self.whole = (slice(0, clip.size[1]), slice(0, clip.size[0]))
        self.corner = (inner[1].start, inner[0].start)
        self.maps, self.crease = self._maps(inner)
        self.linear, self.offset = self._placement()

    def _maps(self, inner: Part) -> tuple[Maps, Array]:
        clip, m = self.clip, self.motion
        grid = self.scene.grid().window(*inner)
        # Amplitudes refer to the frame, which the placement scales.
        scale = np.float32(1 / m.place[3])
        pulls = (
            scale * bump(grid.x, grid.y, x, y, s, s)[..., None] * np.array([dx, dy], np.float32)
            for (x, y, dx, dy, s), _ in m.distractors
        )
        # The whole head moves; its movement fades out over the wall and the shoulders.
        reach = np.hypot(grid.x / 3.4, (grid.y - 0.3) / 4.3)
        maps = Maps(
            x=grid.x * np.float32(clip.unit),
            y=grid.y * np.float32(clip.unit),
            z=self.portrait.height[inner] * np.float32(clip.unit),
            weight=ramp(reach, 1.0, 0.85).astype(np.float32),
            expression=np.float32(clip.amplitude_px)
            * scale
            * field(self.identity, grid, m.units, m.balance),
            pulls=tuple(pulls),
        )
        return maps, creases(self.identity, grid, m.units)

    def _placement(self) -> tuple[Array, Array]:
        """Return the similarity that maps the scene to this clip's frames."""
        dx, dy, roll, scale = self.motion.place
        c, s = scale * np.cos(roll), scale * np.sin(roll)
        linear = np.array([[c, -s], [s, c]])
        centre = np.array(self.scene.centre)
        return linear, centre + np.array([dx, dy]) - linear @ centre

    def look_up(self, values: Array, x: Array, y: Array) -> Array:
        """Return a map's values at image positions x, y; 0 where nothing moves."""
        left, top = (np.float32(v) for v in self.corner)
        return cv2.remap(
            values, x - left, y - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )

    def unplaced(self, part: Part) -> tuple[Array, Array]:
        """Return x, y (h, w) float32: the frame's pixels in `part` before the placement."""
        inverse = np.linalg.inv(self.linear)
        rows, columns = (np.arange(s.start, s.stop) for s in part)
        x, y = np.meshgrid(columns - self.offset[0], rows - self.offset[1])
        moved = (inverse[0, 0] * x + inverse[0, 1] * y, inverse[1, 0] * x + inverse[1, 1] * y)
        return moved[0].astype(np.float32), moved[1].astype(np.float32)

    def sources(
        self, t: int, placed: tuple[Array, Array], near: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        """Return positions x, y in the still image of the points at `placed` in frame t.

        placed: see `unplaced`; near: the result for another frame, which saves steps.
        """
        moved = displacement(self.maps, self.motion, t)
        x, y = near or placed
        for _ in range(STEPS_NEAR if near else STEPS):
            step = self.look_up(moved, x, y)
            x, y = placed[0] - step[..., 0], placed[1] - step[..., 1]
        return x, y

    def landmarks(self) -> Array:
        """Return the true iBUG-68 landmarks (T, 68, 2) float32 px of every frame."""
        still = (landmarks(self.identity) * self.clip.unit + self.scene.centre).astype(np.float32)

        def at_points(values: Array) -> Array:
            return self.look_up(values, still[:, :1], still[:, 1:])[:, 0]

        m = self.maps
        arrays = map(at_points, (m.x, m.y, m.z, m.weight, m.expression))
        maps = Maps(*arrays, tuple(map(at_points, m.pulls)))
        frames = (displacement(maps, self.motion, t) for t in range(self.clip.frames))
        points = [(still + moved) @ self.linear.T + self.offset for moved in frames]
        return np.stack(points).astype(np.float32)
