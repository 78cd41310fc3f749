"""Shift a pyramid band by a small displacement: rotate its phase with Riesz transforms.

A band of one orientation is shifted by turning its phase; a real band mixes orientations, and
turning it as if it had one loses up to half of the motion. Here the turn is written with the
Riesz transforms up to order 3 (the 3-tap approximation (c(x+1) - c(x-1)) / 2, applied up to
three times), steered along the displacement. How much of each gives the best shift by s pixels,
over the spectrum of natural pictures, is found once by least squares. Beyond the reach of a
band (REACH pixels at its own resolution) the fit lets the band fade instead of misplacing it.
"""

from functools import cache

import cv2
import numpy as np

REACH = 3.0
"""Pixels at a band's resolution that one turn can shift it by with half of its energy or more."""
TURNS = 3
"""Turns that make up one shift of a coarser band, each by its share; the finest, four times as
costly, gets one."""
LONGEST = 6.0
STEPS = 64
"""The table holds shifts of 0..LONGEST px at this many steps a pixel."""
SPECTRUM = 2.4
"""Natural pictures' power falls as frequency to the minus this."""


def slope_x(plane: np.ndarray) -> np.ndarray:
    """Return the 3-tap Riesz transform along x of an (H, W) float32 plane, edges mirrored."""
    out = np.zeros_like(plane)
    if plane.shape[1] > 2:
        cv2.addWeighted(plane[:, 2:], 0.5, plane[:, :-2], -0.5, 0, dst=out[:, 1:-1])
    return out


def slope_y(plane: np.ndarray) -> np.ndarray:
    """Return the 3-tap Riesz transform along y of an (H, W) float32 plane, edges mirrored."""
    out = np.zeros_like(plane)
    if plane.shape[0] > 2:
        cv2.addWeighted(plane[2:], 0.5, plane[:-2], -0.5, 0, dst=out[1:-1])
    return out


@cache
def band_model(finest: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequencies x, y (rad per px) and the power there of a band, (n,) each.

    One quadrant is enough: all that is fitted is even or odd in either frequency.
    """
    axis = (np.arange(32) + 0.5) / 32 * np.pi
    along, across = (plane.ravel() for plane in np.meshgrid(axis, axis))

    def reduced(scale: float) -> np.ndarray:
        """Return the response of one pyramid step's 5-tap binomial at scaled frequencies."""
        return (np.cos(along * scale / 2) * np.cos(across * scale / 2)) ** 4

    radius = np.hypot(along, across)
    # A camera's optics take the place that the reduction has for the coarser bands.
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


def turns(finest: bool) -> int:
    """Return in how many turns a band is shifted."""
    return 1 if finest else TURNS


def shifted(band: np.ndarray, motion: np.ndarray, finest: bool) -> np.ndarray:
    """Return `band` with its content shifted by `motion`, (H, W) float32.

    band: (H, W) float32; motion: (rows, columns, 2) float32 displacement x, y in px of the band,
    on any coarser grid; finest: whether the band is the pyramid's first.
    """
    size, count = band.shape[::-1], turns(finest)
    weights = [
        cv2.resize(weight, size, interpolation=cv2.INTER_LINEAR)
        for weight in _weights(motion / np.float32(count), finest)
    ]
    for _ in range(count):
        total = band.copy()
        for weight, term in zip(weights, _terms(band), strict=True):
            cv2.add(total, cv2.multiply(weight, term), dst=total)
        band = total
    return band


def _weights(motion: np.ndarray, finest: bool) -> list[np.ndarray]:
    """Return the ten weights, in the order of `_terms`, on the grid of `motion`."""
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


def _terms(band: np.ndarray) -> list[np.ndarray]:
    """Return the band and its slopes of order 1 (x, y), 2 (xx, xy, yy) and 3 (xxx .. yyy)."""
    x, y = slope_x(band), slope_y(band)
    xx, xy, yy = slope_x(x), slope_y(x), slope_y(y)
    return [band, x, y, xx, xy, yy, slope_x(xx), slope_y(xx), slope_x(yy), slope_y(yy)]
