"""Find altered copies of clips: mirrored, reversed, recompressed, shifted, cropped, brightened.

Each clip is reduced to a portrait. A coarse search over mirroring, scale and shift finds the pairs
that may be copies; `likeness` then compares each of these pairs after an exact registration. The
order of frames does not count, so a reversed clip and one without its first frame are found too.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.likeness import Details, Likeness, contrast, likeness, motion_likeness

PREPARED_SIDE, CAMERA_SIDE = 48, 64
"""Sides (px) of the portraits of prepared clips, and of whole camera frames."""
SAME = (0.995, 0.985)
"""Least correlations (whole, part) of prepared clips that are copies by their portraits alone. In
crops of the face all people look alike: docs/leakage.md lists those of copies and of different
people."""
ALIKE, MOVED = (0.985, 0.95), 0.93
"""Least correlations of prepared clips that are copies if their motion correlates by MOVED."""
CAMERA = (0.95, 0.82)
"""Least correlations of whole camera frames that are copies."""
PREPARED_MARGIN, CAMERA_MARGIN = 0.08, 0.03
"""Shares of a side, at each edge, that are not compared: a shifted copy has no content there. Of
camera frames more is compared, because the surroundings tell people apart as well."""
LEAST_SIDE = 20
"""Prepared clips with smaller frames (px) show too little of a face to be compared."""
LEAST_SPREAD = 0.5
"""Least standard deviation (grey levels) of a portrait that can be compared."""
LEAST_COARSE = 0.7
"""Least correlation in the coarse search of a pair that is compared exactly."""
CANDIDATES = 4
"""Number of pairs that are compared exactly for each clip."""
_ROWS = 256
_GRID = 16
_WHOLE, *_SMALLER = _CROPS = (0.92, 0.87, 0.82, 0.775, 0.73)
_SHIFTS = tuple(step * 0.02 for step in range(-4, 5))


class Pair(NamedTuple):
    """Two clips that were compared, by position, with their correlations.

    motion: that of their motion; NaN where it was not needed.
    """

    first: int
    second: int
    whole: float
    part: float
    motion: float
    copies: bool


class _View(NamedTuple):
    """A way in which the second of two clips may differ from the first.

    mirrored: the first is to be mirrored; first_crop, second_crop: the part of each portrait's
    side that both show; x, y: shift of the first's part, as a share of its side.
    """

    mirrored: bool
    first_crop: float
    second_crop: float
    x: float
    y: float

    def transform(self, side: int) -> np.ndarray:
        """Return the (2, 3) float32 transform from the first portrait to the second (px)."""
        scale, middle = self.second_crop / self.first_crop, (side - 1) / 2
        x, y = ((1 - scale) * middle - scale * shift * side for shift in (self.x, self.y))
        return np.array([[scale, 0, x], [0, scale, y]], np.float32)


VIEWS = [_View(m, _WHOLE, _WHOLE, x, y) for m, x, y in product((False, True), _SHIFTS, _SHIFTS)]
VIEWS += [
    _View(m, *crops, x, y)
    for crop, m, x, y in product(_SMALLER, (False, True), _SHIFTS[2:7:2], _SHIFTS[2:7:2])
    for crops in ((_WHOLE, crop), (crop, _WHOLE))
]


@dataclass(frozen=True)
class Portraits:
    """Portraits of N clips.

    details: of each picture; outlines: (N, S, S) float32 and vectors: (N, D) for each crop;
    clips: for each clip its (T, H, W, C) frames, empty where there are portraits only; camera:
    they are whole camera frames, not crops of the face.
    """

    details: tuple[Details, ...]
    outlines: dict[float, np.ndarray]
    vectors: dict[float, np.ndarray]
    clips: tuple[np.ndarray, ...] = ()
    camera: bool = False

    @classmethod
    def of(
        cls, pictures: np.ndarray, clips: Iterable[np.ndarray] = (), camera: bool = False
    ) -> "Portraits":
        """Return the portraits from (N, S, S) float32 pictures."""
        outlines = {crop: _outlines(pictures, crop) for crop in _CROPS}
        vectors = {crop: _sampled(outlines[crop], crop) for crop in _CROPS}
        return cls(tuple(map(Details.of, pictures)), outlines, vectors, tuple(clips), camera)

    def __len__(self) -> int:
        return len(self.details)

    @property
    def usable(self) -> np.ndarray:
        """Return (N,) bool: whether there is anything in the picture."""
        return np.array([one.picture.std() > LEAST_SPREAD for one in self.details], bool)

    def take(self, rows: Iterable[int]) -> "Portraits":
        """Return the portraits of some clips."""
        chosen = list(rows)
        return replace(
            self,
            details=tuple(self.details[row] for row in chosen),
            outlines={crop: values[chosen] for crop, values in self.outlines.items()},
            vectors={crop: values[chosen] for crop, values in self.vectors.items()},
            clips=tuple(self.clips[row] for row in chosen) if self.clips else (),
        )

    def frames(self, row: int, mirrored: bool) -> np.ndarray:
        """Return the (T, S, S) float32 frames of a clip."""
        clip = self.clips[row].mean(axis=-1, dtype=np.float32)
        clip = clip[:, :, ::-1] if mirrored else clip
        return np.stack([picture_of(frame, PREPARED_SIDE) for frame in clip])


def portraits(x: np.ndarray) -> Portraits | None:
    """Return the portraits of prepared clips (N, T, H, W, C) uint8: the mean of their frames.

    None: optical flow, or frames too small to show a face.
    """
    if x.ndim != 5 or min(x.shape[2:4]) < LEAST_SIDE:
        return None
    pictures = np.empty((len(x), PREPARED_SIDE, PREPARED_SIDE), np.float32)
    for row, clip in enumerate(x):
        pictures[row] = picture_of(clip.mean(axis=(0, 3), dtype=np.float32), PREPARED_SIDE)
    return Portraits.of(pictures, x)


def picture_of(frame: np.ndarray, side: int) -> np.ndarray:
    """Return an (H, W) frame as an (S, S) float32 picture."""
    method = cv2.INTER_AREA if min(frame.shape) >= side else cv2.INTER_CUBIC
    return cv2.resize(frame.astype(np.float32), (side, side), interpolation=method)


def near_duplicates(
    first: Portraits, second: Portraits, apart: np.ndarray | None = None
) -> list[Pair]:
    """Return the pairs of clips, one of each set, that are copies; at most one for each `first`.

    apart: (N, M) bool, false where clip i of `first` is not to be compared with j of `second`.
    """
    found: dict[int, Pair] = {}
    for pair in compared_pairs(first, second, apart):
        if pair.copies and (pair.first not in found or pair.whole > found[pair.first].whole):
            found[pair.first] = pair
    return list(found.values())


def refuse_near_duplicates(
    where: str,
    train: tuple[Portraits, Sequence[ClipKey]],
    test: tuple[Portraits, Sequence[ClipKey]],
) -> None:
    """Refuse a test clip that is an altered copy of a training clip; each side is N portraits and
    N keys.
    """
    for pair in near_duplicates(test[0], train[0]):
        raise MerflowError(
            where,
            f"test clip {test[1][pair.first]} and training clip {train[1][pair.second]} show the "
            f"same recording (correlation {pair.whole:.4f})",
            "every recording once, under one subject of one dataset; an altered copy, mirrored or "
            "cropped for example, counts as the same",
            "look at the two clips (`merflow check` lists copies) and delete one of them",
        )


def compared_pairs(
    first: Portraits, second: Portraits, apart: np.ndarray | None = None
) -> Iterator[Pair]:
    """Yield the pairs that the coarse search finds, compared; `apart` as in near_duplicates."""
    for low in range(0, len(first), _ROWS):
        rows = range(low, min(low + _ROWS, len(first)))
        allowed = first.usable[rows, None] & second.usable
        if apart is not None:
            allowed &= apart[rows]
        chosen = _candidates(first.take(rows), second, allowed)
        for row, candidates in zip(rows, chosen, strict=True):
            for other, view in candidates:
                pair = _compared(first, second, row, other, view)
                if pair is not None:
                    yield pair


def _compared(first: Portraits, second: Portraits, i: int, j: int, view: _View) -> Pair | None:
    one, other = first.details[i], second.details[j]
    one = one.mirrored() if view.mirrored else one
    start = view.transform(len(one.picture))
    enlarged = start[0, 0] > 1
    if enlarged:  # The one that shows less is enlarged: both are then equally smooth.
        one, other, start = other, one, cv2.invertAffineTransform(start)
    margin = CAMERA_MARGIN if first.camera else PREPARED_MARGIN
    alike = likeness(one, other, start, margin)
    if alike is None:
        return None
    if first.camera:
        return Pair(i, j, alike.whole, alike.part, float("nan"), alike.reaches(*CAMERA))
    motion, copies = float("nan"), alike.reaches(*SAME)
    if first.clips and not copies and alike.reaches(*ALIKE):
        frames = first.frames(i, view.mirrored), second.frames(j, False)
        motion = _motion(*(frames[::-1] if enlarged else frames), alike)
        copies = motion >= MOVED
    return Pair(i, j, alike.whole, alike.part, motion, copies)


def _motion(first: np.ndarray, second: np.ndarray, alike: Likeness) -> float:
    return (
        motion_likeness(first, second, alike.transform, PREPARED_MARGIN)
        if len(first) == len(second)
        else 0.0
    )


def _candidates(
    first: Portraits, second: Portraits, allowed: np.ndarray
) -> list[list[tuple[int, _View]]]:
    """Return for each clip of `first` the likeliest copies in `second`, by the coarse search."""
    shape = (2, *allowed.shape)
    best, which = np.full(shape, -1, np.float32), np.zeros(shape, np.int16)
    for number, view in enumerate(VIEWS):
        vectors = _sampled(
            first.outlines[view.first_crop], view.first_crop, view.x, view.y, view.mirrored
        )
        alike = vectors @ second.vectors[view.second_crop].T
        better = alike > best[int(view.mirrored)]
        best[int(view.mirrored)][better] = alike[better]
        which[int(view.mirrored)][better] = number
    best[:, ~allowed] = -1
    found = []
    for row in range(len(allowed)):
        alike, views = best[:, row].ravel(), which[:, row].ravel()
        order = np.argsort(-alike)[:CANDIDATES]
        near = order[alike[order] >= LEAST_COARSE]
        found.append([(int(k) % allowed.shape[1], VIEWS[views[k]]) for k in near])
    return found


def _outlines(pictures: np.ndarray, crop: float) -> np.ndarray:
    """Return the coarse details, (N, S, S), at the scales of a crop of the pictures."""
    side = pictures.shape[-1] * crop
    return np.stack([contrast(picture, side / 20, side / 7) for picture in pictures])


def _sampled(
    maps: np.ndarray, crop: float, x: float = 0.0, y: float = 0.0, mirrored: bool = False
) -> np.ndarray:
    """Return (N, D) unit vectors of (N, S, S) maps, on a grid over a part of their side."""
    side = maps.shape[-1]
    grid = ((np.arange(_GRID) + 0.5) / _GRID - 0.5) * crop
    maps = maps[:, :, ::-1] if mirrored else maps
    for axis, shift in ((1, y), (2, x)):
        place = np.clip((side - 1) / 2 + (grid + shift) * side, 0, side - 1.001)
        below = place.astype(int)
        share = (place - below).astype(np.float32)
        share = share[:, None] if axis == 1 else share
        maps = maps.take(below, axis) * (1 - share) + maps.take(below + 1, axis) * share
    vectors = maps.reshape(len(maps), -1)
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
