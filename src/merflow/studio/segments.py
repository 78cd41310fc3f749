"""Segments of the recording that is open: as the page sends them, as ELAN file, as CSV."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from merflow.datasets.elan import Segment, elan_text, parse_elan, segments_of
from merflow.datasets.manifest_table import TITLES, ManifestTable, read_manifest_table
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text
from merflow.io.files import temporary_folder, write_text
from merflow.studio.decoded_recording import DecodedRecording

FIELDS = ("subject", "clip", "path", "onset", "apex", "offset", "emotion", "action_units")
SEGMENTS_LIMIT = 10_000
KINDS = ("eaf", "csv")


def segments_from(given: object, count: int) -> list[Segment]:
    """Return the segments of a request, in a recording of `count` frames."""
    if not isinstance(given, list) or len(given) > SEGMENTS_LIMIT:
        raise MerflowError("request: segments", "no list", f"up to {SEGMENTS_LIMIT} segments")
    return [_segment(one, number, count) for number, one in enumerate(given, 1)]


def _segment(one: object, number: int, count: int) -> Segment:
    where = f"segment {number}"
    if not isinstance(one, dict) or {*one} - {*Segment.__slots__}:
        raise MerflowError(where, "unknown keys", ", ".join(Segment.__slots__))
    frames = {name: one.get(name) for name in ("onset", "apex", "offset")}
    for name, value in frames.items():
        known = name == "apex" and value is None
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not known and not (whole and 0 <= value < count):
            raise MerflowError(f"{where}: {name}", f"{str(value)[:40]!r}", f"0 to {count - 1}")
    ends = [value for value in frames.values() if value is not None]
    if ends != sorted(ends):
        raise MerflowError(where, "marks out of order", "onset <= apex <= offset")
    texts = {name: one.get(name, "") for name in ("emotion", "action_units", "clip", "subject")}
    for name, text in texts.items():
        if not isinstance(text, str) or len(text) > 500 or any(ord(c) < 32 for c in text):
            raise MerflowError(f"{where}: {name}", "no short text", "up to 500 characters")
    return Segment(**frames, **texts)


def read_segments(
    recording: DecodedRecording, name: object, text: object
) -> tuple[list[Segment], list[str]]:
    """Return the segments in the text of an ELAN file or of a CSV, and remarks."""
    if not isinstance(name, str) or not isinstance(text, str):
        raise MerflowError("request", "no file", "the name and the text of a file")
    suffix = Path(name).suffix.lower()
    if suffix == ".eaf":
        file = parse_elan(text.encode(), name[:200])
        segments, notes = segments_of(file, recording.times)
        if file.media and recording.path.name not in file.media:
            notes.append(f"the file names another recording: {', '.join(file.media)[:200]}")
        return segments, notes
    if suffix != ".csv":
        raise MerflowError(name[:80], f"a file of type {suffix or 'none'}", ".eaf or .csv")
    with temporary_folder() as folder:
        write_text(folder / "segments.csv", text)
        try:
            table = read_manifest_table(folder / "segments.csv")
        except MerflowError as error:
            where = error.where.replace(str(folder / "segments.csv"), name[:200])
            raise MerflowError(where, error.found, error.expected, error.fix) from None
    return _from_table(table, recording, name)


def _from_table(
    table: ManifestTable, recording: DecodedRecording, name: str
) -> tuple[list[Segment], list[str]]:
    """Return the segments of a manifest: rows of this recording, of any where none is named."""
    cells = {field: table.cells(field) for field in FIELDS}
    names = [Path(text.replace("\\", "/")).name for text in cells["path"]]
    here = [n for n, text in enumerate(names) if text in ("", recording.path.name)]
    segments, count = [], len(recording.times)
    for number in here:
        frames: dict[str, Any] = {}
        for field in ("onset", "apex", "offset"):
            text = cells[field][number].strip()
            if text and not (text.isascii() and text.isdigit() and len(text) < 10):
                where = f"{name[:200]}: row {number + 2}, column '{field}'"
                raise MerflowError(where, f"{text[:40]!r}", "a whole frame number")
            frames[field] = int(text) if text else None
        frames["onset"] = 0 if frames["onset"] is None else frames["onset"]
        frames["offset"] = count - 1 if frames["offset"] is None else frames["offset"]
        texts = {f: cells[f][number] for f in ("emotion", "action_units", "clip", "subject")}
        segments.append(_segment({**frames, **texts}, number + 2, count))
    others = len(names) - len(here)
    notes = [f"{others} rows of other recordings left out"] if others else []
    return segments, notes


def write_segments(
    recording: DecodedRecording, segments: Sequence[Segment], kind: object
) -> dict[str, str]:
    """Return the name and the text of a file with the segments."""
    if kind not in KINDS:
        raise MerflowError("request: kind", f"{str(kind)[:40]!r}", " or ".join(KINDS))
    name = f"{recording.path.stem}.{kind}"
    if kind == "eaf":
        date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        return {
            "name": name,
            "text": elan_text(segments, recording.times, recording.path.name, date),
        }
    rows = [
        [
            one.subject, one.clip, recording.path.name, str(one.onset),
            "" if one.apex is None else str(one.apex), str(one.offset), one.emotion,
            one.action_units,
        ]
        for one in segments
    ]  # fmt: skip
    return {"name": name, "text": csv_text([TITLES[field] for field in FIELDS], rows)}
