"""SMIC-E: long clips with the expression inside; onset and offset come from the sheet."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import annotation, emotion, name
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.folders import Folders, find_folders, find_sheets, no_frames, path_of
from merflow.datasets.spec import Source, Variant, unpadded
from merflow.datasets.titles import columns
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Row, Table, plain

NAMES = "s<N>_<ne|po|sur>_<NN>, such as s3_ne_01"
ClipId = Callable[[str], tuple[str, str, str] | None]

# The columns of the infrared sheet contain the camera's name.
COLUMNS = columns(
    optional=("offset", "apex", "second", "data"),
    subject="Subject",
    clip="Filename",
    onset="OnsetF",
    offset="OffsetF",
    apex="ApexF",
    second="Onset2F",
    emotion="Emotion",
    data="data",
)
IGNORED = "((on|off)set[23]f|firstf|lastf|totalmf[123]?|totalvl)(hs|vis|nir)?"
IGNORED += "|(onset|apex|offset)framepath|datasub"
LABELS = {"0": "negative", "1": "positive", "2": "surprise"}
"""Numbers of the emotions in lists with detected apexes (`smic_apex`)."""
REVISIONS = {157: "the 157 clips on disk", 162: "original sheet of 162 clips"}


def read_clips(source: Source, variant: Variant, clip_id: ClipId) -> list[Clip] | None:
    """Read one camera's sheet and folders; None when the root holds neither."""
    camera = variant.name.removesuffix("_E")
    sheets = _sheets(source, camera)
    tree = _tree(source, camera)
    if not sheets or (tree.root is None and not source.annotations_only):
        if source.entry.variant != variant.name:
            return None
        if sheets:
            raise no_frames(source)
        raise MerflowError(
            str(source.root),
            "no SMIC-E annotation sheet",
            f"SMIC-{camera}-E_annotation.xlsx",
            "put the sheet into the dataset's root",
        )
    table = source.read(sheets[0], COLUMNS, camera, IGNORED)
    if revision := _revision(source, table):
        source.revision(revision)
    return source.clips_of(table, lambda row: _clip(source, variant, row, tree, clip_id))


def _sheets(source: Source, camera: str) -> list[Path]:
    """Return the sheets of one camera, the best first; lists of apexes have high speed alone."""
    lists = "|apex" if camera == "HS" else ""
    found = find_sheets(source, rf"smic.*(annotation|spotting{lists})")

    def rank(path: Path) -> tuple[bool, bool, int, str]:
        detected = "apex" in path.name.lower()
        return detected, camera not in path.name, len(path.parts), path.name

    return sorted(found, key=rank)


def _revision(source: Source, table: Table) -> str:
    """Return the revision of a sheet by its columns and number of clips."""
    titles = table.rows[0].titles if table.rows else {}
    if plain(titles.get("apex", "")) != "apexframe":
        return REVISIONS.get(sum(bool(row.cells["clip"].strip()) for row in table), "")
    source.warn(
        f"{table.file}",
        "its apexes were detected by a program: SMIC-E has no annotated apex",
        fix="use the dataset's own sheet where the apex must be annotated",
    )
    return f"{len(table)} clips with detected apexes"


def _tree(source: Source, camera: str) -> Folders:
    """Return the folder of s01, s02, ... of one camera."""
    for folder in find_folders(source.root, _holds_subjects):
        shown = cameras(path_of(source.root, folder))
        if camera in shown or (not shown and camera == "HS"):
            return Folders(folder, unpadded)
    return Folders(None)


def cameras(path: str) -> list[str]:
    """Return the cameras (HS, VIS, NIR) that appear in a path in lower case."""
    words = re.split("[^a-z]", path)
    return [camera for camera in ("HS", "VIS", "NIR") if camera.lower() in words]


def _holds_subjects(_: object, names: list[str]) -> bool:
    return any(re.fullmatch(r"s[0-9]{1,2}", name, re.IGNORECASE) for name in names)


def _with(row: Row, column: str, value: str) -> Row:
    return replace(row, cells={**row.cells, column: value})


def _clip(source: Source, variant: Variant, row: Row, tree: Folders, clip_id: ClipId) -> Clip:
    if row.text("data").casefold() not in ("", "smic"):
        raise row.error("data", f"'{row.text('data')}'", "smic", "keep the rows of SMIC alone")
    written = name(row, "clip", source)
    named = clip_id(written)
    if named is None:
        raise row.error("clip", f"'{written}' is not a clip name", NAMES)
    subject, clip, named_emotion = named
    number = str(int(subject[1:]))
    if unpadded(name(row, "subject", source)).removeprefix("s") != number:
        found = f"'{row.text('subject')}' is not the subject of {written}"
        raise row.error("subject", found, number)
    word = emotion(row, source, LABELS if plain(row.titles["emotion"]) == "label" else {})
    row, where = _with(row, "emotion", word), row.where("clip")
    row = source.corrected(row, subject, clip)
    if word != named_emotion:
        found = f"the sheet says '{word}', the name of {written} says {named_emotion}"
        source.warn(row.where("emotion"), f"{found}; the name decides")
    labels = annotation(_with(row, "emotion", named_emotion), source, required=("onset",))
    if row.text("second"):
        source.warn(row.where("second"), f"{written} has a second expression, which is not read")
    return make_clip(
        source,
        variant,
        source.key(subject, clip, where),
        labels,
        tree.frames(subject, written),
        where=where,
        absent=f"no folder {subject}/{written}",
        whole_recording=True,
    )
