"""Interpolate: bring any number of frames to a fixed length and to the network's image size.

The temporal interpolation model (Zhou et al. 2011) embeds a clip in the eigenvectors of a path
graph. All pixel terms of that algorithm cancel, which leaves one fixed (N, T) matrix.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from merflow.clip import ClipArrays
from merflow.errors import MerflowError, unknown
from merflow.frame_buffer import Frames, allocate
from merflow.stages.magnification.field import displacement, prepare
from merflow.stages.resample import to_bytes
from merflow.stages.threads import multiply

if TYPE_CHECKING:
    from merflow.config.settings import Interpolate

LARGE = 2.5
"""Motion from frame to frame (px) above which `auto` blends two neighbouring frames: there the
temporal model, which draws on all frames, leaves ghosts (benchmarks/interpolation_methods.py)."""
REDUCED = 64
"""Side (px) of the frames in which that motion is measured."""
BLOCK = 512
"""Frames processed at once, so that memory does not grow with the clip."""


def _blocks(frames: Frames) -> list[Frames]:
    return [frames[start : start + BLOCK] for start in range(0, len(frames), BLOCK)]


def positions(count: int, length: int) -> np.ndarray:
    """Return the positions of the new frames in 0..count-1, (length,); a single one: the middle."""
    share = np.linspace(0, 1, length) if length > 1 else np.array([0.5])
    return share * (count - 1)


def tim_matrix(count: int, length: int) -> np.ndarray:
    """Return the (count, length) float64 matrix A of the temporal interpolation model.

    out = X A for X of shape (pixels, count). Columns sum to 1; at whole positions a column selects
    one frame. Weights may be negative: round and clip.

    >>> tim_matrix(3, 3).round(12) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    order = np.arange(1, count)
    columns = np.cos(np.pi * np.outer(order, positions(count, length) + 0.5) / count)

    def block(index: np.ndarray) -> np.ndarray:
        rows = np.cos(np.pi * np.outer(index + 0.5, order) / count)
        return 1 / count + (2 / count) * rows @ columns

    return np.concatenate([block(index) for index in _blocks(np.arange(count))])


def linear_matrix(count: int, length: int) -> np.ndarray:
    """Return the (count, length) float64 matrix that blends the two neighbouring frames."""
    return np.maximum(0, 1 - np.abs(np.arange(count)[:, None] - positions(count, length)[None]))


def nearest_matrix(count: int, length: int) -> np.ndarray:
    """Return the (count, length) float64 matrix that selects the nearest frame, halves up."""
    picked = np.floor(positions(count, length) + 0.5).astype(int)
    return (np.arange(count)[:, None] == picked).astype(float)


def low_pass_before(matrix: np.ndarray) -> np.ndarray:
    """Return a (count, length) matrix preceded by a low-pass in time, if it shortens the clip.

    The gain of the k-th cosine is 1 / (1 + (k / length)^8).
    """
    count, length = matrix.shape
    if length >= count:
        return matrix
    order = np.arange(count)

    def basis(index: np.ndarray) -> np.ndarray:
        found = np.cos(np.pi * np.outer(index + 0.5, order) / count) * np.sqrt(2 / count)
        found[:, 0] /= np.sqrt(2)
        return found

    rows = _blocks(np.arange(count))
    spectrum = sum(basis(index).T @ matrix[index] for index in rows)
    spectrum = spectrum / (1 + (order[:, None] / length) ** 8)
    return np.concatenate([basis(index) @ spectrum for index in rows])


MATRICES = {"tim": tim_matrix, "linear": linear_matrix, "nearest": nearest_matrix}


def interpolate_frames(
    frames: Frames, length: int, method: str, prefilter: bool = False
) -> np.ndarray:
    """Return (length, H, W, C) uint8 frames from (T, H, W, C) frames, rounded and clipped.

    frames: uint8, or float32 grey levels; method: tim, linear or nearest; prefilter: low-pass in
    time first, when shortening.
    """
    count = len(frames)
    if count == 0 or length < 1:
        raise MerflowError(
            "interpolate",
            f"{count} frames to {length}",
            "at least 1 frame and a length of at least 1",
        )
    if method not in MATRICES:
        raise unknown("interpolate", "method", method, MATRICES)
    if length == count:
        return to_bytes(np.array(frames))
    matrix = MATRICES[method](count, length)
    if prefilter:
        matrix = low_pass_before(matrix)
    elif method == "nearest":
        return to_bytes(np.array(frames[matrix.argmax(axis=0)]))
    return _blend(frames, matrix)


