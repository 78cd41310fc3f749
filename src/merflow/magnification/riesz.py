"""Phase magnification with a Riesz pyramid (after Wadhwa et al. 2014): Eulerian, the default.

Every band of a Laplacian pyramid is looked at where it stands: its phase against the onset frame
gives a displacement, filtered in time, and the band's phase is turned by alpha times that. The
low-pass below the last band is left as it is, so slow changes of light are not magnified.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np

from merflow.magnification.luma import add_luma
from merflow.magnification.motion import steady_luma
from merflow.magnification.shift import REACH, shifted, slope_gain, slope_x, slope_y, turns
from merflow.magnification.threads import each
from merflow.magnification.trust import filter_levels

WINDOW = 1.5
"""Standard deviation of the window over which phase is pooled, in cells of the level's grid."""
FLOOR = 0.25
"""Where a band is weak it follows the next coarser one: the pull, in units of its mean power."""


class Anchor(NamedTuple):
    """One band of the onset frame, and what solving for displacements against it needs.

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


def pyramid(plane: np.ndarray, levels: int) -> list[np.ndarray]:
    """Return `levels` bands, finest first; they and the low-pass left out add up to `plane`."""
    bands = []
    for _ in range(levels):
        low = cv2.pyrDown(plane)
        bands.append(plane - cv2.pyrUp(low, dstsize=plane.shape[::-1]))
        plane = low
    return bands


def cell_side(level: int) -> int:
    """Return the side of a cell of a level's grid in pixels of that level."""
    return max(1, 4 >> level)


def anchor(band: np.ndarray, level: int) -> Anchor:
    """Return the anchor of one band, (h, w) float32, of the onset frame."""
    height, width = band.shape
    side = cell_side(level)
    cells = (-(-width // side), -(-height // side))
    x, y = slope_x(band), slope_y(band)
    # For a wave of amplitude A along n this is A^2 n n' everywhere, not only on its slopes.
    tensor = [
        _pool(x * x - band * slope_x(x), cells),
        _pool(x * y - band * slope_y(x), cells),
        _pool(y * y - band * slope_y(y), cells),
    ]
    floor = np.float32(FLOOR * float(np.mean(tensor[0] + tensor[2])) / 2 + 1e-6)
    xx, yy = np.maximum(tensor[0], 0) + floor, np.maximum(tensor[2], 0) + floor
    # Sampling can make the pooled tensor indefinite; this keeps its inverse bounded.
    limit = 0.99 * np.sqrt(xx * yy)
    xy = np.clip(tensor[1], -limit, limit)
    scale = 1 / (xx * yy - xy * xy)
    gain = np.float32(slope_gain(level == 0))
    return Anchor(band, x, y, (yy * scale, -xy * scale, xx * scale), floor, cells, gain)


def displacement(anchor: Anchor, band: np.ndarray, coarser: np.ndarray | None) -> np.ndarray:
    """Return (rows, columns, 2) float32: how far a band moved since the onset, px of its level.

    The pooled sine of the phase difference, solved for the displacement that explains it in all
    orientations present. A change of contrast gives exactly none. coarser: the next coarser
    level's answer.
    """
    still = cv2.multiply(anchor.band, slope_x(band))
    pull_x = _pool(cv2.subtract(still, cv2.multiply(anchor.x, band)), anchor.cells)
    still = cv2.multiply(anchor.band, slope_y(band))
    pull_y = _pool(cv2.subtract(still, cv2.multiply(anchor.y, band)), anchor.cells)
    if coarser is not None:
        prior = cv2.resize(coarser, anchor.cells, interpolation=cv2.INTER_LINEAR)
        pull_x += (2 * anchor.gain * anchor.floor) * prior[..., 0]
        pull_y += (2 * anchor.gain * anchor.floor) * prior[..., 1]
    xx, xy, yy = anchor.inverse
    return np.dstack([xx * pull_x + xy * pull_y, xy * pull_x + yy * pull_y]) / anchor.gain


def magnify_phase(
    frames: np.ndarray,
    operator: np.ndarray,
    smooth: np.ndarray,
    alpha: float,
    light: np.ndarray,
    reference: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the magnified (T, H, W, C) uint8 frames, and shares of clipped pixels and of cells
    asked to shift further than their band can (clamped).

    operator, smooth: (T, T) of `temporal`, the low-pass with and without its reference; light:
    (T, 2) of `flicker.global_light`; reference: position of the onset frame.
    """
    length, height, width, _ = frames.shape
    levels = level_count(height, width)
    plane_of = steady_luma(frames, light, reference)

    def bands_of(time: int) -> list[np.ndarray]:
        return pyramid(plane_of(time), levels)

    motions = _motions(bands_of, length, levels, reference)
    motions = filter_levels(motions, operator, smooth)
    out, clipped = np.empty_like(frames), np.zeros(length, np.int64)

    def build(time: int) -> None:
        if time == reference:
            out[time] = frames[time]
            return
        change = None
        for level, band in reversed(list(enumerate(bands_of(time)))):
            moved = shifted(band, np.float32(alpha) * motions[level][time], level == 0)
            cv2.subtract(moved, band, dst=moved)
            if change is not None:
                cv2.add(moved, cv2.pyrUp(change, dstsize=band.shape[::-1]), dst=moved)
            change = moved
        clipped[time] = add_luma(frames[time], change, out[time])

    each(build, length)
    return out, {
        "clipped": float(clipped.sum() / (length * height * width)),
        "clamped": _beyond(motions, alpha),
    }


def _motions(bands_of: Any, length: int, levels: int, reference: int) -> list[np.ndarray]:  # noqa: ANN401
    """Return per level the (T, rows, columns, 2) float32 displacements since the onset."""
    anchors = [anchor(band, level) for level, band in enumerate(bands_of(reference))]
    motions = [np.zeros((length, a.cells[1], a.cells[0], 2), np.float32) for a in anchors]

    def estimate(time: int) -> None:
        if time == reference:
            return
        bands, coarser = bands_of(time), None
        for level in range(levels - 1, -1, -1):
            coarser = displacement(anchors[level], bands[level], coarser)
            motions[level][time] = coarser

    each(estimate, length)
    return motions


def _beyond(motions: list[np.ndarray], alpha: float) -> float:
    """Return the share of cells, levels alike, that are asked for more than their band's reach."""
    shares = []
    for level, field in enumerate(motions):
        limit = (turns(level == 0) * REACH / max(abs(alpha), 1e-6)) ** 2
        shares.append(np.mean(np.einsum("tyxd,tyxd->tyx", field, field) > limit))
    return float(np.mean(shares))


def _pool(plane: np.ndarray, cells: tuple[int, int]) -> np.ndarray:
    small = cv2.resize(plane, cells, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), WINDOW)
