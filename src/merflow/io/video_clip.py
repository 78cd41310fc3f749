"""Frames of a clip that is a video: onset to offset, at constant times, within limits."""

import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from merflow.clip import Clip
from merflow.errors import SkipClip
from merflow.io import video_decoder
from merflow.io.video_decoder import MAX_PIXELS, Header, Unreadable
from merflow.io.video_timing import Timing, blend_at, find_timing, source_positions
from merflow.progress import counted

LOG = logging.getLogger("merflow")
MAX_RATE = 10_000.0
MAX_SIDE = 8192
MAX_FRAMES = 200_000


def video_facts(path: str | os.PathLike[str]) -> tuple[float, int, Timing | None] | None:
    """Return the frame rate (Hz) and number of frames of a video, 0: not known, and its timing.

    The timing is None for a constant rate; the rate of a variable one is that of its usual
    interval, to which `iter_video` resamples. None: the file cannot be opened as a video.
    """
    try:
        header, usual, timing = _surveyed(path)
    except (Unreadable, OSError):
        return None
    rate = usual if timing or not header.rate else header.rate
    count = header.count if 0 < header.count < 1e9 else 0
    return (rate if 0 < rate <= MAX_RATE else 0.0, count, timing)


def _surveyed(path: str | os.PathLike[str]) -> tuple[Header, float, Timing | None]:
    """Return a video's header with the number of its frames, its usual rate, and its timing."""
    found = os.stat(path)
    return _survey(os.fspath(path), found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _survey(path: str, *_: int) -> tuple[Header, float, Timing | None]:
    # Kept, since opening a large video costs 0.2 s, and align asks three times.
    header, times = video_decoder.survey(path)
    if times is not None:
        header = header._replace(count=len(times))
    return header, *find_timing(times)


def video_coding(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return codec, its name, and bits_per_pixel, of the file per pixel and frame; JSON-able.

    Empty if the file cannot be opened or its header does not give the number of frames.
    """
    try:
        header, _, _ = _surveyed(path)
        size = os.path.getsize(path)
    except (OSError, Unreadable):
        return {}
    pixels = header.width * header.height * header.count
    return {"codec": header.codec, "bits_per_pixel": round(8 * size / pixels, 4)} if pixels else {}


def rate_text(timing: Timing) -> str:
    """Return what is done about a variable frame rate, for messages."""
    steps = np.diff(timing.times)
    slow, fast = timing.rate / steps.max(), timing.rate / steps.min()
    return (
        f"variable frame rate ({slow:.4g} to {fast:.4g} frames per second), "
        f"resampled to {timing.rate:.4g}"
    )


def iter_video(clip: Clip) -> Iterator[np.ndarray]:
    """Decode a video in order and yield frames onset..offset, (H, W, 3) uint8 RGB.

    A video with a variable rate is resampled; see `video_timing`.
    """
    name = clip.files[0]
    path = os.path.join(clip.folder, name)
    if not os.path.isfile(path):
        raise SkipClip(f"{clip.key}: {name} is missing")
    try:
        header, _, timing = _surveyed(path)
        _check_header(clip, name, header)
        if timing is None:
            frames = video_decoder.decode_frames(path, clip.onset or 0)
            total = len(clip.numbers) or header.count
            yield from _between(clip, name, counted(frames, "reading", total))
            return
        # The key of a file that a command was given says nothing that its name does not.
        known = "" if clip.key.dataset == "file" else f"{clip.key}: "
        LOG.info("%s%s: %s", known, name, rate_text(timing))
        places, _ = source_positions(timing, clip.onset, clip.offset)
        if clip.offset is not None:
            _check_count(clip, name, len(timing.times) - (clip.onset or 0), len(clip.numbers))
        if len(places) > MAX_FRAMES:
            raise SkipClip(f"{clip.key}: {name} has more than {MAX_FRAMES:,} frames")
        made = 0
        first = clip.onset or 0
        frames = blend_at(video_decoder.decode_frames(path, first), places - first)
        for frame in counted(frames, "reading", len(places)):
            made += 1
            yield frame
        _check_count(clip, name, made, len(places))
    except Unreadable as error:
        raise SkipClip(f"{clip.key}: {name} {error}") from error


def resampled_numbers(clip: Clip) -> np.ndarray | None:
    """Return the numbers of the frames that `iter_video` yields, (T,) int64; None if constant."""
    timing = _surveyed(os.path.join(clip.folder, clip.files[0]))[2]
    return None if timing is None else source_positions(timing, clip.onset, clip.offset)[1]


def check_size(clip: Clip, name: str, size: tuple[int, int]) -> None:
    """Refuse frames above the limits of size."""
    if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS:
        raise SkipClip(
            f"{clip.key}: {name} is {size[0]}x{size[1]} pixels; the limit is {MAX_SIDE} per side "
            f"and {MAX_PIXELS >> 20} million in total"
        )


def _check_header(clip: Clip, name: str, header: Header) -> None:
    """Refuse a video by its header, before decoding."""
    check_size(clip, name, (header.width, header.height))
    if header.count > MAX_FRAMES and clip.offset is None:
        raise SkipClip(
            f"{clip.key}: {name} declares {header.count:,} frames; the limit is {MAX_FRAMES:,}"
        )


def _between(clip: Clip, name: str, frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield frames up to the offset, from an iterator that begins at the onset."""
    wanted = MAX_FRAMES if clip.offset is None else clip.offset + 1 - (clip.onset or 0)
    made = 0
    for frame in islice(frames, min(wanted, MAX_FRAMES)):
        made += 1
        yield frame
    if wanted >= MAX_FRAMES and next(frames, None) is not None:
        raise SkipClip(f"{clip.key}: {name} has more than {MAX_FRAMES:,} frames")
    _check_count(clip, name, made, len(clip.numbers))


def _check_count(clip: Clip, name: str, found: int, expected: int) -> None:
    if found < expected:
        raise SkipClip(
            f"{clip.key}: {name} has {found} frames in onset..offset, {expected} are expected"
        )
