"""4DME: 267 micro-expressions at 60 fps (grey frames), with emotions that may be compound.

The sheet was not seen when this reader was written: titles and paths are those of public code.
"""

import re
from collections import Counter
from collections.abc import Iterable

from merflow.clip import Clip
from merflow.datasets.cells import UNKNOWN, annotation, name
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.clip_places import ClipPlaces, choose_places
from merflow.datasets.folders import find_sheets, preferred_sheet
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.io.spreadsheets import Row

EMOTIONS = ("positive", "negative", "surprise", "repression", "others")

SPEC = DatasetSpec(
    name="fourdme",
    title="4DME",
    variants=(
        Variant("gray", 60.0, "raw", "gray_micro: grey frames, one folder a clip"),
        Variant("cropped", 60.0, "cropped", "a tree with `crop` in its name, such as your crops"),
    ),
    layout="gray_micro/<sub_ID>/<fold_name>/ with 4DME_Labelling_Micro_release v1.xlsx",
    licence="on request from its owners",
    source="Center for Machine Vision and Signal Analysis, University of Oulu",
    emotions=frozenset(EMOTIONS),
    emotions_seen=False,
    compound=True,
    generated=False,
    laboratory="Oulu",
    publication="Li et al. 2022, 4DME: a spontaneous 4D micro-expression dataset with multimodal "
    "data, IEEE Trans. Affective Computing",
)

COLUMNS = columns(
    optional=("apex", "offset", "action_units", *EMOTIONS),
    subject="sub_ID",
    clip="fold_name",
    onset="Onset",
    apex="Apex",
    offset="Offset",
    action_units="AUs",
    emotion="Emotion",
    **{emotion: emotion.title() for emotion in EMOTIONS},
)
IGNORED = "fold|eyeblink|total|(au|ad|m)?[0-9]{1,2}k?|selfreportemo|videoemo|videonumber"
"""Columns of one unit each repeat the column AUs; the last three are those of the extras sheet."""

NOT_KNOWN = UNKNOWN | {"0"}
ALIASES = {"other": "others"}


def read_clips(source: Source) -> list[Clip]:
    """Read the sheet of micro-expressions and match it with folders by name."""
    found = find_sheets(source, r"4dme.*micro|micro.*4dme|4dme_?label")
    sheet = preferred_sheet(
        source,
        found,
        lambda path: ("extra" in path.name.lower(), path.name),
        "4DME_Labelling_Micro_release v1.xlsx",
    )
    rows = list(source.read(sheet, COLUMNS, ignored=IGNORED))
    _warn_of_exchanged(source, rows)
    repeated = Counter((row.text("subject"), row.text("clip")) for row in rows)
    keeps = {"gray": lambda path: "crop" not in path, "cropped": lambda path: "crop" in path}
    variant, places = choose_places(source, _names(rows), keeps)

    def read(row: Row) -> Clip:
        several = repeated[row.text("subject"), row.text("clip")] > 1
        return _clip(source, row, variant, places, several)

    return source.clips_of(rows, read)


def subject_id(text: str) -> str:
    """Return a subject in padded form where it is a number, else as written.

    >>> subject_id("13"), subject_id("S3"), subject_id("anna")
    ('S13', 'S03', 'anna')
    """
    found = re.fullmatch(r"s?0*([0-9]{1,3})", text, re.IGNORECASE)
    return f"S{int(found[1]):02d}" if found else text


def _names(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Return (subject, folder) of every row: the clip's name, with its subject in older trees."""
    pairs = [(subject_id(row.text("subject")), row.text("clip")) for row in rows]
    return pairs + [(subject, f"{subject}_{clip}") for subject, clip in pairs]


def _clip(source: Source, row: Row, variant: Variant, places: ClipPlaces, several: bool) -> Clip:
    subject = subject_id(name(row, "subject", source))
    written, where = name(row, "clip", source), row.where("clip")
    row = source.corrected(row, subject, written)
    labels = annotation(row, source, required=("onset",), unknown=NOT_KNOWN, aliases=ALIASES)
    frames = places.frames(subject, written, where)
    return make_clip(
        source,
        variant,
        source.key(subject, f"{written}_{labels.onset}" if several else written, where),
        labels,
        frames or places.frames(subject, f"{subject}_{written}", where),
        where=where,
        absent=f"no folder {subject}/{written}",
        whole_recording=several,
    )


def _warn_of_exchanged(source: Source, rows: list[Row]) -> None:
    """Warn where the cell `Emotion` and the columns of the emotions differ.

    Two rows with each other's columns are named together: their cells may have been exchanged.
    """
    marked = {row.number: _marked(row) for row in rows}
    written = {row.number: set(_words(row)) for row in rows}
    differ = [
        row
        for row in rows
        if marked[row.number] and written[row.number] <= set(EMOTIONS)
        if marked[row.number] != written[row.number]
    ]
    for row in differ:
        other = [
            one.number
            for one in differ
            if marked[one.number] == written[row.number]
            and written[one.number] == marked[row.number]
        ]
        source.warn(
            row.where("emotion"),
            f"'{row.text('emotion')}' is read, though the columns of the emotions mark "
            + ", ".join(sorted(marked[row.number]))
            + (f", as if its cells were those of row {other[0]}" if other else ""),
            "the emotions of the marked columns",
            "check the clip; add a correction to the dataset's errata file",
        )


def _marked(row: Row) -> set[str]:
    return {emotion for emotion in EMOTIONS if row.text(emotion) not in ("", "0")}


def _words(row: Row) -> list[str]:
    words = re.split(r"\s*[+/]\s*", row.text("emotion").casefold())
    return [ALIASES.get(word, word) for word in words]
