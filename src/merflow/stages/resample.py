"""Sampling pictures between their pixels without moving them: cubic B-splines on OpenCV's remap.

OpenCV's own cubic and Lanczos kernels shift what they sample: at a quarter pixel by 0.047 px and
0.028 px (measured; linear interpolation is exact in place but blurs). A drift of a few pixels
passes through all fractions, so that error would come back as motion of the size of a
micro-expression. The cubic B-spline has no such error, and takes four linear look-ups.
"""

import cv2
import numpy as np

POLE = np.sqrt(3.0) - 2.0
TAPS = 8
"""Half length of the prefilter: its taps beyond are below 2e-5."""


def _prefilter_taps() -> np.ndarray:
    distance = np.abs(np.arange(-TAPS, TAPS + 1))
    taps = np.sqrt(3.0) * POLE**distance
    return (taps / taps.sum()).astype(np.float32)


def spline_coefficients(picture: np.ndarray) -> np.ndarray:
    """Return the cubic B-spline coefficients of an (H, W[, C]) picture, float32."""
    taps = _prefilter_taps()
    return cv2.sepFilter2D(picture, cv2.CV_32F, taps, taps, borderType=cv2.BORDER_REFLECT_101)


def _axis(position: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn the four cubic weights along an axis into two linear look-ups: places, second's share.

    A linear look-up between two pixels, at their weights' centre, fetches both at once.
    """
    whole = np.floor(position)
    part = position - whole
    rest, square = 1 - part, part * part
    left_far = rest * rest * rest * np.float32(1 / 6)
    right_far = square * part * np.float32(1 / 6)
    left = left_far + np.float32(2 / 3) + square * (np.float32(0.5) * part - 1)
    right = 1 - left
    return whole - left_far / left, whole + 1 + right_far / right, right


def sample(coefficients: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the picture at float32 places `x`, `y` (px, same shape), float32; edges mirrored."""
    x_first, x_second, x_share = _axis(x)
    y_first, y_second, y_share = _axis(y)
    if coefficients.ndim == 3 and coefficients.shape[2] > 1:
        x_share, y_share = (cv2.merge([s] * coefficients.shape[2]) for s in (x_share, y_share))

    def linear(across: np.ndarray, down: np.ndarray) -> np.ndarray:
        return cv2.remap(
            coefficients, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )

    def row(down: np.ndarray) -> np.ndarray:
        first, second = linear(x_first, down), linear(x_second, down)
        second -= first
        second *= x_share
        second += first
        return second

    upper, lower = row(y_first), row(y_second)
    lower -= upper
    lower *= y_share
    lower += upper
    return lower


def warp(frame: np.ndarray, transform: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (h, w, C) uint8: `look` rounded, for a frame of (H, W, C) uint8."""
    return to_bytes(look(frame, transform, size)).reshape(*size, frame.shape[2])


def look(frame: np.ndarray, transform: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (h, w[, C]) float32: output pixel p shows `frame` at `transform` p (2x3, out to in).

    frame: (H, W[, C]); size: (h, w). Only the part of the frame that is seen is touched.
    """
    height, width = size
    across = np.arange(width, dtype=np.float64)[None]
    down = np.arange(height, dtype=np.float64)[:, None]
    x = transform[0, 0] * across + (transform[0, 1] * down + transform[0, 2])
    y = transform[1, 0] * across + (transform[1, 1] * down + transform[1, 2])
    top, bottom = _span(y, frame.shape[0])
    left, right = _span(x, frame.shape[1])
    part = np.ascontiguousarray(frame[top:bottom, left:right])
    x -= left
    y -= top
    return sample(spline_coefficients(part), x.astype(np.float32), y.astype(np.float32))


def _span(places: np.ndarray, length: int) -> tuple[int, int]:
    """Return the rows or columns that places between pixels can draw on, at least one."""
    room = TAPS + 4
    first = int(np.clip(np.floor(places.min()) - room, 0, length - 1))
    return first, int(np.clip(np.ceil(places.max()) + room, first + 1, length))


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """Return pixels rounded and clipped to uint8; uint8 passes unchanged."""
    if picture.dtype == np.uint8:
        return picture
    rounded = np.rint(picture)
    return np.clip(rounded, 0, 255, out=rounded).astype(np.uint8)


def as_grey(frame: np.ndarray) -> np.ndarray:
    """Return the luma of an (H, W[, 1 or 3]) uint8 RGB frame, (H, W) uint8."""
    if frame.ndim == 3 and frame.shape[2] == 3:
        return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(frame.reshape(frame.shape[:2]))
