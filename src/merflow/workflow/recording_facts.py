"""What `merflow check` says of long recordings: the intervals annotated in them.

Their frames are listed and not opened: a dataset of recordings has about a million.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from merflow.clip import Clip
from merflow.text import plural

RECORDING = 600
"""Frames from which an unlabelled clip without key frames is taken for a recording."""


def is_recording(clip: Clip) -> bool:
    """Return whether a clip is a long recording: with intervals, or long and not annotated."""
    if clip.intervals is not None:
        return True
    annotated = clip.onset is not None or clip.emotion or clip.objective
    return not annotated and len(clip.files) > RECORDING


def interval_facts(clips: Sequence[Clip]) -> dict[str, Any]:
    """Return, by kind, the number of intervals and of recordings that have one.

    Empty where no clip is a recording with intervals.
    """
    recordings = [clip.intervals for clip in clips if clip.intervals is not None]
    if not recordings:
        return {}
    number = Counter(one.kind for found in recordings for one in found)
    within = Counter(kind for found in recordings for kind in {one.kind for one in found})
    return {
        "intervals": dict(sorted(number.items())),
        "recordings_with": dict(sorted(within.items())),
        "recordings_without": sum(not found for found in recordings),
    }


def interval_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return the line of text for `interval_facts`, or none."""
    if "intervals" not in facts:
        return []
    kinds = [
        f"{number} {kind} in {plural(facts['recordings_with'][kind], 'recording')}"
        for kind, number in facts["intervals"].items()
    ]
    kinds.append(f"{plural(facts['recordings_without'], 'recording')} without any")
    return [f"  intervals {', '.join(kinds)}"]
