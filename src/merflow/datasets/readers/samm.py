"""SAMM: 159 micro-movements of 29 subjects at 200 fps, grey; the sheet's header is on row 14."""

import re

from merflow.clip import Clip
from merflow.datasets.cells import annotation, frame, name, optional_frame
from merflow.datasets.folders import (
    Folders,
    choose_variant,
    find_folders,
    find_sheet,
    make_clip,
    names_on_path,
)
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Column, Row

SPEC = DatasetSpec(
    name="samm",
    title="SAMM",
    variants=(
        Variant("full", 200.0, "raw", "SAMM: the owners' 2040 x 1088 frames"),
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
    """Read the sheet, with its header in any row, and match it with the folders."""
    path = find_sheet(source, r"samm|facs", "SAMM_Micro_FACS_Codes_v2.xlsx")
    table = source.read(path, COLUMNS, "MICRO_ONLY")
    variant, folders = _tree(source)
    return source.clips_of(table, lambda row: _clip(source, row, variant, folders))


def _subject(row: Row, source: Source) -> str:
    text = name(row, "subject", source)
    if not _is_subject(text):
        raise MerflowError(
            row.where("subject"), f"'{text}' is not a subject id", "006 to 037", "correct the cell"
        )
    return subject_id(text)


def subject_id(text: str) -> str:
    """Return a subject in padded form: spreadsheet programs turn 006 into 6.

    >>> subject_id("6"), subject_id("026")
    ('006', '026')
    """
    return text.zfill(3)


def _tree(source: Source) -> tuple[Variant, Folders]:
    trees: dict[str, Folders] = {}
    for folder in find_folders(source.root, lambda _, names: any(map(_is_subject, names))):
        path = "/".join(names_on_path(source.root, folder)).lower()
        trees.setdefault("cropped" if "crop" in path else "full", Folders(folder, _normalised))
    return choose_variant(source, trees, "full")


def _is_subject(folder: str) -> bool:
    return re.fullmatch(r"[0-9]{1,3}", folder) is not None


def _normalised(folder: str) -> str:
    return subject_id(folder) if _is_subject(folder) else folder


def _clip(source: Source, row: Row, variant: Variant, folders: Folders) -> Clip:
    subject = _subject(row, source)
    clip = name(row, "clip", source)
    row = source.corrected(row, subject, clip)
    onset, offset = frame(row, "onset"), frame(row, "offset")
    found = annotation(row, source, onset, optional_frame(row, "apex"), offset, ALIASES)
    frames = folders.frames(subject, clip)
    hint = "" if frames else folders.nearest(subject, clip)
    return make_clip(
        source,
        variant,
        source.key(subject, clip, row.where("clip")),
        found,
        frames,
        where=row.where("clip"),
        absent=f"no folder {subject}/{clip}{hint}",
    )
