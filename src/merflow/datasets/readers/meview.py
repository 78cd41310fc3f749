"""MEVIEW: 40 rows of 15 people in television recordings; a sheet that Excel damaged.

The rows hold more than micro-expressions: 13 have no emotion, and notes doubt others. The layout
of the clips is not known, so folders and videos are searched by their names.
"""

import re
from dataclasses import asdict, replace
from pathlib import Path

from merflow.clip import Clip, ClipKey
from merflow.datasets.cells import annotation, name, optional_frame, subject_of
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.clip_places import ClipPlaces, choose_places
from merflow.datasets.folders import find_sheet
from merflow.datasets.spec import Annotation, DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.io.images import VIDEOS
from merflow.io.spreadsheets import Row
from merflow.io.video_clip import video_facts

SPEC = DatasetSpec(
    name="meview",
    title="MEVIEW",
    variants=(
        Variant("all", 25.0, "raw", "every row"),
        Variant("clear", 25.0, "raw", "rows with an emotion and without a note"),
    ),
    layout="a folder of frames or a video for each clip, named sub01-1, with MEVIEW.xls",
    licence="on request from its authors",
    source="http://cmp.felk.cvut.cz/~cechj/ME/",
    emotions=frozenset({"anger", "contempt", "disgust", "fear", "happy", "surprise"}),
    compound=True,
    generated=False,
    publication="Husak et al. 2017, Spotting facial micro-expressions in the wild, CVWW 2017",
)

COLUMNS = columns(
    optional=("length", "action_units", "note"),
    subject="Subject",
    clip="Filename",
    onset="OnsetFrame",
    offset="OffsetFrame",
    length="Length",
    action_units="Action Units",
    emotion="Emotion",
    note="Note",
)
IGNORED = "videofile|startframevideo|endframevideo"
ALIASES = {"comtempt": "contempt"}
_NUMBER = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})")
_DATE = re.compile(r"[0-9]{4}-([0-9]{2})-([0-9]{2})(?:T[0-9:.]*)?")


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet, mend its cells of action units, and match it with clips by name."""
    path = find_sheet(source, r"meview", "MEVIEW.xls")
    rows = list(source.read(path, COLUMNS, "List 1", IGNORED))
    if source.entry.variant == "clear":
        rows = [row for row in rows if row.text("emotion") and not row.text("note")]
    named = ((subject_id(row.text("subject")) or "", row.text("clip")) for row in rows)
    keeps = {variant.name: lambda _: True for variant in SPEC.variants}
    variant, places = choose_places(source, named, keeps)
    clips = source.clips_of(rows, lambda row: _clip(source, row, variant, places))
    _warn_of_rate(source, clips)
    return clips


def mended(text: str) -> str:
    """Return action units that a spreadsheet program took for a number or a date.

    >>> mended("1.2"), mended("2013-02-01T00:00:00"), mended("4+7")
    ('1+2', '1+2', '4+7')
    """
    if found := _NUMBER.fullmatch(text):
        return f"{int(found[1])}+{int(found[2])}"
    if found := _DATE.fullmatch(text):
        return f"{int(found[2])}+{int(found[1])}"
    return text


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None.

    >>> subject_id("7"), subject_id("sub07")
    ('sub07', 'sub07')
    """
    found = re.fullmatch(r"(?:sub)?0*([0-9]{1,2})", text, re.IGNORECASE)
    return f"sub{int(found[1]):02d}" if found else None


def _clip(source: Source, row: Row, variant: Variant, places: ClipPlaces) -> Clip:
    subject = subject_of(row, source, subject_id, "a number, or sub01 and so on")
    clip, where = name(row, "clip", source), row.where("clip")
    row = _mended_row(source, source.corrected(row, subject, clip))
    labels = annotation(row, source, aliases=ALIASES, labelled=False)
    _warn_of_length(source, row, (labels.offset or 0) - (labels.onset or 0))
    key = source.key(subject, clip, where)
    place = places.find(subject, clip, where)
    if place and place.suffix.lower() in VIDEOS and place.is_file():
        return _video(source, row, variant, key, labels, place)
    return make_clip(
        source,
        variant,
        key,
        labels,
        places.frames(subject, clip, where),
        where=where,
        absent=f"no folder or video {clip}",
        whole_recording=True,
    )


def _video(
    source: Source, row: Row, variant: Variant, key: ClipKey, labels: Annotation, place: Path
) -> Clip:
    facts = video_facts(place)
    if facts is None:
        found = f"{source.relative(place)} is not a readable video"
        raise row.error("clip", found, "a video that FFmpeg can decode", "copy the file again")
    return Clip(
        key=key,
        folder=str(place.parent),
        files=(place.name,),
        numbers=tuple(range(labels.onset or 0, (labels.offset or 0) + 1)),
        fps=source.entry.fps or facts[0] or variant.fps,
        enters_at=source.enters_at(variant),
        **asdict(labels),
    )


def _mended_row(source: Source, row: Row) -> Row:
    """Return a row with its action units mended and the doubt taken off its emotion, and warn."""
    cells = dict(row.cells)
    if (units := mended(row.text("action_units"))) != row.text("action_units"):
        cells["action_units"] = units
        source.warn(
            row.where("action_units"),
            f"'{row.text('action_units')}' is read as {units}: a spreadsheet program took the "
            "units for a number or a date",
        )
    written = row.text("emotion")
    cells["emotion"] = emotion = written.rstrip("? ")
    if emotion != written:
        found = f"'{written}' is read as {emotion or 'no emotion'}; the sheet doubts it"
        source.warn(row.where("emotion"), found)
    if note := row.text("note"):
        source.warn(
            row.where("note"),
            f"the sheet has a note: '{note[:80]}'",
            fix=f"set datasets.{source.name}.variant to `clear` to leave out rows with a note",
        )
    return replace(row, cells=cells)


def _warn_of_length(source: Source, row: Row, frames: int) -> None:
    """Warn of rows without an expression, and of lengths that are not offset - onset."""
    length = optional_frame(row, "length")
    if length == 0:
        source.warn(row.where("length"), "length 0: the row has no expression")
    elif length is not None and length != frames:
        found = f"length {length}, but offset - onset is {frames}; the frame numbers are read"
        source.warn(row.where("length"), found)


def _warn_of_rate(source: Source, clips: list[Clip]) -> None:
    """Warn that frame rates are assumed: the sheet has none."""
    assumed = [c for c in clips if not any(c.files) or Path(c.files[0]).suffix not in VIDEOS]
    if assumed and not source.entry.fps:
        source.warn(
            source.sheets[0],
            f"no frame rate; {SPEC.fps:g} fps is assumed (the paper's clips have about 25 to 30)",
            "the rate of the clips",
            f"set datasets.{source.name}.fps",
        )