def method_for(frames: Frames, method: str) -> tuple[str, dict[str, Any]]:
    """Return the method for a clip, and what `auto` measured to choose it, JSON-able.

    frames: (T, H, W, C) uint8 or float32. `auto`: linear above LARGE, else tim.
    """
    if method != "auto":
        return method, {}
    largest = largest_step(frames)
    facts = {"asked": "auto", "largest_step_px": round(largest, 3)}
    return "linear" if largest > LARGE else "tim", facts


def largest_step(frames: Frames) -> float:
    """Return the largest motion between two successive frames of (T, H, W, C), in their px.

    Measured on frames reduced to REDUCED px, where a motion of several px is small enough for a
    solution by gradients; the 99th percentile over the frame.
    """
    side = min(frames.shape[1:3])
    size = (max(1, round(n * min(1, REDUCED / side))) for n in frames.shape[2:0:-1])
    size, largest, before = tuple(size), 0.0, None
    for frame in frames:
        grey = frame.astype(np.float32).mean(axis=2)
        here = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        if before is not None:
            step = np.linalg.norm(displacement(prepare(before), here), axis=2)
            largest = max(largest, float(np.percentile(step, 99)))
        before = here
    return largest * side / min(size)


def _blend(frames: Frames, matrix: np.ndarray) -> np.ndarray:
    """Return `frames` times `matrix` (T, T'), (T', H, W, C) uint8."""
    shape = (matrix.shape[1], *frames.shape[1:])
    total = np.zeros((shape[0], int(np.prod(shape[1:]))), np.float32)

    def add(where: slice, product: np.ndarray) -> None:
        total[:, where] += product

    for block, rows in zip(_blocks(frames), _blocks(matrix), strict=True):
        multiply(rows.T, np.ascontiguousarray(block).reshape(len(block), -1), add, "interpolating")
    return to_bytes(total).reshape(shape)


def resized(frames: Frames, size: int) -> Frames:
    """Return (T, size, size, C) float32 frames, not rounded; uint8 when the size stays.

    By area when shrinking, linear when enlarging.
    """
    length, height, width, channels = frames.shape
    if (height, width) == (size, size):
        return frames
    method = cv2.INTER_AREA if size < max(height, width) else cv2.INTER_LINEAR
    out = allocate((length, size, size, channels), np.float32)
    for time, frame in enumerate(frames):
        resized = cv2.resize(frame.astype(np.float32), (size, size), interpolation=method)
        out[time] = resized.reshape(size, size, channels)
    return out


def interpolate_clip(arrays: ClipArrays, settings: "Interpolate") -> ClipArrays:
    """Return the clip at the settings' length and size; onset, apex and offset carried over.

    `numbers` are those of the nearest original frames; fps is scaled to keep the clip's duration;
    landmarks are scaled with the frames.
    """
    count, height, width, _ = arrays.frames.shape
    # Rounded once, at the end: rounding in between would add noise as large as the motion.
    small = resized(arrays.frames, settings.size)
    method, measured = method_for(small, settings.method)
    frames = interpolate_frames(small, settings.length, method, settings.prefilter)
    length = len(frames)
    where = positions(count, length)

    def moved(position: int | None) -> int | None:
        if position is None or count == 1 or length == 1:
            return None if position is None else 0
        return int(np.floor(position * (length - 1) / (count - 1) + 0.5))

    landmarks = arrays.landmarks
    if landmarks is not None:
        scale = np.array([settings.size / width, settings.size / height], np.float32)
        # Pixel centres: the image corner is at -0.5.
        landmarks = (landmarks + np.float32(0.5)) * scale - np.float32(0.5)
    rate = (length - 1) / (count - 1) if count > 1 and length > 1 else 1.0
    return replace(
        arrays,
        frames=frames,
        fps=arrays.fps * rate,
        numbers=arrays.numbers[np.floor(where + 0.5).astype(int)],
        onset=moved(arrays.onset),
        apex=moved(arrays.apex),
        offset=moved(arrays.offset),
        landmarks=landmarks,
        facts={**arrays.facts, "interpolate": {"method": method, "from": count, **measured}},
    )
