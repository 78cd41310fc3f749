"""Move the pixels of a frame along a motion field, without folding it."""

import cv2
import numpy as np

FOLD_LIMIT = 0.9
"""The largest change of displacement per pixel (Frobenius norm) before a warp folds over."""
STEPS = 12
"""At most this many fixed-point steps carry the field from the reference onto the frame."""
CLOSE = 0.005
"""They end when no cell moves further than this, in cells."""
CLAMP_ROUNDS = 4


def without_folds(field: np.ndarray, cell: tuple[float, float]) -> tuple[np.ndarray, float]:
    """Return the field scaled down where it would fold, and the share of cells scaled down.

    field: (rows, columns, 2) float32 displacement in px, as it will be applied; cell: width and
    height of a cell in px. The scale is smooth, so that it adds no folds of its own.
    """
    bend = _bend(field, cell)
    if bend.max() <= FOLD_LIMIT:
        return field, 0.0
    scale = np.ones(field.shape[:2], np.float32)
    for _ in range(CLAMP_ROUNDS):
        limit = FOLD_LIMIT / np.maximum(bend, np.float32(FOLD_LIMIT))
        scale *= cv2.GaussianBlur(cv2.erode(limit, np.ones((5, 5), np.uint8)), (0, 0), 1.5)
        bend = _bend(field * scale[..., None], cell)
        if bend.max() <= FOLD_LIMIT:
            break
    return field * scale[..., None], float(np.mean(scale < 0.999))


def _bend(field: np.ndarray, cell: tuple[float, float]) -> np.ndarray:
    """Return the Frobenius norm of the field's derivative per pixel, (rows, columns)."""
    along = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=1, scale=0.5 / cell[0])
    across = cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=1, scale=0.5 / cell[1])
    square = np.einsum("yxd,yxd->yx", along, along) + np.einsum("yxd,yxd->yx", across, across)
    return np.sqrt(square)


def pull_back(field: np.ndarray, cell: tuple[float, float], carrier: np.ndarray) -> np.ndarray:
    """Return the field seen from the frame that results, (rows, columns, 2) float32.

    For a pixel x of the result, z solves z + carrier(z) = x by fixed-point steps, and the answer
    at x is field(z): with `carrier` the displacement of the result, the true inverse.
    """
    rows, columns, _ = field.shape
    grid_y, grid_x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    per_cell = carrier / np.asarray(cell, np.float32)
    seen = per_cell
    for _ in range(STEPS):
        before = seen
        seen = _sample(per_cell, grid_x - seen[..., 0], grid_y - seen[..., 1])
        if cv2.norm(seen, before, cv2.NORM_INF) < CLOSE:
            break
    return _sample(field, grid_x - seen[..., 0], grid_y - seen[..., 1])


def _sample(field: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


Box = tuple[slice, slice]
"""Rows and columns of a part of a picture, with a start and a stop each."""


def move(frame: np.ndarray, field: np.ndarray, box: Box | None = None) -> np.ndarray:
    """Return `frame` with every pixel x taken from x - field(x), cubic, edges mirrored.

    frame: (H, W, C) or (H, W), any type OpenCV can remap; field: (rows, columns, 2) float32 in
    px, at any resolution; box: only this part of the result is made and returned.
    """
    height, width = frame.shape[:2]
    full = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    rows, columns = box or (slice(0, height), slice(0, width))
    full = full[rows, columns]
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None] - full[..., 0]
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - full[..., 1]
    moved = cv2.remap(frame, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return moved.reshape(*x.shape, *frame.shape[2:])


def moving_box(field: np.ndarray, shape: tuple[int, int], least: float) -> Box | None:
    """Return the part of an (H, W) = `shape` picture that `field` moves by `least` px or more.

    field: (rows, columns, 2) float32 in px. None when nothing moves that far.
    """
    far = np.maximum(np.abs(field[..., 0]), np.abs(field[..., 1])) >= least
    slices = []
    for axis, size in enumerate(shape):
        cells = np.flatnonzero(far.any(axis=1 - axis))
        if not len(cells):
            return None
        # A cell's value reaches as far as its neighbours' centres.
        side = size / far.shape[axis]
        start, stop = (cells[0] - 1) * side, (cells[-1] + 2) * side
        slices.append(slice(max(0, int(start)), min(size, int(np.ceil(stop)))))
    return slices[0], slices[1]
