"""Motion from the phase of Laplacian pyramid bands against the onset.

A band and its two slopes (an approximation of its Riesz transforms) have a local phase. Band times
later slope minus slope times later band is the sine of the phase difference times the power: linear
in the displacement, and exactly 0 for a change of contrast. Pooled over a window and the finest
bands, it is solved for the displacement that explains it in all orientations.
"""

from typing import NamedTuple

import cv2
import numpy as np

from merflow.stages.magnification.field import SLOPE, SMOOTH, blur, far_too, separable
from merflow.stages.magnification.luma import PlaneOf, reduced
from merflow.stages.magnification.motion_share import noise_variance
from merflow.stages.threads import parallel_for

BANDS = 3
"""Number of bands, finest first, whose phase is used; the coarser ones hold little of the motion's
place."""
CELL = 4
"""Side of a cell of the motion's grid (px)."""
NARROW, WIDE = 0.85, 2.5
"""Standard deviations of the two windows, in cells."""
NARROW_FLOOR, WIDE_FLOOR = 0.5, 0.001
"""Regularisation, in units of the mean power: where the narrow window follows the wide one, and
where even that has too little texture."""
INDEFINITE = 0.98
"""Largest share of the diagonal's product that the other diagonal's may have."""
NOISE = (0.0739, 0.0098, 0.0021)
"""Power that white noise of variance 1 in the luma adds per band, finest first (measured)."""
PEAK = np.float32(1.02)
"""Correction of what the windows take from the peak of a local motion."""
EXACT = np.float32(
    [n and -((-1) ** n) / n * (0.54 + 0.46 * np.cos(np.pi * n / 8)) for n in range(-7, 8)]
)
"""Taps of a derivative exact up to .8 of the highest frequency (a sinc in a Hamming window)."""
ONE = np.ones(1, np.float32)

