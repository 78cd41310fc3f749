"""Copies of a clip that no comparison of bytes finds, and generated people to copy."""

from collections.abc import Callable, Iterator
from itertools import islice

import cv2
import numpy as np

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Interpolate, Preparation
from merflow.stages.crop import crop_clip
from merflow.stages.pipeline import stage_function
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.generate import demo_dataset
from merflow.synthetic.plan import Subject
from merflow.synthetic.render import render_clip
from merflow.synthetic.warp import Warp

Frames = np.ndarray


def _each(change: Callable[[Frames], Frames]) -> Callable[[Frames], Frames]:
    return lambda x: np.stack([change(frame).reshape(frame.shape) for frame in x])


def _jpeg(frame: Frames) -> Frames:
    data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if frame.shape[-1] == 1 else cv2.IMREAD_COLOR)


def _shifted(frame: Frames) -> Frames:
    height, width = frame.shape[:2]
    move = np.array([[1, 0, 0.03 * width], [0, 1, -0.02 * height]], np.float32)
    return cv2.warpAffine(frame, move, (width, height), borderMode=cv2.BORDER_REPLICATE)


def _zoomed(frame: Frames) -> Frames:
    height, width = frame.shape[:2]
    y, x = round(0.05 * height), round(0.05 * width)
    return cv2.resize(frame[y : height - y, x : width - x], (width, height))


def _one_pixel(x: Frames) -> Frames:
    changed = x.copy()
    changed[len(x) // 2, 5, 5] ^= 255
    return changed


def _without_first(x: Frames) -> Frames:
    return np.concatenate([x[1:], x[-1:]])


_GAMMA = np.rint(255 * (np.arange(256) / 255) ** 1.5).astype(np.uint8)
ALTERATIONS: dict[str, Callable[[Frames], Frames]] = {
    "mirrored": lambda x: x[:, :, ::-1].copy(),
    "reversed": lambda x: x[::-1].copy(),
    "jpeg": _each(_jpeg),
    "one pixel": _one_pixel,
    "one grey level": lambda x: np.minimum(x.astype(int) + 1, 255).astype(np.uint8),
    "shifted": _each(_shifted),
    "cropped and zoomed": _each(_zoomed),
    "first frame dropped": _without_first,
    "gamma": lambda x: _GAMMA[x],
}
"""The nine: (T, H, W, C) uint8 to the same shape. Crop: 5% of each side; shift: 3% and 2%."""


def people(first: int, last: int, clips: int = 1) -> Iterator[tuple[DemoClip, Frames, Frames]]:
    """Yield generated clips of distinct people with raw and prepared frames, (T, H, W, 1) uint8.

    Raw: SAMM's form at half size. Prepared: cropped by the true landmarks, 10 frames of 64 px.
    """
    form = demo_dataset("samm")
    camera = form.camera.smaller()
    chosen = (
        Subject(form.name, name, place, 3, 1, camera, Difficulty())
        for place, name in enumerate(islice(form.subjects, last))
        if place >= first
    )
    chosen_clips = form.clips(chosen)
    seen: dict[str, int] = {}
    for clip in chosen_clips:
        seen[clip.subject] = seen.get(clip.subject, 0) + 1
        if seen[clip.subject] <= clips:
            warp = Warp(clip)
            raw = np.stack(list(render_clip(clip, warp)))
            yield clip, raw[..., :1], prepared(clip.key, raw, warp.landmarks()[0])


def prepared(key: ClipKey, raw: Frames, landmarks: np.ndarray) -> Frames:
    """Return the prepared frames, (10, 64, 64, 1) uint8, of raw frames (T, H, W, 3)."""
    settings = Preparation(interpolate=Interpolate(length=10, size=64))
    last = len(raw) - 1
    arrays = ClipArrays(
        *(key, raw, 200.0, np.arange(len(raw)), 0, None, last), landmarks.astype(np.float32)
    )
    return stage_function("interpolate", settings)(crop_clip(arrays, settings.crop)).frames
