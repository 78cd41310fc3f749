"""Flow: the optical flow from onset to apex, as one small image in place of the frames.

Two steps. A variational method (brightness and gradient constancy with robust penalties, Brox et
al. 2004; OpenCV's VariationalRefinement, coarse to fine) finds motion of any size. Least squares
over Gaussian neighbourhoods (Lucas and Kanade 1981, two scales) then restores the amplitude of
small motions, which the smoothness term of the first step reduces.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from merflow.clip import ClipArrays
from merflow.stages.flow_methods import field_by
from merflow.stages.magnification.field import SLOPE, SMOOTH, separable
from merflow.stages.resample import sample, spline_coefficients, to_bytes, to_luma
from merflow.stages.select import with_apex

if TYPE_CHECKING:
    from merflow.config.settings import Flow

EYE_SHARE = 1 / 2.42
"""Assumed eye distance of a clip without landmarks, as a share of the frame's side: that of the
whole-face crop with the default margin."""
STILL_S = 0.01
"""Frames within this time (s) of the onset and of the apex are averaged against sensor noise."""
SIDE = 256
"""Largest side of the images in the computation (px)."""
SMOOTHNESS = 17.0
"""Weight of the variational method's smoothness term."""
COARSEST = 16
"""Side of the smallest pyramid level (px)."""
WARPS, FIXED_POINTS, RELAXATIONS = 3, 5, 20
"""Iterations at each level: warping, robust weights, linear solver."""
ROUNDS = 3
"""Iterations of the least squares; each changes the motion by at most 1 px of SIDE."""
OUTLIER = 4.0
"""Differences above this multiple of the usual one lose weight (parting lips, closing lids)."""
FINE, WIDE = 1.5, 3.0
"""Standard deviations of the two neighbourhoods of the least squares (grid px, 4 px of SIDE)."""
HOLD_FINE, HOLD_WIDE = 0.15, 0.02
"""Weights of the wide solution in the fine one, and of the first step in the wide one, as shares
of the mean squared gradient. They decide where the skin has no texture."""


def flow_clip(arrays: ClipArrays, settings: "Flow") -> ClipArrays:
    """Return the clip with its flow image as frames, and the origin of its apex in the facts."""
    clip = with_apex(arrays)
    return replace(clip, frames=flow_image(clip, settings))


def flow_image(arrays: ClipArrays, settings: "Flow") -> np.ndarray:
    """Return the flow image of a cropped clip, (size, size, 3) float16: u, v, optical strain.

    u to the right and v down, in eye distances; strain is a ratio. With scale `clip`, u and v are
    divided by the clip's largest length and strain by the clip's largest value.
    """
    clip = with_apex(arrays)
    reach = int(STILL_S * clip.fps)
    first, last = (_mean_luma(clip.frames, key, reach) for key in (clip.onset, clip.apex))
    field = np.zeros((*first.shape, 2))
    if clip.apex != clip.onset:
        field = flow_field(first, last, settings.method)
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


def _mean_luma(frames: np.ndarray, key: int, reach: int) -> np.ndarray:
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


