"""The shape of a face: outlines, lids, brows, lips, height field and the 68 true landmarks."""

from dataclasses import dataclass

import numpy as np

from merflow.synthetic.identity import Identity

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Grid:
    """Positions (H, W) float32 in face units; `step` is the width of one pixel in face units."""

    x: Array
    y: Array
    step: float

    @property
    def ax(self) -> Array:
        """Distance from the midline: both halves of the face are mirrored."""
        return np.abs(self.x)

    def window(self, rows: slice, columns: slice) -> "Grid":
        """Return the part of the grid in these rows and columns."""
        return Grid(self.x[rows, columns], self.y[rows, columns], self.step)


def ramp(value: Array, start: Array | float, end: Array | float) -> Array:
    """Smooth step from 0 at `start` to 1 at `end` (`start` may be the larger)."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def bump(x: Array, y: Array, cx: float, cy: float, sx: float, sy: float) -> Array:
    """Gaussian of height 1 at (cx, cy) with standard deviations sx, sy."""
    return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def half_width(identity: Identity, y: Array) -> Array:
    """Half-width of the head's outline at height y: jaw below the eyes, cranium above."""
    jaw = (
        np.clip(1 - np.clip(y / identity.chin, 0, 1) ** identity.jaw_power, 0, 1)
        ** identity.jaw_root
    )
    cranium = np.sqrt(np.clip(1 - np.clip(-y / identity.top, 0, 1) ** 2.6, 0, 1))
    return identity.half_width * np.where(y >= 0, jaw, cranium)


def lids(identity: Identity, t: Array) -> tuple[Array, Array]:
    """Heights of the upper and lower lid at t, -1 (inner) to 1 (outer corner)."""
    k = np.clip(1 - t * t, 0, 1)
    return -identity.eye_height * k**0.62, 0.60 * identity.eye_height * k**0.75


def brow(identity: Identity, ax: Array) -> tuple[Array, Array]:
    """Centre line and half-thickness of the brow at distance `ax` from the midline."""
    t = np.clip((ax - 0.40) / 1.42, 0, 1)
    arch = identity.brow_arch * np.sin(np.pi * t**1.15)
    y = identity.brow_y + identity.brow_tilt * t - arch + 0.14 * t**3
    return y, identity.brow_thickness * (1.05 - 0.72 * t**1.6)


def lips(identity: Identity, ax: Array) -> tuple[Array, Array, Array]:
    """Upper edge, line between the lips and lower edge at distance `ax` from the midline."""
    t = np.clip(ax / identity.mouth_width, 0, 1)
    line = identity.mouth_y + 0.035 * np.sin(np.pi * t) - 0.015 * t
    bow = 1 - 0.20 * np.exp(-((ax / 0.10) ** 2))
    upper = line - identity.upper_lip * (1 - t**2.6) * bow
    lower = line + identity.lower_lip * (1 - t**2.6) ** 0.8
    return upper, line, lower


def landmarks(identity: Identity) -> Array:
    """Return the true iBUG-68 points (68, 2) of the neutral face, in face units."""
    points = np.zeros((68, 2))
    _outline_points(identity, points)
    _eye_points(identity, points)
    _mouth_points(identity, points)
    return points


def _mirrored(points: Array) -> Array:
    return points[::-1] * [-1, 1]


def _outline_points(identity: Identity, points: Array) -> None:
    """Jaw 0..16, brows 17..26, nose 27..35."""
    y = np.array([-0.055, 0.105, 0.275, 0.44, 0.60, 0.75, 0.877, 0.968, 0.987]) * identity.chin
    x = half_width(identity, y)
    x[8] = 0
    points[:9] = np.c_[-x, y]
    points[9:17] = _mirrored(points[:8])
    # Brow points lie on the upper edge, the two ends on the middle line.
    bx = np.array([1.75, 1.48, 1.12, 0.76, 0.38])
    centre, thickness = brow(identity, bx)
    points[17:22] = np.c_[-bx, centre - np.array([0.35, 0.9, 0.9, 0.6, -0.1]) * thickness]
    points[22:27] = _mirrored(points[17:22])
    length = identity.nose_length
    points[27:31] = np.c_[np.zeros(4), np.array([-0.04, 0.25, 0.51, 0.765]) * length]
    nx = np.array([-0.92, -0.46, 0, 0.46, 0.92]) * identity.nose_width
    points[31:36] = np.c_[nx, length * np.array([0.945, 0.985, 1.02, 0.985, 0.945])]


