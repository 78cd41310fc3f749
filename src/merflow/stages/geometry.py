"""Geometry of the image plane: similarity transforms as 2x3 matrices, and the face frame."""

import numpy as np


def apply(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return (N, 2) `points` (x, y in px) under a 2x3 transform; float64."""
    return np.asarray(points, np.float64) @ transform[:, :2].T + transform[:, 2]


def compose(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return the 2x3 transform that applies `before` first and `after` second.

    >>> shift = np.array([[1.0, 0, 2], [0, 1, 0]]); double = np.array([[2.0, 0, 0], [0, 2, 0]])
    >>> compose(double, shift)[0, 2]
    np.float64(4.0)
    """
    linear = after[:, :2] @ before[:, :2]
    return np.column_stack([linear, after[:, :2] @ before[:, 2] + after[:, 2]])


def invert(transform: np.ndarray) -> np.ndarray:
    """Return the inverse of a 2x3 transform."""
    linear = np.linalg.inv(transform[:, :2])
    return np.column_stack([linear, -linear @ transform[:, 2]])


def similarity(scale: float, angle: float, shift: np.ndarray) -> np.ndarray:
    """Return the 2x3 transform `scale * rotation(angle) + shift`; angle in radians."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]])


def fit_similarities(points: np.ndarray, moved: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted least-squares similarity of each frame, (T, 2, 3).

    points: (N, 2); moved: (T, N, 2), their positions in each frame; weights: (T, N) >= 0.
    """
    weights = weights / weights.sum(1, keepdims=True)
    # einsum, not matmul: the order of sums in BLAS may depend on its threads.
    centre = np.einsum("tn,nd->td", weights, points)
    target = np.einsum("tn,tnd->td", weights, moved)
    source = points[None] - centre[:, None]
    offset = moved - target[:, None]
    spread = np.einsum("tn,tnd,tnd->t", weights, source, source)
    along = np.einsum("tn,tnd,tnd->t", weights, source, offset) / spread
    cross = source[..., 0] * offset[..., 1] - source[..., 1] * offset[..., 0]
    across = np.einsum("tn,tn->t", weights, cross) / spread
    linear = np.stack([np.stack([along, -across], 1), np.stack([across, along], 1)], 1)
    shift = target - np.einsum("tij,tj->ti", linear, centre)
    return np.concatenate([linear, shift[..., None]], 2)


def face_frame(eyes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the 2x3 transform from face units to pixels.

    Face units: origin midway between the eye centres, x towards the image-right eye, y down the
    face, unit the eye distance. So the eyes are at (-.5, 0) and (.5, 0).
    """
    left, right = np.asarray(eyes, np.float64)
    along = right - left
    return similarity(float(np.hypot(*along)), float(np.arctan2(*along[::-1])), (left + right) / 2)


def transform_points(transforms: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the points under each transform (T, 2, 3), (T, N, 2)."""
    return points @ transforms[:, :, :2].transpose(0, 2, 1) + transforms[:, None, :, 2]


def ellipse_mask(
    centres: list[np.ndarray], axes: tuple[float, float], size: tuple[int, int], rim: float
) -> np.ndarray:
    """Return a (h, w) float32 mask: 0 in ellipses around `centres`, 1 outside, a soft rim.

    centres: (2,) px each; axes: half axes across and down, px; rim: width of the rise, px.
    """
    height, width = size
    across, down = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
    mask, axes = np.ones(size), (max(axes[0], 1.0), max(axes[1], 1.0))
    for x, y in centres:
        away = np.hypot((across - x) / axes[0], (down - y) / axes[1])
        mask *= np.clip((away - 1) * min(axes) / rim + 0.5, 0, 1)
    return mask.astype(np.float32)
