"""Flow: how the skin moved from onset to apex, as one small picture in place of the frames.

The motion is found by least squares over Gaussian neighbourhoods, fine ones held to wide ones
where the skin is smooth (Lucas and Kanade's normal equations, two scales), repeated from blurred
to sharp pictures with the apex frame warped back. On demo faces it comes nearer the truth than
TV-L1 and OpenCV's DIS (docs/performance.md).
"""

import cv2
import numpy as np

from merflow.clips import ClipArrays
from merflow.crop import to_luma
from merflow.resample import sample, spline_coefficients
from merflow.select import with_apex
from merflow.settings import Flow

EYE_SHARE = 1 / 2.42
"""Eye distance taken for a clip without landmarks, as a share of the picture's side: what the
whole-face crop with its usual margin gives."""
STILL_S = 0.01
"""Frames within this time (s) of the onset and of the apex are averaged against sensor noise."""
SIDE = 256
"""Pictures are brought to this side (px) at most."""
GRID = 64
"""Side of the grid on which motion is solved for."""
SHARPENING = ((8.0, 3), (4.0, 3), (2.0, 3), (0.0, 4))
"""Blur of the pictures (px of SIDE) and rounds at it: motions up to about 25 px are followed."""
SMOOTH = np.array([0.037659, 0.249153, 0.426375, 0.249153, 0.037659], np.float32)
SLOPE = np.array([-0.109604, -0.276691, 0, 0.276691, 0.109604], np.float32)
"""A matched pair of smoothing and derivative taps (Farid and Simoncelli): the unmatched
derivative of a blurred picture overstates motion by 5%."""
FINE, WIDE = 1.5, 3.0
"""Standard deviations of the two neighbourhoods (grid px)."""
HOLD_FINE, HOLD_WIDE = 0.15, 0.02
"""Weight of the wide solution in the fine one, and of no motion in the wide one (of the mean)."""


def flow_picture(arrays: ClipArrays, settings: Flow) -> np.ndarray:
    """Return the flow picture of a cropped clip, (size, size, 3) float16: u, v, optical strain.

    u to the right and v down, in eye distances; strain is a plain ratio. With scale `clip`, u and
    v are divided by their largest length and strain by its largest value, each clip by its own.
    """
    clip = with_apex(arrays)
    reach = int(STILL_S * clip.fps)
    first, last = (_still(clip.frames, key, reach) for key in (clip.onset, clip.apex))
    field = flow_field(first, last) if clip.apex != clip.onset else np.zeros((*first.shape, 2))
    size = settings.size
    small = cv2.resize(field.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    strain = optical_strain(small, first.shape[1] / size)
    if settings.scale == "clip":
        largest = float(np.hypot(small[..., 0], small[..., 1]).max())
        small, strain = small / max(largest, 1e-6), strain / max(float(strain.max()), 1e-6)
    else:
        known = clip.landmarks is not None
        small = small / (clip.eye_distance if known else EYE_SHARE * first.shape[1])
    return np.dstack([small, strain]).astype(np.float16)


def _still(frames: np.ndarray, key: int, reach: int) -> np.ndarray:
    """Return the mean luma, (H, W) float32, of the frames within `reach` of position `key`."""
    near = frames[max(0, key - reach) : key + reach + 1]
    return np.mean([to_luma(frame) for frame in near], axis=0, dtype=np.float32)


def optical_strain(field: np.ndarray, spacing: float) -> np.ndarray:
    """Return the magnitude of the strain tensor, (H, W) float32, of a flow field (H, W, 2).

    spacing: distance between the field's samples, in the unit of its displacements.
    """
    u_y, u_x = np.gradient(field[..., 0], spacing)
    v_y, v_x = np.gradient(field[..., 1], spacing)
    return np.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2).astype(np.float32)


def flow_field(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the displacement from `first` to `last`, (H, W, 2) float32 px, on first's pixels.

    first, last: (H, W) luma, float32, H and W alike. What one gain and one offset explain of the
    difference is taken for light, not for motion.
    """
    height, width = first.shape
    side = min(SIDE, max(height, width))
    first, last = (_to_side(picture, side) for picture in (first, last))
    gain, offset = np.polyfit(first.ravel().astype(np.float64), last.ravel(), 1)
    last = ((last - offset) / (gain if abs(gain) > 0.1 else 1)).astype(np.float32)
    grid = min(GRID, side)
    u = np.zeros((grid, grid, 2), np.float32)
    for blur, rounds in SHARPENING:
        u = _solve(_blurred(first, blur), _blurred(last, blur), u, rounds)
    scale = np.array([width / side, height / side], np.float32)
    return cv2.resize(u, (width, height), interpolation=cv2.INTER_CUBIC) * scale


def _to_side(picture: np.ndarray, side: int) -> np.ndarray:
    if picture.shape == (side, side):
        return picture
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma) if sigma else picture


def _filter(picture: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    return cv2.sepFilter2D(picture, -1, across, down, borderType=cv2.BORDER_REFLECT_101)


def _solve(first: np.ndarray, last: np.ndarray, u: np.ndarray, rounds: int) -> np.ndarray:
    """Return the motion on the grid, (g, g, 2), improved from `u` by `rounds` of warping."""
    grid, side = len(u), len(first)
    gx, gy = _filter(first, SLOPE, SMOOTH), _filter(first, SMOOTH, SLOPE)

    def onto_grid(values: np.ndarray) -> np.ndarray:
        return cv2.resize(values, (grid, grid), interpolation=cv2.INTER_AREA)

    xx, xy, yy = onto_grid(gx * gx), onto_grid(gx * gy), onto_grid(gy * gy)
    mean = float((xx + yy).mean() / 2) + 1e-6
    hold = HOLD_FINE * mean
    wide = _normal_equations(xx, xy, yy, WIDE, HOLD_WIDE * mean)
    fine = _normal_equations(xx, xy, yy, FINE, hold)
    coefficients = spline_coefficients(last)
    row, column = np.mgrid[0:side, 0:side].astype(np.float32)
    for _ in range(rounds):
        dense = cv2.resize(u, (side, side), interpolation=cv2.INTER_CUBIC)
        moved = sample(coefficients, column + dense[..., 0], row + dense[..., 1])
        change = _filter(moved - first, SMOOTH, SMOOTH)
        # The motion is solved for whole each time; what `u` explains already is added back.
        x = xx * u[..., 0] + xy * u[..., 1] - onto_grid(gx * change)
        y = xy * u[..., 0] + yy * u[..., 1] - onto_grid(gy * change)
        far = wide(_blurred(x, WIDE), _blurred(y, WIDE))
        near = fine(_blurred(x, FINE) + hold * far[0], _blurred(y, FINE) + hold * far[1])
        u = np.dstack(near)
    return u


def _normal_equations(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray, sigma: float, hold: float):  # noqa: ANN202
    """Return the function that solves a neighbourhood's 2x2 equations for given right sides."""
    xx, xy, yy = (cv2.GaussianBlur(values, (0, 0), sigma) for values in (xx, xy, yy))
    xx, yy = xx + hold, yy + hold
    determinant = xx * yy - xy * xy

    def solve(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (yy * x - xy * y) / determinant, (xx * y - xy * x) / determinant

    return solve
