"""Motion from the phase of Laplacian pyramid bands against the onset, by Riesz transforms."""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from merflow.stages.magnification.luma import PlaneOf, reduced
from merflow.stages.magnification.motion_share import noise_variance
from merflow.stages.magnification.shift import slope_gain, slope_x, slope_y
from merflow.stages.threads import parallel_for

WINDOW = 1.5
"""Standard deviation of the pooling window for phase, in cells of the level's grid."""
FLOOR = 0.25
"""Weight of the next coarser band, in units of the mean power: decides where a band is weak."""
SHARPEST = 2
"""Coarser levels use this level's motion: their own windows blur local motion."""
NOISY = 3
"""Number of levels with a relevant share of the camera's noise."""
CHUNK = 8
"""Frames processed together; fixed, so that the result does not depend on threads."""


class Anchor(NamedTuple):
    """One band of the onset frame, with the quantities needed to solve for displacements.

    band, x, y: (h, w) float32, the band and its Riesz transforms; inverse: the planes xx, xy, yy
    of the regularised inverse of its pooled orientation tensor; floor: that regularisation;
    cells: (columns, rows) of the level's grid; gain: `slope_gain` of the level.
    """

    band: np.ndarray
    x: np.ndarray
    y: np.ndarray
    inverse: tuple[np.ndarray, np.ndarray, np.ndarray]
    floor: np.float32
    cells: tuple[int, int]
    gain: np.float32


def level_count(height: int, width: int) -> int:
    """Return how many levels leave a low-pass of at least 8 pixels on its shorter side."""
    return max(1, int(np.log2(max(2, min(height, width) / 8))))


def pyramids(plane_of: PlaneOf, times: range) -> list[np.ndarray]:
    """Return the bands of the frames at `times`: (n, h, w) float32 a level, finest first.

    The bands and the omitted low-pass add up to the plane.
    """
    levels: list[np.ndarray] = []
    for index, time in enumerate(times):
        plane = plane_of(time)
        for level in range(level_count(*plane.shape) if not index else len(levels)):
            low = cv2.pyrDown(plane)
            if not index:
                levels.append(np.empty((len(times), *plane.shape), np.float32))
            cv2.subtract(plane, cv2.pyrUp(low, dstsize=plane.shape[::-1]), dst=levels[level][index])
            plane = low
    return levels


def cell_side(level: int) -> int:
    """Return the side of a cell of a level's grid in pixels of that level."""
    return max(1, 4 >> level)


@cache
def noise_powers() -> tuple[float, ...]:
    """Return the tensor power that white noise of variance 1 in the luma adds, finest first.

    Measured by sending noise through the pyramid; coarser levels average it out.
    """
    noise = np.random.default_rng(0).normal(0, 1, (512, 512)).astype(np.float32)
    powers = []
    for bands in pyramids(lambda _: noise, range(1))[:NOISY]:
        x = slope_x(bands)
        powers.append(float(np.mean(x * x - bands * slope_x(x))))
    return tuple(powers)


def anchor(bands: np.ndarray, level: int, noise: float) -> Anchor:
    """Return the anchor of one band, (1, h, w) float32, of the onset frame.

    noise: variance of the luma's noise, which otherwise counts as texture without motion.
    """
    _, height, width = bands.shape
    side = cell_side(level)
    cells = (-(-width // side), -(-height // side))
    x, y = slope_x(bands), slope_y(bands)
    # For a wave of amplitude A along n this is A^2 n n' everywhere, not only on its slopes.
    xx = _pool(x * x - bands * slope_x(x), cells)[0]
    xy = _pool(x * y - bands * slope_y(x), cells)[0]
    yy = _pool(y * y - bands * slope_y(y), cells)[0]
    floor = np.float32(FLOOR * float(np.mean(xx + yy)) / 2 + 1e-6)
    power = np.float32(noise * noise_powers()[level] if level < NOISY else 0)
    xx, yy = np.maximum(xx - power, 0) + floor, np.maximum(yy - power, 0) + floor
    # Sampling can make the pooled tensor indefinite; this bounds its inverse.
    limit = 0.99 * np.sqrt(xx * yy)
    xy = np.clip(xy, -limit, limit)
    scale = 1 / (xx * yy - xy * xy)
    inverse = (yy * scale, -xy * scale, xx * scale)
    return Anchor(bands[0], x[0], y[0], inverse, floor, cells, np.float32(slope_gain(level == 0)))


def displacement(anchor: Anchor, bands: np.ndarray, coarser: np.ndarray | None) -> np.ndarray:
    """Return the displacement of bands since the onset, (n, rows, columns, 2) float32, level px.

    bands: (n, h, w) float32, one level of n frames; coarser: the next coarser level's motion. The
    pooled sine of the phase difference is solved for the displacement that explains it in all
    orientations. A change of contrast gives exactly 0.
    """
    pull_x = _pool(anchor.band * slope_x(bands) - anchor.x * bands, anchor.cells)
    pull_y = _pool(anchor.band * slope_y(bands) - anchor.y * bands, anchor.cells)
    if coarser is not None:
        prior = np.stack([cv2.resize(field, anchor.cells) for field in coarser])
        prior *= 2 * anchor.gain * anchor.floor
        pull_x += prior[..., 0]
        pull_y += prior[..., 1]
    xx, xy, yy = anchor.inverse
    out = np.empty((*pull_x.shape, 2), np.float32)
    out[..., 0] = (xx * pull_x + xy * pull_y) / anchor.gain
    out[..., 1] = (xy * pull_x + yy * pull_y) / anchor.gain
    return out


def band_motions(plane_of: PlaneOf, length: int, reference: int) -> list[np.ndarray]:
    """Return per level the (T, rows, columns, 2) float32 displacements since the onset, px.

    plane_of: gives the (H, W) float32 luma of frame t, without changes of light.
    """
    still = pyramids(plane_of, range(reference, reference + 1))
    noise = noise_variance(plane_of, length)
    anchors = [anchor(bands, level, noise) for level, bands in enumerate(still)]
    motions = [np.zeros((length, a.cells[1], a.cells[0], 2), np.float32) for a in anchors]

    def estimate(index: int) -> None:
        times = chunk(index, length)
        found = None
        for level, bands in reversed(list(enumerate(pyramids(plane_of, times)))):
            found = displacement(anchors[level], bands, found)
            motions[level][times.start : times.stop] = found
        for time in times:
            for level in range(SHARPEST + 1, len(anchors)):
                field = cv2.resize(
                    motions[SHARPEST][time], anchors[level].cells, interpolation=cv2.INTER_AREA
                )
                motions[level][time] = field / np.float32(2 ** (level - SHARPEST))

    parallel_for(estimate, chunks(length))
    for motion in motions:
        motion[reference] = 0
    return motions


def chunks(length: int) -> int:
    """Return how many chunks of frames a clip has."""
    return -(-length // CHUNK)


def chunk(index: int, length: int) -> range:
    """Return the positions of one chunk's frames."""
    return range(index * CHUNK, min(length, (index + 1) * CHUNK))


def _pool(stack: np.ndarray, cells: tuple[int, int]) -> np.ndarray:
    """Return (n, h, w) averaged over the level's cells and window, (n, rows, columns)."""
    out = np.empty((len(stack), cells[1], cells[0]), np.float32)
    for plane, pooled in zip(stack, out, strict=True):
        cv2.GaussianBlur(reduced(plane, cells), (0, 0), WINDOW, dst=pooled)
    return out
