"""Negative controls: remove the expression from the clips before training.

A control that scores above chance means that something other than the expression reveals the
class.
"""

from collections.abc import Sequence

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import unknown

CONTROLS = ("none", "frozen", "reversed", "shuffled", "masked", "dataset-only", "length-only")
MEANINGS = {
    "frozen": ("the onset frame repeated", "one still frame is enough to separate the classes"),
    "reversed": ("frames in reverse order", "the scores do not depend on the direction of time"),
    "shuffled": ("frames in random order", "the scores do not depend on the order of frames"),
    "masked": ("the face hidden", "something besides the face separates the classes"),
    "dataset-only": ("only the dataset's name", "knowing the dataset is enough for such a score"),
    "length-only": ("only the clip's length", "the number of frames is enough for such a score"),
    "permuted": (
        "labels permuted across subjects",
        "true labels leak into training",
    ),
}
"""What each control leaves, and what a score above chance under it means."""
ACROSS = "dataset-only"
"""The control with constant predictions inside a dataset: its chance p exchanges subjects across
datasets, because exchanges within a dataset would change nothing."""
FACE_AXES = (0.56, 0.62)
"""Half-axes of the masked ellipse, as shares of the side. Only the corners of the crop stay,
because the outline of the face moves too: with half-axes of .42 and .48 the jaw alone separated
the demo's classes at x10 (UF1 .63)."""


def apply(
    control: str, x: np.ndarray, keys: Sequence[ClipKey], lengths: Sequence[int]
) -> np.ndarray:
    """Return the input of a network under a control, in the shape and type of x.

    x: (N, T, H, W, C) frames or (N, H, W, 3) flow, row i of clip `keys[i]`, which had
    `lengths[i]` frames before interpolation. No label is read.

    frozen: the onset frame repeated (flow: zero). reversed, shuffled: frames in reverse or random
    order, one order per clip. masked: the face hidden, the background kept. dataset-only,
    length-only: one grey level per dataset, or per number of frames.
    """
    if control == "none":
        return x
    if control in ("frozen", "reversed", "shuffled"):
        return _in_time(control, x, keys)
    if control == "masked":
        return np.where(face_mask(x.shape[-3], x.shape[-2])[..., None], x.dtype.type(0), x)
    if control == "dataset-only":
        names = sorted({key.dataset for key in keys})
        levels = np.array([names.index(key.dataset) for key in keys]) / max(1, len(names) - 1)
    elif control == "length-only":
        # A fixed scale, so that a clip's level does not depend on the other clips.
        levels = np.clip(np.asarray(lengths, float) / 200, 0, 1)
    else:
        raise unknown("control", "control", control, CONTROLS)
    scale = 255 if x.dtype == np.uint8 else 1
    levels = (levels * scale).astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    return np.broadcast_to(levels, x.shape).copy()


def _in_time(control: str, x: np.ndarray, keys: Sequence[ClipKey]) -> np.ndarray:
    if x.ndim == 4:  # one flow field from onset to apex, which becomes apex to onset
        if control == "frozen":
            return np.zeros_like(x)
        if x.dtype == np.uint8:  # In a picture stretched to its range, -u is 255 - u.
            return np.concatenate([255 - x[..., :2], x[..., 2:]], axis=-1)
        return x * np.array([-1, -1, 1], x.dtype)  # Strain has no direction.
    if control == "frozen":
        return np.repeat(x[:, :1], x.shape[1], axis=1)
    if control == "reversed":
        return x[:, ::-1].copy()
    out = np.empty_like(x)
    for row, key in enumerate(keys):
        rng = np.random.default_rng(list(str(key).encode()))
        out[row] = x[row, rng.permutation(x.shape[1])]
    return out


def face_mask(height: int, width: int) -> np.ndarray:
    """Return (H, W) bool, true where the face lies in a crop of the whole face."""
    y, x = np.mgrid[0:height, 0:width]
    dx = ((x + 0.5) / width - 0.5) / FACE_AXES[0]
    dy = ((y + 0.5) / height - 0.5) / FACE_AXES[1]
    return dx * dx + dy * dy <= 1
