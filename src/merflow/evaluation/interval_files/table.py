"""Read a CSV of intervals; its form is found from its header.

| form | columns |
| --- | --- |
| merflow | dataset, subject, video, onset, offset, and optional ones |
| MEGC2022 | vid, pred_onset, pred_offset, type |
| MEGC2023, MEGC2024 | vid, onset, offset, type |
| MEGC2024 and MEGC2025, spot then recognise | subject, video, onset, offset, emotion |
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from merflow.errors import MerflowError, nearest
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.io.csv_table import CsvTable, read_csv

TITLES = {
    "dataset": ("dataset",),
    "subject": ("subject",),
    "video": ("video", "vid"),
    "onset": ("onset", "pred_onset"),
    "offset": ("offset", "pred_offset"),
    "type": ("type",),
    "emotion": ("emotion",),
    "confidence": ("confidence",),
    "frames": ("frames",),
    "fps": ("fps",),
    "first": ("first",),
}
"""Column -> the titles it has in one form or another."""
NOT_READ = frozenset({"apex", "action_units"})
"""Columns of annotations that have no part in a score."""
LOG = "MEGC2020 log"
"""Form of a table that `megc_log` read."""
NEEDED = ("video", "onset", "offset")
KINDS = {
    **dict.fromkeys(("me", "micro", "micro-expression"), "micro"),
    **dict.fromkeys(("mae", "macro", "macro-expression"), "macro"),
}
"""Types as files write them, lower case."""
_NUMBER = re.compile(r"([+-]?\d{1,9})(?:\.0*)?")


@dataclass(frozen=True, slots=True)
class IntervalTable:
    """Intervals of one file, and what the file says of its recordings.

    places: where each interval stands; columns: those of the file, by their names here; lengths:
    recordings with a number of frames.
    """

    path: str
    form: str
    columns: frozenset[str]
    intervals: tuple[VideoInterval, ...]
    places: tuple[str, ...]
    lengths: dict[Video, VideoLength]

    def with_intervals(
        self, intervals: Sequence[VideoInterval], places: Sequence[str]
    ) -> "IntervalTable":
        """Return the table with other intervals."""
        return replace(self, intervals=tuple(intervals), places=tuple(places))


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one row by column, and where they stand."""

    where: str
    cells: dict[str, str]

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def error(self, column: str, expected: str, fix: str = "correct the cell") -> MerflowError:
        found = f"{column} '{self.text(column)}'" if self.text(column) else f"no {column}"
        return MerflowError(self.where, found, expected, fix)

    def whole(self, column: str) -> int:
        found = _NUMBER.fullmatch(self.text(column))
        if found is None:
            raise self.error(column, "a whole number of frames")
        return int(found[1])

    def real(self, column: str) -> float:
        try:
            value = float(self.text(column))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(column, "a number")
        return value


def read_intervals(path: Path | str, *, negative: bool = False) -> IntervalTable:
    """Read a CSV of intervals. negative: take onsets before the first frame, as programs do."""
    sheet = read_csv(path, (), may_be_empty=True)
    titles = _titles(sheet, NEEDED)
    intervals, lengths = [], {}
    for row in _rows(sheet, titles):
        one = _interval(row, negative=negative)
        intervals.append(one)
        if "frames" in titles:
            _add_length(lengths, one.key, row)
    places = tuple(map(sheet.where, range(len(sheet.rows))))
    columns = frozenset(titles)
    return IntervalTable(sheet.path, _form(titles), columns, tuple(intervals), places, lengths)


def read_lengths(path: Path | str) -> IntervalTable:
    """Read a CSV `dataset,subject,video,frames[,fps][,first]`: recordings and their lengths."""
    sheet = read_csv(path, ())
    titles = _titles(sheet, ("video", "frames"))
    lengths: dict[Video, VideoLength] = {}
    for row in _rows(sheet, titles):
        key = _key(row)
        if key in lengths:
            raise MerflowError(row.where, f"recording {key} again", "each recording once")
        _add_length(lengths, key, row)
    return IntervalTable(sheet.path, "recordings", frozenset(titles), (), (), lengths)


