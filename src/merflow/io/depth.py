"""Depth pictures as grey pictures: 16-bit distances, of which 0 means that none was measured.

A camera measures distances of a metre in steps of a millimetre, so the upper 8 bits of a picture
show nothing. A clip's own range is mapped to 1..255 instead, near is bright, and 0 stays 0.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SPAN = 400
"""Depth that is shown, behind the nearest point (units of the pictures, taken for mm)."""
DEVIATIONS = 3.0
"""Distances further from the mean, in standard deviations, are errors of measurement."""
SAMPLED = 16
"""Pictures of a clip, evenly spread, from which its range is found."""


class Range(NamedTuple):
    """Nearest and farthest distance of a clip, in the units of its pictures."""

    near: float
    far: float


def sampled(count: int) -> list[int]:
    """Return the positions of the pictures from which a clip's range is found.

    >>> sampled(3), len(sampled(1000))
    ([0, 1, 2], 16)
    """
    return np.unique(np.linspace(0, count - 1, SAMPLED).round().astype(int)).tolist()


def depth_range(pictures: Sequence[np.ndarray]) -> Range | None:
    """Return the range of pictures, (H, W) uint16 each; None where nothing was measured."""
    found = np.concatenate([picture[picture > 0] for picture in pictures]).astype(np.float64)
    if not found.size:
        return None
    width = DEVIATIONS * found.std()
    near = found[np.abs(found - found.mean()) <= width].min()
    return Range(float(near), float(near + SPAN))


def to_grey(picture: np.ndarray, shown: Range) -> np.ndarray:
    """Return a picture, (H, W) uint16, as (H, W) uint8: 255 near, 1 far, 0 outside or unknown."""
    depth = picture.astype(np.float64)
    grey = np.rint(255 - 254 * (depth - shown.near) / (shown.far - shown.near))
    inside = (depth >= shown.near) & (depth <= shown.far) & (picture > 0)
    return np.where(inside, grey, 0).astype(np.uint8)
