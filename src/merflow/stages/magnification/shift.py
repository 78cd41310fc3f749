"""Shift a pyramid band by a small displacement: rotate its phase with Riesz transforms.

Rotating the phase shifts a band of one orientation. A real band mixes orientations, and treating it
as one loses up to half of the motion. Here the rotation uses Riesz transforms up to order 3 (the
3-tap approximation (c(x+1) - c(x-1)) / 2, applied up to three times), steered along the
displacement. Their weights for a shift by s pixels come from a least-squares fit over the spectrum
of natural images. Beyond the reach of a band (REACH pixels at its resolution) the fit fades the
band instead of misplacing it.
"""

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np

REACH = 3.0
"""Largest shift by one rotation (px of the band) that keeps half of the energy."""
TURNS = (1, 2, 3)
"""Number of rotations per shift, finest band first, the last for all coarser ones. More rotations
reach further; the finest band is the most costly and usually out of reach for large motion."""
LONGEST = 6.0
STEPS = 64
"""Steps per pixel of the table of shifts from 0 to LONGEST px."""
SPECTRUM = 2.4
"""Negative exponent of the power spectrum of natural images."""


def slope_x(stack: np.ndarray) -> np.ndarray:
    """Return the 3-tap Riesz transform along x of (n, H, W) float32 planes, edges mirrored."""
    width = stack.shape[2]
    out = np.zeros_like(stack)
    if width > 2:
        # One tall image for all planes, since a call costs as much as a small plane.
        tall, slopes = stack.reshape(-1, width), out.reshape(-1, width)
        cv2.addWeighted(tall[:, 2:], 0.5, tall[:, :-2], -0.5, 0, dst=slopes[:, 1:-1])
    return out


def slope_y(stack: np.ndarray) -> np.ndarray:
    """Return the 3-tap Riesz transform along y of (n, H, W) float32 planes, edges mirrored."""
    _, height, width = stack.shape
    out = np.zeros_like(stack)
    if height > 2:
        tall, slopes = stack.reshape(-1, width), out.reshape(-1, width)
        cv2.addWeighted(tall[2:], 0.5, tall[:-2], -0.5, 0, dst=slopes[1:-1])
        out[:, 0], out[:, -1] = 0, 0
    return out