def flow_field(first: np.ndarray, last: np.ndarray, method: str = "merflow") -> np.ndarray:
    """Return the displacement from `first` to `last`, (H, W, 2) float32 px, on first's pixels.

    first, last: (H, W) luma, float32. For `merflow`, a global gain and offset count as a change of
    light; the other methods are those of `flow_methods`.
    """
    height, width = first.shape
    side = min(SIDE, max(height, width))
    first, last = (_resized(image, side) for image in (first, last))
    if method == "merflow":
        last = _same_light(first, last)
        rough = _resized(_variational(first, last), max(8, side // 4))
        field = _least_squares(first, last, rough)
    else:
        field = field_by(method, first, last)
    scale = np.array([width / side, height / side], np.float32)
    return cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) * scale


def _resized(image: np.ndarray, side: int) -> np.ndarray:
    if image.shape[:2] == (side, side):
        return image
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def _same_light(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return `last` with the mean and standard deviation of `first`."""
    gain = float(last.std()) / max(float(first.std()), 1e-6)
    return first.mean() + (last - last.mean()) / (gain if gain > 0.1 else 1.0)


def _remove_gain(first: np.ndarray, moved: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return `moved`, which is registered to `first`, without the remaining gain and offset."""
    total = float(weight.sum())
    mean, other = (float((weight * p).sum()) / total for p in (first, moved))
    spread = weight * (first - mean)
    variance = float((spread * (first - mean)).sum())
    gain = float((spread * (moved - other)).sum()) / max(variance, 1e-6)
    return mean + (moved - other) / (gain if gain > 0.1 else 1.0)


def _variational(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the motion (S, S, 2) float32 px, coarse to fine."""
    solver = cv2.VariationalRefinement_create()
    solver.setAlpha(SMOOTHNESS)
    solver.setFixedPointIterations(FIXED_POINTS)
    solver.setSorIterations(RELAXATIONS)
    levels = [(first, last)]
    while len(levels[-1][0]) >= 2 * COARSEST:
        levels.append((cv2.pyrDown(levels[-1][0]), cv2.pyrDown(levels[-1][1])))
    field = np.zeros((*levels[-1][0].shape, 2), np.float32)
    for pair in reversed(levels):
        side, before = len(pair[0]), len(field)
        if side != before:
            field = cv2.resize(field, (side, side)) * (side / before)
        bytes_ = [to_bytes(image) for image in pair]
        for _ in range(WARPS):
            field = solver.calc(*bytes_, field)
    return field


def _least_squares(first: np.ndarray, last: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """Return the motion on the grid, (g, g, 2) float32 px: `rough` refined on the images."""
    grid, side = len(rough), len(first)
    coefficients = spline_coefficients(last)
    row, column = np.mgrid[0:side, 0:side].astype(np.float32)
    slope = _slope(first)
    field, weight = rough, np.ones_like(first)
    for _ in range(ROUNDS):
        dense = cv2.resize(field, (side, side), interpolation=cv2.INTER_CUBIC)
        x, y = column + dense[..., 0], row + dense[..., 1]
        seen = ((x >= 0) & (x < side) & (y >= 0) & (y < side)).astype(np.float32)
        moved = _remove_gain(first, sample(coefficients, x, y), weight * seen)
        change = separable(moved - first, SMOOTH, SMOOTH)
        usual = 1.4826 * float(np.median(np.abs(change))) + 0.3
        weight = seen / (1 + (change / (OUTLIER * usual)) ** 2)
        gx, gy = ((a + b) / 2 for a, b in zip(slope, _slope(moved), strict=True))
        products = (gx * gx, gx * gy, gy * gy, gx * change, gy * change)
        xx, xy, yy, x, y = (_resized(weight * values, grid) for values in products)
        ahead = field - rough
        x = xx * ahead[..., 0] + xy * ahead[..., 1] - x
        y = xy * ahead[..., 0] + yy * ahead[..., 1] - y
        step = rough + _two_scales(xx, xy, yy, x, y) - field
        length = np.hypot(step[..., 0], step[..., 1])[..., None]
        field = (field + step / np.maximum(length, 1)).astype(np.float32)
    return field


def _slope(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return separable(image, SLOPE, SMOOTH), separable(image, SMOOTH, SLOPE)


def _two_scales(
    xx: np.ndarray, xy: np.ndarray, yy: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Solve the 2x2 equations of every grid point, (g, g, 2): wide first, then fine."""
    mean = float((xx + yy).mean() / 2) + 1e-6
    u, v = np.zeros_like(x), np.zeros_like(y)
    for sigma, share in ((WIDE, HOLD_WIDE), (FINE, HOLD_FINE)):
        hold = share * mean
        a, b, c, p, q = (
            cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
            for values in (xx, xy, yy, x, y)
        )
        a, c, p, q = a + hold, c + hold, p + hold * u, q + hold * v
        determinant = a * c - b * b
        u, v = (c * p - b * q) / determinant, (a * q - b * p) / determinant
    return np.dstack([u, v])
