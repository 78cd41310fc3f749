"""Frames in a folder: which files are frames, their numbers, and a clip's frames.

A frame's number is the last run of digits in its name (`006_05562.jpg` is frame 5562); frames are
ordered by number, and numbers may have gaps.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from merflow.clip import Clip, ClipArrays, positions
from merflow.errors import MerflowError, SkipClip
from merflow.io.images import (
    IMAGES,
    VIDEOS,
    ImageFrames,
    check_length,
    has_images,
    is_video,
    read_frames,
)
from merflow.io.video_clip import resampled_numbers, video_coding

MAX_DIGITS = 15

_DIGITS = re.compile(r"[0-9]+")


class Listing(NamedTuple):
    """Contents of one folder: frames by ascending number, subfolders, and other files."""

    numbers: tuple[int, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]
    videos: tuple[str, ...]
    unnumbered: tuple[str, ...]
    twice: tuple[int, ...]
    """Frame numbers that several files have; the first file by name is used."""
    outside: tuple[str, ...]
    """Links to files outside the dataset, which are not read."""
    folder: str


def frame_number(name: str) -> int | None:
    """Return the last run of ASCII digits in a file name's stem, or None.

    >>> frame_number("reg_img46.jpg"), frame_number("006_05562.jpg"), frame_number("a.png")
    (46, 5562, None)
    """
    runs = _DIGITS.findall(os.path.splitext(name)[0])
    return int(runs[-1]) if runs and len(runs[-1]) <= MAX_DIGITS else None


def scan(folder: Path | str, within: Path | str | None = None) -> Listing:
    """List a folder without its subfolders' contents; ignore hidden files.

    With `within`, links to files outside that folder go to `outside`.
    """
    frames: dict[int, str] = {}
    folders, videos, unnumbered, twice, outside = [], [], [], set(), []
    for entry in sorted(_entries(folder), key=lambda entry: entry.name):
        name = entry.name
        suffix = os.path.splitext(name)[1].lower()
        if name.startswith((".", "__MACOSX")):
            continue
        if within is not None and entry.is_symlink() and not _below(entry.path, within):
            outside.append(name)
        elif suffix in IMAGES:
            number = frame_number(name)
            if number is None:
                unnumbered.append(name)
            elif frames.setdefault(number, name) != name:
                twice.add(number)
        elif suffix in VIDEOS:
            videos.append(name)
        elif entry.is_dir():
            folders.append(name)
    numbers = tuple(sorted(frames))
    files = tuple(frames[number] for number in numbers)
    others = (folders, videos, unnumbered, sorted(twice), outside)
    return Listing(numbers, files, *map(tuple, others), str(folder))


def image_files(folder: Path | str, within: Path | str | None = None) -> tuple[str, ...]:
    """Return the names of all images in a folder, numbered or not, sorted."""
    names = [
        entry.name
        for entry in _entries(folder)
        if os.path.splitext(entry.name)[1].lower() in IMAGES
        and not entry.name.startswith(".")
        and (within is None or not entry.is_symlink() or _below(entry.path, within))
    ]
    return tuple(sorted(names))


def _below(path: str, root: Path | str) -> bool:
    """Return whether a link leads to a file below `root`."""
    base = os.path.realpath(root)
    return os.path.commonpath([os.path.realpath(path), base]) == base


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise MerflowError(
            str(folder),
            f"the folder cannot be listed ({error.strerror or error})",
            "a readable folder",
            "check the path and the permissions",
        ) from error


def span(numbers: Sequence[int], onset: int | None, offset: int | None) -> slice:
    """Return the slice of ascending `numbers` in onset..offset, both included.

    >>> span((44, 46, 47, 60, 61), 46, 60)
    slice(1, 4, None)
    """
    first = 0 if onset is None else int(np.searchsorted(numbers, onset, "left"))
    last = len(numbers) if offset is None else int(np.searchsorted(numbers, offset, "right"))
    return slice(first, max(first, last))


def frame_numbers(clip: Clip, count: int) -> np.ndarray:
    """Return the numbers, (count,) int64, of the frames that `iter_frames` yields for a clip."""
    resampled = resampled_numbers(clip) if is_video(clip) else None
    if resampled is not None:
        return resampled[:count]
    if len(clip.numbers) >= count:
        return np.asarray(clip.numbers[:count], np.int64)
    first = clip.onset or 0
    return np.arange(first, first + count, dtype=np.int64)


def read_clip(clip: Clip) -> ClipArrays:
    """Return a clip; raise SkipClip with the reason when its frames cannot be read.

    Image files are decoded when a stage reads them, and only then is a damaged one found.
    """
    if clip.missing:
        raise SkipClip(clip.missing)
    frames = ImageFrames(clip) if has_images(clip) else read_frames(clip)
    check_length(clip, frames.nbytes)
    numbers = frame_numbers(clip, len(frames))
    onset, apex, offset = positions(clip, numbers)
    facts: dict[str, Any] = {"frames": len(frames)}
    if is_video(clip):
        facts["video"] = video_coding(os.path.join(clip.folder, clip.files[0]))
    return ClipArrays(
        key=clip.key,
        frames=frames,
        fps=clip.fps,
        numbers=np.asarray(numbers, np.int64),
        onset=onset,
        apex=apex,
        offset=offset,
        enters_at=clip.enters_at,
        facts=facts,
    )
