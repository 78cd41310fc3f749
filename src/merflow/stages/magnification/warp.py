"""Move the pixels of a frame along a motion field, without folds."""

import math
from functools import lru_cache

import cv2
import numpy as np

FOLD_LIMIT = 0.9
"""The largest change of displacement per pixel (Frobenius norm) before a warp folds over."""
STEPS = 12
"""Most fixed-point steps to transfer the field from the reference to the frame."""
CLOSE = 0.005
"""Largest change in a step at which the iteration ends (cells)."""
CLAMP_ROUNDS = 4
FAINT = 0.01
"""Smaller displacements (px, along x and y) are ignored: 8-bit pixels hardly show them."""
BAND = 8
"""Rows of cells per band when searching for motion."""


def without_folds(field: np.ndarray, cell: tuple[float, float]) -> tuple[np.ndarray, float]:
    """Return the field scaled down where it would fold, and the share of cells scaled down.

    field: (rows, columns, 2) float32 displacement in px, as it will be applied; cell: width and
    height of a cell in px. The scale is smooth, so that it adds no folds.
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


def folded_share(field: np.ndarray, cell: tuple[float, float]) -> float:
    """Return the share of cells where a field, as in `without_folds`, folds or nearly does."""
    return float(np.mean(_bend(field, cell) > FOLD_LIMIT))


def _bend(field: np.ndarray, cell: tuple[float, float]) -> np.ndarray:
    """Return the Frobenius norm of the field's derivative per pixel, (rows, columns)."""
    along = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=1, scale=0.5 / cell[0])
    across = cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=1, scale=0.5 / cell[1])
    squares = cv2.add(cv2.multiply(along, along), cv2.multiply(across, across))
    return cv2.sqrt(cv2.transform(squares, np.ones((1, 2), np.float32)))


def pull_back(
    field: np.ndarray, cell: tuple[float, float], carrier: np.ndarray, steps: int = STEPS
) -> np.ndarray:
    """Return the field on the pixels of the resulting frame, (rows, columns, 2) float32.

    For a pixel x of the result, fixed-point steps solve z + carrier(z) = x, and the value at x is
    field(z). With the displacement of the result as `carrier`, this is the exact inverse.
    """
    rows, columns, _ = field.shape
    grid = places(rows, columns)
    per_cell = carrier / np.asarray(cell, np.float32)
    seen = per_cell
    for _ in range(steps):
        before = seen
        seen = _sample(per_cell, cv2.subtract(grid, seen))
        if cv2.norm(seen, before, cv2.NORM_INF) < CLOSE:
            break
    return _sample(field, cv2.subtract(grid, seen))


def _sample(field: np.ndarray, where: np.ndarray) -> np.ndarray:
    return cv2.remap(field, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@lru_cache(maxsize=16)
def places(rows: int, columns: int) -> np.ndarray:
    """Return the (rows, columns, 2) float32 coordinates x, y of an image's pixels; read only."""
    pixels = np.dstack(np.meshgrid(np.arange(columns), np.arange(rows))).astype(np.float32)
    pixels.flags.writeable = False
    return pixels


Box = tuple[slice, slice]
"""Slices of rows and columns, with start and stop."""


def move(frame: np.ndarray, field: np.ndarray, box: Box | None = None) -> np.ndarray:
    """Return `frame` with every pixel x taken from x - field(x), cubic, edges mirrored.

    frame: (H, W, C) or (H, W), any type OpenCV can remap; field: (rows, columns, 2) float32 in
    px, at any resolution; box: compute and return only this part.
    """
    height, width = frame.shape[:2]
    full = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return _moved(frame, full, box or (slice(0, height), slice(0, width)))


def move_into(out: np.ndarray, frame: np.ndarray, full: np.ndarray, boxes: list[Box]) -> None:
    """Write the parts `boxes` of `frame`, every pixel x taken from x - full(x), into `out`.

    full: (H, W, 2) float32 in px. Most parts of most frames are still, and moving pixels takes the
    time: with `out` a copy of the frame and `moving_boxes`, the result is complete.
    """
    for box in boxes:
        out[box] = _moved(frame, full, box)


def _moved(frame: np.ndarray, full: np.ndarray, box: Box) -> np.ndarray:
    """Return the part `box` of `frame`, each pixel x of it taken from x - full(x)."""
    where = cv2.subtract(places(*frame.shape[:2])[box], full[box])
    moved = cv2.remap(frame, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return moved.reshape(*where.shape[:2], *frame.shape[2:])


def moving_boxes(field: np.ndarray, shape: tuple[int, int]) -> list[Box]:
    """Return non-overlapping parts of an (H, W) = `shape` image that contain all motion.

    field: (rows, columns, 2) float32 in px. The parts are bands of BAND rows of cells, as wide as
    their motion of FAINT or more.
    """
    rows, columns = field.shape[:2]
    still = cv2.inRange(field, (-FAINT, -FAINT), (FAINT, FAINT))
    # A cell's value affects pixels up to the centres of its neighbours.
    moves = cv2.erode(still, np.ones((3, 3), np.uint8)) == 0
    bands = np.logical_or.reduceat(moves, range(0, rows, BAND))
    firsts = bands.argmax(axis=1).tolist()
    lasts = (columns - bands[:, ::-1].argmax(axis=1)).tolist()
    # Cells need not be whole pixels; with common rounding, neighbouring bands share an edge.
    tall, wide = shape[0] / rows, shape[1] / columns
    edges = [round(min(row, rows) * tall) for row in range(0, rows + BAND, BAND)]
    return [
        (slice(*edges[n : n + 2]), slice(int(firsts[n] * wide), math.ceil(lasts[n] * wide)))
        for n in np.flatnonzero(bands.any(axis=1)).tolist()
    ]
