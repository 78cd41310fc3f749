"""Part A beyond the labelled clips: macro-expressions, and recordings for spotting.

Their sheet has no emotions; those of the micro-expressions come from the label sheet, joined by
subject, stimulus and onset.
"""

from collections import Counter
from collections.abc import Sequence

from merflow.clip import Clip, IntervalKind
from merflow.datasets.cells import emotion, frame, subject_of
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.folders import Folders
from merflow.datasets.readers.casme3 import sheets
from merflow.datasets.readers.casme3.naming import SUBJECTS, letter_of, subject_id
from merflow.datasets.recordings import Found, Recordings, interval, recording_clips
from merflow.datasets.spec import Annotation, Source, Variant
from merflow.io.spreadsheets import Row

VARIANTS = ("part_a_macro", "part_a_spotting", "blinks")
Place = tuple[str, str]
"""Subject and stimulus of a recording."""


def read(source: Source, variant: Variant, folders: Folders) -> list[Clip]:
    """Return the macro-expressions, or the recordings with expressions or with blinks."""
    path = sheets.kinds_sheet(source)
    if variant.name == "blinks":
        table = source.read(path, sheets.BLINKS, "eye blink")
        return _recordings(source, variant, folders, _blinks(source, table.rows))
    table = source.read(path, sheets.KINDS, "AU+Emotion")
    if variant.name == "part_a_macro":
        return _macro_clips(source, variant, folders, table.rows)
    emotions = _emotions(source)
    found: list[Found] = []
    for row in table:
        with source.collect_errors():
            found.append(_expression(source, row, emotions))
    return _recordings(source, variant, folders, found)


def _place(source: Source, row: Row) -> Place:
    return subject_of(row, source, subject_id, SUBJECTS), letter_of(row, source)


def _kind(row: Row) -> IntervalKind:
    shown = row.text("kind").casefold()
    if shown in ("micro-expression", "macro-expression"):
        return "micro" if shown.startswith("micro") else "macro"
    found = f"'{row.text('kind')}'" if shown else "the cell is empty"
    raise row.error("kind", found, "Micro-expression or Macro-expression")


def _corrected(source: Source, row: Row) -> tuple[Place, Row]:
    subject, letter = _place(source, row)
    return (subject, letter), source.corrected(row, subject, f"{letter}_{row.text('onset')}")


def _macro_clips(
    source: Source, variant: Variant, folders: Folders, rows: Sequence[Row]
) -> list[Clip]:
    """Return a clip for each macro-expression; rows with one onset get their offsets in the id."""
    starts = Counter(_start(row) for row in rows if row.text("kind").casefold()[:5] == "macro")

    def read_row(row: Row) -> Clip | None:
        if _kind(row) != "macro":
            return None
        again = starts[_start(row)] > 1
        (subject, letter), row = _corrected(source, row)
        one = interval(row, source, "macro")
        labels = Annotation(
            one.onset, one.apex, one.offset, "", one.action_units, row.text("objective").upper()
        )
        clip = f"{letter}_{one.onset}" + (f"_{one.offset}" if again else "")
        return make_clip(
            source,
            variant,
            source.key(subject, clip, row.where("clip")),
            labels,
            folders.frames(subject, letter, "color"),
            where=row.where("clip"),
            absent=f"no folder {subject}/{letter}/color",
            whole_recording=True,
        )

    return source.clips_of(rows, read_row)


def _start(row: Row) -> tuple[str, ...]:
    return tuple(row.cells[column].strip().casefold() for column in ("subject", "clip", "onset"))


def _expression(source: Source, row: Row, emotions: "_Emotions") -> Found:
    published = row.text("onset")
    place, row = _corrected(source, row)
    kind = _kind(row)
    word = emotions.of(source, row, place, published) if kind == "micro" else ""
    return Found(place, row.where("clip"), interval(row, source, kind, word))


class _Emotions:
    """Emotions of the label sheet by subject, stimulus and onset.

    published: as the sheet gives the onset; corrected: as errata do.
    """

    def __init__(self) -> None:
        self.published: dict[tuple[str, ...], str] = {}
        self.corrected: dict[tuple[str, ...], str] = {}

    def of(self, source: Source, row: Row, place: Place, onset: str) -> str:
        """Return the emotion of a micro-expression; warn where only errata join it, or nothing."""
        key = (*place, onset)
        if key in self.published or not self.published:
            return self.published.get(key, "")
        word = self.corrected.get(key, "")
        text = f"{place[0]} {place[1]}, onset {onset}, is not in the label sheet"
        joined = f"; the errata of that sheet join it ({word})" if word else ""
        source.warn(row.where("onset"), f"{text}{joined or ': its emotion is unknown'}")
        return word


def _emotions(source: Source) -> _Emotions:
    """Read the label sheet beside the sheet of expressions."""
    found, others = _Emotions(), sheets.beside(source)
    for row in source.read(sheets.labels_sheet(others), sheets.LABELS, "label"):
        with source.collect_errors():
            place, onset = _place(source, row), row.text("onset")
            word = emotion(row, source)
            fixed = source.corrected(row, place[0], f"{place[1]}_{onset}")
            found.published[*place, str(frame(row, "onset"))] = word
            found.corrected[*place, str(frame(fixed, "onset"))] = word
    return found


def _blinks(source: Source, rows: Sequence[Row]) -> list[Found]:
    found: list[Found] = []
    for row in rows:
        with source.collect_errors():
            where = row.where("clip")
            found.append(Found(_place(source, row), where, interval(row, source, "blink")))
    return found


def _recordings(
    source: Source, variant: Variant, folders: Folders, found: Sequence[Found]
) -> list[Clip]:
    """Return the recordings; of blinks only those that the sheet has, since it has not all."""
    on_disk = {}
    annotated = {one.recording for one in found}
    for folder in folders.children(folders.root).values() if folders.root else ():
        subject = subject_id(folder)
        for letter in folders.children(folders.root / folder).values() if subject else ():
            place = (subject, letter.casefold())
            if len(letter) == 1 and (variant.name != "blinks" or place in annotated):
                on_disk[place] = lambda p=place: folders.frames(*p, "color")
    return recording_clips(
        source,
        variant,
        found,
        Recordings(on_disk, lambda place: f"no folder {'/'.join(place)}/color"),
    )
