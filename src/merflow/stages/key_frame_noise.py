"""Move the key frames of a clip, as if they had been annotated some frames off."""

from dataclasses import dataclass, replace

import numpy as np

from merflow.clip import ClipArrays

RATE = 200.0
"""Frames per second at which distances are given."""
LEAST = 3
"""Frames that are left between onset and offset, both included."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A clip with moved key frames, and what could not move as far as asked.

    distance: mean over its key frames (frames at RATE); no_earlier, no_later: onset or offset
    should move out of the clip, where no frames are; span_clipped: onset or offset stopped so that
    LEAST frames are left; apex_clipped: the apex left the span and was put on its end.
    """

    clip: ClipArrays
    distance: float = 0.0
    no_earlier: bool = False
    no_later: bool = False
    span_clipped: bool = False
    apex_clipped: bool = False


def in_frames(distance: int, fps: float) -> int:
    """Return a distance at RATE as whole frames of a clip, halves up.

    >>> [in_frames(d, 100.0) for d in (0, 1, 2, 3, 8)]
    [0, 1, 1, 2, 4]
    """
    return int(np.floor(distance * fps / RATE + 0.5))


def moved_clip(clip: ClipArrays, distance: int, seed: int) -> Moved:
    """Return a clip with onset, apex and offset `distance` frames (at RATE) earlier or later.

    The three directions depend on seed and clip only. Onset and offset move outwards as far as the
    clip has frames. A clip that began with its onset, or ended with its offset, is cut there again;
    one with more frames keeps them, as in the plain run. Landmarks stay those of the clip.
    """
    step = in_frames(distance, clip.fps)
    if step == 0:
        return Moved(clip)
    signs = np.random.default_rng([seed, *str(clip.key).encode()]).choice([-1, 1], size=3)
    end = len(clip.frames) - 1
    onset, apex_sign, offset = int(signs[0]) * step, int(signs[1]), int(signs[2]) * step
    reach = max(0, (clip.offset - clip.onset + 1 - LEAST) // 2)
    asked_first, asked_last = clip.onset + min(onset, reach), clip.offset + max(offset, -reach)
    first, last = max(0, asked_first), min(end, asked_last)
    apex, apex_clipped = _moved_apex(clip.apex, apex_sign * step, first, last)
    start = first if clip.onset == 0 else 0
    stop = last if clip.offset == end else end
    distances = [abs(first - clip.onset), abs(last - clip.offset)]
    distances += [abs(apex - clip.apex)] if apex is not None and clip.apex is not None else []
    made = replace(
        clip,
        frames=clip.frames[start : stop + 1],
        numbers=clip.numbers[start : stop + 1],
        onset=first - start,
        apex=None if apex is None else apex - start,
        offset=last - start,
        facts={**clip.facts, "frames": stop - start + 1},
    )
    return Moved(
        made,
        float(np.mean(distances)) * RATE / clip.fps,
        no_earlier=asked_first < 0,
        no_later=asked_last > end,
        span_clipped=onset > reach or -offset > reach,
        apex_clipped=apex_clipped,
    )


def _moved_apex(apex: int | None, by: int, first: int, last: int) -> tuple[int | None, bool]:
    """Return the moved apex inside first..last, and whether it had left it."""
    if apex is None:
        return None, False
    inside = min(max(apex + by, first), last)
    return inside, inside != apex + by


def middle_apex(clip: ClipArrays) -> Moved:
    """Return a clip with its apex in the middle of onset and offset, rounded down."""
    apex = clip.onset + (clip.offset - clip.onset) // 2
    far = 0.0 if clip.apex is None else abs(apex - clip.apex) * RATE / clip.fps
    return Moved(replace(clip, apex=apex), far)
