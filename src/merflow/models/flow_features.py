"""Bi-WOOF: where and in which direction the face moved, from onset to apex.

Directions of flow are counted block by block, each pixel by its speed, and each block's histogram
is weighed by the block's mean strain (Liong, See, Wong, Phan 2018).
"""

import numpy as np

from merflow.errors import MerflowError


def features(x: np.ndarray, blocks: int, bins: int) -> np.ndarray:
    """Return (N, blocks**2 * bins) float32 of flow x, (N, H, W, 3): across, down, strain."""
    if x.ndim != 4 or x.shape[-1] != 3 or min(x.shape[1:3]) < blocks:
        raise MerflowError(
            "method flow_svm",
            f"clips of shape {x.shape[1:]}",
            f"flow of shape (H, W, 3), {blocks} pixels a side at least",
            "name a preparation of `kind: flow`",
        )
    height, width = x.shape[1:3]
    down = np.arange(height) * blocks // height
    across = np.arange(width) * blocks // width
    place = (down[:, None] * blocks + across).ravel()
    return np.stack([_clip(clip.astype(np.float64), place, blocks, bins) for clip in x])


def _clip(flow: np.ndarray, place: np.ndarray, blocks: int, bins: int) -> np.ndarray:
    u, v, strain = (flow[..., channel].ravel() for channel in range(3))
    # A quarter turn belongs to the middle of a bin, not to the edge between two.
    turn = np.arctan2(v, u) / (2 * np.pi) + 0.5 / bins
    direction = np.floor((turn % 1.0) * bins).astype(np.int64) % bins
    counts = np.bincount(
        place * bins + direction, weights=np.hypot(u, v), minlength=blocks**2 * bins
    ).reshape(-1, bins)
    pixels = np.bincount(place, minlength=blocks**2)
    mean_strain = np.bincount(place, weights=strain, minlength=blocks**2) / pixels
    weighed = counts / pixels[:, None] * mean_strain[:, None]
    return weighed.ravel().astype(np.float32)
