"""SAMM: 159 micro-movements of 29 subjects at 200 fps, grey; the sheet's header is on row 14."""

import re

from merflow.clip import Clip
from merflow.datasets.cells import annotation, name, subject_of
from merflow.datasets.clip_frames import clip_of_row
from merflow.datasets.folders import Folders, choose_variant, find_sheet, find_trees
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.io.spreadsheets import Row, Table

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
    laboratory="Manchester",
    publication="Davison et al. 2018, SAMM, IEEE Trans. Affective Computing 9(1): 116-129",
)

COLUMNS = columns(
    optional=("action_units", "objective"),
    subject="Subject",
    clip="Filename",
    onset="Onset Frame",
    apex="Apex Frame",
    offset="Offset Frame",
    action_units="Action Units",
    emotion="Estimated Emotion",
    objective="Objective Classes",
)
IGNORED = "inducementcode|duration|micro|notes"
ALIASES = {"others": "other"}
REVISED = ("028_4_1", "032_3_1")
REVISIONS = {("1143", "1930"): "v2 as published", ("1113", "4930"): "v2 with two corrected apexes"}


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet, with its header in any row, and match it with the folders."""
    path = find_sheet(source, r"^(?!.*long).*(samm|facs)", "SAMM_Micro_FACS_Codes_v2.xlsx")
    table = source.read(path, COLUMNS, "MICRO_ONLY", IGNORED)
    if name_of := _revision(table):
        source.revision(name_of)
    trees = find_trees(
        source,
        lambda _, names: any(map(subject_id, names)),
        lambda path: "cropped" if "crop" in path else "full",
        _normalised,
    )
    variant, folders = choose_variant(source, trees, "full")
    return source.clips_of(table, lambda row: _clip(source, row, variant, folders))


def _revision(table: Table) -> str:
    """Return the revision of a sheet by two apexes: its copies differ in these alone."""
    apexes = {r.cells["clip"].strip(): r.cells["apex"].strip() for r in table}
    shown = tuple(apexes.get(clip) for clip in REVISED)
    if None in shown:
        return ""
    named = f"apex {shown[0]} of {REVISED[0]}, {shown[1]} of {REVISED[1]}"
    return REVISIONS.get(shown, named)


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None: spreadsheet programs turn 006 into 6.

    >>> subject_id("6"), subject_id("026")
    ('006', '026')
    """
    return text.zfill(3) if re.fullmatch(r"[0-9]{1,3}", text) else None


def _normalised(folder: str) -> str:
    return subject_id(folder) or folder


def _clip(source: Source, row: Row, variant: Variant, folders: Folders) -> Clip:
    ids = subject_of(row, source, subject_id, "006 to 037"), name(row, "clip", source)
    row = source.corrected(row, *ids)
    labels = annotation(row, source, aliases=ALIASES)
    key = source.key(*ids, row.where("clip"))
    return clip_of_row(source, variant, folders, row, key, labels)
