"""Sub-pixel sampling without displacement: cubic B-splines on OpenCV's remap.

OpenCV's cubic and Lanczos kernels displace the image, by 0.047 px and 0.028 px at a quarter pixel
(measured; linear interpolation does not displace but blurs). A drift of a few pixels passes
through all fractions, so this error would appear as motion as large as a micro-expression. The
cubic B-spline has no such error and needs four linear samples.
"""

import functools

import cv2
import numpy as np

LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
POLE = np.sqrt(3.0) - 2.0
TAPS = 8
"""Half length of the prefilter; taps beyond it are below 2e-5."""
SHRINK_BLUR = 0.35
"""Sigma of the blur of an image that is shrunk, in px of the result: half the contrast is left at
the finest wavelength that the result can show."""


@functools.lru_cache(maxsize=16)
def _prefilter_taps(sigma: float) -> np.ndarray:
    """Return the taps of the spline's prefilter, convolved with a Gaussian of `sigma` px."""
    distance = np.abs(np.arange(-TAPS, TAPS + 1))
    taps = np.sqrt(3.0) * POLE**distance
    if sigma > 0:
        reach = int(np.ceil(4 * sigma))
        blur = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
        taps = np.convolve(taps, blur)
        # With the blur, the outer taps of the prefilter alternate around nothing.
        cut = max(0, min(reach, TAPS - 4))
        taps = taps[cut : len(taps) - cut]
    return (taps / taps.sum()).astype(np.float32)


def spline_coefficients(image: np.ndarray, sigma: float = 0.0) -> np.ndarray:
    """Return the cubic B-spline coefficients of an (H, W[, C]) image, float32.

    sigma: of a Gaussian (px) that blurs the image first, in the same pass.
    """
    taps = _prefilter_taps(sigma)
    return cv2.sepFilter2D(image, cv2.CV_32F, taps, taps, borderType=cv2.BORDER_REFLECT_101)


def shrink_sigma(shrink: float) -> float:
    """Return the sigma (px) of the blur before sampling every `shrink` px, against aliasing."""
    return SHRINK_BLUR * float(np.sqrt(max(0.0, shrink**2 - 1)))


def _axis(position: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two linear samples that replace four cubic weights: positions, share of the second.

    A linear sample between two pixels, at the centre of their weights, reads both at once.
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
    """Return the image at float32 positions `x`, `y` (px, same shape), float32; edges mirrored."""
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
    """Return `warp_float` of an (H, W, C) uint8 frame rounded to (h, w, C) uint8."""
    return to_bytes(warp_float(frame, transform, size)).reshape(*size, frame.shape[2])


def warp_float(
    frame: np.ndarray, transform: np.ndarray, size: tuple[int, int], *, luma: bool = False
) -> np.ndarray:
    """Return (h, w[, C]) float32: output pixel p shows `frame` at `transform` p (2x3, out to in).

    frame: (H, W[, C]); size: (h, w); luma: return the luma of RGB, (h, w), computed before
    sampling. An image that is shrunk is blurred first. Only the visible part is processed.
    """
    height, width = size
    across = np.arange(width, dtype=np.float64)[None]
    down = np.arange(height, dtype=np.float64)[:, None]
    x = transform[0, 0] * across + (transform[0, 1] * down + transform[0, 2])
    y = transform[1, 0] * across + (transform[1, 1] * down + transform[1, 2])
    sigma = shrink_sigma(float(np.sqrt(abs(np.linalg.det(transform[:, :2])))))
    margin = TAPS + 4 + int(4 * sigma)
    top, bottom = _span(y, frame.shape[0], margin)
    left, right = _span(x, frame.shape[1], margin)
    part = np.ascontiguousarray(frame[top:bottom, left:right])
    if luma and part.ndim == 3 and part.shape[2] == 3:
        part = to_luma(part)
    x -= left
    y -= top
    return sample(spline_coefficients(part, sigma), x.astype(np.float32), y.astype(np.float32))


def to_luma(frame: np.ndarray) -> np.ndarray:
    """Return the luma (0.299 R + 0.587 G + 0.114 B) of an (H, W, 1 or 3) frame, (H, W) float32.

    Rounds differently from `magnification.luma.luma` at some image widths.
    """
    if frame.shape[2] == 1:
        return frame[..., 0].astype(np.float32)
    return cv2.transform(frame.astype(np.float32), LUMA)


def _span(positions: np.ndarray, length: int, margin: int) -> tuple[int, int]:
    """Return the range of rows or columns that samples depend on, at least one."""
    first = int(np.clip(np.floor(positions.min()) - margin, 0, length - 1))
    return first, int(np.clip(np.ceil(positions.max()) + margin, first + 1, length))


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Return pixels rounded and clipped to uint8; uint8 passes unchanged."""
    if image.dtype == np.uint8:
        return image
    rounded = np.rint(image)
    return np.clip(rounded, 0, 255, out=rounded).astype(np.uint8)


def as_grey(frame: np.ndarray) -> np.ndarray:
    """Return the luma of an (H, W[, 1 or 3]) uint8 RGB frame, (H, W) uint8."""
    if frame.ndim == 3 and frame.shape[2] == 3:
        return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(frame.reshape(frame.shape[:2]))
