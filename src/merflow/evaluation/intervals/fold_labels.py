"""Intervals as the labels of a recording in a fold file: `12-34 50-61`, or `none`."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from merflow.clip import Clip
from merflow.errors import MerflowError

NONE = "none"
"""Label of a training recording without an interval; a test recording has an empty label."""


class Span(NamedTuple):
    """Frames onset..offset of a recording, both included."""

    onset: int
    offset: int


def spans_of(clip: Clip, kind: str) -> list[Span]:
    """Return the intervals of one kind that are annotated in a recording."""
    return [Span(i.onset, i.offset) for i in clip.intervals or () if i.kind == kind]


def label_of(spans: Iterable[Span]) -> str:
    """Return the label of a recording with these intervals.

    >>> label_of([Span(12, 34), Span(50, 61)])
    '12-34 50-61'
    """
    return " ".join(f"{one.onset}-{one.offset}" for one in spans) or NONE


def spans_in(label: str, where: str) -> list[Span]:
    """Return the intervals of a recording from its label."""
    found = []
    for part in label.split() if label != NONE else ():
        onset, dash, offset = part.partition("-")
        if not (dash and onset.isdecimal() and offset.isdecimal() and int(onset) <= int(offset)):
            raise MerflowError(
                where,
                f"'{part}' is no interval",
                "<onset>-<offset>, the onset first, or none",
                "delete the file and run again",
            )
        found.append(Span(int(onset), int(offset)))
    return found


def lengths(spans: Iterable[Span]) -> list[int]:
    """Return offset minus onset of each interval."""
    return [one.offset - one.onset for one in spans]


def overlaps(spans: Sequence[Span], first: int, last: int) -> bool:
    """Return whether the frames first..last have a frame in common with an interval."""
    return any(one.onset <= last and first <= one.offset for one in spans)
