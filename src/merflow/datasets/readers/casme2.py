"""CASME II: 255 clips of 26 subjects at 200 fps; frames named by their number in the recording."""

import re
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import annotation, name, subject_of
from merflow.datasets.folders import (
    Folders,
    choose_variant,
    clip_of_row,
    find_sheets,
    find_trees,
    nearest_first,
    preferred_sheet,
)
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.io.spreadsheets import Row

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
OBJECTIVE = columns(subject="Subject", clip="Filename", objective="Objective Class")


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet (2014 unless the config names another) and match it with the folders."""
    path, objectives = _sheets(source)
    table = source.read(path, COLUMNS, "Sheet1")
    trees = find_trees(source, lambda _, names: any(map(_is_subject, names)), _kind, _normalised)
    variant, folders = choose_variant(source, trees, "selected")
    return source.clips_of(table, lambda row: _clip(source, row, variant, folders, objectives))


def _sheets(source: Source) -> tuple[Path, dict[tuple[str, str], str]]:
    """Return the annotation sheet, and the objective classes if they are in a separate file."""
    found = find_sheets(source, r"casme.?2|casme.?ii|coding")
    objective = [p for p in found if "objective" in p.name.lower()]
    coding = [p for p in found if p not in objective or source.entry.sheet]
    names = "CASME2-coding-20140508.xlsx or CASME2-coding-20190701.xlsx"
    # Names contain dates: the 2014 sheet, the basis of the MEGC2019 list, sorts first.
    chosen = preferred_sheet(source, coding, nearest_first, names)
    classes = {}
    if objective and not source.entry.sheet:
        for row in source.read(objective[0], OBJECTIVE):
            with source.collect_errors():
                key = (subject_of(row, source, subject_id, EXPECTED), name(row, "clip", source))
                classes[key] = row.text("objective")
    return chosen, classes


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
