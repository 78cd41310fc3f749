"""Crop: cut the same square of the face from every frame of a clip, at the working size."""

from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np

from merflow.clip import ClipArrays, eye_centres
from merflow.config.settings import Crop
from merflow.errors import MerflowError
from merflow.frame_buffer import allocate
from merflow.stages.geometry import apply, face_frame, invert
from merflow.stages.resample import to_bytes

REGIONS: dict[str, tuple[float, float, float]] = {
    "whole": (0.0, 0.70, 2.2),
    "eyes": (0.0, 0.05, 1.9),
    "mouth": (0.0, 1.10, 1.3),
}
"""Centre x, y and side of each region in eye distances from the eye midpoint (y down the face)."""
POINTS_OF = {"whole": range(68), "eyes": range(17, 48), "mouth": range(48, 68)}
"""Points of the 68 that a region must contain; their bounding box gives its centre."""
LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


class Square(NamedTuple):
    """A square of a frame: left, top (whole px, may be outside) and side (px)."""

    left: int
    top: int
    side: int


def crop_clip(arrays: ClipArrays, settings: Crop) -> ClipArrays:
    """Return the clip cropped: (T, S, S, C) uint8, S the working size, C = 1 (luma) or 3 (RGB).

    With landmarks the square is the region with its margin. Without landmarks it is the centre
    square of an aligned frame; a frame cropped by the owners is padded to a square at its edges.
    """
    height, width = arrays.frames.shape[1:3]
    square, by = choose_square(arrays, settings)
    scale = settings.working_size / square.side
    channels = 1 if settings.colour == "grey" else 3
    size = settings.working_size
    landmarks = arrays.landmarks
    if landmarks is not None:
        corner = np.array([square.left, square.top], np.float64)
        landmarks = ((landmarks - corner + 0.5) * scale - 0.5).astype(np.float32)
    mask = np.ones((size, size), np.uint8)
    if settings.hull_mask:
        mask = hull(landmarks, size, str(arrays.key))
    frames = allocate((len(arrays.frames), size, size, channels))
    for t, frame in enumerate(arrays.frames):
        frames[t] = _cut(frame, square, settings) * mask[..., None]
    facts: dict[str, Any] = {
        "by": by,
        "region": settings.region,
        "square": list(square),
        "scale": round(scale, 6),
        "picture": [height, width],
    }
    return replace(
        arrays, frames=frames, landmarks=landmarks, facts={**arrays.facts, "crop": facts}
    )


def choose_square(arrays: ClipArrays, settings: Crop) -> tuple[Square, str]:
    """Return the square and how it was chosen: landmarks, centre or padded."""
    height, width = arrays.frames.shape[1:3]
    if arrays.landmarks is not None:
        return region_square(arrays.landmarks, settings, (height, width)), "landmarks"
    if settings.region != "whole":
        raise MerflowError(
            str(arrays.key),
            f"region '{settings.region}' is set for a clip without landmarks",
            "raw frames, in which the face is detected, or region: whole",
            "set crop.region: whole, or set enters_at: raw for the dataset",
        )
    least, most = sorted((height, width))
    side, by = (least, "centre") if arrays.enters_at == "aligned" else (most, "padded")
    return Square((width - side) // 2, (height - side) // 2, side), by


def region_square(landmarks: np.ndarray, settings: Crop, shape: tuple[int, int]) -> Square:
    """Return the square around a region, in whole px, moved (then shrunk) into the frame.

    landmarks: (5 or 68, 2) px; shape: (H, W) of the frame. The margin is a share of the region's
    side, half of it on each side.
    """
    x, y, side = REGIONS[settings.region]
    frame = face_frame(eye_centres(landmarks))
    unit = float(np.hypot(*frame[:, 0]))
    if len(landmarks) == 68:
        upright = apply(invert(frame), landmarks)[list(POINTS_OF[settings.region])]
        low, high = upright.min(0), upright.max(0)
        x, y = (low + high) / 2
        side = max(side, *(high - low))
    pixels = min(round(side * (1 + settings.margin) * unit), *shape)
    centre = apply(frame, np.array([[x, y]]))[0] + 0.5
    left, top = np.rint(centre - pixels / 2).astype(int)
    height, width = shape
    return Square(
        int(np.clip(left, 0, width - pixels)), int(np.clip(top, 0, height - pixels)), pixels
    )


def _cut(frame: np.ndarray, square: Square, settings: Crop) -> np.ndarray:
    """Cut a square from an (H, W, C) frame, padded outside it, and resize; round once."""
    part = _padded(frame, square)
    if settings.colour == "grey" and part.shape[2] == 3:
        part = to_luma(part)
    elif settings.colour == "rgb" and part.shape[2] == 1:
        part = np.repeat(part, 3, axis=2)
    size = settings.working_size
    if size != square.side:
        method = cv2.INTER_AREA if size < square.side else cv2.INTER_CUBIC
        part = cv2.resize(part.astype(np.float32), (size, size), interpolation=method)
    return to_bytes(part).reshape(size, size, -1)


def to_luma(frame: np.ndarray) -> np.ndarray:
    """Return the luma (0.299 R + 0.587 G + 0.114 B) of an (H, W, 1 or 3) frame, (H, W) float32.

    Rounds differently from `magnification.luma.luma` at some image widths.
    """
    if frame.shape[2] == 1:
        return frame[..., 0].astype(np.float32)
    return cv2.transform(frame.astype(np.float32), LUMA)


def _padded(frame: np.ndarray, square: Square) -> np.ndarray:
    height, width = frame.shape[:2]
    left, top, side = square
    outside = (-top, top + side - height, -left, left + side - width)
    part = frame[max(0, top) : top + side, max(0, left) : left + side]
    if max(outside) > 0:
        room = [max(0, n) for n in outside]
        part = cv2.copyMakeBorder(np.ascontiguousarray(part), *room, cv2.BORDER_REPLICATE)
        part = part.reshape(side, side, frame.shape[2])
    return np.ascontiguousarray(part)


def hull(landmarks: np.ndarray | None, size: int, where: str) -> np.ndarray:
    """Return a (size, size) uint8 mask: 1 inside the outline of the 68 points, 0 outside.

    The outline is raised above the brows, the highest points, by a third of an eye distance.
    """
    if landmarks is None or len(landmarks) != 68:
        found = "no landmarks" if landmarks is None else f"{len(landmarks)} landmarks"
        raise MerflowError(
            where,
            f"hull_mask is set, but there are {found}",
            "68 landmarks",
            "set align.points: 68 (needs raw frames), or hull_mask: false",
        )
    frame = face_frame(eye_centres(landmarks))
    up = -frame[:, 1] / 3
    brows = landmarks[17:27] + up
    outline = cv2.convexHull(np.concatenate([landmarks, brows]).astype(np.float32))
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), 1)
    return mask
