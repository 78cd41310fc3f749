"""CASME: 189 micro-expressions at 60 fps, the first set of its owners, in two sections.

The sheet was not seen when this reader was written: titles and paths are those of public code.
"""

import re

from merflow.clip import Clip
from merflow.datasets.cells import UNKNOWN, annotation, name, subject_of
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.clip_places import ClipPlaces, choose_places
from merflow.datasets.folders import find_sheet
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.io.spreadsheets import Row

SPEC = DatasetSpec(
    name="casme",
    title="CASME",
    variants=(
        Variant("raw", 60.0, "raw", "CASME_raw_selected: the labelled frames"),
        Variant("cropped", 60.0, "cropped", "Cropped: registered and cropped by the owners"),
    ),
    layout="CASME_raw_selected/sub01/EP01_5/EP01_5-001.jpg with casme.xlsx",
    licence="on request, signed by a full-time researcher; no redistribution",
    source="http://casme.psych.ac.cn/casme/e1",
    emotions=frozenset(
        {"contempt", "disgust", "fear", "happiness", "repression", "sadness", "surprise", "tense"}
    ),
    laboratory="CASME",
    emotions_seen=False,
    generated=False,
    publication="Yan et al. 2013, CASME database, FG 2013",
)

COLUMNS = columns(
    optional=("apex", "offset", "second", "action_units"),
    subject="Subject",
    clip="Filename",
    onset="OnsetF",
    apex="ApexF1",
    second="ApexF2",
    offset="OffsetF",
    action_units="AU",
    emotion="Emotion",
)
NOT_KNOWN = UNKNOWN | {"0"}


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet and match its rows with the clips of both sections."""
    path = find_sheet(source, r"casme(?![-_ ]?(2|3|ii|sq))", "casme.xlsx")
    rows = list(source.read(path, COLUMNS))
    named = ((subject_id(row.text("subject")) or "", row.text("clip")) for row in rows)
    keeps = {"raw": lambda path: "crop" not in path, "cropped": lambda path: "crop" in path}
    variant, places = choose_places(source, named, keeps)
    return source.clips_of(rows, lambda row: _clip(source, row, variant, places))


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None.

    >>> subject_id("1"), subject_id("sub07")
    ('sub01', 'sub07')
    """
    found = re.fullmatch(r"(?:sub)?0*([0-9]{1,2})", text, re.IGNORECASE)
    return f"sub{int(found[1]):02d}" if found else None


def _clip(source: Source, row: Row, variant: Variant, places: ClipPlaces) -> Clip:
    subject = subject_of(row, source, subject_id, "a number, or sub01 and so on")
    clip, where = name(row, "clip", source), row.where("clip")
    row = source.corrected(row, subject, clip)
    labels = annotation(row, source, required=("onset",), unknown=NOT_KNOWN)
    if (second := row.text("second")).casefold() not in NOT_KNOWN:
        source.warn(row.where("second"), f"{clip} has a second apex, {second}, which is not read")
    return make_clip(
        source,
        variant,
        source.key(subject, clip, where),
        labels,
        places.frames(subject, clip, where),
        where=where,
        absent=f"no folder {subject}/{clip}",
    )
