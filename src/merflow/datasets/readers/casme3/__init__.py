"""CAS(ME)3 part A: 860 micro-expressions at 30 fps, as clips or in whole recordings.

A letter names a stimulus, which often shows several expressions, so clip ids are
`<letter>_<onset>`.
"""

import re
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import annotation, name, subject_of
from merflow.datasets.folders import (
    Folders,
    choose_variant,
    find_folders,
    find_sheets,
    make_clip,
    preferred_sheet,
)
from merflow.datasets.readers.casme3 import exceptions
from merflow.datasets.spec import Annotation, DatasetSpec, Source, Variant, unpadded
from merflow.datasets.titles import columns
from merflow.io.spreadsheets import Row

SPEC = DatasetSpec(
    name="casme3",
    title="CAS(ME)3 part A",
    variants=(
        Variant("clips", 30.0, "raw", "Part_A_ME_clip/frame: one folder per expression"),
        Variant("long", 30.0, "raw", "part_A: whole recordings, color/<n>.jpg"),
    ),
    layout="Part_A_ME_clip/frame/spNO.1_e_62/62.jpg or part_A/spNO.1/e/color/62.jpg "
    "with cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    licence="on request, signed by a full-time researcher; annotations are public",
    source="http://casme.psych.ac.cn/casme/e4",
    emotions=frozenset({"anger", "disgust", "fear", "happy", "others", "sad", "surprise"}),
    publication="Li et al. 2023, CAS(ME)3, IEEE Trans. PAMI 45(3): 2782-2800",
)

COLUMNS = columns(
    optional=("action_units", "objective", "kind"),
    subject="Subject",
    clip="Filename",
    onset="Onset",
    apex="Apex",
    offset="Offset",
    action_units="AU",
    objective="Objective class",
    emotion="emotion",
    kind="Expression type",
)
NOT_KNOWN = frozenset({"0", "/", "-", "nan"})
LONGEST_S = 2.0
"""Longer expressions are not micro-expressions: their offsets are doubtful (s)."""


def read_clips(source: Source) -> list[Clip]:
    """Read the label sheet and match it with the clip folders or the long recordings."""
    variant, folders = _tree(source)
    damaged = exceptions.read(source)

    def read(row: Row) -> Clip | None:
        if row.text("kind").casefold().startswith("macro"):
            return None
        clip = _clip(source, row, variant, folders)
        return exceptions.without_damaged(source, clip, damaged, row.where("clip"))

    return source.clips_of(source.read(_sheet(source), COLUMNS, "label"), read)


def _sheet(source: Source) -> Path:
    """Return the sheet of micro-expressions; prefer version 2, use version 1 last."""
    found = [
        path
        for path in find_sheets(source, r"part_?a.*label|part_a_v\d|casme3.*label", depth=4)
        if source.entry.sheet or not re.search(r"MaE_|wrongly", path.name, re.IGNORECASE)
    ]

    def rank(path: Path) -> tuple[int, str]:
        stem = path.stem.lower()
        if "me_label" not in stem:
            return 3, stem
        return (0 if stem.endswith("_v2") else 2 if stem.endswith("_v1") else 1), stem

    return preferred_sheet(source, found, rank, "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx")


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None.

    >>> subject_id("spNo.1"), subject_id("spNO.216")
    ('spNO.001', 'spNO.216')
    """
    found = re.fullmatch(r"spno\.0*([0-9]{1,3})", text, re.IGNORECASE)
    return f"spNO.{int(found[1]):03d}" if found else None


def _tree(source: Source) -> tuple[Variant, Folders]:
    trees: dict[str, Folders] = {}
    for folder in find_folders(source.root, _holds_recordings, depth=5):
        if folder.name.lower() not in ("depth", "video"):
            clips = any(_is_clip(n) for n in Folders(folder).children(folder))
            trees.setdefault("clips" if clips else "long", Folders(folder, unpadded))
    return choose_variant(source, trees, "clips")


def _is_clip(folder: str) -> bool:
    return re.fullmatch(r"spno\.[0-9]+_[a-z]_[0-9]+", folder, re.IGNORECASE) is not None


def _holds_recordings(_: Path, names: list[str]) -> bool:
    return any(_is_clip(n) or subject_id(n) for n in names)


def _clip(source: Source, row: Row, variant: Variant, folders: Folders) -> Clip:
    subject = subject_of(row, source, subject_id, "spNO.1 to spNO.217")
    letter = name(row, "clip", source).casefold()
    if not re.fullmatch(r"[a-z]", letter):
        raise row.error("clip", f"'{letter}' is not a stimulus", "one letter, a to m")
    published, where = row.text("onset"), row.where("clip")
    row = source.corrected(row, subject, f"{letter}_{published}")
    labels = annotation(row, source, required=("onset",), unknown=NOT_KNOWN)
    labels = replace(labels, objective=labels.objective.upper())
    _warn_of_offset(source, row, labels, variant)
    onset, apex, until = labels.onset, labels.apex, None
    if variant.name == "long":
        places = [(subject, letter, "color")]
        until = onset if apex is None else 2 * apex - onset
    else:  # the folder carries the onset as published, which errata may have corrected
        places = [(f"{subject}_{letter}_{number}",) for number in (onset, published)]
    return make_clip(
        source,
        variant,
        source.key(subject, f"{letter}_{onset}", where),
        labels,
        next(filter(None, (folders.frames(*parts) for parts in places)), None),
        where=where,
        absent=f"no folder {'/'.join(places[0])}",
        whole_recording=variant.name == "long",
        until=until,
    )


def _warn_of_offset(source: Source, row: Row, labels: Annotation, variant: Variant) -> None:
    """Warn of offsets that are unknown or make a clip too long."""
    if labels.offset is None:
        source.warn(
            row.where("offset"),
            f"offset '{row.text('offset')}' is unknown; long recordings are read up to twice the "
            "distance from onset to apex, clip folders completely",
        )
    elif labels.onset is not None:
        frames = labels.offset - labels.onset + 1
        seconds = frames / source.fps(variant)
        if seconds > LONGEST_S:
            source.warn(
                row.where("offset"),
                f"{frames} frames are {seconds:.1f} s: the offset is doubtful",
                f"at most {LONGEST_S:g} s",
                "check the clip; add a correction to the dataset's errata file",
            )
