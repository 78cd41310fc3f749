"""The three methods in one form: an estimate that all factors share, and what each makes of it."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from merflow.stages.magnification.delivered import Magnified
from merflow.stages.magnification.flicker import global_light
from merflow.stages.magnification.lagrangian import magnify_lagrangian
from merflow.stages.magnification.linear import half_planes, magnify_linear, remove_light
from merflow.stages.magnification.luma import PlaneOf, luma_of, steady_luma
from merflow.stages.magnification.motion import motion_fields
from merflow.stages.magnification.motion_share import filter_in_time
from merflow.stages.magnification.phase import magnify_phase
from merflow.stages.magnification.riesz import phase_motion
from merflow.stages.magnification.temporal import (
    anchored,
    apply_in_time,
    default_high_hz,
    recursive_coefficient,
    recursive_operator,
)

if TYPE_CHECKING:
    from merflow.config.settings import Magnify


class Estimate(NamedTuple):
    """What all factors of a clip share.

    light: (T, 2) changes of light; motion: (T, rows, columns, 2) float32, filtered in time, px;
    filtered: (T, H / 2, W / 2) luma, filtered in time, of the linear method.
    """

    light: np.ndarray
    motion: np.ndarray
    filtered: np.ndarray | None = None


def estimate(
    frames: np.ndarray,
    fps: float,
    settings: "Magnify",
    smooth: np.ndarray,
    reference: int,
    measured: bool,
) -> Estimate:
    """Return light and motion of a clip; of the linear method motion only to be measured."""
    length = len(frames)
    if settings.method != "linear":
        light = _light(luma_of(frames), length, settings, reference)
        plane_of = steady_luma(frames, light, reference)
        fields = phase_motion if settings.method == "phase" else motion_fields
        raw = fields(plane_of, length, reference)
        return Estimate(light, filter_in_time(raw, smooth, reference))
    half = half_planes(frames)
    light = _light(half.__getitem__, length, settings, reference)
    remove_light(half, light, reference)
    motion = np.zeros((length, 1, 1, 2), np.float32)
    if measured:  # before the planes are overwritten; their pixels are twice as large
        motion = 2 * motion_fields(half.__getitem__, length, reference)
        motion = filter_in_time(motion, smooth, reference)
    pair = recursion(fps, settings)
    operator = anchored(smooth, reference)
    if pair is not None:
        operator = recursive_operator(length, *pair, reference)
    apply_in_time(operator, half)
    return Estimate(light, motion, half)


def moved(
    frames: np.ndarray, alpha: float, settings: "Magnify", found: Estimate, reference: int
) -> Magnified:
    """Return what the method makes of the estimate at one factor, alpha + 1."""
    if found.filtered is not None:
        return magnify_linear(frames, found.filtered, alpha, settings.lambda_c)
    if settings.method == "lagrangian":
        return magnify_lagrangian(frames, found.motion, alpha, reference)
    return magnify_phase(frames, found.motion, alpha, found.light, reference)


def _light(plane_of: PlaneOf, length: int, settings: "Magnify", reference: int) -> np.ndarray:
    """Return the (T, 2) changes of light to remove; zeros without remove_flicker."""
    if settings.remove_flicker:
        return global_light(plane_of, length, reference)
    return np.zeros((length, 2), np.float32)


def highest_hz(fps: float, settings: "Magnify") -> float:
    """Return the highest frequency (Hz) of the low-pass; the recursion has its own band."""
    low, high = settings.band_hz or (0, 0)
    return high if high and not low else default_high_hz(fps)


def recursion(fps: float, settings: "Magnify") -> tuple[float, float] | None:
    """Return the two coefficients per frame of the literature's recursion; None for a low-pass."""
    low, high = settings.band_hz or (0, 0)
    return (recursive_coefficient(high, fps), recursive_coefficient(low, fps)) if low else None
