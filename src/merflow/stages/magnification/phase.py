"""Phase magnification with a Riesz pyramid (after Wadhwa et al. 2014): Eulerian, the default.

For every band of a Laplacian pyramid, the phase against the onset frame gives a displacement, which
is filtered in time; the band's phase is then shifted by alpha times that. The low-pass below the
last band stays unchanged, so slow changes of light are not magnified.
"""

import cv2
import numpy as np

from merflow.stages.magnification.delivered import Magnified
from merflow.stages.magnification.luma import add_luma, steady_luma
from merflow.stages.magnification.motion_share import filter_levels
from merflow.stages.magnification.riesz import band_motions, cell_side, chunk, chunks, pyramids
from merflow.stages.magnification.shift import REACH, shifted, turns
from merflow.stages.threads import parallel_for

ROUGH = 1
"""The level that gives place and time of the largest motion: fine, with little noise."""
FAINT = 0.02
"""Cells shifted by less than this (px of their level) may be skipped."""


def magnify_phase(
    frames: np.ndarray, smooth: np.ndarray, alpha: float, light: np.ndarray, reference: int
) -> Magnified:
    """Return the magnified frames, and the shares of clipped values and of clamped cells.

    Clamped cells have a larger shift than their band allows.

    frames: (T, H, W, C) uint8; smooth: (T, T) of `temporal.low_pass`; light: (T, 2) of
    `flicker.global_light`; reference: position of the onset frame.
    """
    length = len(frames)
    plane_of = steady_luma(frames, light, reference)
    motions = filter_levels(band_motions(plane_of, length, reference), smooth, reference)
    clamped = _clamped_share(motions, alpha)
    rough = np.float32(2**ROUGH) * motions[min(ROUGH, len(motions) - 1)]
    for motion in motions:
        motion *= np.float32(alpha)
    out, clipped = np.empty_like(frames), np.zeros(length, np.int64)

    def build(index: int) -> None:
        times = chunk(index, length)
        here = slice(times.start, times.stop)
        changes = change_of(pyramids(plane_of, times), [motion[here] for motion in motions])
        for time, change in zip(times, changes, strict=True):
            clipped[time] = add_luma(frames[time], change, out[time])

    parallel_for(build, chunks(length))
    out[reference] = frames[reference]
    facts = {"clipped": float(clipped.sum() / frames.size), "clamped": clamped}
    return Magnified(out, facts, rough)


def change_of(levels: list[np.ndarray], motions: list[np.ndarray]) -> np.ndarray:
    """Return the (n, H, W) float32 change of luma that shifts each level by its motion.

    levels: (n, h, w) float32 bands, finest first; motions: (n, rows, columns, 2) float32 px.
    """
    change = None
    for level in range(len(levels) - 1, -1, -1):
        bands, motion = levels[level], motions[level]
        size = bands.shape[:0:-1]
        if cell_side(level) == 1:
            moved = shifted(bands, motion, level) - bands
        else:
            moved = np.zeros_like(bands)
            for plane, band, field in zip(moved, bands, motion, strict=True):
                _shift_where_it_moves(plane, band, field, level)
        if change is not None:
            for plane, coarser in zip(moved, change, strict=True):
                cv2.add(plane, cv2.pyrUp(coarser, dstsize=size), dst=plane)
        change = moved
    return change


def _shift_where_it_moves(
    out: np.ndarray, band: np.ndarray, motion: np.ndarray, level: int
) -> None:
    """Write the change of one large band into `out`, (h, w) of zeros, where it moves."""
    side = cell_side(level)
    rows, columns, _ = motion.shape
    box, cells = (slice(None), slice(None)), (slice(None), slice(None))
    if band.shape == (rows * side, columns * side):
        far = (np.abs(motion) > FAINT).any(axis=2)
        spans = [np.flatnonzero(far.any(axis=axis)) for axis in (1, 0)]
        if not len(spans[0]):
            return
        # One more cell on each side, without motion, for the edge of the part.
        cells = tuple(slice(max(0, int(s[0]) - 1), int(s[-1]) + 2) for s in spans)
        box = tuple(slice(s.start * side, s.stop * side) for s in cells)
    part = np.ascontiguousarray(band[box])[None]
    cv2.subtract(shifted(part, motion[cells][None], level)[0], part[0], dst=out[box])


def _clamped_share(motions: list[np.ndarray], alpha: float) -> float:
    """Return the share of cells beyond their band's reach, all levels with equal weight."""
    shares = []
    for level, field in enumerate(motions):
        limit = (turns(level) * REACH / max(abs(alpha), 1e-6)) ** 2
        shares.append(np.mean(np.einsum("tyxd,tyxd->tyx", field, field) > limit))
    return float(np.mean(shares))