@cache
def band_model(finest: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequencies x, y (rad per px) and the power there of a band, (n,) each.

    One quadrant is enough: the fitted functions are even or odd in both frequencies.
    """
    axis = (np.arange(32) + 0.5) / 32 * np.pi
    along, across = (plane.ravel() for plane in np.meshgrid(axis, axis))

    def reduced(scale: float) -> np.ndarray:
        """Return the response of one pyramid step's 5-tap binomial at scaled frequencies."""
        return (np.cos(along * scale / 2) * np.cos(across * scale / 2)) ** 4

    radius = np.hypot(along, across)
    # For the finest band, the camera's optics replace the reduction of the coarser bands.
    before = np.exp(-((radius / 2) ** 4)) if finest else reduced(0.5) ** 2
    return along, across, before * (1 - reduced(1.0) ** 2) ** 2 / radius**SPECTRUM


@cache
def shift_table(finest: bool) -> np.ndarray:
    """Return (6, LONGEST * STEPS + 1) float32 weights of the terms of a shift, by distance s.

    Rows: the band itself; slope along; second slope along, across; third slope along^3,
    along across^2; each already divided by s as often as its displacement will multiply it.
    """
    along, across, power = band_model(finest)
    one, two = np.sin(along), np.sin(across)
    distance = np.maximum(np.arange(int(LONGEST * STEPS) + 1) / STEPS, 0.5 / STEPS)
    angle = along[:, None] * distance
    even = _fit([np.ones_like(one), -one * one, -two * two], np.cos(angle) - 1, power)
    odd = _fit([one, -(one**3), -one * two * two], -np.sin(angle), power)
    rows = [even[0], odd[0], even[1], even[2], odd[1], odd[2]]
    orders = [2, 1, 2, 2, 3, 3]
    table = [row / distance**order for row, order in zip(rows, orders, strict=True)]
    return np.stack(table).astype(np.float32)


def _fit(terms: list[np.ndarray], wanted: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return (terms, shifts): least squares over the band's power, slightly regularised."""
    design = np.stack(terms, axis=1)
    normal = design.T @ (design * power[:, None])
    normal += 1e-3 * np.diag(np.diag(normal))
    return np.linalg.solve(normal, design.T @ (wanted * power[:, None]))


@cache
def slope_gain(finest: bool) -> float:
    """Return by how much a displacement solved from 3-tap slopes comes out too large."""
    along, _, power = band_model(finest)
    one = np.sin(along)
    return float((power * one * along).sum() / (power * one * one).sum())


def turns(level: int) -> int:
    """Return in how many turns the band of a level is shifted."""
    return TURNS[min(level, len(TURNS) - 1)]


def shifted(bands: np.ndarray, motion: np.ndarray, level: int) -> np.ndarray:
    """Return `bands` with their content shifted by `motion`, (n, H, W) float32.

    bands: (n, H, W) float32, contiguous, one level of n frames; motion: (n, rows, columns, 2)
    float32 displacement x, y in px of the band, on the band's grid or a coarser one; level: 0 for
    the pyramid's finest.
    """
    size, count = bands.shape[:0:-1], turns(level)
    weights = [_enlarged(w, size) for w in _weights(motion / np.float32(count), level == 0)]
    tall = (-1, size[0])
    for _ in range(count):
        total = bands.copy()
        for weight, term in zip(weights, _terms(bands), strict=True):
            part = cv2.multiply(weight.reshape(tall), term.reshape(tall))
            cv2.add(total.reshape(tall), part, dst=total.reshape(tall))
        bands = total
    return bands


def _enlarged(weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (n, rows, columns) resized to (n, H, W) for size (W, H)."""
    if weights.shape[:0:-1] == size:
        return weights
    out = np.empty((len(weights), size[1], size[0]), np.float32)
    for plane, weight in zip(out, weights, strict=True):
        cv2.resize(weight, size, dst=plane, interpolation=cv2.INTER_LINEAR)
    return out


def _weights(motion: np.ndarray, finest: bool) -> list[np.ndarray]:
    """Return the ten weights, (n, rows, columns) each, in the order of `_terms`."""
    x, y = motion[..., 0], motion[..., 1]
    distance = np.sqrt(x * x + y * y)
    # Further than the table goes the band has faded already: it is not shifted any further.
    short = np.minimum(1, LONGEST / np.maximum(distance, LONGEST))
    x, y = short * x, short * y
    xx, yy = x * x, y * y
    table = shift_table(finest)
    index = (np.minimum(distance, LONGEST) * STEPS + 0.5).astype(np.intp)
    none, first, along2, across2, along3, across3 = (row[index] for row in table)
    return [
        none * (xx + yy),
        first * x,
        first * y,
        along2 * xx + across2 * yy,
        2 * (along2 - across2) * x * y,
        along2 * yy + across2 * xx,
        x * (along3 * xx + across3 * yy),
        y * (3 * along3 * xx + across3 * (yy - 2 * xx)),
        x * (3 * along3 * yy + across3 * (xx - 2 * yy)),
        y * (along3 * yy + across3 * xx),
    ]


def _terms(bands: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the bands and their slopes of order 1 (x, y), 2 (xx, xy, yy) and 3 (xxx .. yyy)."""
    x, y = slope_x(bands), slope_y(bands)
    yield from (bands, x, y)
    xx, xy, yy = slope_x(x), slope_y(x), slope_y(y)
    yield from (xx, xy, yy)
    yield from (slope_x(xx), slope_y(xx), slope_x(yy), slope_y(yy))
