"""CASME II: 255 clips of 26 subjects at 200 fps; frames named by their number in the recording."""

import contextlib
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import annotation, name, subject_of
from merflow.datasets.clip_frames import clip_of_row
from merflow.datasets.folders import (
    Folders,
    choose_variant,
    find_sheets,
    find_trees,
    nearest_first,
    preferred_sheet,
)
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Row, Table, read_table

SPEC = DatasetSpec(
    name="casme2",
    title="CASME II",
    variants=(
        Variant("selected", 200.0, "raw", "CASME2_RAW_selected: the labelled frames"),
        Variant("raw", 200.0, "raw", "CASME2-RAW: longer recordings"),
        Variant("cropped", 200.0, "cropped", "Cropped: registered and cropped by the owners"),
    ),
    layout="CASME2_RAW_selected/sub01/EP02_01f/img46.jpg beside CASME2-coding-20140508.xlsx",
    licence="on request, signed by a full-time researcher; no redistribution",
    source="http://casme.psych.ac.cn/casme/e2",
    emotions=frozenset(
        {"disgust", "fear", "happiness", "others", "repression", "sadness", "surprise"}
    ),
    laboratory="CASME",
    publication="Yan et al. 2014, CASME II, PLoS ONE 9(1): e86041",
)

COLUMNS = columns(
    optional=("action_units", "objective"),
    subject="Subject",
    clip="Filename",
    onset="OnsetFrame",
    apex="ApexFrame",
    offset="OffsetFrame",
    action_units="Action Units",
    emotion="Estimated Emotion",
    objective="Objective Classes",
)
EXPECTED = "01 to 26"
CLIPS = 255
RELABELLED = (("sub24", "EP07_01"), ("sub24", "EP07_04f"), ("sub24", "EP10_03"))
YEARS = {"sadness": "2014", "surprise": "2019"}
"""Three clips, and the year of the coding in which they have this emotion."""
CLASSES = {
    "MEGC2018": {"1": 25, "2": 15, "3": 99, "4": 26, "5": 20, "6": 1, "7": 69},
    "2019": {"1": 30, "2": 18, "3": 93, "4": 15, "5": 18, "6": 2, "7": 79},
}
"""Clips of each objective class in the separate file, and in the sheet of 2019."""
ANY_OF_CODING = tuple(replace(column, required=False) for column in COLUMNS[2:5] + COLUMNS[6:7])
OBJECTIVE = columns(subject="Subject", clip="Filename", objective="Objective Class")


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet (2014 unless the config names another) and match it with the folders."""
    path, objectives = _sheets(source)
    table = source.read(path, COLUMNS, "Sheet1")
    _name_revisions(source, path, table, objectives)
    trees = find_trees(source, lambda _, names: any(map(_is_subject, names)), _kind, _normalised)
    variant, folders = choose_variant(source, trees, "selected")
    return source.clips_of(table, lambda row: _clip(source, row, variant, folders, objectives))


def _sheets(source: Source) -> tuple[Path, dict[tuple[str, str], str]]:
    """Return the annotation sheet, and the objective classes if they are in a separate file."""
    named = source.entry.sheet
    everywhere = replace(source, entry=source.entry.model_copy(update={"sheet": ""}))
    found = find_sheets(everywhere, r"casme.?2|casme.?ii|coding|objective")
    objective = [p for p in found if _has_classes_alone(p)]
    coding = find_sheets(source, "") if named else [p for p in found if p not in objective]
    names = "CASME2-coding-20140508.xlsx or CASME2-coding-20190701.xlsx"
    # Names contain dates: the 2014 sheet, the basis of the MEGC2019 list, sorts first.
    chosen = preferred_sheet(source, coding, nearest_first, names)
    classes = {}
    if objective:
        for row in source.read(objective[0], OBJECTIVE):
            with source.collect_errors():
                key = (subject_of(row, source, subject_id, EXPECTED), name(row, "clip", source))
                classes[key] = row.text("objective")
    return chosen, classes


def _has_classes_alone(path: Path) -> bool:
    """Return whether a sheet has objective classes, and neither key frames nor emotions."""
    with contextlib.suppress(MerflowError):
        titles = read_table(path, (*OBJECTIVE, *ANY_OF_CODING)).rows[0].titles
        return not titles.keys() & {column.name for column in ANY_OF_CODING}
    return False


def _name_revisions(
    source: Source, path: Path, table: Table, objectives: dict[tuple[str, str], str]
) -> None:
    """Name the revisions of coding and objective classes by their contents, not by file names."""
    cells = [[r.cells.get(c, "").strip() for c in ("subject", "clip", "emotion")] for r in table]
    words = {(subject_id(s) or s, clip): word.casefold() for s, clip, word in cells}
    shown = {words.get(clip, "") for clip in RELABELLED}
    year = YEARS.get(next(iter(shown))) if len(shown) == 1 else None
    if "" not in shown:
        source.revision(f"coding of {year}" if year else "neither the coding of 2014 nor of 2019")
    if len(table) > CLIPS:
        source.revision(f"{len(table)} rows: more than the official {CLIPS}")
    named = re.search(r"2014|2019", path.stem)
    if year and named and named[0] != year:
        source.warn(source.relative(path), f"its labels are those of {year}, not of {named[0]}")
    own = [r.cells.get("objective", "").strip() for r in table]
    counts = Counter(own if any(own) else objectives.values())
    if release := next((r for r, known in CLASSES.items() if known == dict(counts)), ""):
        source.revision(f"objective classes of {release}")
    elif sum(counts.values()) == CLIPS:
        source.revision("objective classes neither of MEGC2018 nor of 2019")


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None.

    >>> subject_id("1"), subject_id("sub07"), subject_id("26")
    ('sub01', 'sub07', 'sub26')
    """
    found = re.fullmatch(r"(?:sub)?(0*[0-9]{1,2})", text, re.IGNORECASE)
    return f"sub{found[1].zfill(2)}" if found else None


def _kind(path: str) -> str:
    if "crop" in path:
        return "cropped"
    return "raw" if "raw" in path and "selected" not in path else "selected"


def _is_subject(folder: str) -> bool:
    return folder.lower().startswith("sub") and subject_id(folder) is not None


def _normalised(folder: str) -> str:
    return (_is_subject(folder) and subject_id(folder)) or folder


def _clip(
    source: Source,
    row: Row,
    variant: Variant,
    folders: Folders,
    objectives: dict[tuple[str, str], str],
) -> Clip:
    ids = subject_of(row, source, subject_id, EXPECTED), name(row, "clip", source)
    row = source.corrected(row, *ids)
    labels = annotation(row, source)
    if not labels.objective:
        labels = replace(labels, objective=objectives.get(ids, ""))
    key = source.key(*ids, row.where("clip"))
    return clip_of_row(source, variant, folders, row, key, labels, variant.name == "raw")
