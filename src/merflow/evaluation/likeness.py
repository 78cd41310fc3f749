"""Likeness of two portraits: registration of one on the other, then local correlation.

A portrait is one grey picture of a clip. Before pictures are compared, each place is divided by its
local contrast, which removes brightness, gamma and lighting, so that every part of the face counts.
"""

from typing import NamedTuple

import cv2
import numpy as np

BLOCKS = 5
"""Portraits are compared as a whole, and in BLOCKS x BLOCKS parts."""
LEAST_OVERLAP = 0.3
"""Least share of the portraits that must overlap after registration."""
LEAST_COARSE = 0.85
"""Least correlation of coarse details after registration; below it the search stops."""
_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_CUBIC = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP


class Details(NamedTuple):
    """A portrait, (S, S) float32, and its coarse and fine details."""

    picture: np.ndarray
    coarse: np.ndarray
    fine: np.ndarray

    @classmethod
    def of(cls, picture: np.ndarray) -> "Details":
        """Return the details of a portrait."""
        side = len(picture)
        return cls(picture, contrast(picture, side / 24, side / 9), _fine(picture))

    def mirrored(self) -> "Details":
        """Return those of the mirrored portrait."""
        return Details(*(np.ascontiguousarray(values[:, ::-1]) for values in self))


class Likeness(NamedTuple):
    """Correlation of two registered portraits: of the whole, and of their least alike parts.

    part: the correlation that nine of ten parts reach; transform: places of the first to places
    of the second (px), (2, 3) float32.
    """

    whole: float
    part: float
    transform: np.ndarray

    def reaches(self, whole: float, part: float) -> bool:
        """Return whether both correlations reach these values."""
        return self.whole >= whole and self.part >= part


def contrast(picture: np.ndarray, finest: float, coarsest: float) -> np.ndarray:
    """Return (S, S) float32 details between two scales (px), divided by their local strength."""
    smooth = _blur(picture, finest)
    detail = smooth - _blur(smooth, coarsest)
    strength = np.sqrt(_blur(detail * detail, coarsest))
    return detail / (strength + 0.1 * detail.std() + 1e-6)


def likeness(first: Details, second: Details, start: np.ndarray, margin: float) -> Likeness | None:
    """Return the likeness of two portraits; None: they have too little in common.

    start: (2, 3) first guess of the transform from places (px) of `first` to places of `second`;
    margin: share of a side, at each edge, that is not compared.
    """
    transform = _register(first.coarse, second.coarse, start, 40)
    if transform is None or _alike(first.coarse, second.coarse, transform, margin) < LEAST_COARSE:
        return None
    transform = _register(first.fine, second.fine, transform, 20)
    if transform is None:
        return None
    weight = _seen_by_both(first.picture, transform, margin)
    if weight.mean() < LEAST_OVERLAP:
        return None
    shape = first.picture.shape
    moved = cv2.warpAffine(
        second.picture, transform, shape, flags=_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    a, b = first.fine, _fine(moved)
    parts = [_parts(values) for values in (a, b, weight)]
    each = _correlation(*parts)[parts[2].mean(axis=1) > 0.6]
    if not len(each):
        return None
    whole = _correlation(*(values.reshape(1, -1) for values in (a, b, weight)))
    return Likeness(float(whole[0]), float(np.sort(each)[len(each) // 10]), transform)


def motion_likeness(
    first: np.ndarray, second: np.ndarray, transform: np.ndarray, margin: float
) -> float:
    """Return the correlation of what changes in two clips of (T, S, S) float32 frames.

    It is that of the second clip forwards or backwards, the larger of the two. transform: as in
    `Likeness`; margin: as in `likeness`.
    """
    shape = first.shape[1:]
    moved = np.stack([cv2.warpAffine(frame, transform, shape, flags=_LINEAR) for frame in second])
    seen = _seen_by_both(first[0], transform, margin)
    a, b = (np.stack([_blur(frame, 1) * seen for frame in clip]) for clip in (first, moved))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    power = np.sqrt((a * a).sum() * (b * b).sum()) + 1e-9
    return float(max((a * b).sum(), (a * b[::-1]).sum()) / power)


def _fine(picture: np.ndarray) -> np.ndarray:
    return contrast(picture, len(picture) / 48, len(picture) / 12)


def _register(
    first: np.ndarray, second: np.ndarray, start: np.ndarray, iterations: int
) -> np.ndarray | None:
    """Return the affine transform from `first` to `second`, (2, 3) float32; None: none found."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, iterations, 1e-4)
    try:
        found = cv2.findTransformECC(first, second, start.copy(), cv2.MOTION_AFFINE, stop, None, 1)
    except cv2.error:  # The portraits have nothing in common, or no contrast.
        return None
    return found[1]


def _alike(first: np.ndarray, second: np.ndarray, transform: np.ndarray, margin: float) -> float:
    weight = _seen_by_both(first, transform, margin)
    moved = cv2.warpAffine(second, transform, first.shape, flags=_LINEAR)
    return float(_correlation(*(values.reshape(1, -1) for values in (first, moved, weight)))[0])


def _seen_by_both(picture: np.ndarray, transform: np.ndarray, margin: float) -> np.ndarray:
    """Return weights like a picture: 1 where both portraits show something, away from edges."""
    inner = np.zeros_like(picture)
    edge = max(1, round(len(picture) * margin))
    inner[edge:-edge, edge:-edge] = 1
    return inner * (cv2.warpAffine(inner, transform, picture.shape, flags=_LINEAR) > 0.99)


def _blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def _parts(picture: np.ndarray) -> np.ndarray:
    """Return (BLOCKS * BLOCKS, pixels) parts of a picture."""
    side = len(picture) // BLOCKS
    cut = picture[: side * BLOCKS, : side * BLOCKS].reshape(BLOCKS, side, BLOCKS, side)
    return cut.transpose(0, 2, 1, 3).reshape(BLOCKS * BLOCKS, -1)


def _correlation(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weighted correlation of each row, (rows,) float32."""
    total = weight.sum(axis=1, keepdims=True) + 1e-9
    a = a - (weight * a).sum(axis=1, keepdims=True) / total
    b = b - (weight * b).sum(axis=1, keepdims=True) / total
    power = (weight * a * a).sum(axis=1) * (weight * b * b).sum(axis=1)
    return (weight * a * b).sum(axis=1) / np.sqrt(power + 1e-9)
