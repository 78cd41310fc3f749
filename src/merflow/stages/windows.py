"""Windows of a recording as small pictures of motion: the input of a learned spotter.

A window of k frames is the optical flow from its first frame to the one k frames later, with its
strain: brows and mouth, one above the other (SOFTNet, Liong, See and Wong 2021). Motion common to
the whole face is removed by that of the nose, and the eyes are blanked, so that a blink is none.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from merflow.clip import ClipArrays, eye_centres
from merflow.errors import SkipClip
from merflow.stages.flow import EYE_SHARE, flow_field
from merflow.stages.geometry import apply, ellipse_mask, face_frame
from merflow.stages.movement import movement
from merflow.stages.resample import to_luma

if TYPE_CHECKING:
    from merflow.config.settings import Windows

SIDE = 128
"""Side of the images whose flow is measured (px)."""
PICTURE = 42
"""Side of the picture of a window; brows and mouth take one half each (px)."""
NOSE = 11
"""Side of the patch of the nose whose motion counts as that of the head (px of SIDE)."""
NOSE_POINT, NOSE_PLACE = 28, (0.0, 0.25)
"""Its centre: a point of the 68, or a place in face units."""
LID_MARGIN, LIDS = 15, (0.42, 0.28)
"""The eyes: their points and this margin (px of SIDE), or half axes in eye distances."""
BOX_MARGIN = 12
"""Margin around the points of brows and mouth (px of SIDE)."""
BROWS, MOUTH = ((-1.0, -0.62, 1.0, -0.15), (-0.65, 0.72, 0.65, 1.45))
"""The same boxes in face units where only 5 points are known: left, top, right, bottom."""
MEASURE = "movement"
"""In place of a length k: merflow's own measure of movement, one number a frame."""


class Face(NamedTuple):
    """Where the parts of the face lie in an image of SIDE px.

    nose: (2,) px; boxes: (left, top, right, bottom) px of brows and mouth; skin: (SIDE, SIDE) mask,
    0 on the eyes; eye_distance: px.
    """

    nose: np.ndarray
    boxes: tuple[tuple[int, int, int, int], ...]
    skin: np.ndarray
    eye_distance: float


def windows_clip(clip: ClipArrays, settings: "Windows", window: str) -> ClipArrays:
    """Return a cropped recording with its windows in place of its frames.

    window: `k6` for windows of 6 frames: (N, 42, 42, 3) float16, one window every `every` frames,
    `numbers` those of their first frames and, among the facts, the first and last of the recording;
    or `movement`: (T, 1, 1, 1) float32, for every frame the largest displacement of a patch, as a
    share of the frame's side.
    """
    if window == MEASURE:
        measure = movement(clip.frames, clip.fps, clip.landmarks)
        return replace(clip, frames=measure.astype(np.float32).reshape(-1, 1, 1, 1))
    k = length_of(window)
    starts = range(0, len(clip.frames) - k, settings.every)
    if not starts:
        raise SkipClip(f"{len(clip.frames)} frames, too few for a window of {k + 1}")
    out = np.empty((len(starts), PICTURE, PICTURE, 3), np.float16)
    for row, picture in enumerate(pictures(clip, settings, k, starts)):
        out[row] = picture
    return replace(
        clip,
        frames=out,
        numbers=clip.numbers[list(starts)],
        facts=clip.facts | {"recording": [int(clip.numbers[0]), int(clip.numbers[-1])]},
        **{"onset": 0, "apex": None, "offset": len(starts) - 1},
    )


def window_name(k: int) -> str:
    """Return the name of windows of k frames."""
    return f"k{k}"


def length_of(window: str) -> int:
    """Return the k of a window's name."""
    return int(window.removeprefix("k"))


def pictures(clip: ClipArrays, settings: "Windows", k: int, starts: range) -> Iterator[np.ndarray]:
    """Yield the picture of each window, as `picture` makes it.

    Frames are read one by one, so that memory does not grow with the recording.
    """
    face = face_of(clip.landmarks, clip.frames.shape[1:3])
    kept: dict[int, np.ndarray] = {}
    for start in starts:
        for t in (start, start + k):
            if t not in kept:
                kept[t] = _luma(clip.frames[t])
        field = flow_field(kept[start], kept[start + k], settings.method)
        yield picture(field, face)
        kept = {t: image for t, image in kept.items() if t > start}


