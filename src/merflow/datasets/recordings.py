"""Long recordings for spotting: all of their frames, with the intervals annotated in them.

A recording without an expression stays in the dataset: whatever is found in it is a false alarm.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from merflow.clip import Clip, ClipKey, Interval, IntervalKind
from merflow.datasets.cells import CORRECT, frame, optional_frame
from merflow.datasets.spec import Source, Variant
from merflow.io.frame_folder import Listing
from merflow.io.spreadsheets import Row

NOT_KNOWN = frozenset({"0", "/", "-", "nan", "none", "null", "n/a", "na", "?"})
"""Cells that stand for an unknown apex or offset: long recordings count from 1."""
NO_UNITS = frozenset({"null", "nan", "none", "?"})
"""Cells that stand for unknown action units."""


class Found(NamedTuple):
    """An interval of a sheet: its recording, where it stands, and what it says."""

    recording: tuple[str, str]
    where: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Recordings:
    """The recordings on disk: (subject, recording) -> a function that lists its frames."""

    on_disk: Mapping[tuple[str, str], Callable[[], Listing | None]]
    absent: Callable[[tuple[str, str]], str]
    """The reason why a recording of the sheet cannot be read."""


def interval(
    row: Row,
    source: Source,
    kind: IntervalKind,
    emotion: str = "",
    unknown: Collection[str] = NOT_KNOWN,
) -> Interval:
    """Return the interval of a row. An unknown offset is replaced by the apex, with a warning."""
    onset = frame(row, "onset")
    apex, offset = (optional_frame(row, c, frozenset(unknown)) for c in ("apex", "offset"))
    if offset is None and apex is None:
        shown = f"neither offset '{row.text('offset')}' nor apex '{row.text('apex')}' is known"
        raise row.error("offset", shown, "the last frame of the interval", CORRECT)
    if offset is None:
        text = f"offset '{row.text('offset')}' is unknown: the interval ends at its apex {apex}"
        source.warn(row.where("offset"), text)
        offset = apex
    if offset < onset:
        found = f"offset {offset} is before onset {onset}"
        raise row.error("offset", found, "onset <= offset", CORRECT)
    if apex is not None and not onset <= apex <= offset:
        text = f"apex {apex} is outside {onset}..{offset}; treated as unknown"
        source.warn(row.where("apex"), text, "onset <= apex <= offset")
        apex = None
    units = " ".join(row.text("action_units").split())
    units = "" if units.casefold() in NO_UNITS else units
    return Interval(onset, apex, offset, kind, emotion, units)


def recording_clips(
    source: Source, variant: Variant, found: Iterable[Found], recordings: Recordings
) -> list[Clip]:
    """Return a clip for every recording of the sheet or on disk, with its intervals by onset."""
    intervals: dict[tuple[str, str], list[Interval]] = defaultdict(list)
    places: dict[tuple[str, str], str] = {}
    seen: dict[tuple[object, ...], str] = {}
    for one in found:
        places.setdefault(one.recording, one.where)
        span = (one.recording, one.interval.onset, one.interval.offset, one.interval.kind)
        if (first := seen.setdefault(span, one.where)) != one.where:
            source.fail(
                one.where,
                f"the {one.interval.kind} interval {one.interval.onset}..{one.interval.offset} of "
                f"{'/'.join(one.recording)} appears twice, first in {first}",
                "one row for each interval",
                "delete one of the two rows",
            )
            continue
        intervals[one.recording].append(one.interval)
    clips = []
    for name in sorted(intervals.keys() | recordings.on_disk.keys()):
        where = places.get(name, "/".join(name))
        with source.collect_errors():
            listed = recordings.on_disk.get(name, lambda: None)()
            ordered = sorted(intervals[name], key=lambda i: (i.onset, i.offset, i.kind))
            key = source.key(*name, where)
            clips.append(
                _clip(source, variant, key, listed, ordered, where, recordings.absent(name))
            )
    return clips


def _clip(
    source: Source,
    variant: Variant,
    key: ClipKey,
    listed: Listing | None,
    intervals: list[Interval],
    where: str,
    absent: str,
) -> Clip:
    missing = ""
    if not source.annotations_only:
        missing = _compare(source, listed, intervals, where, absent)
    return Clip(
        key=key,
        folder="" if listed is None else listed.folder,
        files=() if listed is None else listed.files,
        numbers=() if listed is None else listed.numbers,
        fps=source.fps(variant),
        emotion="",
        enters_at=source.enters_at(variant),
        missing=missing,
        intervals=tuple(intervals),
    )


def _compare(
    source: Source, listed: Listing | None, intervals: list[Interval], where: str, absent: str
) -> str:
    """Warn where frames and intervals differ; return why the recording cannot be read."""
    if listed is None or not listed.numbers:
        found = absent if listed is None else f"{source.relative(listed.folder)} holds no frames"
        text = f"{found}; the recording will be skipped"
        source.warn(where, text, "a folder with its frames", "copy it from the dataset again")
        return found
    near, first, last = source.relative(listed.folder), listed.numbers[0], listed.numbers[-1]
    if lost := last - first + 1 - len(listed.numbers):
        source.warn(near, f"{lost} frames of {first}..{last} are missing")
    for one in intervals:
        if one.onset < first or one.offset > last:
            source.warn(
                where,
                f"{near} holds frames {first}..{last}, not all of the {one.kind} interval "
                f"{one.onset}..{one.offset}",
                "intervals inside the recording",
                "copy the folder again, or add a correction to the dataset's errata file",
            )
    return ""
