"""Brightness in and out of a clip: what is magnified is luma, the colour stays as it was."""

import cv2
import numpy as np

WEIGHTS = np.array([[0.299, 0.587, 0.114]], np.float32)


def luma(frame: np.ndarray) -> np.ndarray:
    """Return the (H, W) float32 luma, 0..255, of one (H, W, 3) RGB or (H, W, 1) grey frame."""
    if frame.shape[2] == 1:
        return frame[..., 0].astype(np.float32)
    return cv2.transform(frame.astype(np.float32), WEIGHTS)


def add_luma(frame: np.ndarray, change: np.ndarray, out: np.ndarray) -> int:
    """Write `frame` + `change` (H, W) float32, rounded and clipped, into `out`, (H, W, C) uint8.

    Returns the number of pixels with a channel that had to be clipped to 0..255.
    """
    channels = frame.shape[2]
    change = change if channels == 1 else cv2.merge([change] * channels)
    frame = frame[..., 0] if channels == 1 else frame
    exact = cv2.add(frame, change, dtype=cv2.CV_32F)
    inside = cv2.inRange(exact, (-0.5,) * 4, (255.5,) * 4)
    rounded = cv2.add(frame, change, dtype=cv2.CV_8U)
    out[...] = rounded[..., None] if channels == 1 else rounded
    return inside.size - cv2.countNonZero(inside)
