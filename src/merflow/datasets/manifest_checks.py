"""Faults of a manifest that is edited: each with its row and column, before anything is written."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from merflow.clip import ENTRIES
from merflow.datasets import cells
from merflow.datasets.class_folders import class_words
from merflow.datasets.consent import COLUMN, NO, YES
from merflow.datasets.manifest_table import ManifestTable
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


def check_table(table: ManifestTable, root: Path) -> tuple[list[Fault], int]:
    """Return the faults of a manifest of clips below `root`, errors first, and their number."""
    found = [*_of_cells(table, root), *_of_pairs(table)]
    found.sort(key=lambda fault: (fault.severity != "error", fault.row, fault.column))
    return found[:FAULTS_LIMIT], len(found)


def _of_cells(table: ManifestTable, root: Path) -> Iterator[Fault]:
    places = table.places
    titles = {field: table.header[at] for field, at in places.items()}
    kinds: dict[str, str] = {}
    for number, texts in enumerate(table.rows):
        values = {field: texts[at] for field, at in places.items()}
        row = Row("manifest.csv", "", number + 2, values, titles)
        for field, check in _checks(root, kinds).items():
            if field not in places:
                continue
            try:
                check(row)
            except MerflowError as error:
                fix = error.fix or error.expected
                severity = "warning" if isinstance(error, _Remark) else "error"
                yield Fault(number, places[field], severity, error.found, fix)


def _checks(root: Path, kinds: dict[str, str]) -> Mapping[str, Callable[[Row], object]]:
    return {
        "subject": lambda row: _name(row, "subject"),
        "clip": lambda row: _name(row, "clip"),
        "path": lambda row: _path(row, root, kinds),
        "fps": lambda row: _rate(row, root, kinds),
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
        path = root.joinpath(*[part for part in text.split("/") if part])
        suffix = path.suffix.lower()
        if not text or ".." in text.split("/") or not path.exists():
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


def _rate(row: Row, root: Path, kinds: dict[str, str]) -> None:
    rate = cells.frame_rate(row)
    if rate is None and _kind(row, root, kinds) == "folder":
        raise row.error(
            "fps", "a folder of frames stores no frame rate", "", "type the frames per second"
        )


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
    subjects: dict[str, str] = {}
    trios = zip(table.cells("dataset"), table.cells("subject"), table.cells("clip"), strict=True)
    for number, (dataset, subject, clip) in enumerate(trios):
        if not subject.strip() or not clip.strip():
            continue
        key = (dataset.strip().casefold(), subject.strip().casefold(), clip.strip().casefold())
        first = seen.setdefault(key, number)
        if first != number:
            found = f"the clip {subject}/{clip} is in row {first + 1} too"
            yield Fault(number, places["clip"], "error", found, "give one of the two another name")
        known = subjects.setdefault(unpadded(subject.strip()), subject.strip())
        if known != subject.strip():
            found = f"'{subject}' and '{known}' differ only in case or leading zeros"
            fix = "write one person's id in one way"
            yield Fault(number, places["subject"], "error", found, fix)
