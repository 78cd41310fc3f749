"""Luma of frames, and its change: only luma is magnified, colours stay."""

from collections.abc import Callable

import cv2
import numpy as np

PlaneOf = Callable[[int], np.ndarray]
"""Function from a position t to the (H, W) float32 luma of frame t."""


def luma(frame: np.ndarray) -> np.ndarray:
    """Return the (H, W) float32 luma, 0..255, of one (H, W, 3) RGB or (H, W, 1) grey frame.

    0.299 R + 0.587 G + 0.114 B, not rounded.
    """
    if frame.shape[2] == 1:
        return frame[..., 0].astype(np.float32)
    return cv2.cvtColor(frame.astype(np.float32), cv2.COLOR_RGB2GRAY)


def luma_of(frames: np.ndarray) -> PlaneOf:
    """Return the luma function of a (T, H, W, C) uint8 clip."""
    return lambda time: luma(frames[time])


def steady_luma(frames: np.ndarray, light: np.ndarray, reference: int) -> PlaneOf:
    """Return the luma function of a clip without its changes of light.

    frames: (T, H, W, C) uint8; light: (T, 2) gain and offset of `flicker.global_light`.
    """
    still = luma(frames[reference])

    def plane(time: int) -> np.ndarray:
        gain, offset = (float(value) for value in light[time])
        return cv2.addWeighted(luma(frames[time]), 1.0, still, -gain, -offset)

    return plane


def reduced(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return an (H, W) float32 plane at `size` (width, height), no larger, averaged over areas.

    Halved while divisible: in OpenCV three times as fast as one step.
    """
    while plane.shape[1] % (2 * size[0]) == plane.shape[0] % (2 * size[1]) == 0:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = cv2.resize(plane, half, interpolation=cv2.INTER_AREA)
    if plane.shape[::-1] == size:
        return plane
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


def add_luma(frame: np.ndarray, change: np.ndarray, out: np.ndarray) -> int:
    """Write `frame` + `change` (H, W) float32, rounded and clipped, into `out`, (H, W, C) uint8,
    contiguous.

    Returns the number of values (pixels times channels) clipped to 0..255.
    """
    # In bytes: each pixel is either raised or lowered, and byte arithmetic saturates.
    amount = cv2.convertScaleAbs(change)
    more = cv2.bitwise_and(amount, cv2.compare(change, 0.0, cv2.CMP_GT))
    less = cv2.subtract(amount, more)
    amount, more, less = (_spread(plane, frame.shape[2]) for plane in (amount, more, less))
    flat, changed = frame.reshape(amount.shape), out.reshape(amount.shape)
    cv2.subtract(cv2.add(flat, more, dst=changed), less, dst=changed)
    # Values that did not change by their whole amount were clipped; `more` is reused.
    return cv2.countNonZero(cv2.bitwise_xor(cv2.absdiff(changed, flat, dst=more), amount, dst=more))


def _spread(plane: np.ndarray, channels: int) -> np.ndarray:
    """Return (H, W) uint8 repeated for every channel, as (H, W * channels)."""
    if channels == 1:
        return plane
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB).reshape(len(plane), -1)
