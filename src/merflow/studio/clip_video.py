"""A clip as MP4 for saving: at one factor, or at two side by side with their names."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from merflow.clip import ClipArrays
from merflow.inference.preview import side_by_side
from merflow.io.video_encoder import write_video

LEAST_SIDE = 384
"""Smaller frames are enlarged by a whole number, so that players show them sharply (px)."""


def clip_video(clips: Mapping[str, ClipArrays], speed: float) -> bytes:
    """Return an MP4; clips: by the name of their factor; speed: times real time."""
    (first, *others) = clips.values()
    frames = side_by_side(dict(clips)) if others else first.frames
    scale = -(-LEAST_SIDE // min(frames.shape[1:3]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, (_enlarged(frame, scale) for frame in frames), first.fps * speed)
        return path.read_bytes()


def _enlarged(frame: np.ndarray, scale: int) -> np.ndarray:
    """Return a frame (H, W, C) `scale` times as large."""
    size = (frame.shape[1] * scale, frame.shape[0] * scale)
    made = cv2.resize(np.asarray(frame), size, interpolation=cv2.INTER_CUBIC)
    return made.reshape(*made.shape[:2], -1)
