"""Regions of the face: where they lie by the eyes alone, and by the 68 landmarks.

Positions are in face units (`geometry.face_frame`): origin midway between the eyes, x to the right
of the image, y down the face, unit the eye distance.
"""

from collections.abc import Sequence

import numpy as np

from merflow.errors import MerflowError

PLACES: dict[str, tuple[float, float, float]] = {
    "whole": (0.0, 0.70, 2.2),
    "eyes": (0.0, 0.05, 1.9),
    "mouth": (0.0, 1.10, 1.3),
    "brows": (0.0, -0.35, 1.9),
    "nose": (0.0, 0.40, 1.0),
    "cheeks": (0.0, 0.70, 2.0),
}
"""Centre x, y and smallest side of each region."""
POINTS_OF: dict[str, Sequence[int]] = {
    "whole": range(68),
    "eyes": range(17, 48),
    "mouth": range(48, 68),
    "brows": range(17, 27),
    "nose": range(27, 36),
    "cheeks": (1, 2, 3, 13, 14, 15, *range(28, 36), 48, 54),
}
"""Points of the 68 that a region must contain; their bounding box gives its centre. The cheeks have
none of their own: they lie between jaw, nose and the corners of the mouth."""
SMALLEST = 0.6
"""Smallest side of a region around listed landmarks."""


def place(region: str | Sequence[str | int], upright: np.ndarray | None) -> tuple[float, ...]:
    """Return the centre x, y and the side of a region: a name, or a list of names and landmarks.

    upright: the 68 landmarks (68, 2) in face units; None with 5 landmarks, which serve names only.
    """
    if isinstance(region, str):
        return _named(region, upright)
    boxes = [_box(member, upright) for member in region]
    low = np.min([one[0] for one in boxes], axis=0)
    high = np.max([one[1] for one in boxes], axis=0)
    side = max(SMALLEST, *(high - low))
    return (*((low + high) / 2), side)


def _named(name: str, upright: np.ndarray | None) -> tuple[float, ...]:
    x, y, side = PLACES[name]
    if upright is not None:
        points = upright[list(POINTS_OF[name])]
        low, high = points.min(0), points.max(0)
        x, y = (low + high) / 2
        side = max(side, *(high - low))
    return x, y, side


def _box(member: str | int, upright: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return two corners of a member of a list: the square of a name, or a landmark twice."""
    if isinstance(member, str):
        x, y, side = _named(member, upright)
        return np.array([x, y]) - side / 2, np.array([x, y]) + side / 2
    if upright is None:
        raise MerflowError(
            "crop.region",
            f"lists landmark {member} of 68, but 5 landmarks were found",
            "align.points: 68, or names of regions",
            "set align.points: 68, or list names such as brows and mouth",
        )
    return upright[member], upright[member]
