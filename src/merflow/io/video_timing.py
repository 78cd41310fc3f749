"""Constant times for videos with a variable frame rate, from the frames' own times.

Filters in time, the spotting of movements and interpolation assume frames at constant intervals.
The new frames lie on the grid of the usual interval, starting at the first frame wanted, so most
frames of a phone's video stay as they are; a frame between two others is their blend. To take the
nearest frame instead would move it by up to half an interval, and magnification would multiply
that error; a blend of two frames of the same face a fraction of a pixel apart has none of it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

OFF = 0.5
"""Distance (intervals) of a frame from constant times above which the rate counts as variable."""
NEAR = 0.05
"""Distance (intervals) up to which a new frame is the original one, unchanged."""


class Timing(NamedTuple):
    """Times (T,) of the frames in intervals of the constant rate (Hz) they are resampled to."""

    rate: float
    times: np.ndarray


def find_timing(times: np.ndarray | None) -> tuple[float, Timing | None]:
    """Return the usual frame rate (Hz, 0: unknown), and the timing if the rate is variable.

    times: (T,) in s, ascending.
    """
    if times is None or len(times) < 3:
        return 0.0, None
    steps = np.diff(times)
    if not (steps > 0).all():
        return 0.0, None
    usual = float(np.median(steps))
    # Times are rounded in many formats: fit the interval over all frames.
    usual = float(times[-1] - times[0]) / float(np.maximum(1, np.rint(steps / usual)).sum())
    places = (times - times[0]) / usual
    constant = np.abs(places - np.arange(len(times))).max() <= OFF
    return 1 / usual, None if constant else Timing(1 / usual, places)


def source_positions(
    timing: Timing, onset: int | None, offset: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return where every new frame in onset..offset comes from, and its number.

    Places: (N,) float64 among the decoded frames, whole for frames taken unchanged; the first is
    the onset. Numbers: (N,) int64, ascending, some repeated or missing; a number stands first at
    the new frame nearest to the original frame of that number, so annotations stay in place.
    """
    first = onset or 0
    last = len(timing.times) - 1 if offset is None else min(offset, len(timing.times) - 1)
    if first > last:
        return np.zeros(0), np.zeros(0, np.int64)
    times = timing.times[first : last + 1]
    nearest = np.floor(times - times[0] + 0.5).astype(np.int64)
    steps = np.arange(nearest[-1] + 1)
    places = np.interp(times[0] + steps, times, np.arange(first, last + 1))
    whole = np.rint(places)
    near = np.abs(timing.times[whole.astype(int)] - times[0] - steps) <= NEAR
    numbers = first + np.searchsorted(nearest, steps, side="right") - 1
    return np.where(near, whole, places), numbers


def blend_at(frames: Iterator[np.ndarray], places: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frames at ascending positions, blended from two neighbours; two in memory.

    Ends early when `frames` does.
    """
    held: dict[int, np.ndarray] = {}
    at = -1
    for place in places:
        low, share = int(place), np.float32(place % 1)
        while at < low + (share > 0):
            frame = next(frames, None)
            if frame is None:
                return
            at += 1
            held[at] = frame
            held.pop(at - 2, None)
        if share == 0:
            yield held[low]
            continue
        before, after = held[low].astype(np.float32), held[low + 1].astype(np.float32)
        yield np.floor(before + share * (after - before) + np.float32(0.5)).astype(np.uint8)
