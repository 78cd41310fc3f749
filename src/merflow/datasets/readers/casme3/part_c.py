"""Part C: a mock crime, one recording of each subject; no apex is annotated."""

import re
from collections.abc import Sequence
from dataclasses import replace

from merflow.clip import Clip, Interval
from merflow.datasets.cells import annotation, emotion, frame, subject_of
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.folders import Folders, find_sheet, find_sheets, nearest_first
from merflow.datasets.readers.casme3.sheets import beside
from merflow.datasets.recordings import Found, Recordings, interval, recording_clips
from merflow.datasets.spec import Source, Variant
from merflow.io.spreadsheets import Column, Row
from merflow.text import plural

EMOTIONS = frozenset({"negative", "positive", "surprise", "others"})
MICRO = (
    Column("subject", ("sub", "Subject")),
    Column("clip", ("count",)),
    Column("onset", ("onset",)),
    Column("offset", ("offset",)),
    Column("apex", ("apex",), required=False),
    Column("action_units", ("au",), required=False),
    Column("emotion", ("emotion",)),
)
IGNORED = "diff|risk"
"""Columns of the second sheet that nothing here needs: the length, and a task of the authors."""
ALL = (
    Column("subject", ("Subject",)),
    Column("onset", ("Onset",)),
    Column("offset", ("Offset",)),
    Column("kind", ("Exp_type",)),
)
KINDS = {"1": "micro", "0": "macro"}
RECORDING = "a"
"""Folder, and clip id, of the one recording of a subject."""
Span = tuple[str, int, int]


def read(source: Source, variant: Variant, folders: Folders) -> list[Clip]:
    """Return the labelled micro-expressions, or the recordings with all of their intervals."""
    source = replace(source, spec=replace(source.spec, emotions=EMOTIONS))
    if variant.name == "part_c":
        path = find_sheet(source, r"part_?c_me", "CAS(ME)3_part_C_ME.xlsx")
        table = source.read(path, MICRO, "mockCrimeME")
        return source.clips_of(table, lambda row: _clip(source, row, variant, folders))
    path = find_sheet(source, r"part_?c(?!_me)", "CAS(ME)3_part_C.xls")
    labels = _labels(source)
    found: list[Found] = []
    for row in source.read(path, ALL, "organize", IGNORED):
        with source.collect_errors():
            found.append(_interval(source, row, labels))
    _report_joins(source, path.name, labels, found)
    return _recordings(source, variant, folders, found)


def subject_id(text: str) -> str | None:
    """Return a subject as its folder is named, or None.

    >>> subject_id("1"), subject_id("31"), subject_id("spNO.1")
    ('01', '31', None)
    """
    return text.zfill(2) if re.fullmatch(r"0*[0-9]{1,2}", text) else None


def _subject(source: Source, row: Row) -> str:
    return subject_of(row, source, subject_id, "1 to 31")


def _clip(source: Source, row: Row, variant: Variant, folders: Folders) -> Clip:
    subject, where = _subject(source, row), row.where("onset")
    row = source.corrected(row, subject, f"{RECORDING}_{row.text('onset')}")
    frame(row, "clip")
    labels = annotation(row, source)
    return make_clip(
        source,
        variant,
        source.key(subject, f"{RECORDING}_{labels.onset}", where),
        labels,
        folders.frames(subject, RECORDING, "color"),
        where=where,
        absent=f"no folder {subject}/{RECORDING}/color",
        whole_recording=True,
    )


def _labels(source: Source) -> dict[Span, tuple[str, str]]:
    """Return subject, onset and offset -> emotion and action units, where that sheet is here."""
    others = beside(source)
    sheets = sorted(find_sheets(others, r"part_?c_me"), key=nearest_first)
    found: dict[Span, tuple[str, str]] = {}
    for row in source.read(sheets[0], MICRO, "mockCrimeME") if sheets else ():
        with source.collect_errors():
            span = _subject(source, row), frame(row, "onset"), frame(row, "offset")
            found[span] = emotion(row, source), " ".join(row.text("action_units").split())
    return found


def _interval(source: Source, row: Row, labels: dict[Span, tuple[str, str]]) -> Found:
    subject = _subject(source, row)
    kind = KINDS.get(row.text("kind"))
    if kind is None:
        found = f"'{row.text('kind')}'" if row.text("kind") else "the cell is empty"
        raise row.error("kind", found, "1 (micro-expression) or 0 (macro-expression)")
    made = interval(row, source, kind)
    word, units = labels.get((subject, made.onset, made.offset), ("", ""))
    if kind == "micro":
        made = replace(made, emotion=word, action_units=units)
    return Found((subject, RECORDING), row.where("onset"), made)


def _report_joins(
    source: Source, sheet: str, labels: dict[Span, tuple[str, str]], found: Sequence[Found]
) -> None:
    """Name the micro-expressions that only one of the two sheets has."""
    if not labels:
        source.warn(sheet, "no emotions: CAS(ME)3_part_C_ME.xlsx is not in this root")
        return
    micro = {_span(one): one.where for one in found if one.interval.kind == "micro"}
    for span in sorted(micro.keys() - labels.keys()):
        text = f"{_shown(span)} is not among the labelled micro-expressions: no emotion"
        source.warn(micro[span], text)
    if rest := sorted(labels.keys() - micro.keys()):
        shown = ", ".join(map(_shown, rest[:10])) + (", ..." if len(rest) > 10 else "")
        text = f"{plural(len(rest), 'labelled micro-expression')} are not in it: {shown}"
        source.warn(sheet, text)


def _span(one: Found) -> Span:
    found: Interval = one.interval
    return one.recording[0], found.onset, found.offset


def _shown(span: Span) -> str:
    return f"{span[0]} {span[1]}..{span[2]}"


def _recordings(
    source: Source, variant: Variant, folders: Folders, found: Sequence[Found]
) -> list[Clip]:
    on_disk = {}
    for folder in folders.children(folders.root).values() if folders.root else ():
        if subject := subject_id(folder):
            on_disk[subject, RECORDING] = lambda f=folder: folders.frames(f, RECORDING, "color")
    absent = Recordings(on_disk, lambda key: f"no folder {'/'.join(key)}/color")
    return recording_clips(source, variant, found, absent)
