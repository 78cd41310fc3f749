"""Crop: the same square of the face from every frame of a clip, at the working size.

Aligned clips are sampled once, from their raw frames straight to the working size, in one channel
for grey.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from merflow.clip import ClipArrays, eye_centres
from merflow.errors import MerflowError
from merflow.frame_buffer import allocate, luma_of_files
from merflow.stages.geometry import apply, compose, face_frame, invert, similarity
from merflow.stages.regions import place
from merflow.stages.resample import to_bytes, to_luma, warp_float

if TYPE_CHECKING:
    from merflow.config.settings import Crop


class Square(NamedTuple):
    """A square of a frame or of the aligned square: left, top (may be outside) and side, px."""

    left: float
    top: float
    side: float


class Cutter:
    """Cuts one clip's frames for one preparation. frames: (T, S, S, C) uint8, C = 1 or 3."""

    def __init__(self, arrays: ClipArrays, settings: "Crop") -> None:
        """Choose the square. arrays: its frames are not read, only their shape."""
        self._arrays, self.settings = arrays, settings
        self._square, self._by = choose_square(arrays, settings)
        size = settings.working_size
        self._scale = size / self._square.side
        self._landmarks = arrays.landmarks
        if self._landmarks is not None:
            corner = np.array([self._square.left, self._square.top], np.float64)
            moved = (self._landmarks - corner + 0.5) * self._scale - 0.5
            self._landmarks = moved.astype(np.float32)
        self._mask = None
        if settings.hull_mask:
            self._mask = hull(self._landmarks, size, str(arrays.key))[..., None]
        channels = 1 if settings.colour == "grey" else 3
        self.frames = allocate((len(arrays.frames), size, size, channels))

    def cut(self, t: int, frame: np.ndarray) -> None:
        """Cut frame t, (H, W, C) uint8: raw where the clip has views."""
        size, grey = self.settings.working_size, self.settings.colour == "grey"
        if self._landmarks is None:
            made = _cut(frame, self._square, self.settings)
        else:
            corner = np.array([self._square.left, self._square.top])
            view = similarity(1 / self._scale, 0, corner + (0.5 / self._scale - 0.5))
            if self._arrays.views is not None:
                view = compose(self._arrays.views[t], view)
            made = to_bytes(warp_float(frame, view, (size, size), luma=grey))
        made = np.broadcast_to(made.reshape(size, size, -1), self.frames.shape[1:])
        self.frames[t] = made if self._mask is None else made * self._mask

    def done(self) -> ClipArrays:
        """Return the cropped clip, after every frame was cut."""
        facts: dict[str, Any] = {
            "by": self._by,
            "region": _as_set(self.settings.region),
            "square": [round(value, 3) for value in self._square],
            "scale": round(self._scale, 6),
            "picture": list(self._arrays.frames.shape[1:3]),
        }
        return replace(
            self._arrays,
            frames=self.frames,
            landmarks=self._landmarks,
            views=None,
            facts={**self._arrays.facts, "crop": facts},
        )


def crop_clip(arrays: ClipArrays, settings: "Crop") -> ClipArrays:
    """Return the clip cropped: (T, S, S, C) uint8, S the working size, C = 1 (luma) or 3 (RGB).

    With landmarks the square is the region with its margin. Without landmarks it is the centre
    square of an aligned frame; a frame cropped by the owners is padded to a square at its edges.
    """
    return crop_together(arrays, [settings])[0]


def crop_together(arrays: ClipArrays, preparations: Sequence["Crop"]) -> list[ClipArrays]:
    """Return the clip cropped for several preparations, in one pass over its frames.

    What one preparation gets does not depend on the others: colour and luma are read separately.
    """
    cutters = [Cutter(arrays, settings) for settings in preparations]
    for colour, frames in (("grey", luma_of_files(arrays.frames)), ("rgb", arrays.frames)):
        chosen = [one for one in cutters if one.settings.colour == colour]
        for t, frame in enumerate(frames if chosen else ()):
            for cutter in chosen:
                cutter.cut(t, frame)
    return [cutter.done() for cutter in cutters]


def choose_square(arrays: ClipArrays, settings: "Crop") -> tuple[Square, str]:
    """Return the square and how it was chosen: landmarks, centre or padded."""
    height, width = arrays.frames.shape[1:3]
    if arrays.landmarks is not None:
        return region_square(arrays.landmarks, settings), "landmarks"
    if settings.region != "whole":
        raise MerflowError(
            str(arrays.key),
            f"region {settings.region!r} is set for a clip without landmarks",
            "raw frames, in which the face is detected, or region: whole",
            "set crop.region: whole, or set enters_at: raw for the dataset",
        )
    least, most = sorted((height, width))
    side, by = (least, "centre") if arrays.enters_at == "aligned" else (most, "padded")
    return Square((width - side) // 2, (height - side) // 2, side), by


def region_square(landmarks: np.ndarray, settings: "Crop") -> Square:
    """Return the square around a region.

    landmarks: (5 or 68, 2) px. The margin is a share of the region's side, half of it on each side.
    """
    frame = face_frame(eye_centres(landmarks))
    unit = float(np.hypot(*frame[:, 0]))
    upright = apply(invert(frame), landmarks) if len(landmarks) == 68 else None
    x, y, side = place(settings.region, upright)
    side *= (1 + settings.margin) * unit
    # Pixel centres have whole coordinates, so the edge of the first pixel is at -0.5.
    left, top = apply(frame, np.array([[x, y]]))[0] + 0.5 - side / 2
    return Square(float(left), float(top), float(side))


def _as_set(region: str | Sequence[str | int]) -> str | list[str | int]:
    return region if isinstance(region, str) else list(region)


def _cut(frame: np.ndarray, square: Square, settings: "Crop") -> np.ndarray:
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
