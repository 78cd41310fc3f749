"""Render the frames of a clip, its true displacement fields and its true landmarks."""

from collections.abc import Iterator
from statistics import NormalDist
from typing import NamedTuple

import cv2
import numpy as np

from merflow.synthetic.clip import DemoClip
from merflow.synthetic.portrait import FINE, OVERSAMPLING
from merflow.synthetic.warp import Warp, distractors_move, head_moves

Array = np.ndarray
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


_LEVELS = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])
NOISE = (_LEVELS / _LEVELS.std()).astype(np.float32)
"""256 equally likely values of a normal distribution, standard deviation 1. A random byte selects
one: ten times as fast as drawing floats."""


class TrueFields(NamedTuple):
    """Displacement onset to apex, (H, W, 2) float32 px (x, y), on the onset frame's pixels.

    The three add up exactly to the whole movement, without blinks.
    """

    expression: Array
    head: Array
    distractors: Array


def _sample(
    image: Array, scale: int, x: Array, y: Array, corner: tuple[int, int] = (0, 0)
) -> Array:
    """Return (h, w, 3) float32 of an image at `scale` at positions given in the frame's px."""
    s, left, top = (np.float32(v) for v in (scale, *corner))
    half = np.float32(0.5)
    at = (s * (x + half) - half - left, s * (y + half) - half - top)
    return cv2.remap(image, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def render_clip(
    clip: DemoClip, warp: Warp | None = None, which: range | None = None
) -> Iterator[Array]:
    """Yield the frames (H, W, 3) uint8 RGB, onset to offset; equal clips give equal bytes.

    A grey clip's three channels are equal. `warp`: the clip's warp, if it exists already;
    `which`: positions of the frames to draw; all without it.
    """
    warp = warp or Warp(clip)
    run, gain = warp.motion.course, warp.motion.gain
    still = _sample(warp.portrait.whole, OVERSAMPLING, *warp.sources(0, warp.unplaced(warp.whole)))
    placed = warp.unplaced(warp.part)
    first = warp.sources(0, placed)
    crease = warp.look_up(warp.crease, *first)[..., None]
    for t in range(clip.frames) if which is None else which:
        image = warp.portrait.with_eyes(float(warp.motion.closed[t]))
        part = _sample(image, FINE, *warp.sources(t, placed, first), warp.portrait.corner)
        part *= 1 - float(clip.difficulty.crease * clip.amplitude_px * run[t]) * crease
        still[warp.part] = part
        yield _recorded(still, clip, t, float(gain[t]))


def _recorded(scene: Array, clip: DemoClip, t: int, gain: float) -> Array:
    """Return frame t of `scene` (H, W, 3) float32 as the camera records it, with noise."""
    if clip.grey:
        scene = scene @ LUMA
    # One generator per frame: the bytes of a frame do not depend on earlier frames.
    rng = np.random.default_rng([clip.seed, 0x0153, t])
    shape = scene.shape[:2] if clip.grey else scene.shape
    draws = np.frombuffer(rng.bytes(int(np.prod(shape))), np.uint8)
    noise = NOISE[draws].reshape(shape)
    # One pass: brightness, noise, rounding, and the limits of a byte.
    frame = cv2.addWeighted(scene, gain, noise, clip.difficulty.noise, 0, dtype=cv2.CV_8U)
    return np.repeat(frame[..., None], 3, axis=2) if clip.grey else frame


def true_fields(warp: Warp) -> TrueFields:
    """Return the true displacement fields from the onset to the apex frame."""
    m, maps, apex = warp.motion, warp.maps, warp.clip.apex - warp.clip.onset
    x, y = warp.sources(0, warp.unplaced(warp.whole))

    def in_frame(moved: Array) -> Array:
        return (warp.look_up(moved, x, y) @ warp.linear.T).astype(np.float32)

    return TrueFields(
        expression=in_frame(float(m.course[apex] - m.course[0]) * maps.expression),
        head=in_frame(head_moves(maps, m, apex) - head_moves(maps, m, 0)),
        distractors=in_frame(distractors_move(maps, m, apex) - distractors_move(maps, m, 0)),
    )
