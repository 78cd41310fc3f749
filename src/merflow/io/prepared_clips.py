"""Read prepared clips: arrays and pictures that enter the packed file as they are."""

import os
from dataclasses import replace

import numpy as np

from merflow.clip import Clip, ClipArrays, FlowForm
from merflow.errors import SkipClip
from merflow.frame_buffer import decoded
from merflow.io.frame_folder import read_clip
from merflow.io.images import TENSORS, ImageFrames, has_images, open_array

KNOWN = ("u", "v", "strain")


def read_prepared(clip: Clip) -> ClipArrays:
    """Return a prepared clip: frames (T, H, W, C) uint8, or one flow image (H, W, 3).

    Flow is u (right), v (down) and strain: uint8 where its zero is unknown, else float16. Raises
    SkipClip with the reason when the file cannot be read.
    """
    if clip.flow is None:
        arrays = read_clip(clip)
        return replace(arrays, frames=decoded(arrays.frames))
    if clip.missing:
        raise SkipClip(clip.missing)
    frames = _picture(clip, clip.flow) if has_images(clip) else _array(clip, clip.flow)
    return ClipArrays(clip.key, frames, clip.fps, np.zeros(1, np.int64), 0, None, 0,
                      enters_at=clip.enters_at, facts={"frames": 1})  # fmt: skip


def _picture(clip: Clip, form: FlowForm) -> np.ndarray:
    """Return the flow of an 8-bit picture, uint8 as it is or float16 from its known zero."""
    picture = ImageFrames(clip)[0]
    if picture.shape[2] != len(KNOWN):
        raise SkipClip(f"{clip.key}: {clip.files[0]} is grey; flow is a picture of three channels")
    picture = _ordered(picture, form)
    if form.zero is None:
        return picture
    flow = picture.astype(np.float32)
    flow[..., :2] -= form.zero
    return (flow * form.unit).astype(np.float16)


def _array(clip: Clip, form: FlowForm) -> np.ndarray:
    """Return the flow of a .npy file, (H, W, 3) float16."""
    name = clip.files[0]
    if os.path.splitext(name)[1].lower() not in TENSORS:
        raise SkipClip(f"{clip.key}: {name} is neither a picture nor an array of flow")
    array = open_array(clip)
    shape = " x ".join(map(str, array.shape))
    if array.ndim != 3 or array.shape[2] != len(KNOWN) or array.dtype.kind != "f":
        raise SkipClip(
            f"{clip.key}: {name} is {shape} {array.dtype}; flow is height x width x 3 (u, v, "
            "strain) of floats, or an 8-bit picture"
        )
    with np.errstate(over="ignore"):
        flow = _ordered(np.asarray(array), form).astype(np.float16)
    if not np.isfinite(flow).all():
        raise SkipClip(f"{clip.key}: {name} holds values that are not finite, or beyond 65,504")
    return flow


def _ordered(image: np.ndarray, form: FlowForm) -> np.ndarray:
    """Return an image (H, W, 3) with its channels in the order u, v, strain."""
    return np.ascontiguousarray(image[..., [form.channels.index(name) for name in KNOWN]])
