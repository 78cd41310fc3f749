"""MMEW: 300 micro-expressions at 90 fps as cropped faces, in folders of emotions.

The sheet was not seen when this reader was written: titles and paths are those of public code.
"""

import re
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import UNKNOWN, annotation, name
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.clip_places import ClipPlaces, choose_places
from merflow.datasets.folders import find_sheets, nearest_first, preferred_sheet
from merflow.datasets.spec import Annotation, DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.io.frame_folder import Listing
from merflow.io.spreadsheets import Row

SPEC = DatasetSpec(
    name="mmew",
    title="MMEW",
    variants=(
        Variant("micro", 90.0, "cropped", "Micro_Expression: 231 x 231 crops, one folder a clip"),
    ),
    layout="Micro_Expression/happiness/S03-01-002/1.jpg (or S03/happiness/S03-01-002/1.jpg) with "
    "MMEW_Micro_Exp.xlsx",
    licence="on request, signed agreement, academic use",
    source="https://github.com/benxianyeteam/MMEW-Dataset",
    emotions=frozenset({"anger", "disgust", "fear", "happiness", "others", "sadness", "surprise"}),
    emotions_seen=False,
    generated=False,
    laboratory="CASME",  # one of its authors is an author of CASME II
    publication="Ben et al. 2022, Video-based facial micro-expression analysis, IEEE Trans. PAMI "
    "44(9): 5826-5846",
)

COLUMNS = columns(
    optional=("apex", "offset", "action_units"),
    subject="Subject",
    clip="Filename",
    onset="OnsetFrame",
    apex="ApexFrame",
    offset="OffsetFrame",
    action_units="Action Units",
    emotion="Estimated Emotion",
)
IGNORED = "remarks?"
ALIASES = {"repression": "others", "other": "others"}
"""The owners' text calls `repression` what their sheet calls `others`."""

NOT_KNOWN = UNKNOWN | {"0"}


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet of micro-expressions and match it with folders by name."""
    found = find_sheets(source, r"mmew")
    micro = [p for p in found if "macro" not in p.name.lower() or source.entry.sheet]
    path = preferred_sheet(source, micro, nearest_first, "MMEW_Micro_Exp.xlsx")
    rows = list(source.read(path, COLUMNS, ignored=IGNORED))
    named = ((subject_of_clip(row.text("clip")), row.text("clip")) for row in rows)
    keeps = {"micro": lambda path: "macro" not in path}
    variant, places = choose_places(source, named, keeps)
    numbers: dict[str, str] = {}
    return source.clips_of(rows, lambda row: _clip(source, row, variant, places, numbers))


def subject_of_clip(clip: str) -> str:
    """Return the subject in a clip's name, or nothing.

    >>> subject_of_clip("S3-01-002"), subject_of_clip("smile")
    ('S03', '')
    """
    found = re.match(r"s?0*([0-9]{1,3})-", clip, re.IGNORECASE)
    return f"S{int(found[1]):02d}" if found else ""


def _clip(
    source: Source, row: Row, variant: Variant, places: ClipPlaces, numbers: dict[str, str]
) -> Clip:
    written, clip = name(row, "subject", source), name(row, "clip", source)
    subject, where = subject_of_clip(clip) or written, row.where("clip")
    if numbers.setdefault(subject, written) != written:
        found = f"subject '{written}', but other clips of {subject} have '{numbers[subject]}'"
        source.warn(row.where("subject"), f"{found}; {subject} is read, as {clip} is named")
    row = source.corrected(row, subject, clip)
    labels = annotation(row, source, required=("onset",), unknown=NOT_KNOWN, aliases=ALIASES)
    place = places.find(subject, clip, where)
    frames = places.frames(subject, clip, where)
    if place and frames:
        _compare_folder(source, row, labels.emotion, place)
        labels = _rebased(source, row, labels, frames)
    return make_clip(
        source,
        variant,
        source.key(subject, clip, where),
        labels,
        frames,
        where=where,
        absent=f"no folder {clip}",
    )


def _compare_folder(source: Source, row: Row, emotion: str, place: Path) -> None:
    """Warn of a clip in the folder of another emotion."""
    folder = place.parent.name.casefold()
    if ALIASES.get(folder, folder) in SPEC.emotions - {emotion}:
        near = source.relative(place)
        source.warn(row.where("emotion"), f"'{emotion}' is read, though the folder is {near}")


def _rebased(source: Source, row: Row, labels: Annotation, frames: Listing) -> Annotation:
    """Return frame numbers within the clip, where the sheet counts those of a longer recording.

    Files are numbered within the clip. Numbers beyond the last file are moved so that the onset is
    the first file.
    """
    onset, offset, numbers = labels.onset, labels.offset, frames.numbers
    if onset is None or offset is None or not numbers or offset <= numbers[-1]:
        return labels
    if offset - onset > numbers[-1] - numbers[0]:
        return labels
    moved = onset - numbers[0]
    source.warn(
        row.where("offset"),
        f"offset {offset} is beyond the last file, {numbers[-1]}; the frame numbers of this clip "
        f"are reduced by {moved}",
        "frames counted within the clip",
    )
    apex = None if labels.apex is None else labels.apex - moved
    return replace(labels, onset=onset - moved, apex=apex, offset=offset - moved)