def _luma(frame: np.ndarray) -> np.ndarray:
    image = to_luma(frame).astype(np.float32)
    return cv2.resize(image.reshape(frame.shape[:2]), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def picture(field: np.ndarray, face: Face) -> np.ndarray:
    """Return the picture of a window, (42, 42, 3) float16, from its flow (SIDE, SIDE, 2) in px.

    Channels are the lengths of horizontal and vertical motion in eye distances, and the strain; all
    relative to the nose, 0 or above.
    """
    x, y = np.round(face.nose).astype(int)
    half = NOSE // 2
    patch = np.s_[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]
    values = np.dstack([field, strain_of(field)]).astype(np.float32)
    values -= values[patch].mean((0, 1))
    values[..., :2] = np.abs(values[..., :2])
    values[..., 2] = np.maximum(values[..., 2], 0)
    values *= face.skin[..., None]
    size = (PICTURE, PICTURE // 2)
    parts = [
        cv2.resize(values[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        for left, top, right, bottom in face.boxes
    ]
    unit = np.array([face.eye_distance, face.eye_distance, 1.0])
    return (np.concatenate(parts) / unit).astype(np.float16)


def scaled(windows: np.ndarray, scale: str) -> np.ndarray:
    """Return windows (N, 42, 42, 3) float16 in the unit that a network gets.

    scale: `window` stretches each channel of each window to 0..1; `eye-distance` changes nothing.
    """
    if scale != "window":
        return windows
    wide = windows.astype(np.float32)
    low, high = wide.min((1, 2), keepdims=True), wide.max((1, 2), keepdims=True)
    return ((wide - low) / np.maximum(high - low, 1e-9)).astype(np.float16)


def strain_of(field: np.ndarray) -> np.ndarray:
    """Return the strain of a flow (H, W, 2), (H, W): forward differences, 0 at the last edge."""
    across = np.diff(field, axis=1, append=field[:, -1:])
    down = np.diff(field, axis=0, append=field[-1:])
    shear = down[..., 0] + across[..., 1]
    return np.sqrt(across[..., 0] ** 2 + down[..., 1] ** 2 + shear**2 / 2)


def face_of(landmarks: np.ndarray | None, shape: tuple[int, int]) -> Face:
    """Return where the parts of the face lie, scaled to SIDE px.

    landmarks: (5 or 68, 2) px of a frame of this shape, or None: then where the whole-face crop
    has them.
    """
    if landmarks is None:
        half, row = EYE_SHARE * SIDE / 2, 0.3 * SIDE
        eyes = (np.array([SIDE / 2 - half, row]), np.array([SIDE / 2 + half, row]))
        return _by_eyes(eyes)
    points = np.asarray(landmarks, np.float64) * [SIDE / shape[1], SIDE / shape[0]]
    return _by_points(points) if len(points) == 68 else _by_eyes(eye_centres(points))


def _by_eyes(eyes: tuple[np.ndarray, np.ndarray]) -> Face:
    frame = face_frame(eyes)
    distance = float(np.hypot(*(eyes[1] - eyes[0])))
    corners = [apply(frame, np.reshape(box, (2, 2))) for box in (BROWS, MOUTH)]
    skin = ellipse_mask(list(eyes), (LIDS[0] * distance, LIDS[1] * distance), (SIDE, SIDE), 1.0)
    nose = apply(frame, np.array([NOSE_PLACE]))[0]
    return Face(_inside(nose), tuple(map(_box, corners)), skin, distance)


def _by_points(points: np.ndarray) -> Face:
    skin = np.ones((SIDE, SIDE), np.uint8)
    away = LID_MARGIN * np.array([(-1, 0), (0, -1), (0, -1), (1, 0), (0, 1), (0, 1)])
    for first in (36, 42):
        outline = points[first : first + 6] + away
        cv2.fillPoly(skin, [np.round(outline).astype(np.int32)], 0)
    corners = [
        np.array([part.min(0) - BOX_MARGIN, part.max(0) + BOX_MARGIN])
        for part in (points[17:27], points[48:68])
    ]
    left, right = eye_centres(points)
    distance = float(np.hypot(*(right - left)))
    nose = _inside(points[NOSE_POINT])
    return Face(nose, tuple(map(_box, corners)), skin.astype(np.float32), distance)


def _inside(point: np.ndarray) -> np.ndarray:
    return np.clip(point, 0, SIDE - 1)


def _box(corners: np.ndarray) -> tuple[int, int, int, int]:
    """Return whole corners of a box within the image, at least 2 px wide."""
    low = np.clip(np.floor(corners[0]), 0, SIDE - 2).astype(int)
    high = np.clip(np.ceil(corners[1]), low + 2, SIDE).astype(int)
    return (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
