"""Stills of drawn faces: the apex frame of a short clip, in the modalities the datasets have."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from merflow.io.files import atomic
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.clip_files import Job, encode
from merflow.synthetic.render import render_clip

FRAMES, APEX = 3, 1
"""A still is drawn as the middle of three frames."""


def still(clip: DemoClip) -> np.ndarray:
    """Return the apex frame of a clip, (H, W, 3) uint8 RGB."""
    return list(render_clip(clip))[clip.apex - clip.onset]


def thermal(frame: np.ndarray) -> np.ndarray:
    """Return a picture as a thermal camera might show it: soft grey, skin brighter than hair."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(grey, (0, 0), frame.shape[0] / 80)
    return np.repeat(soft[..., None], 3, 2)


def write_stills(
    jobs: list[Job],
    views: dict[str, Callable[[np.ndarray], np.ndarray]],
    pictures: bool,
    done: Callable[[Job], None] | None,
) -> list[Job]:
    """Write each job's files, drawn once; `views` says by first folder how each is shown."""
    for job in jobs:
        frame = still(job.clip) if pictures else None
        for name in job.names:
            path = job.path / name
            if frame is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
                continue
            shown = views.get(Path(name).parts[0], lambda f: f)(frame)
            with atomic(path) as part:
                part.write_bytes(encode(shown, path.suffix, job.clip.grey))
        if done:
            done(job)
    return list(jobs)


def stills_written(job: Job) -> bool:
    """Return whether all files of a still are there; stills have no movement to keep beside."""
    return all((job.path / name).is_file() for name in job.names)
