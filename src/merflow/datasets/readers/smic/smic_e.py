"""SMIC-E: long clips with the expression inside; onset and offset come from the sheet."""

import re
from collections.abc import Callable

from merflow.clip import Clip
from merflow.datasets.cells import annotation, name
from merflow.datasets.folders import (
    Folders,
    find_folders,
    find_sheets,
    make_clip,
    no_frames,
    path_of,
)
from merflow.datasets.spec import Source, Variant, unpadded
from merflow.datasets.titles import columns
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Row

NAMES = "s<N>_<ne|po|sur>_<NN>, such as s3_ne_01"
ClipId = Callable[[str], tuple[str, str, str] | None]

# The columns of the infrared sheet contain the camera's name.
COLUMNS = columns(
    optional=("offset", "apex", "second"),
    subject="Subject",
    clip="Filename",
    onset="OnsetF",
    offset="OffsetF",
    apex="ApexF",
    second="Onset2F",
    emotion="Emotion",
)
IGNORED = "((on|off)set[23]f|firstf|lastf|totalmf[123]?|totalvl)(hs|vis|nir)?"


def read_clips(source: Source, variant: Variant, clip_id: ClipId) -> list[Clip] | None:
    """Read one camera's sheet and folders; None when the root holds neither."""
    camera = variant.name.removesuffix("_E")
    sheets = find_sheets(source, r"smic.*(annotation|spotting)")
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
    path = min(sheets, key=lambda p: (camera not in p.name, len(p.parts), p.name))
    rows = source.read(path, COLUMNS, camera, IGNORED)
    return source.clips_of(rows, lambda row: _clip(source, variant, row, tree, clip_id))


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


def _clip(source: Source, variant: Variant, row: Row, tree: Folders, clip_id: ClipId) -> Clip:
    written = name(row, "clip", source)
    named = clip_id(written)
    if named is None:
        raise row.error("clip", f"'{written}' is not a clip name", NAMES)
    subject, clip, named_emotion = named
    number = str(int(subject[1:]))
    if unpadded(name(row, "subject", source)).removeprefix("s") != number:
        found = f"'{row.text('subject')}' is not the subject of {written}"
        raise row.error("subject", found, number)
    row, where = source.corrected(row, subject, clip), row.where("clip")
    labels = annotation(row, source, required=("onset",))
    if labels.emotion != named_emotion:
        # The published sheet labels one clip negative that is named a surprise.
        found = f"'{labels.emotion}' is read, though {written} is named {named_emotion}"
        source.warn(row.where("emotion"), found)
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
