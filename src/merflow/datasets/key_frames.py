"""Corrections of onset, apex and offset for clips that their reader has not corrected itself.

A reader corrects the rows of its sheet. Some datasets have key frames in the names of files and
folders, or none at all: the corrected frames of these are set on the clip.
"""

from collections.abc import Iterable
from dataclasses import replace

from merflow.clip import Clip
from merflow.datasets.errata import KEY_FRAMES, Correction, Errata
from merflow.errors import MerflowError


def correct_key_frames(clips: Iterable[Clip], corrections: Errata) -> list[Clip]:
    """Return clips with their corrected key frames, and the frames between the new ones only."""
    known = corrections.corrections
    return [
        _corrected(clip, known[clip.key[1:]]) if clip.key[1:] in known else clip for clip in clips
    ]


def _corrected(clip: Clip, lines: Iterable[Correction]) -> Clip:
    if clip.intervals is not None:
        return clip
    changed = {}
    for one in lines:
        shown = getattr(clip, one.field) if one.field in KEY_FRAMES else None
        if one.field in KEY_FRAMES and one.was == ("" if shown is None else str(shown)):
            changed[one.field] = frame_number(one)
    return _cut(replace(clip, **changed)) if changed else clip


def frame_number(one: Correction) -> int | None:
    """Return the frame that a correction sets; None for an unknown one."""
    if not one.now:
        return None
    try:
        return int(one.now)
    except ValueError:
        raise MerflowError(one.where, f"{one.now!r}", "a frame number") from None


def _cut(clip: Clip) -> Clip:
    """Return a clip without the frames before its onset and after its offset."""
    if not clip.numbers:
        # A video without an offset, of which nothing was cut; or a clip without frames.
        known = bool(clip.files) and clip.offset is not None
        return replace(
            clip, numbers=tuple(range(clip.onset or 0, clip.offset + 1)) if known else ()
        )
    low = clip.numbers[0] if clip.onset is None else clip.onset
    high = clip.numbers[-1] if clip.offset is None else clip.offset
    kept = [i for i, number in enumerate(clip.numbers) if low <= number <= high]
    numbers = tuple(clip.numbers[i] for i in kept)
    # A video is one file, whichever of its frames are read.
    alone = len(clip.files) != len(clip.numbers)
    files = clip.files if alone else tuple(clip.files[i] for i in kept)
    return replace(clip, numbers=numbers, files=files)