def _titles(sheet: CsvTable, needed: Sequence[str]) -> dict[str, str]:
    """Return the title of each column that the file has; refuse unknown and missing ones."""
    known = {title: name for name, titles in TITLES.items() for title in titles}
    found: dict[str, str] = {}
    for title in sheet.columns:
        if title in NOT_READ:
            continue
        if title not in known:
            raise MerflowError(
                f"{sheet.path}: row 1",
                f"unknown column '{title}'{nearest(title, known)}",
                ", ".join(known),
                "rename the column, or delete it",
            )
        if known[title] in found:
            twice = f"columns '{found[known[title]]}' and '{title}'"
            raise MerflowError(f"{sheet.path}: row 1", twice, "one of the two")
        found[known[title]] = title
    for name in needed:
        if name not in found:
            raise MerflowError(
                f"{sheet.path}: row 1",
                f"no column '{name}'",
                " or ".join(f"'{title}'" for title in TITLES[name]),
                "the columns found are " + ", ".join(sheet.columns),
            )
    return found


def _form(titles: dict[str, str]) -> str:
    if titles["onset"] == "pred_onset":
        return "MEGC2022"
    if titles["video"] == "vid":
        return "MEGC2023"
    if "emotion" in titles and not {"dataset", "type", "confidence"} & titles.keys():
        return "MEGC spot then recognise"
    return "merflow"


def _rows(sheet: CsvTable, titles: dict[str, str]) -> list[_Cells]:
    places = {name: sheet.columns.index(title) for name, title in titles.items()}
    return [
        _Cells(sheet.where(number), {name: cells[i].strip() for name, i in places.items()})
        for number, (_, cells) in enumerate(sheet.rows)
    ]


def _key(row: _Cells) -> Video:
    """Return the recording of a row; a file without subjects has them in the names of videos."""
    for name in ("dataset", "subject", "video"):
        if name in row.cells and not row.text(name):
            raise row.error(name, f"a {name}")
    video = row.text("video")
    subject = row.cells.get("subject", subject_of(video))
    return Video(row.text("dataset"), subject, video)


def subject_of(video: str) -> str:
    """Return the subject in the name of a video of a challenge: `019` of `019_7`."""
    return video.partition("_")[0]


def _interval(row: _Cells, *, negative: bool) -> VideoInterval:
    key, onset, offset = _key(row), row.whole("onset"), row.whole("offset")
    if onset > offset:
        found = f"onset {onset} is after offset {offset}"
        raise MerflowError(row.where, found, "onset <= offset", "correct the row")
    if onset < 0 and not (negative and offset >= 0):
        fix = "cut the interval to the recording, or delete the row"
        raise row.error("onset", "a frame of the recording, 0 or more", fix)
    confidence = row.real("confidence") if "confidence" in row.cells else math.nan
    return VideoInterval(
        *key, onset, offset, _kind(row), row.text("emotion").casefold(), confidence
    )


def _kind(row: _Cells) -> str:
    if "type" not in row.cells:
        return ""
    kind = KINDS.get(row.text("type").casefold())
    if kind is None:
        raise row.error("type", "me or micro, mae or macro")
    return kind


def _add_length(lengths: dict[Video, VideoLength], key: Video, row: _Cells) -> None:
    """Add a recording's length; refuse another one than a row before had."""
    frames = row.whole("frames")
    if frames < 1:
        raise row.error("frames", "1 or more")
    fps = row.real("fps") if row.text("fps") else math.nan
    if fps <= 0:
        raise row.error("fps", "a rate above 0 (frames a second)")
    first = row.whole("first") if "first" in row.cells else None
    length = VideoLength(frames, fps, first)
    before = lengths.setdefault(key, length)
    if (before.frames, before.first) != (frames, first):
        found = f"recording {key} has {frames} frames, and {before.frames} in a row before"
        raise MerflowError(row.where, found, "one length for each recording")
