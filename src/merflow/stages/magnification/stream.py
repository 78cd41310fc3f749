"""Magnify a video of any length frame by frame, in bounded memory.

The literature's recursion runs frame by frame, with the same result as in memory. Other operators
look ahead in time: the video is processed in windows, each against the video's first frame, which
overlap by `overlap_frames` and are blended there.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import cv2
import numpy as np

from merflow.stages.magnification.flicker import global_light
from merflow.stages.magnification.linear import (
    half_planes,
    level_gains,
    remove_light,
    weigh_levels,
)
from merflow.stages.magnification.luma import add_luma
from merflow.stages.magnification.temporal import low_pass

WINDOW = 160
"""Number of frames in a window."""

OneWindow = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Function of (T, H, W, C) uint8 frames, the first the reference, and a (T, T) low-pass."""


def overlap_frames(fps: float, high_hz: float) -> int:
    """Return how many frames two windows share: four periods of the highest frequency."""
    return int(np.ceil(4 * fps / high_hz))


def in_windows(
    frames: Iterable[np.ndarray], fps: float, high_hz: float, magnified: OneWindow
) -> Iterator[np.ndarray]:
    """Yield the magnified (H, W, C) uint8 frames of a video of any length.

    Up to WINDOW frames the result is the same as in memory.
    """
    source = iter(frames)
    shared = overlap_frames(fps, high_hz)
    window = max(WINDOW, 3 * shared)
    held = list(islice(source, window))
    if not held:
        return
    head, before = held[:shared], None
    while True:
        made = _window(held, head if before is not None else [], fps, high_hz, magnified)
        if before is not None:
            share = (np.arange(shared) + 1) / (shared + 1)
            for time, weight in enumerate(share):
                made[time] = cv2.addWeighted(
                    made[time], weight, before[time], 1 - weight, 0
                ).reshape(made[time].shape)
        more = list(islice(source, window - shared))
        if not more:
            yield from made
            return
        yield from made[:-shared]
        before, held = made[-shared:], held[-shared:] + more


def _window(
    held: list[np.ndarray],
    head: list[np.ndarray],
    fps: float,
    high_hz: float,
    magnified: OneWindow,
) -> np.ndarray:
    """Return one window's magnified frames, (n, H, W, C) uint8.

    head: the video's first frames, placed before a later window and low-passed separately, so that
    the onset has as little noise as in memory.
    """
    smooth = np.zeros((len(head) + len(held),) * 2)
    for part in (slice(0, len(head)), slice(len(head), None)):
        length = len(smooth[part])
        if length:
            smooth[part, part] = low_pass(length, fps, high_hz)
    return magnified(np.stack([*head, *held]), smooth)[len(head) :]


def recursively(
    frames: Iterable[np.ndarray],
    pair: tuple[float, float],
    alpha: float,
    lambda_c: float,
    remove_flicker: bool,
) -> Iterator[np.ndarray]:
    """Yield the frames of the linear method with the literature's recursion.

    pair: the fast and the slow coefficient per frame.
    """
    still, states, gains = None, [], np.zeros(0)
    for frame in frames:
        half = half_planes(frame[None])
        if still is None:
            still, states = half.copy(), [half[0].copy(), half[0].copy()]
            gains = level_gains(*frame.shape[:2], alpha, lambda_c)
            yield frame.copy()
            continue
        if remove_flicker:
            planes = np.concatenate([still, half])
            remove_light(planes, global_light(planes.__getitem__, 2, 0), 0)
            half = planes[1:]
        for state, rate in zip(states, pair, strict=True):
            state += np.float32(rate) * (half[0] - state)
        change = weigh_levels(states[0] - states[1], gains, frame.shape[1::-1])
        out = np.empty_like(frame)
        add_luma(frame, change, out)
        yield out
