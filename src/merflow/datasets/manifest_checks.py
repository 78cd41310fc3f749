"""Faults of a manifest that is edited: each with its row and column, before anything is written."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from merflow.clip import ENTRIES
from merflow.config.settings import DatasetEntry
from merflow.datasets import cells
from merflow.datasets.class_folders import class_words
from merflow.datasets.consent import COLUMN, NO, YES, answers_of
from merflow.datasets.manifest_table import ManifestTable, clip_keys
from merflow.datasets.readers.manifest import NO_END
from merflow.datasets.spec import unpadded
from merflow.errors import MerflowError, nearest
from merflow.io.files import FORMULA, safe_join, safe_name
from merflow.io.images import IMAGES, TENSORS, VIDEOS
from merflow.io.spreadsheets import Row

FAULTS_LIMIT = 500
"""Most faults listed."""


class Fault(NamedTuple):
    """A fault of one cell; row and column count from 0. An error prevents reading the clip."""

    row: int
    column: int
    severity: str
    found: str
    fix: str


class _Remark(MerflowError):
    """A cell that may stay as it is."""


def check_table(
    table: ManifestTable, root: Path, entry: DatasetEntry | None = None
) -> tuple[list[Fault], int]:
    """Return the faults of a manifest of clips below `root`, errors first, and their number.

    entry: the dataset in the config, which may give the frame rate of all clips.
    """
    rated = entry is not None and (entry.fps is not None or entry.kind == "flow")
    found = [*_of_cells(table, root, rated), *_of_pairs(table), *_of_answers(table)]
    found += _of_segments(table, root)
    found.sort(key=lambda fault: (fault.severity != "error", fault.row, fault.column))
    return found[:FAULTS_LIMIT], len(found)


def _rows(table: ManifestTable) -> list[Row]:
    places = table.places
    titles = {field: table.header[at] for field, at in places.items()}
    return [
        Row("manifest.csv", "", n + 2, {f: texts[at] for f, at in places.items()}, titles)
        for n, texts in enumerate(table.rows)
    ]


def _of_cells(table: ManifestTable, root: Path, rated: bool) -> Iterator[Fault]:
    places = table.places
    # Without a column for it, a missing frame rate is a fault of the path.
    places |= {"fps": places["path"]} if "fps" not in places and "path" in places else {}
    checks = _checks(root, {}, rated)
    for number, row in enumerate(_rows(table)):
        for field, check in checks.items():
            if field not in places:
                continue
            try:
                check(row)
            except MerflowError as error:
                fix = error.fix or error.expected
                severity = "warning" if isinstance(error, _Remark) else "error"
                yield Fault(number, places[field], severity, error.found, fix)


def _checks(
    root: Path, kinds: dict[str, str], rated: bool
) -> Mapping[str, Callable[[Row], object]]:
    return {
        "subject": lambda row: _name(row, "subject"),
        "clip": lambda row: _name(row, "clip"),
        "path": lambda row: _path(row, root, kinds),
        "fps": lambda row: _rate(row, root, kinds, rated),
        "onset": lambda row: cells.optional_frame(row, "onset"),
        "apex": lambda row: _apex(row),
        "offset": lambda row: _offset(row, root, kinds),
        "emotion": _emotion,
        "enters_at": _entry,
        COLUMN: _consent,
    }


def _name(row: Row, field: str) -> None:
    if not row.text(field):
        raise row.error(field, "the cell is empty", f"a {field}", f"type the {field}")
    safe_name(row.text(field), row.where(field))


def _kind(row: Row, root: Path, kinds: dict[str, str]) -> str:
    """Return `folder`, `video`, `still`, `array`, `other` or nothing for a path."""
    text = row.text("path").replace("\\", "/")
    if text not in kinds:
        path = root / text  # An absolute path stays as it is.
        suffix = path.suffix.lower()
        below = path.is_relative_to(root) and ".." not in text.split("/")
        if not text or not below or not path.exists():
            kinds[text] = ""
        elif path.is_dir():
            kinds[text] = "folder"
        else:
            known = {"video": VIDEOS, "still": IMAGES, "array": TENSORS}
            kinds[text] = next((kind for kind, s in known.items() if suffix in s), "other")
    return kinds[text]


def _path(row: Row, root: Path, kinds: dict[str, str]) -> None:
    text = row.text("path").replace("\\", "/")
    if not text:
        raise row.error("path", "the cell is empty", "a path below the folder", "type the path")
    if not text.startswith("/"):
        safe_join(root, *Path(text).parts, where=row.where("path"))
    elif not Path(text).is_relative_to(root):
        raise row.error("path", "outside of the folder", "a path below it", "correct the path")
    kind = _kind(row, root, kinds)
    if not kind:
        raise row.error(
            "path", "there is nothing at this path", "", "put the file back, or delete the row"
        )
    if kind == "other":
        raise row.error("path", "not a video, an image or a folder", "", "choose another file")


def _rate(row: Row, root: Path, kinds: dict[str, str], rated: bool) -> None:
    """Refuse a clip without a frame rate; rated: the config has one, or none is needed."""
    if cells.frame_rate(row) is not None or rated:
        return
    named = {"folder": "a folder of frames", "array": "an array of frames"}
    if kind := named.get(_kind(row, root, kinds)):
        fix = "type the frames per second into the column fps"
        raise row.error("fps", f"{kind} stores no frame rate", "", fix)


def _apex(row: Row) -> None:
    apex = cells.optional_frame(row, "apex")
    ends = []
    for field in ("onset", "offset"):
        try:
            ends.append(cells.optional_frame(row, field))
        except MerflowError:
            ends.append(None)
    onset, offset = ends
    outside = (onset is not None and apex is not None and apex < onset) or (
        offset is not None and apex is not None and apex > offset
    )
    if outside:
        raise row.error(
            "apex", f"{apex} is outside of onset and offset", "", "onset <= apex <= offset"
        )


def _offset(row: Row, root: Path, kinds: dict[str, str]) -> None:
    offset = cells.optional_frame(row, "offset")
    try:
        onset = cells.optional_frame(row, "onset")
    except MerflowError:
        return
    if onset is not None and offset is not None and offset < onset:
        raise row.error("offset", f"{offset} is before the onset {onset}", "", "onset <= offset")
    if onset is not None and offset == onset and _kind(row, root, kinds) in ("video", "folder"):
        raise row.error("offset", "the clip has one frame", "", "an offset after the onset")


def _emotion(row: Row) -> None:
    text = row.text("emotion")
    if not text:
        found = "no class: the clip cannot be trained on or tested"
        raise _Remark(row.where("emotion"), found, fix="type the class")
    if text[0] in FORMULA and not text.lstrip("-").isdigit():
        raise row.error(
            "emotion", "spreadsheet programs read this as a formula", "", "begin with a letter"
        )
    near = "" if text.casefold() in class_words() else nearest(text, class_words())
    if near:
        found = f"no scheme of merflow knows '{text}'{near}"
        raise _Remark(row.where("emotion"), found, fix="correct it, or name it in a scheme")


def _entry(row: Row) -> None:
    text = row.text("enters_at").casefold()
    if text and text not in ENTRIES:
        raise row.error("enters_at", f"unknown stage '{text}'", "", f"one of {', '.join(ENTRIES)}")


def _consent(row: Row) -> None:
    text = row.text(COLUMN)
    if text and text.casefold() not in YES | NO:
        raise row.error(COLUMN, f"'{text}'", "", "yes, no, or an empty cell (not to be shown)")


def _of_pairs(table: ManifestTable) -> Iterator[Fault]:
    """Yield clips that are listed twice, and subjects that differ only in case and zeros."""
    places = table.places
    if "subject" not in places or "clip" not in places:
        return
    seen: dict[tuple[str, ...], int] = {}
    subjects: dict[tuple[str, str], str] = {}
    pairs = zip(table.cells("subject"), table.cells("clip"), clip_keys(table), strict=True)
    for number, (subject, clip, key) in enumerate(pairs):
        if not subject.strip() or not clip.strip():
            continue
        first = seen.setdefault(key, number)
        if first != number:
            found = f"the clip {subject}/{clip} is in row {first + 1} too"
            yield Fault(number, places["clip"], "error", found, "give one of the two another name")
        known = subjects.setdefault((key[0], unpadded(subject.strip())), subject.strip())
        if known != subject.strip():
            found = f"'{subject}' and '{known}' differ only in case or leading zeros"
            fix = "write one person's id in one way"
            yield Fault(number, places["subject"], "error", found, fix)


def _of_answers(table: ManifestTable) -> Iterator[Fault]:
    """Yield rows that answer whether a subject may be shown otherwise than an earlier row."""
    if COLUMN not in table.places:
        return
    first: dict[tuple[str, str], Row] = {}
    for number, (row, key) in enumerate(zip(_rows(table), clip_keys(table), strict=True)):
        if not row.text("subject") or row.text(COLUMN).casefold() not in YES | NO:
            continue
        try:
            answers_of([first.setdefault((key[0], row.text("subject")), row), row])
        except MerflowError as error:
            yield Fault(number, table.places[COLUMN], "error", error.found, error.fix)


def _of_segments(table: ManifestTable, root: Path) -> Iterator[Fault]:
    """Yield segments without an end of files that several rows name."""
    kinds: dict[str, str] = {}
    rows = _rows(table)
    files = [
        (key[0], row.text("path").replace("\\", "/"))
        for key, row in zip(clip_keys(table), rows, strict=True)
    ]
    times = Counter(files)
    for number, row in enumerate(rows):
        several = times[files[number]] > 1
        ends = row.text("offset").casefold() not in cells.UNKNOWN
        starts = row.text("onset").casefold() not in cells.UNKNOWN
        if several and starts and not ends and _kind(row, root, kinds) in ("video", "array"):
            at = table.places.get("offset", table.places["onset"])
            yield Fault(number, at, "error", NO_END, "type the offset of the segment")
