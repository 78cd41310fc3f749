"""Bring predictions, truth and lengths of recordings together: same ids, same types, no faults."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from merflow.errors import MerflowError
from merflow.evaluation.interval_files.table import LOG, IntervalTable
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.text import plural

LISTED = 5
"""Names that a note lists before it counts the others."""


class Together(NamedTuple):
    """What a comparison takes: intervals with common ids and types, lengths, and notes."""

    predictions: tuple[VideoInterval, ...]
    truths: tuple[VideoInterval, ...]
    videos: tuple[Video, ...]
    lengths: dict[Video, VideoLength]
    notes: tuple[str, ...]


def together(
    predictions: IntervalTable,
    truth: IntervalTable,
    recordings: IntervalTable | None = None,
    kind: str = "",
) -> Together:
    """Return both sides with the same ids and types; refuse what cannot be compared.

    recordings: lengths, which also name recordings without any interval; kind: the type to score,
    or empty for all.
    """
    if not truth.intervals:
        raise MerflowError(truth.path, "no intervals", "at least one annotated interval")
    if ({"dataset", "subject"} - truth.columns) & predictions.columns:
        truth = _completed(truth, {one.key for one in predictions.intervals})
    known = {one.key for one in truth.intervals} | truth.lengths.keys()
    if recordings is not None:
        recordings = _completed(recordings, known)
        known |= recordings.lengths.keys()
    predictions = _completed(predictions, known)
    lengths = (recordings.lengths if recordings else {}) | truth.lengths
    lengths = predictions.lengths | lengths
    predictions, truth, notes = _typed(predictions, truth, kind)
    for table in (predictions, truth):
        if table.form != LOG:
            _refuse_duplicates(table)
        _refuse_outside(table, lengths)
    _refuse_strangers(predictions, known, listed=recordings is not None)
    notes += _overlaps(truth)
    videos = tuple(sorted(known | lengths.keys()))
    return Together(predictions.intervals, truth.intervals, videos, lengths, tuple(notes))


def _completed(table: IntervalTable, known: Collection[Video]) -> IntervalTable:
    """Return a table with the datasets and subjects that its file lacks, as `known` has them."""
    lacking = [name for name in ("dataset", "subject") if name not in table.columns]
    if not lacking:
        return table
    by_id: dict[tuple[str, ...], set[Video]] = defaultdict(set)
    for video in known:
        by_id[_id(video, lacking)].add(video)

    def whole(video: Video, where: str) -> Video:
        found = sorted(by_id.get(_id(video, lacking), ()))
        if len(found) > 1:
            listed = " and ".join(map(str, found[:2]))
            fix = f"add the column {' and '.join(lacking)}"
            raise MerflowError(where, f"video '{video.video}' is {listed}", "one recording", fix)
        return found[0] if found else _alone(video, known)

    intervals = [
        one._replace(**whole(one.key, where)._asdict())
        for one, where in zip(table.intervals, table.places, strict=True)
    ]
    lengths = {whole(key, table.path): length for key, length in table.lengths.items()}
    return replace(table, intervals=tuple(intervals), lengths=lengths)


def _id(video: Video, lacking: Collection[str]) -> tuple[str, ...]:
    return tuple(value for name, value in video._asdict().items() if name not in lacking)


def _alone(video: Video, known: Collection[Video]) -> Video:
    """Return a recording that the truth does not have, in its dataset if there is only one."""
    datasets = {one.dataset for one in known}
    return video._replace(dataset=datasets.pop()) if len(datasets) == 1 else video


def _typed(
    predictions: IntervalTable, truth: IntervalTable, kind: str
) -> tuple[IntervalTable, IntervalTable, list[str]]:
    """Return both sides with types, of one type if asked for, or both without."""
    notes = []
    if kind:
        predictions, truth = (_of_kind(table, kind) for table in (predictions, truth))
        if not truth.intervals:
            raise MerflowError(truth.path, f"no intervals of type {kind}", "at least one")
    kinds = [{one.kind for one in table.intervals} for table in (predictions, truth)]
    if kinds[0] == {""} and "" not in kinds[1]:
        if len(kinds[1]) > 1:
            raise MerflowError(
                predictions.path,
                "no column 'type', but the truth has micro and macro",
                "a type for every prediction",
                "add the column, or score one type: --type micro",
            )
        predictions = _with_kind(predictions, *kinds[1])
    elif "" in kinds[1] and kinds[0] - {""}:
        notes.append("The truth has no types: those of the predictions are not used.")
        predictions = _with_kind(predictions, "")
    return predictions, truth, notes


def _of_kind(table: IntervalTable, kind: str) -> IntervalTable:
    """Return the intervals of one type; those without a type count as of this one."""
    kept = [n for n, one in enumerate(table.intervals) if one.kind in ("", kind)]
    part = table.with_intervals([table.intervals[n] for n in kept], [table.places[n] for n in kept])
    return _with_kind(part, kind)


def _with_kind(table: IntervalTable, kind: str) -> IntervalTable:
    return table.with_intervals([one._replace(kind=kind) for one in table.intervals], table.places)


def _refuse_duplicates(table: IntervalTable) -> None:
    seen: dict[VideoInterval, str] = {}
    for one, where in zip(table.intervals, table.places, strict=True):
        bare = one._replace(emotion="", confidence=0.0)
        if (first := seen.setdefault(bare, where)) != where:
            found = f"{_shown(one)} again, first in {first}"
            raise MerflowError(where, found, "each interval once", "delete one of the two rows")


def _refuse_outside(table: IntervalTable, lengths: dict[Video, VideoLength]) -> None:
    for one, where in zip(table.intervals, table.places, strict=True):
        length = lengths.get(one.key)
        if length is None or length.holds(one.onset, one.offset):
            continue
        first = 1 if length.first is None else length.first
        last = first + length.frames - 1
        raise MerflowError(
            where,
            f"{_shown(one)} is outside its video",
            f"frames {first}..{last}",
            "correct the row, or the length of the recording",
        )


def _refuse_strangers(table: IntervalTable, known: Collection[Video], *, listed: bool) -> None:
    """Refuse predictions of which no recording is known; with a list of recordings, any unknown."""
    strange = [n for n, one in enumerate(table.intervals) if one.key not in known]
    if strange and (listed or len(strange) == len(table.intervals)):
        example = min(known)
        raise MerflowError(
            table.places[strange[0]],
            f"recording {table.intervals[strange[0]].key} is not in the truth",
            f"ids as there, such as {example}",
            "use the ids of the truth, or list the recording with --videos",
        )


def _overlaps(truth: IntervalTable) -> list[str]:
    """Return a note where annotated intervals of one type overlap, as they do in SAMM."""
    by_place: dict[tuple[Video, str], list[VideoInterval]] = defaultdict(list)
    for one in truth.intervals:
        by_place[one.key, one.kind].append(one)
    found: list[tuple[VideoInterval, VideoInterval]] = []
    for group in by_place.values():
        group.sort(key=lambda one: (one.onset, one.offset))
        found += [
            (one, other)
            for place, one in enumerate(group)
            for other in group[place + 1 :]
            if other.onset <= one.offset
        ]
    if not found:
        return []
    one, other = found[0]
    return [
        f"Warning: {plural(len(found), 'pair')} of annotated intervals of one type overlap, first "
        f"{_shown(one)} and {other.onset}..{other.offset}."
    ]


def _shown(one: VideoInterval) -> str:
    kind = f"{one.kind} " if one.kind else ""
    return f"{kind}interval {one.onset}..{one.offset} of {one.key}"


def listed(names: Sequence[object]) -> str:
    """Return names separated by commas, the first ones where there are many."""
    shown = ", ".join(map(str, names[:LISTED]))
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED:,} more"
