"""Write demo clips to disk: in parallel, each frame atomically."""

import multiprocessing
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from merflow.io.files import atomic
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.render import render_clip
from merflow.synthetic.truth import stamp, write_truth, written_stamp
from merflow.synthetic.warp import Warp

JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class Job:
    """One clip and where its frames go: a folder below `root`, one name per frame."""

    root: Path
    clip: DemoClip
    folder: str
    names: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The folder of the frames."""
        return self.root / self.folder


def encode(frame: np.ndarray, suffix: str, grey: bool) -> bytes:
    """Return the file bytes of a frame (H, W, 3) uint8 RGB; grey files hold one channel."""
    image = frame[..., 0] if grey else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
    done, data = cv2.imencode(suffix, image, options)
    if not done:
        raise ValueError(f"no encoder for {suffix}")
    return data.tobytes()


def is_written(job: Job) -> bool:
    """Return whether this clip is on disk, complete, with no other file in its folder."""
    if written_stamp(job.root, job.clip) != stamp(job.clip) or not job.path.is_dir():
        return False
    with os.scandir(job.path) as found:
        sizes = {entry.name: entry.stat().st_size for entry in found}
    return set(sizes) == set(job.names) and all(sizes.values())


def write_clip(job: Job) -> None:
    """Write one clip: remove its old folder, then write the frames, last the truth file."""
    cv2.setNumThreads(1)
    shutil.rmtree(job.path, ignore_errors=True)
    suffix = Path(job.names[0]).suffix
    warp = Warp(job.clip)
    for name, frame in zip(job.names, render_clip(job.clip, warp), strict=True):
        with atomic(job.path / name) as part:
            part.write_bytes(encode(frame, suffix, job.clip.grey))
    write_truth(job.root, warp)


def workers() -> int:
    """Return how many processes may run: the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def write_jobs(
    jobs: Sequence[Job],
    write: Callable[[Job], None],
    done: Callable[[int], object],
) -> None:
    """Write clips in parallel; `done` gets their number after each.

    Bytes do not depend on the number of cores.
    """
    if len(jobs) < 3 or workers() == 1:
        for number, job in enumerate(jobs, 1):
            write(job)
            done(number)
        return
    # Fresh processes: a fork of a process with threads (OpenCV, TensorFlow) can hang.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers(), len(jobs)), mp_context=fresh) as pool:
        try:
            for number, _ in enumerate(pool.map(write, jobs), 1):
                done(number)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
