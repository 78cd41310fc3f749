"""Augmentation: random changes of training clips, one draw per clip for all its frames.

A draw per frame would add flicker larger than a micro-expression.
"""

import numpy as np

from merflow.config.settings import Augment
from merflow.errors import MerflowError

U, V = 0, 1
"""Channels of flow that are vectors: across (right is positive) and down."""
MIDDLE = 127.5
"""Middle of the range of an 8-bit picture."""


def check(augment: Augment, kind: str) -> None:
    """Refuse changes that do not exist for a kind of clips, `frames` or `flow`."""
    if kind == "frames":
        return
    for key in ("brightness", "noise", "jitter"):
        if getattr(augment, key):
            raise MerflowError(
                f"training.augment.{key}",
                "is set, but the clips are flow, which has neither grey levels nor time",
                "flip, shift, rotate or half_face for flow",
                f"remove {key}",
            )


def changed(rng: np.random.Generator, x: np.ndarray, augment: Augment) -> np.ndarray:
    """Return a batch, float32 in the units of x, with one random change per clip.

    x: (B, T, H, W, C) frames 0..255, or (B, H, W, 3) flow; of uint8 flow pictures, each channel of
    which was stretched to its own range, only the mirror image of u is known: 255 - u.
    """
    flow = x.ndim == 4
    clips = x[:, None] if flow else x
    if flow and x.dtype == np.uint8:
        # Around the middle of the range a change of sign is one of the picture as well.
        centred = clips - np.float32(MIDDLE)
        return changed(rng, centred[:, 0], augment) + np.float32(MIDDLE)
    done = np.stack([_clip(rng, clip.astype(np.float32), augment, flow) for clip in clips])
    return done[:, 0] if flow else done


def _clip(rng: np.random.Generator, clip: np.ndarray, augment: Augment, flow: bool) -> np.ndarray:
    """Return one clip, (T, H, W, C) float32, changed; all draws are made, used or not."""
    side, flip = rng.choice(["none", "none", "left", "right"]), rng.random() < 0.5
    across, down = rng.uniform(-augment.shift, augment.shift, 2)
    angle = rng.uniform(-augment.rotate, augment.rotate)
    lag = int(rng.integers(-augment.jitter, augment.jitter + 1))
    gain = 1 + rng.uniform(-augment.brightness, augment.brightness)
    grain = rng.normal(0, 1, clip.shape[1:]).astype(np.float32)
    if augment.half_face and side != "none":
        clip = half_face(clip, side, flow)
    if augment.flip and flip:
        clip = mirrored(clip, flow)
    if lag:
        clip = clip[np.clip(np.arange(len(clip)) - lag, 0, len(clip) - 1)]
    if across or down or angle:
        clip = moved(clip, across * clip.shape[2], down * clip.shape[1], angle, flow)
    if augment.brightness or augment.noise:
        clip = np.clip(clip * np.float32(gain) + np.float32(augment.noise) * grain, 0, 255)
    return clip


def mirrored(clip: np.ndarray, flow: bool) -> np.ndarray:
    """Return the clip, (T, H, W, C), mirrored left to right; horizontal flow changes its sign."""
    clip = clip[:, :, ::-1].copy()
    if flow:
        clip[..., U] *= -1
    return clip


def half_face(clip: np.ndarray, side: str, flow: bool) -> np.ndarray:
    """Return the clip with the `left` or `right` half of its image mirrored over the other."""
    other = mirrored(clip, flow)
    middle = clip.shape[2] // 2
    kept, given = (clip, other) if side == "left" else (other, clip)
    return np.concatenate([kept[:, :, :middle], given[:, :, middle:]], axis=2)


def moved(clip: np.ndarray, across: float, down: float, angle: float, flow: bool) -> np.ndarray:
    """Return the clip rotated by `angle` degrees (counter-clockwise) and shifted by pixels.

    One warp for all frames; pixels from outside are the image mirrored at its edge. Flow vectors
    turn with the image.
    """
    height, width, channels = clip.shape[1:]
    import cv2  # late: `check` runs at every start, which needs no OpenCV

    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    matrix[:, 2] += across, down
    out = np.stack(
        [
            cv2.warpAffine(
                frame, matrix, (width, height), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            ).reshape(height, width, channels)
            for frame in clip
        ]
    )  # fmt: skip
    if flow and angle:
        turn = matrix[:, :2].astype(np.float32)
        out[..., :2] = out[..., :2] @ turn.T
    return out
