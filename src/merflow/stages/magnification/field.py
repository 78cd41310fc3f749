"""A dense motion field against one reference frame, linear in the frames.

Lucas-Kanade with two window sizes: the wide one applies where the narrow one has no texture. The
solution is linear in Y_t - Y_0, so filtering the field in time equals filtering the frames, with
16 to 36 times fewer samples.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from merflow.stages.magnification.luma import reduced
from merflow.stages.magnification.warp import move

SMOOTH = np.array([0.037659, 0.249153, 0.426375, 0.249153, 0.037659], np.float32)
SLOPE = np.array([-0.109604, -0.276691, 0.0, 0.276691, 0.109604], np.float32)
"""A matched pair of smoothing and derivative taps (Farid and Simoncelli 2004). A Sobel on a
Gaussian overestimates motion by 5 %."""
GRID = 64
"""Approximate number of cells along the shorter side."""
NARROW, WIDE = 1.0, 3.0
"""Standard deviations of the two windows, in cells."""
NARROW_FLOOR, WIDE_FLOOR = 0.15, 0.02
"""Regularisation, in units of the mean squared gradient."""
FAR = 0.4
"""Displacement (px, along x or y) above which the linear solution is not exact enough."""
BORDER = cv2.BORDER_REFLECT_101


class Reference(NamedTuple):
    """Quantities of the reference frame for the solution; all planes float32.

    still: (H, W) luma; slope_x, slope_y: (H, W) its derivatives; narrow, wide: inverse structure
    tensors (xx, xy, yy) on the working grid; floor: pull of the narrow on the wide solution;
    cells: (columns, rows) of the grid.
    """

    still: np.ndarray
    slope_x: np.ndarray
    slope_y: np.ndarray
    narrow: tuple[np.ndarray, np.ndarray, np.ndarray]
    wide: tuple[np.ndarray, np.ndarray, np.ndarray]
    floor: float
    cells: tuple[int, int]


def grid_step(height: int, width: int) -> int:
    """Return the side of a cell of the working grid in pixels."""
    return max(1, round(min(height, width) / GRID))


def prepare(still: np.ndarray) -> Reference:
    """Return the reference made of one (H, W) float32 luma plane."""
    height, width = still.shape
    step = grid_step(height, width)
    cells = (-(-width // step), -(-height // step))
    slope_x, slope_y = separable(still, SLOPE, SMOOTH), separable(still, SMOOTH, SLOPE)
    pairs = ((slope_x, slope_x), (slope_x, slope_y), (slope_y, slope_y))
    tensor = [reduced(a * b, cells) for a, b in pairs]
    power = float(np.mean(slope_x**2 + slope_y**2)) / 2 + 1e-6
    floor = NARROW_FLOOR * power
    return Reference(
        still,
        slope_x,
        slope_y,
        _inverse([blur(plane, NARROW) for plane in tensor], floor),
        _inverse([blur(plane, WIDE) for plane in tensor], WIDE_FLOOR * power),
        floor,
        cells,
    )


def solve(reference: Reference, change: np.ndarray) -> np.ndarray:
    """Return the (rows, columns, 2) float32 displacement (x, y) in px that explains `change`.

    change: (H, W) float32, luma minus the reference's. A point of the reference at p lies at
    p + displacement(p) in the frame.
    """
    change = separable(change, SMOOTH, SMOOTH)
    pull_x = reduced(cv2.multiply(reference.slope_x, change), reference.cells)
    pull_y = reduced(cv2.multiply(reference.slope_y, change), reference.cells)
    wide_x, wide_y = _times(reference.wide, -blur(pull_x, WIDE), -blur(pull_y, WIDE))
    return np.dstack(
        _times(
            reference.narrow,
            reference.floor * wide_x - blur(pull_x, NARROW),
            reference.floor * wide_y - blur(pull_y, NARROW),
        )
    )


def far_too(solution: Callable[[np.ndarray], np.ndarray], plane: np.ndarray) -> np.ndarray:
    """Return the (rows, columns, 2) float32 displacement (x, y) in px of a luma plane (H, W).

    solution: a linear one, like `solve` for one reference. If more than 1 % of the cells moved too
    far for it, the plane is moved back and solved again.
    """
    motion = solution(plane)
    if np.count_nonzero(np.abs(motion) > FAR) > motion.size // 100:
        motion += solution(move(plane, -motion))
    return motion


def displacement(reference: Reference, plane: np.ndarray) -> np.ndarray:
    """Return the displacement, as in `far_too`, of a luma plane (H, W)."""
    return far_too(lambda seen: solve(reference, cv2.subtract(seen, reference.still)), plane)


def separable(plane: np.ndarray, along_x: np.ndarray, along_y: np.ndarray) -> np.ndarray:
    """Return an (H, W) float32 plane filtered by taps along x and along y, edges mirrored."""
    return cv2.sepFilter2D(plane, cv2.CV_32F, along_x, along_y, borderType=BORDER)


def blur(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Return a plane under a Gaussian window."""
    return cv2.GaussianBlur(plane, (0, 0), sigma)


def _inverse(tensor: list[np.ndarray], floor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (tensor + floor times identity)^-1 as its planes xx, xy, yy."""
    xx, xy, yy = tensor[0] + np.float32(floor), tensor[1], tensor[2] + np.float32(floor)
    scale = 1 / (xx * yy - xy * xy)
    return yy * scale, -xy * scale, xx * scale


def _times(
    inverse: tuple[np.ndarray, np.ndarray, np.ndarray], x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    xx, xy, yy = inverse
    return xx * x + xy * y, xy * x + yy * y
