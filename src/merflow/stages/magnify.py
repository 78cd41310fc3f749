"""Magnify: multiply all displacements by a factor.

Factor f multiplies displacement by f; the literature's alpha is f - 1. Factor 1 returns the input
bit for bit, and the onset frame never changes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.clip import ClipArrays
from merflow.errors import MerflowError
from merflow.frame_buffer import Frames, allocate
from merflow.progress import counted, in_passes
from merflow.stages.magnification.compression import frame_coding
from merflow.stages.magnification.credibility import credibility
from merflow.stages.magnification.delivered import (
    Peak,
    expected_gain,
    largest_motion,
    measure,
)
from merflow.stages.magnification.methods import (
    Estimate,
    estimate,
    highest_hz,
    moved,
    recursion,
)
from merflow.stages.magnification.stream import in_windows, recursively
from merflow.stages.magnification.temporal import anchored, low_pass

if TYPE_CHECKING:
    from merflow.config.settings import Magnify

PASSES = (0.05, 0.25, 0.65)
"""Shares of the passes over the frames (light, motion, new frames) in the time, for its estimate;
the rest is measuring."""
LONG = 1024
"""Frames up to which a clip is processed in memory, about 0.4 GB of grey at 256 px; a longer one
goes through `magnify_stream`, without measuring the delivered gain."""


def magnify_clip(arrays: ClipArrays, settings: "Magnify", factor: float) -> ClipArrays:
    """Return the clip with displacements multiplied by `factor`, with facts["magnify"]."""
    return magnify_together(arrays, settings, [factor])[0]


def magnify_together(
    arrays: ClipArrays, settings: "Magnify", factors: Sequence[float]
) -> list[ClipArrays]:
    """Return the clip magnified by each factor; its motion is estimated once."""
    if len(arrays.frames) > LONG:
        facts = {"method": settings.method, "streamed": True}
        made = [
            (_magnify_long(arrays, settings, factor), facts | {"factor": float(factor)})
            for factor in factors
        ]
    else:
        whole = np.asarray(arrays.frames)
        coding = arrays.facts.get("align", {}).get("coding")
        coding = (frame_coding(whole) if coding is None else coding) | arrays.facts.get("video", {})
        made = magnify_factors(
            whole, arrays.fps, factors, settings, reference=arrays.onset, coding=coding
        )
    return [
        replace(arrays, frames=frames, facts={**arrays.facts, "magnify": facts})
        for frames, facts in made
    ]


def _magnify_long(arrays: ClipArrays, settings: "Magnify", factor: float) -> Frames:
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
    settings: "Magnify",
    **options: Any,  # noqa: ANN401
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return frames with displacement times `factor`, and measurements; see `magnify_factors`."""
    return magnify_factors(frames, fps, [factor], settings, **options)[0]


def magnify_factors(
    frames: np.ndarray,
    fps: float,
    factors: Sequence[float],
    settings: "Magnify",
    *,
    reference: int = 0,
    measured: bool = True,
    coding: Mapping[str, Any] | None = None,
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Return (T, H, W, C) uint8 frames with displacement times each factor, and measurements.

    The bytes of one factor do not depend on the others, which share the estimate of the motion.

    frames: (T, H, W, C) uint8, C = 3 RGB or 1 grey; fps in Hz; reference: position of the onset
    frame, which is returned unchanged; measured: whether to measure the delivered gain; coding:
    `compression.frame_coding` of the camera's frames, by default that of `frames`, and what a
    video's file tells (`video_clip.video_coding`).

    Facts: method, factor; clipped, the share of values beyond 0..255, or clamped, the share of
    cells with more displacement than the method can deliver; those of `delivered.measure`;
    expected_gain, the gain that benchmarks predict; and those of `credibility`.
    """
    check_frames(frames, reference)
    for factor in factors:
        check_request(fps, factor, settings)
    if len(frames) == 1 or all(factor == 1 for factor in factors):
        return [(frames.copy(), _asked(settings, factor)) for factor in factors]
    frames = np.ascontiguousarray(frames)
    smooth = low_pass(len(frames), fps, highest_hz(fps, settings))
    coding = frame_coding(frames) if measured and coding is None else coding
    passes = (*PASSES[:2], *[PASSES[2]] * len(factors))
    with in_passes("magnifying", [share / sum(passes) for share in passes]):
        found = estimate(frames, fps, settings, smooth, reference, measured)
        peak = None
        if measured:
            operator = anchored(smooth, reference)
            peak = largest_motion(frames, found.motion, operator, found.light, reference)
        return [
            _magnified(frames, factor, settings, found, reference, peak, coding)
            for factor in factors
        ]


def _asked(settings: "Magnify", factor: float) -> dict[str, Any]:
    return {"method": settings.method, "factor": float(factor)}


def _magnified(
    frames: np.ndarray,
    factor: float,
    settings: "Magnify",
    found: Estimate,
    reference: int,
    peak: Peak | None,
    coding: Mapping[str, Any] | None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the frames of one factor and its facts; measured where there is a peak."""
    facts = _asked(settings, factor)
    if factor == 1:
        return frames.copy(), facts
    made = moved(frames, factor - 1, settings, found, reference)
    facts |= made.facts
    if peak is not None:
        facts |= measure(frames, made.frames, peak, reference, factor)
        facts["expected_gain"] = expected_gain(settings.method, facts["asked_px"])
        facts |= credibility(facts["asked_px"], coding or {})
    return made.frames, facts


def magnify_stream(
    frames: Iterable[np.ndarray], fps: float, factor: float, settings: "Magnify"
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
        found = estimate(window, fps, settings, smooth, 0, measured=False)
        return moved(window, factor - 1, settings, found, 0).frames

    pair = recursion(fps, settings)
    if factor == 1:
        yield from (frame.copy() for frame in frames)
    elif pair is None:
        yield from in_windows(frames, fps, high, magnified)
    else:
        flicker = settings.remove_flicker
        yield from recursively(frames, pair, factor - 1, settings.lambda_c, flicker)


def check_frames(frames: np.ndarray, reference: int) -> None:
    """Refuse frames that cannot be magnified."""
    if frames.ndim != 4 or frames.dtype != np.uint8 or frames.shape[3] not in (1, 3):
        found = f"frames of shape {frames.shape} and type {frames.dtype}"
        raise MerflowError("magnify", found, "(T, H, W, 1 or 3) uint8")
    if frames.size == 0:
        raise MerflowError("magnify", f"no pixels: frames of shape {frames.shape}")
    if not 0 <= reference < len(frames):
        raise MerflowError("magnify: onset", f"{reference}", f"a position in 0..{len(frames) - 1}")


def check_request(fps: float, factor: float, settings: "Magnify") -> None:
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