Matrices = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Planes xx, xy, yx, yy of one 2 x 2 matrix per cell."""


class Sides(NamedTuple):
    """One band, smoothed, and its slopes along x and y: (h, w) float32 each."""

    band: np.ndarray
    x: np.ndarray
    y: np.ndarray


class Anchor(NamedTuple):
    """Quantities of the onset frame for the solution.

    sides: of the finest bands, each over 2^level, so that all count px of the frame; narrow, wide:
    inverse matrices of the two windows; floor: pull of the narrow on the wide solution; cells:
    (columns, rows) of the grid.
    """

    sides: list[Sides]
    narrow: Matrices
    wide: Matrices
    floor: np.float32
    cells: tuple[int, int]


def level_count(height: int, width: int) -> int:
    """Return how many levels leave a low-pass of at least 8 pixels on its shorter side."""
    return max(1, int(np.log2(max(2, min(height, width) / 8))))


def pyramid(plane: np.ndarray, levels: int) -> list[np.ndarray]:
    """Return the (h, w) float32 bands of a plane, finest first; a low-pass is left out."""
    bands = []
    for _ in range(levels):
        low = cv2.pyrDown(plane)
        bands.append(cv2.subtract(plane, cv2.pyrUp(low, dstsize=plane.shape[::-1])))
        plane = low
    return bands


def sides_of(band: np.ndarray) -> Sides:
    """Return a band smoothed, and its slopes."""
    pairs = ((SMOOTH, SMOOTH), (SLOPE, SMOOTH), (SMOOTH, SLOPE))
    return Sides(*(separable(band, *taps) for taps in pairs))


def finest_sides(plane: np.ndarray) -> list[Sides]:
    """Return the sides of the finest bands of an (H, W) float32 plane."""
    return [sides_of(band) for band in pyramid(plane, min(BANDS, level_count(*plane.shape)))]


def powers(sides: Sides) -> Matrices:
    """Return the (h, w) planes that multiply a displacement into its pull, exactly for small ones.

    For a wave of amplitude A and wave vector k they are A^2 k k' everywhere, not only on its
    slopes.
    """
    band, x, y = sides
    band_x, band_y = separable(band, EXACT, ONE), separable(band, ONE, EXACT)
    return (
        x * band_x - band * separable(x, EXACT, ONE),
        x * band_y - band * separable(x, ONE, EXACT),
        y * band_x - band * separable(y, EXACT, ONE),
        y * band_y - band * separable(y, ONE, EXACT),
    )


def anchor(still: np.ndarray, noise: float) -> Anchor:
    """Return the anchor of the onset frame's (H, W) float32 luma.

    noise: variance of the luma's noise, which otherwise counts as texture without motion.
    """
    height, width = still.shape
    cells = (-(-width // CELL), -(-height // CELL))
    total = np.zeros((4, cells[1], cells[0]), np.float32)
    scaled = []
    for level, sides in enumerate(finest_sides(still)):
        scale = np.float32(0.5**level)
        planes = np.stack([reduced(plane, cells) for plane in powers(sides)])
        planes[[0, 3]] -= np.float32(noise * NOISE[level])
        total += scale**2 * planes
        scaled.append(Sides(*(scale * plane for plane in sides)))
    mean = float(np.maximum(total[0] + total[3], 0).mean()) / 2 + 1e-6
    floor = np.float32(NARROW_FLOOR * mean)
    narrow = _inverse([blur(plane, NARROW) for plane in total], floor)
    wide = _inverse([blur(plane, WIDE) for plane in total], np.float32(WIDE_FLOOR * mean))
    return Anchor(scaled, narrow, wide, floor, cells)


def solve(anchor: Anchor, plane: np.ndarray) -> np.ndarray:
    """Return the (rows, columns, 2) float32 displacement (x, y) in px of an (H, W) luma plane."""
    pull_x, pull_y = (np.zeros(anchor.cells[::-1], np.float32) for _ in "xy")
    for still, seen in zip(anchor.sides, finest_sides(plane), strict=True):
        for pull, before, after in ((pull_x, still.x, seen.x), (pull_y, still.y, seen.y)):
            turn = cv2.multiply(still.band, after)
            cv2.subtract(turn, cv2.multiply(before, seen.band), dst=turn)
            cv2.add(pull, reduced(turn, anchor.cells), dst=pull)
    wide_x, wide_y = _times(anchor.wide, blur(pull_x, WIDE), blur(pull_y, WIDE))
    pull_x = anchor.floor * wide_x + blur(pull_x, NARROW)
    pull_y = anchor.floor * wide_y + blur(pull_y, NARROW)
    return PEAK * np.dstack(_times(anchor.narrow, pull_x, pull_y))


def phase_motion(plane_of: PlaneOf, length: int, reference: int) -> np.ndarray:
    """Return (T, rows, columns, 2) float32: displacement x, y since the onset in px, unfiltered.

    plane_of: gives the (H, W) float32 luma of frame t, without changes of light.
    """
    still = anchor(plane_of(reference), noise_variance(plane_of, length))
    columns, rows = still.cells
    motion = np.zeros((length, rows, columns, 2), np.float32)

    def estimate(time: int) -> None:
        if time != reference:
            motion[time] = far_too(lambda plane: solve(still, plane), plane_of(time))

    parallel_for(estimate, length)
    return motion


def _inverse(total: list[np.ndarray], floor: np.float32) -> Matrices:
    """Return (matrices + floor times identity)^-1, also where sampling made them indefinite."""
    xx, yy = (np.maximum(plane, 0) + floor for plane in (total[0], total[3]))
    most = INDEFINITE * xx * yy
    bound = np.sqrt(most / np.maximum(np.abs(total[1] * total[2]), most))
    xy, yx = bound * total[1], bound * total[2]
    scale = 1 / (xx * yy - xy * yx)
    return scale * yy, -scale * xy, -scale * yx, scale * xx


def _times(matrices: Matrices, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xx, xy, yx, yy = matrices
    return xx * x + xy * y, yx * x + yy * y
