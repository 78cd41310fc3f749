"""SAMM: 159 micro-movements of 29 subjects at 200 fps, grey; the sheet's header is on row 14."""

import re

from merflow.clip import Clip
from merflow.datasets.cells import (
    action_units,
    emotion,
    frame,
    name,
    optional_frame,
    spans,
)
from merflow.datasets.folders import (
    Folders,
    Span,
    find_folders,
    find_sheet,
    make_clip,
    missing_sheet,
    no_tree,
)
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Column, Row

SPEC = DatasetSpec(
    name="samm",
    title="SAMM",
    variants=(
        Variant("full", 200.0, "raw", "SAMM: the owners' 2040 x 1088 pictures"),
        Variant("cropped", 200.0, "cropped", "SAMM_CROP, SAMM_Cropped: crops under the same names"),
    ),
    layout="SAMM/006/006_1_2/006_05562.jpg with SAMM_Micro_FACS_Codes_v2.xlsx",
    licence="on request, signed agreement; no redistribution",
    source="http://www2.docm.mmu.ac.uk/STAFF/M.Yap/dataset.php",
    emotions=frozenset(
        {"anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise"}
    ),
    publication="Davison et al. 2018, SAMM, IEEE Trans. Affective Computing 9(1): 116-129",
)

COLUMNS = (
    Column("subject", ("Subject",)),
    Column("clip", ("Filename",)),
    Column("onset", ("Onset Frame",)),
    Column("apex", ("Apex Frame",)),
    Column("offset", ("Offset Frame",)),
    Column("action_units", ("Action Units",), required=False),
    Column("emotion", ("Estimated Emotion",)),
    Column("objective", ("Objective Classes", "Objective Class"), required=False),
)
ALIASES = {"others": "other"}


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet, wherever its header stands, and match it with the folders."""
    sheets = find_sheet(source, r"samm|facs")
    if not sheets:
        raise missing_sheet(source, "SAMM_Micro_FACS_Codes_v2.xlsx")
    table = source.read(min(sheets, key=lambda p: (len(p.parts), p.name)), COLUMNS, "MICRO_ONLY")
    tree = _tree(source)
    clips = []
    for row in table:
        with source.noting():
            clips.append(_clip(source, row, tree))
    return clips


def _subject(row: Row, source: Source) -> str:
    text = name(row, "subject", source)
    if not _is_subject(text):
        raise MerflowError(
            row.where("subject"), f"'{text}' is no subject", "006 to 037", "correct the cell"
        )
    return subject_id(text)


def subject_id(text: str) -> str:
    """Return a subject in padded form: spreadsheet programs turn 006 into 6.

    >>> subject_id("6"), subject_id("026")
    ('006', '026')
    """
    return text.zfill(3)


def _tree(source: Source) -> tuple[Variant, Folders | None]:
    trees: dict[str, Folders] = {}
    for folder in find_folders(source.root, lambda _, names: any(map(_is_subject, names))):
        path = "/".join((source.root.name, *folder.relative_to(source.root).parts)).lower()
        trees.setdefault("cropped" if "crop" in path else "full", Folders(folder, _alike))
    wanted = source.entry.variant
    for variant in SPEC.variants:
        if variant.name in trees and wanted in ("", variant.name):
            return variant, trees[variant.name]
    if not source.annotations_only:
        raise no_tree(source)
    return SPEC.variant(wanted or "full"), None


def _is_subject(folder: str) -> bool:
    return re.fullmatch(r"[0-9]{1,3}", folder) is not None


def _alike(folder: str) -> str:
    return subject_id(folder) if _is_subject(folder) else folder


def _clip(source: Source, row: Row, tree: tuple[Variant, Folders | None]) -> Clip:
    subject = _subject(row, source)
    clip = name(row, "clip", source)
    row = source.corrected(row, subject, clip)
    onset, offset = frame(row, "onset"), frame(row, "offset")
    said = Span(
        onset,
        spans(row, source, onset, optional_frame(row, "apex"), offset),
        offset,
        emotion(row, "emotion", source, ALIASES),
        action_units(row, "action_units"),
        row.text("objective"),
    )
    variant, folders = tree
    folder = folders.find(subject, clip) if folders else None
    hint = folders.nearest(subject, clip) if folders and folder is None else ""
    return make_clip(
        source,
        variant,
        source.key(subject, clip, row.where("clip")),
        said,
        folder,
        folders.listing(folder) if folders and folder else None,
        where=row.where("clip"),
        absent=f"no folder {subject}/{clip}{hint}",
    )
