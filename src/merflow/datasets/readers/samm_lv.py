"""SAMM Long Videos: 147 recordings of 30 subjects at 200 fps, 159 micro and 343 macro intervals.

The sheet has no emotions: those of the micro-movements come from SAMM's own sheet, where it lies in
the same root.
"""

import re
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip, IntervalKind
from merflow.datasets.cells import emotion, name, subject_of
from merflow.datasets.folders import (
    Folders,
    choose_variant,
    find_sheets,
    find_trees,
    preferred_sheet,
)
from merflow.datasets.recordings import Found, Recordings, interval, recording_clips
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.io.spreadsheets import Column, Row
from merflow.text import plural

SPEC = DatasetSpec(
    name="samm_lv",
    title="SAMM Long Videos",
    variants=(Variant("long", 200.0, "raw", "SAMM_longvideos: whole recordings, for spotting"),),
    layout="SAMM_longvideos/006_1/006_1_0001.jpg with SAMM_LongVideos_V3_Release.xlsx",
    licence="on request, signed agreement; no redistribution",
    source="http://www2.docm.mmu.ac.uk/STAFF/M.Yap/dataset.php",
    generated=False,
    emotions=frozenset(
        {"anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise"}
    ),
    laboratory="Manchester",
    subjects_of="samm",
    publication="Yap, Kendrick and Yap 2020, SAMM Long Videos, FG 2020",
)

COLUMNS = (
    Column("subject", ("Subject",)),
    Column("clip", ("Filename",)),
    Column("onset", ("Onset", "Onset Frame")),
    Column("apex", ("Apex", "Apex Frame")),
    Column("offset", ("Offset", "Offset Frame")),
    Column("kind", ("Type",)),
    Column("action_units", ("Action Units",), required=False),
)
MICRO = (Column("clip", ("Filename",)), Column("emotion", ("Estimated Emotion",)))
SHEET = "FACS_Movement_Only"
IGNORED = "inducementcode|duration|notes"
ALIASES = {"others": "other"}
FIRST = 1
"""Intervals from this frame on, or from 0, began before the recording: some are extremely long."""


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet and list the recordings."""
    path = _sheet(source)
    table = source.read(path, COLUMNS, SHEET, IGNORED)
    emotions = _emotions(source)
    source.revision(_version(source, path))
    trees = find_trees(source, lambda _, names: any(map(_recording, names)), lambda _: "long")
    variant, folders = choose_variant(source, trees, "long")
    found: list[Found] = []
    for row in table:
        with source.collect_errors():
            found.append(_found(source, row, emotions))
    return recording_clips(source, variant, found, _recordings(folders))


def _sheet(source: Source) -> Path:
    """Return the sheet of the latest version."""

    def rank(path: Path) -> tuple[int, str]:
        found = re.search(r"_v([0-9])", path.stem, re.IGNORECASE)
        return -int(found[1]) if found else 0, path.name

    found = find_sheets(source, r"samm.?long")
    return preferred_sheet(source, found, rank, "SAMM_LongVideos_V3_Release.xlsx")


def _version(source: Source, path: Path) -> str:
    """Return the version of the release; the versions differ, and no public page says how."""
    found = re.search(r"_v([0-9])", path.stem, re.IGNORECASE)
    if found:
        return f"release V{found[1]}"
    source.warn(source.relative(path), "its name does not say which version it is", "_V1_ to _V3_")
    return "version unknown"


def _emotions(source: Source) -> dict[str, str]:
    """Return the clip of a micro-movement -> its emotion, from SAMM's own sheet; else nothing."""
    if source.entry.sheet:
        source = replace(source, entry=source.entry.model_copy(update={"sheet": ""}))
    sheets = find_sheets(source, r"^(?!.*long).*(samm|facs)")
    if not sheets:
        source.warn(
            source.spec.title,
            "no emotions: the release has none, and SAMM's sheet is not in this root",
            "SAMM_Micro_FACS_Codes_v2.xlsx",
            "put it beside the sheet of the long videos",
        )
        return {}
    found = {}
    for row in source.read(sheets[0], MICRO, "MICRO_ONLY", ".*"):
        with source.collect_errors():
            found[_padded(name(row, "clip", source))] = emotion(row, source, ALIASES)
    return found


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None: spreadsheet programs turn 006 into 6.

    >>> subject_id("6"), subject_id("026"), subject_id("s06")
    ('006', '026', None)
    """
    return text.zfill(3) if re.fullmatch(r"[0-9]{1,3}", text) else None


def _padded(clip: str) -> str:
    subject, _, rest = clip.partition("_")
    return f"{subject.zfill(3)}_{rest}"


def _recording(folder: str) -> str:
    """Return the recording that a folder holds, in padded form, or nothing."""
    return _padded(folder) if re.fullmatch(r"[0-9]{1,3}_[0-9]{1,2}", folder) else ""


def _found(source: Source, row: Row, emotions: dict[str, str]) -> Found:
    subject = subject_of(row, source, subject_id, "006 to 037")
    written = _padded(name(row, "clip", source))
    parts = re.fullmatch(r"([0-9]{3})_([0-9]{1,2})_[0-9]{1,2}", written)
    if parts is None or parts[1] != subject:
        found = f"'{written}' is not a movement of subject {subject}"
        raise row.error("clip", found, f"{subject}_<recording>_<number>")
    row = source.corrected(row, subject, written)
    kind = _kind(row)
    word = emotions.get(written, "") if kind == "micro" else ""
    if kind == "micro" and emotions and not word:
        text = f"{written} is not in SAMM's sheet: its emotion is unknown"
        source.warn(row.where("clip"), text, "a row with the same file name")
    made = interval(row, source, kind, word)
    if made.onset <= FIRST:
        length = plural(made.offset - made.onset + 1, "frame")
        text = f"it begins before the recording (onset {made.onset}) and lasts {length}"
        source.warn(row.where("onset"), text, fix="published scores leave out such movements")
    return Found((subject, f"{subject}_{parts[2]}"), row.where("clip"), made)


def _kind(row: Row) -> IntervalKind:
    shown = row.text("kind").casefold()
    if shown.startswith("micro"):
        return "micro"
    if shown.startswith("macro"):
        return "macro"
    found = f"'{row.text('kind')}'" if shown else "the cell is empty"
    raise row.error("kind", found, "'Micro - 1/2' or 'Macro'")


def _recordings(folders: Folders) -> Recordings:
    found = {}
    for folder in folders.children(folders.root).values() if folders.root else ():
        if recording := _recording(folder):
            found[recording[:3], recording] = lambda f=folder: folders.frames(f)
    return Recordings(found, lambda key: f"no folder {key[1]}")
