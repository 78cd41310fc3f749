"""Times of a recording's frames, and the frame at a time: annotation programs count in time."""

import os

import numpy as np

from merflow.errors import MerflowError
from merflow.io.video_decoder import Unreadable, survey


def frame_times(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the times of a video's frames from its first one (s), (T,) float64, ascending.

    A file that stores no times has frames at its declared rate.
    """
    name = os.path.basename(path)
    try:
        header, times = survey(path)
    except (Unreadable, OSError) as error:
        raise MerflowError(name, str(error), "a video that FFmpeg can decode") from None
    if times is not None and len(times):
        return times - times[0]
    if header.count <= 0 or header.rate <= 0:
        raise MerflowError(
            name,
            "it declares neither the times of its frames nor their number and rate",
            "a video with a time for every frame",
            "convert it, for example to MP4",
        )
    return np.arange(header.count) / header.rate


def span_at(times: np.ndarray, start: float, end: float) -> tuple[int, int]:
    """Return the first and the last frame from time `start` to time `end` (s, exclusive).

    times: (T,) ascending. The first frame is the one nearest to `start`; the last one is before
    the frame nearest to `end`. A span shorter than a frame has one frame.
    """
    first = _nearest(times, start)
    after = _nearest(times, end)
    # Beyond the last frame an end time stands for the frame that would come next.
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    if end > times[-1] + step / 2:
        after = len(times)
    return first, max(first, after - 1)


def times_of(times: np.ndarray, first: int, last: int) -> tuple[float, float]:
    """Return when frame `first` begins and frame `last` ends (s); inverse of `span_at`."""
    if last + 1 < len(times):
        return float(times[first]), float(times[last + 1])
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return float(times[first]), float(times[last]) + step


def _nearest(times: np.ndarray, time: float) -> int:
    after = int(np.searchsorted(times, time))
    if after == 0:
        return 0
    if after == len(times):
        return len(times) - 1
    return after if times[after] - time < time - times[after - 1] else after - 1
