"""Stills of drawn faces: the apex frame of a short clip, visible or thermal."""

import cv2
import numpy as np

from merflow.io.files import atomic
from merflow.synthetic.clip_files import Job, encode
from merflow.synthetic.render import render_clip

FRAMES, APEX = 3, 1
"""A still is drawn as the middle of three frames."""
NEGATIVE = ("anger", "disgust", "fear", "sadness")


def thermal(frame: np.ndarray) -> np.ndarray:
    """Return an image as a thermal camera might show it: soft grey, skin brighter than hair."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(grey, (0, 0), frame.shape[0] / 80)
    return np.repeat(soft[..., None], 3, 2)


def write_still(job: Job) -> None:
    """Write the files of a still, drawn once; those in a folder `Thermal` are thermal images."""
    (frame,) = render_clip(job.clip, which=range(APEX, APEX + 1))
    for name in job.names:
        path = job.path / name
        shown = thermal(frame) if path.parent.name == "Thermal" else frame
        with atomic(path) as part:
            part.write_bytes(encode(shown, path.suffix, job.clip.grey))


def is_still_written(job: Job) -> bool:
    """Return whether all files of a still are there; a still has no truth file."""
    return all((job.path / name).is_file() for name in job.names)
