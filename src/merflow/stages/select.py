"""Select: choose frames for interpolation, and find the apex where it is not annotated."""

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from merflow.clip import ClipArrays, eye_centres
from merflow.stages.geometry import ellipse_mask
from merflow.stages.resample import to_luma

if TYPE_CHECKING:
    from merflow.config.settings import Select

GRID = 64
"""Side of the grid for motion (px): a movement spans several cells."""
SPREAD = 2.0
"""Standard deviation of a neighbourhood with common motion (grid px)."""
EYE = (0.36, 0.26)
"""Half axes of the excluded eye opening (eye distances), because a blink is no expression."""
RIM = 2.0
"""Width of the rim of the excluded part (px of the reduced frame)."""
NEAR = 0.9
"""Share of the largest motion above which frames are averaged to find the apex."""
APEX_METHOD = "largest motion energy against the onset frame"


def select_clip(arrays: ClipArrays, settings: "Select") -> ClipArrays:
    """Return the clip with the chosen frames only, and onset, apex and offset at their positions.

    If the choice needs an apex and the clip has none, it is found; facts['apex'] states this.
    """
    if settings.frames == "all":
        return arrays
    arrays = with_apex(arrays)
    chosen = select_frames(arrays.onset, arrays.apex, arrays.offset, settings)
    onset, apex, offset = (
        int(np.argmin(np.abs(chosen - key))) for key in (arrays.onset, arrays.apex, arrays.offset)
    )
    return replace(
        arrays,
        frames=arrays.frames[chosen],
        numbers=arrays.numbers[chosen],
        onset=onset,
        apex=apex,
        offset=offset,
        facts={**arrays.facts, "select": {"frames": settings.frames, "count": len(chosen)}},
    )


def with_apex(arrays: ClipArrays) -> ClipArrays:
    """Return the clip with an apex between onset and offset: annotated, else found."""
    if arrays.apex is not None:
        apex, method = int(np.clip(arrays.apex, arrays.onset, arrays.offset)), "annotated"
    else:
        part = arrays.frames[arrays.onset : arrays.offset + 1]
        apex, method = arrays.onset + find_apex(part, arrays.landmarks), APEX_METHOD
    fact = {"method": method, "position": apex}
    return replace(arrays, apex=apex, facts={**arrays.facts, "apex": fact})


def select_frames(onset: int, apex: int, offset: int, settings: "Select") -> np.ndarray:
    """Return the chosen positions, (n,) int64 in order of time.

    all: onset to offset. windows: up to `window` frames after the onset, either side of the apex
    and before the offset, and every n-th of the others. apex-nine: onset, three between, apex,
    three between, offset, evenly spaced and rounded; a clip with fewer frames repeats some.
    onset-apex: every frame from onset to apex.

    >>> select_frames(0, 8, 16, Select(frames="apex-nine")).tolist()
    [0, 2, 4, 6, 8, 10, 12, 14, 16]
    """
    every = np.arange(onset, offset + 1)
    if settings.frames == "apex-nine":
        rise, fall = np.linspace(onset, apex, 5), np.linspace(apex, offset, 5)
        return np.rint(np.concatenate([rise, fall[1:]])).astype(np.int64)
    if settings.frames == "onset-apex":
        return np.arange(onset, apex + 1)
    if settings.frames == "windows":
        w = settings.window
        near = (every <= onset + w) | (np.abs(every - apex) <= w) | (every >= offset - w)
        if settings.every:
            near[np.flatnonzero(~near)[:: settings.every]] = True
        return every[near]
    return every


def find_apex(frames: np.ndarray, landmarks: np.ndarray | None = None) -> int:
    """Return the position of the frame with the most motion against the first.

    frames: (T, H, W, C) uint8; landmarks: (5 or 68, 2) px, to exclude the eyelids, or None.
    """
    if len(frames) < 3:
        return len(frames) - 1
    energy = motion_energy(frames, landmarks)
    sigma = max(1.0, 0.04 * len(frames))
    smooth = cv2.GaussianBlur(
        energy[:, None], (1, 2 * int(3 * sigma) + 1), sigma, borderType=cv2.BORDER_REFLECT
    )
    return 1 + round(peak(smooth[1:, 0]))


def peak(values: np.ndarray) -> float:
    """Return the position of the largest of (n,) values, in fractions of a frame.

    The mean position around the maximum, weighted by the values' excess over NEAR of it. Of two
    equal peaks the first is taken.
    """
    top = int(values.argmax())
    above = np.maximum(values - NEAR * values[top], 0)
    left = top - int((above[:top][::-1] > 0).cumprod().sum())
    right = top + int((above[top + 1 :] > 0).cumprod().sum())
    weights = above[left : right + 1]
    if weights.sum() == 0:
        return float(top)
    return float((weights * np.arange(left, right + 1)).sum() / weights.sum())


def motion_energy(frames: np.ndarray, landmarks: np.ndarray | None = None) -> np.ndarray:
    """Return the mean squared displacement of each frame against the first, (T,) float64, px^2.

    Displacement by linear least squares over a Gaussian neighbourhood (Lucas and Kanade 1981):
    exact for fractions of a pixel, too small above, which does not move the maximum. Changes of
    brightness and contrast of the whole frame are removed first.
    """
    size = tuple(GRID * 2 if side > GRID * 2 else side for side in frames.shape[1:3])
    first = _small(frames[0], size)
    across = cv2.Sobel(first, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(first, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    weight = _eye_mask(landmarks, frames.shape[1:3], size)
    xx, xy, yy = (_around(weight * g) for g in (across**2, across * down, down**2))
    stiff = 0.05 * float(np.mean(xx + yy)) + 1e-6
    xx, yy = xx + stiff, yy + stiff
    determinant = xx * yy - xy * xy
    scale = float(frames.shape[1]) / size[0]
    energy = np.zeros(len(frames))
    for t in range(1, len(frames)):
        change = _change(_small(frames[t], size), first, weight)
        x, y = _around(across * change), _around(down * change)
        u, v = (yy * x - xy * y) / determinant, (xx * y - xy * x) / determinant
        energy[t] = float(np.mean(u * u + v * v)) * scale**2
    return energy


def _small(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(to_luma(frame), size[::-1], interpolation=cv2.INTER_AREA)


def _around(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), 2 * SPREAD)


def _change(image: np.ndarray, first: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weighted difference without the best gain and offset of the first frame."""
    total = float(weight.sum())
    centred = weight * (first - float((weight * first).sum()) / total)
    change = weight * (image - first)
    change = change - weight * (float(change.sum()) / total)
    gain = float((centred * change).sum()) / max(float((centred**2).sum()), 1e-6)
    return change - gain * centred


def _eye_mask(
    landmarks: np.ndarray | None, shape: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Return a (h, w) float32 mask: 0 over the eye openings, 1 elsewhere, with a soft rim."""
    if landmarks is None:
        return np.ones(size, np.float32)
    ratio = np.array([size[1] / shape[1], size[0] / shape[0]])
    centres = [np.asarray(eye) * ratio for eye in eye_centres(landmarks)]
    distance = float(np.hypot(*(centres[1] - centres[0])))
    return ellipse_mask(centres, (EYE[0] * distance, EYE[1] * distance), size, RIM)