def _eye_points(identity: Identity, points: Array) -> None:
    """Image-left eye 36..41 (outer corner first), image-right eye 42..47 (inner corner first)."""
    a, t = identity.eye_width, 0.40
    upper, lower = (float(v) for v in lids(identity, np.array(t)))
    eye = np.array(
        [[-a, 0], [-t * a, upper], [t * a, upper], [a, 0], [t * a, lower], [-t * a, lower]]
    )
    eye[:, 1] += identity.eye_tilt * eye[:, 0]
    points[36:42] = eye - np.array([1, 0])
    points[42:48] = (eye * [-1, 1] + np.array([1, 0]))[[3, 2, 1, 0, 5, 4]]


def _mouth_points(identity: Identity, points: Array) -> None:
    """Outer lip 48..59, inner lip 60..67."""
    x = np.array([-1, -0.60, -0.25, 0, 0.25, 0.60, 1]) * identity.mouth_width
    upper, line, lower = lips(identity, np.abs(x))
    points[48:55] = np.c_[x, upper]
    points[[48, 54], 1] = line[0]
    points[55:60] = np.c_[x[5:0:-1], lower[5:0:-1]]
    inner = np.array([-0.85, -0.27, 0, 0.27, 0.85]) * identity.mouth_width
    line = lips(identity, np.abs(inner))[1]
    points[60:65] = np.c_[inner, line]
    points[65:68] = np.c_[inner[3:0:-1], line[3:0:-1] + 0.02]


def height(identity: Identity, grid: Grid) -> Array:
    """Height z (H, W) of the face over the image plane, in face units, 0 outside the head."""
    x, y, ax = grid.x, grid.y, grid.ax
    width = np.maximum(half_width(identity, y), 1e-3)
    side = np.sqrt(np.clip(1 - (ax / width) ** 2.3, 0, 1))
    lower = 1 - 0.30 * np.clip(y / identity.chin, 0, 1) ** 2.5
    upper = np.sqrt(np.clip(1 - (y / (identity.top * 1.03)) ** 2, 0, 1))
    z = 2.0 * side * np.where(y >= 0, lower, upper)
    return (
        z + _nose_height(identity, x, y, ax) + _eye_height(identity, ax, y) + _mouth(identity, grid)
    )


def _nose_height(identity: Identity, x: Array, y: Array, ax: Array) -> Array:
    length, width, tall = identity.nose_length, identity.nose_width, identity.nose_height
    tip = length * 0.80
    t = np.clip((y + 0.25) / (tip + 0.25), 0, 1)
    ends = ramp(y, length * 1.02, tip) * ramp(y, -0.5, 0.1)
    z = np.exp(-0.5 * (x / (0.14 + 0.10 * t)) ** 2) * t**1.2 * tall * ends
    z += 0.30 * tall * bump(x, y, 0, tip, 0.23, 0.20)
    z += 0.42 * tall * bump(ax, y, width * 0.74, length * 0.89, 0.15, 0.15)
    return z - 0.10 * bump(ax, y, width * 1.25, length * 0.95, 0.12, 0.20)


def _eye_height(identity: Identity, ax: Array, y: Array) -> Array:
    z = -0.42 * bump(ax, y, 0.95, -0.02, 0.50, 0.27) - 0.14 * bump(ax, y, 0.45, -0.05, 0.16, 0.25)
    z += 0.24 * bump(ax, y, 1.0, 0.02, 0.34, 0.19)
    z += 0.16 * bump(ax, y, 0.95, identity.brow_y + 0.05, 0.65, 0.18)
    return z + 0.14 * bump(ax, y, 1.35, 0.95, 0.50, 0.40)


def _mouth(identity: Identity, grid: Grid) -> Array:
    x, y, ax = grid.x, grid.y, grid.ax
    upper, line, lower = lips(identity, ax)
    inside = ramp(ax, identity.mouth_width * 1.05, identity.mouth_width * 0.65)
    roll = lambda centre, s: np.exp(-0.5 * ((y - centre) / s) ** 2)  # noqa: E731
    z = 0.17 * roll((upper + line) / 2, 0.10 + 0.3 * identity.upper_lip)
    z += 0.22 * roll((line + lower) / 2, 0.09 + 0.3 * identity.lower_lip)
    z = inside * (z - 0.10 * roll(line, 0.05))
    fold = 0.55 + 0.32 * np.clip(y - 1.2, 0, 2)
    z -= 0.06 * bump(ax - fold, y, 0, 1.9, 0.11, 0.38)
    z -= 0.05 * bump(x, y, 0, identity.nose_length + 0.18, 0.07, 0.16)
    z -= 0.10 * bump(x, y, 0, identity.mouth_y + identity.lower_lip + 0.24, 0.50, 0.13)
    return z + 0.20 * bump(x, y, 0, identity.chin - 0.42, 0.45, 0.28)
