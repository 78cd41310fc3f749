"""Magnify: multiply all displacements by a factor.

Factor f multiplies displacement by f; the literature's alpha is f - 1. Factor 1 returns the input
bit for bit, and the onset frame never changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from merflow.clip import ClipArrays
from merflow.config.settings import Magnify
from merflow.errors import MerflowError
from merflow.frame_buffer import Frames, allocate
from merflow.progress import counted, in_passes
from merflow.stages.magnification.compression import frame_coding
from merflow.stages.magnification.credibility import credibility
from merflow.stages.magnification.delivered import Magnified, expected_gain, measure
from merflow.stages.magnification.flicker import global_light
from merflow.stages.magnification.lagrangian import magnify_lagrangian
from merflow.stages.magnification.linear import half_planes, magnify_linear, remove_light
from merflow.stages.magnification.luma import PlaneOf, luma_of
from merflow.stages.magnification.motion import motion_fields
from merflow.stages.magnification.motion_share import filter_in_time
from merflow.stages.magnification.phase import magnify_phase
from merflow.stages.magnification.stream import in_windows, recursively
from merflow.stages.magnification.temporal import (
    anchored,
    default_high_hz,
    low_pass,
    recursive_coefficient,
    recursive_operator,
)

PASSES = (0.05, 0.25, 0.65)
"""Shares of the passes over the frames (light, motion, new frames) in the time, for its estimate;
the rest is measuring."""
LONG = 1024
"""Frames up to which a clip is processed in memory, about 0.4 GB of grey at 256 px; a longer one
goes through `magnify_stream`, without measuring the delivered gain."""


def magnify_clip(arrays: ClipArrays, settings: Magnify, factor: float) -> ClipArrays:
    """Return the clip with displacements multiplied by `factor`, with facts["magnify"]."""
    if len(arrays.frames) > LONG:
        frames = _magnify_long(arrays, settings, factor)
        facts = {"method": settings.method, "factor": float(factor), "streamed": True}
    else:
        whole = np.asarray(arrays.frames)
        coding = arrays.facts.get("align", {}).get("coding")
        coding = (frame_coding(whole) if coding is None else coding) | arrays.facts.get("video", {})
        frames, facts = magnify_frames(
            whole, arrays.fps, factor, settings, reference=arrays.onset, coding=coding
        )
    return replace(arrays, frames=frames, facts={**arrays.facts, "magnify": facts})


def _magnify_long(arrays: ClipArrays, settings: Magnify, factor: float) -> Frames:
    """Return a long clip's frames, streamed from its onset forwards and backwards."""
    out = allocate(arrays.frames.shape)
    after, before = arrays.frames[arrays.onset :], arrays.frames[: arrays.onset + 1][::-1]
    for step, part in ((1, after), (-1, before)):
        magnified = magnify_stream(part, arrays.fps, factor, settings)
        for distance, frame in enumerate(counted(magnified, "magnifying", len(part))):
            out[arrays.onset + step * distance] = frame
    return out


