"""Features of the SVMs: LBP-TOP of frames, Bi-WOOF of flow, and the pixels of flow pictures.

LBP-TOP compares each pixel with four neighbours in the frame (XY), four in the plane of x and time
(XT) and four in the plane of y and time (YT); the sixteen possible outcomes are counted per block.
The MEGC2019 baseline has radii (1, 1, 4), four neighbours, 5 x 5 blocks, clips of 10 frames.

Bi-WOOF counts directions of flow from onset to apex per block, each pixel weighted by its speed,
and weights each block's histogram by the block's mean strain (Liong, See, Wong, Phan 2018).
"""

import numpy as np

from merflow.config.settings import Training
from merflow.errors import MerflowError
from merflow.stages.flow_picture import flow_picture

CODES = 16
"""Outcomes of comparing with four neighbours."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def features(method: str, training: Training, x: np.ndarray) -> np.ndarray:
    """Return (N, F) features of clips x for a method: float32, of `flow_pixels_svm` uint8."""
    svm = training.svm
    if method == "flow_svm":
        return bi_woof(x, svm.blocks, svm.bins)
    if method == "flow_pixels_svm":
        return pixels(x)
    if x.ndim != 5:
        raise MerflowError(
            "method lbptop_svm",
            f"clips of shape {x.shape[1:]}",
            "frames of shape (T, H, W, C)",
            "name a preparation of `kind: frames`",
        )
    return lbp_top(x, svm.blocks, svm.radii)


def lbp_top(x: np.ndarray, blocks: int, radii: tuple[int, int, int]) -> np.ndarray:
    """Return (N, 3 * blocks**2 * 16) float32 histograms of clips x, (N, T, H, W, C) uint8.

    Each plane's histogram of each block sums to 1. radii: in x, y (px) and time (frames). For a
    clip too short for the radius in time, the largest radius that leaves one frame is used.
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
    block = _block_of_pixel(height - 2 * in_y, width - 2 * in_x, blocks)
    return np.stack([_lbp_top_clip(grey(clip), block, blocks, (in_t, in_y, in_x)) for clip in x])


def grey(clip: np.ndarray) -> np.ndarray:
    """Return (T, H, W) float32 brightness of a clip, (T, H, W, 1 or 3) uint8."""
    return clip[..., 0].astype(np.float32) if clip.shape[-1] == 1 else clip @ LUMA


def pixels(x: np.ndarray) -> np.ndarray:
    """Return (N, H*W*3) uint8 pixels of flow x, (N, H, W, 3); signed flow as 8-bit pictures."""
    _refuse_frames("flow_pixels_svm", x, 1)
    return np.stack([flow_picture(clip).ravel() for clip in x])


def _refuse_frames(method: str, x: np.ndarray, least: int) -> None:
    if x.ndim != 4 or x.shape[-1] != 3 or min(x.shape[1:3]) < least:
        raise MerflowError(
            f"method {method}",
            f"clips of shape {x.shape[1:]}",
            f"flow of shape (H, W, 3), {least} pixels a side at least",
            "name a preparation of `kind: flow`",
        )


def bi_woof(x: np.ndarray, blocks: int, bins: int) -> np.ndarray:
    """Return (N, blocks**2 * bins) float32 of flow x, (N, H, W, 3): across, down, strain."""
    _refuse_frames("flow_svm", x, blocks)
    if x.dtype == np.uint8:
        raise MerflowError(
            "method flow_svm",
            "8-bit pictures of flow, in which no grey level stands for no motion",
            "signed flow (u, v, strain)",
            "name datasets with arrays of flow, or set their `flow.zero`",
        )
    block = _block_of_pixel(*x.shape[1:3], blocks).ravel()
    return np.stack([_bi_woof_clip(clip.astype(np.float64), block, blocks, bins) for clip in x])


def _block_of_pixel(height: int, width: int, blocks: int) -> np.ndarray:
    """Return (H, W) int64, the block of each pixel; block sides differ by 1 pixel at most."""
    down = np.arange(height) * blocks // height
    across = np.arange(width) * blocks // width
    return down[:, None] * blocks + across


def _lbp_top_clip(
    v: np.ndarray, block: np.ndarray, blocks: int, radii: tuple[int, int, int]
) -> np.ndarray:
    """Return one clip's histograms, flat; v: (T, H, W), radii in the order of its axes."""
    inner = tuple(slice(r, n - r) for r, n in zip(radii, v.shape, strict=True))
    centre = v[inner]
    cells = np.broadcast_to(block, centre.shape)
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


def _bi_woof_clip(flow: np.ndarray, block: np.ndarray, blocks: int, bins: int) -> np.ndarray:
    u, v, strain = (flow[..., channel].ravel() for channel in range(3))
    # Shifted by half a bin: horizontal and vertical flow fall in the middle of a bin.
    turn = np.arctan2(v, u) / (2 * np.pi) + 0.5 / bins
    direction = np.floor((turn % 1.0) * bins).astype(np.int64) % bins
    counts = np.bincount(
        block * bins + direction, weights=np.hypot(u, v), minlength=blocks**2 * bins
    ).reshape(-1, bins)
    pixels = np.bincount(block, minlength=blocks**2)
    mean_strain = np.bincount(block, weights=strain, minlength=blocks**2) / pixels
    weighed = counts / pixels[:, None] * mean_strain[:, None]
    return weighed.ravel().astype(np.float32)
