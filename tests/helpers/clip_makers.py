"""Small videos and pictures on disk."""

from pathlib import Path

import cv2
import numpy as np


def video(path: Path, frames: int = 6, fps: float = 50) -> None:
    """Write a video in which every frame is brighter than the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (32, 24))
    for value in range(frames):
        writer.write(np.full((24, 32, 3), 30 * value, np.uint8))
    writer.release()


def picture(path: Path, value: int = 90) -> None:
    """Write a picture of one grey level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((24, 32, 3), value, np.uint8))