def magnify_frames(
    frames: np.ndarray,
    fps: float,
    factor: float,
    settings: Magnify,
    *,
    reference: int = 0,
    measured: bool = True,
    coding: Mapping[str, Any] | None = None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return (T, H, W, C) uint8 frames with displacement times `factor`, and measurements.

    frames: (T, H, W, C) uint8, C = 3 RGB or 1 grey; fps in Hz; reference: position of the onset
    frame, which is returned unchanged; measured: whether to measure the delivered gain; coding:
    `compression.frame_coding` of the camera's frames, by default that of `frames`, and what a
    video's file tells (`video_clip.video_coding`).

    Facts: method, factor; clipped, the share of values beyond 0..255, or clamped, the share of
    cells with more displacement than the method can deliver; those of `delivered.measure`;
    expected_gain, the gain that benchmarks predict; and those of `credibility`.
    """
    check_frames(frames, reference)
    check_request(fps, factor, settings)
    facts: dict[str, Any] = {"method": settings.method, "factor": float(factor)}
    if factor == 1 or len(frames) == 1:
        return frames.copy(), facts
    frames = np.ascontiguousarray(frames)
    smooth = low_pass(len(frames), fps, highest_hz(fps, settings))
    with in_passes("magnifying", PASSES):
        made, light = _magnify(frames, fps, factor - 1, settings, smooth, reference, measured)
    facts |= made.facts
    if measured:
        facts |= measure(frames, made, anchored(smooth, reference), light, reference, factor)
        facts["expected_gain"] = expected_gain(settings.method, facts["asked_px"])
        facts |= credibility(facts["asked_px"], frame_coding(frames) if coding is None else coding)
    return made.frames, facts


def magnify_stream(
    frames: Iterable[np.ndarray], fps: float, factor: float, settings: Magnify
) -> Iterator[np.ndarray]:
    """Yield (H, W, C) uint8 frames with displacement times `factor`, in bounded memory.

    frames: (H, W, C) uint8 each, C = 3 RGB or 1 grey, the first is the onset. The recursion
    (`band_hz` above 0) and clips up to `stream.WINDOW` frames give the same result as in memory;
    longer videos are processed in windows (see `stream`).
    """
    check_request(fps, factor, settings)
    high = highest_hz(fps, settings)

    def magnified(window: np.ndarray, smooth: np.ndarray) -> np.ndarray:
        check_frames(window, 0)
        if len(window) == 1:
            return window.copy()
        return _magnify(window, fps, factor - 1, settings, smooth, 0, measured=False)[0].frames

    pair = recursion(fps, settings)
    if factor == 1:
        yield from (frame.copy() for frame in frames)
    elif pair is None:
        yield from in_windows(frames, fps, high, magnified)
    else:
        flicker = settings.remove_flicker
        yield from recursively(frames, pair, factor - 1, settings.lambda_c, flicker)


def _magnify(
    frames: np.ndarray,
    fps: float,
    alpha: float,
    settings: Magnify,
    smooth: np.ndarray,
    reference: int,
    measured: bool,
) -> tuple[Magnified, np.ndarray]:
    """Return the method's result and the (T, 2) changes of light that were removed."""
    if settings.method != "linear":
        light = _light(luma_of(frames), len(frames), settings, reference)
        method = magnify_lagrangian if settings.method == "lagrangian" else magnify_phase
        return method(frames, smooth, alpha, light, reference), light
    half = half_planes(frames)
    light = _light(half.__getitem__, len(frames), settings, reference)
    remove_light(half, light, reference)
    motion = None
    if measured:  # before the planes are overwritten; their pixels are twice as large
        motion = 2 * motion_fields(half.__getitem__, len(frames), reference)
        motion = filter_in_time(motion, smooth, reference)
    pair = recursion(fps, settings)
    operator = anchored(smooth, reference)
    if pair is not None:
        operator = recursive_operator(len(frames), *pair, reference)
    made = magnify_linear(frames, half, operator, alpha, settings.lambda_c)
    return (made if motion is None else made._replace(motion=motion)), light


def _light(plane_of: PlaneOf, length: int, settings: Magnify, reference: int) -> np.ndarray:
    """Return the (T, 2) changes of light to remove; zeros without remove_flicker."""
    if settings.remove_flicker:
        return global_light(plane_of, length, reference)
    return np.zeros((length, 2), np.float32)


def highest_hz(fps: float, settings: Magnify) -> float:
    """Return the highest frequency (Hz) of the low-pass; the recursion has its own band."""
    low, high = settings.band_hz or (0, 0)
    return high if high and not low else default_high_hz(fps)


def recursion(fps: float, settings: Magnify) -> tuple[float, float] | None:
    """Return the two coefficients per frame of the literature's recursion; None for a low-pass."""
    low, high = settings.band_hz or (0, 0)
    return (recursive_coefficient(high, fps), recursive_coefficient(low, fps)) if low else None


def check_frames(frames: np.ndarray, reference: int) -> None:
    """Refuse frames that cannot be magnified."""
    if frames.ndim != 4 or frames.dtype != np.uint8 or frames.shape[3] not in (1, 3):
        found = f"frames of shape {frames.shape} and type {frames.dtype}"
        raise MerflowError("magnify", found, "(T, H, W, 1 or 3) uint8")
    if frames.size == 0:
        raise MerflowError("magnify", f"no pixels: frames of shape {frames.shape}")
    if not 0 <= reference < len(frames):
        raise MerflowError("magnify: onset", f"{reference}", f"a position in 0..{len(frames) - 1}")


def check_request(fps: float, factor: float, settings: Magnify) -> None:
    """Refuse a factor, frame rate or setting that cannot be applied."""
    if not (np.isfinite(factor) and factor >= 0):
        raise MerflowError(
            "magnify: factor",
            f"{factor}",
            "0 or more: 1 does not change the clip, 10 multiplies the motion by 10",
        )
    if not (np.isfinite(fps) and fps > 0):
        raise MerflowError(
            "magnify: fps",
            f"{fps}",
            "frames per second above 0",
            "set the camera's frame rate in the dataset's entry",
        )
