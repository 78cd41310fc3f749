"""DFME: the 2,629 clips of its challenge, in three sheets; 200, 300 or 500 fps by row.

A clip's folder is named like the clip, and no folder like its subject. Users rename sheets and
folders, so a word in its name tells the part of a sheet, and clips are searched by their names.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import annotation, frame_rate, name, subject_of
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.clip_places import ClipPlaces, choose_places
from merflow.datasets.folders import find_sheets, nearest_first, preferred_sheet
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Row, plain

PARTS = {"training": "train", "testA": "testa", "testB": "testb"}
"""Part -> the word in the name of its sheet."""

EMOTIONS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
"""In the order of EmotionId."""

SPEC = DatasetSpec(
    name="dfme",
    title="DFME",
    variants=(
        Variant("all", 200.0, "raw", "all sheets; the frame rate is that of the row"),
        Variant("training", 200.0, "raw", "the sheet of the training part"),
        Variant("testA", 200.0, "raw", "the sheet of test part A"),
        Variant("testB", 200.0, "raw", "the sheet of test part B"),
    ),
    layout="train_data/train_data/sub0001_01/00000.png (test_data_A, test_data_B) with "
    "training_full_with_AU.xlsx (testA_..., testB_...)",
    licence="on request, signed agreement",
    source="https://mea-lab-421.github.io",
    emotions=frozenset(EMOTIONS),
    generated=False,
    publication="Zhao et al. 2023, DFME: a new benchmark for dynamic facial micro-expression "
    "recognition, IEEE Trans. Affective Computing",
    official_folds="10 folds of subjects, which were not published",
)

COLUMNS = columns(
    optional=("fps", "action_units", "number"),
    subject="Subject",
    clip="Filename",
    onset="OnsetFrame",
    apex="ApexFrame",
    offset="OffsetFrame",
    emotion="Emotion",
    number="EmotionId",
    fps="Fps",
    action_units="AU",
)
NAMES = "training_full_with_AU.xlsx, testA_full_with_AU.xlsx, testB_full_with_AU.xlsx"


def read_clips(source: Source) -> list[Clip]:
    """Read the sheets of the chosen parts and match their rows with folders by name."""
    tables = {part: source.read(path, COLUMNS, "Sheet1") for part, path in _sheets(source).items()}
    rows = [row for table in tables.values() for row in table]
    named = ((subject_id(row.text("subject")) or "", row.text("clip")) for row in rows)
    variant, places = choose_places(
        source, named, {variant.name: lambda _: True for variant in SPEC.variants}
    )
    _refuse_shared(source, tables)
    return source.clips_of(rows, lambda row: _clip(source, row, variant, places))


def _sheets(source: Source) -> dict[str, Path]:
    """Return part -> its sheet, of the parts that the variant asks for."""
    found = find_sheets(source, r"dfme|(train|test_?[ab]).*full.*au")
    wanted = source.entry.variant or "all"
    if source.entry.sheet:
        part = _part(found[0])
        if wanted in PARTS and part not in ("", wanted):
            raise MerflowError(
                f"datasets.{source.name}.sheet",
                f"{found[0].name} is the sheet of {part}; the variant is {wanted}",
                "a sheet and a variant of one part",
                "correct one of the two in the config",
            )
        return {part: found[0]}
    chosen = {}
    for part in [wanted] if wanted in PARTS else PARTS:
        here = [path for path in found if _part(path) == part]
        if here or wanted in PARTS:
            chosen[part] = preferred_sheet(source, here, nearest_first, NAMES)
    if not chosen:
        return {"": preferred_sheet(source, found, nearest_first, NAMES)}
    if lacking := [part for part in PARTS if part not in chosen and wanted == "all"]:
        source.warn(
            str(source.root.name),
            f"no sheet of {', '.join(lacking)}; the others are read",
            NAMES,
            f"add the sheet, or set datasets.{source.name}.variant to the part that is meant",
        )
    return chosen


def _part(path: Path) -> str:
    title = plain(path.stem)
    return next((part for part, word in PARTS.items() if word in title), "")


def _refuse_shared(source: Source, tables: dict[str, Iterable[Row]]) -> None:
    """Report subjects in two sheets: the published parts have different subjects."""
    first: dict[str, str] = {}
    for part, table in tables.items():
        for row in {row.text("subject"): row for row in table}.values():
            seen = first.setdefault(row.text("subject"), part)
            if seen != part:
                source.fail(
                    row.where("subject"),
                    f"subject {row.text('subject')} is in {seen} and in {part}",
                    "parts with different subjects, as published",
                    "take the three sheets from the owners again",
                )


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None.

    >>> subject_id("sub0016"), subject_id("16")
    ('sub0016', 'sub0016')
    """
    found = re.fullmatch(r"(?:sub)?0*([0-9]{1,4})", text, re.IGNORECASE)
    return f"sub{int(found[1]):04d}" if found else None


def _clip(source: Source, row: Row, variant: Variant, places: ClipPlaces) -> Clip:
    subject = subject_of(row, source, subject_id, "sub0001 to sub0671")
    clip, where = name(row, "clip", source), row.where("clip")
    if not clip.casefold().startswith(f"{subject}_"):
        raise row.error("clip", f"'{clip}' is not a clip of {subject}", f"{subject}_<number>")
    row = source.corrected(row, subject, clip)
    labels = annotation(row, source)
    _compare_number(source, row, labels.emotion)
    rate = frame_rate(row) or source.entry.fps
    if not rate:
        fix = f"fill the cell in, or set datasets.{source.name}.fps"
        raise row.error("fps", "no frame rate", "frames per second: 200, 300 or 500", fix)
    made = make_clip(
        source,
        variant,
        source.key(subject, clip, where),
        labels,
        places.frames(subject, clip, where),
        where=where,
        absent=f"no folder {clip}",
        whole_recording=True,
    )
    return replace(made, fps=rate)


def _compare_number(source: Source, row: Row, emotion: str) -> None:
    """Warn if the number of an emotion is another's."""
    number = row.text("number")
    if number and number != str(EMOTIONS.index(emotion)):
        source.warn(
            row.where("number"),
            f"{number} is not the number of {emotion}, which is read",
            f"{EMOTIONS.index(emotion)}",
        )
