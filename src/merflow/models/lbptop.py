"""LBP-TOP: which neighbours are brighter, counted in three planes through the clip.

Each pixel is compared with four neighbours in the picture (XY), four in the plane of x and time
(XT) and four in that of y and time (YT); the sixteen possible outcomes are counted block by block.
The MEGC2019 baseline has radii (1, 1, 4), four neighbours, 5 x 5 blocks, clips of 10 frames.
"""

import numpy as np

from merflow.errors import MerflowError

CODES = 16
"""Outcomes of comparing with four neighbours."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def features(x: np.ndarray, blocks: int, radii: tuple[int, int, int]) -> np.ndarray:
    """Return (N, 3 * blocks**2 * 16) float32 histograms of clips x, (N, T, H, W, C) uint8.

    Each plane's histogram of each block sums to 1. radii: in x, y (px) and time (frames); a clip
    too short for the radius in time is described with the largest that leaves it a frame.
    """
    frames, height, width = x.shape[1:4]
    in_x, in_y, in_t = radii[0], radii[1], min(radii[2], (frames - 1) // 2)
    if in_t < 1 or min(radii) < 1 or height - 2 * in_y < blocks or width - 2 * in_x < blocks:
        raise MerflowError(
            "method lbptop_svm",
            f"clips of {frames} frames of {width} x {height} pixels, radii {radii}",
            f"at least 3 frames and {blocks + 2 * max(in_x, in_y)} pixels a side",
            "raise interpolate.length or size, or lower training.svm.blocks or radii",
        )
    place = _blocks(height - 2 * in_y, width - 2 * in_x, blocks)
    return np.stack([_clip(grey(clip), place, blocks, (in_t, in_y, in_x)) for clip in x])


def grey(clip: np.ndarray) -> np.ndarray:
    """Return (T, H, W) float32 brightness of a clip, (T, H, W, 1 or 3) uint8."""
    return clip[..., 0].astype(np.float32) if clip.shape[-1] == 1 else clip @ LUMA


def _blocks(height: int, width: int, blocks: int) -> np.ndarray:
    """Return (H, W) int64, the block each pixel lies in; sides differ by a pixel at most."""
    down = np.arange(height) * blocks // height
    across = np.arange(width) * blocks // width
    return down[:, None] * blocks + across


def _clip(v: np.ndarray, place: np.ndarray, blocks: int, radii: tuple[int, int, int]) -> np.ndarray:
    """Return one clip's histograms, flat; v: (T, H, W), radii in the order of its axes."""
    inner = tuple(slice(r, n - r) for r, n in zip(radii, v.shape, strict=True))
    centre = v[inner]
    cells = np.broadcast_to(place, centre.shape)
    found = []
    for first, second in ((2, 1), (2, 0), (1, 0)):  # XY, XT, YT
        code = np.zeros(centre.shape, np.int64)
        steps = [(axis, sign) for axis in (first, second) for sign in (1, -1)]
        for bit, (axis, sign) in enumerate(steps):
            shifted = list(inner)
            by = sign * radii[axis]
            shifted[axis] = slice(inner[axis].start + by, inner[axis].stop + by)
            code += (v[tuple(shifted)] >= centre).astype(np.int64) << bit
        counts = np.bincount((cells * CODES + code).ravel(), minlength=blocks**2 * CODES)
        counts = counts.reshape(-1, CODES).astype(np.float32)
        found.append(counts / counts.sum(1, keepdims=True))
    return np.concatenate(found).ravel()
