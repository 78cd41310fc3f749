"""SMIC-E: long clips with the expression inside; onset and offset come from the sheet."""

import re
from collections.abc import Callable, Sequence

from merflow.clip import Clip
from merflow.datasets.cells import checked_apex, emotion, frame, name, optional_frame
from merflow.datasets.folders import (
    Folders,
    find_folders,
    find_sheets,
    make_clip,
    names_on_path,
    no_frames,
)
from merflow.datasets.spec import Annotation, Source, Variant, unpadded
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Column, Row

ClipId = Callable[[str], tuple[str, str, str] | None]

# The columns of the infrared sheet contain the camera's name.
COLUMNS = (
    Column("subject", ("Subject",)),
    Column("clip", ("Filename",)),
    Column("onset", ("OnsetF", "OnsetF NIR", "OnsetF HS", "OnsetF VIS")),
    Column("offset", ("OffsetF", "OffsetF NIR", "OffsetF HS", "OffsetF VIS"), required=False),
    Column("apex", ("ApexF", "ApexF NIR", "ApexF HS", "ApexF VIS"), required=False),
    Column("second", ("Onset2F",), required=False),
    Column("emotion", ("Emotion",)),
)


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
    rows = source.read(path, COLUMNS, camera)
    return source.clips_of(rows, lambda row: _clip(source, variant, row, tree, clip_id))


def _tree(source: Source, camera: str) -> Folders:
    """Return the folder of s01, s02, ... of one camera."""
    for folder in find_folders(source.root, _holds_subjects):
        shown = cameras(names_on_path(source.root, folder))
        if camera in shown or (not shown and camera == "HS"):
            return Folders(folder, unpadded)
    return Folders(None)


def cameras(names: Sequence[str]) -> list[str]:
    """Return the cameras (HS, VIS, NIR) that appear in folder names."""
    return [
        camera
        for camera in ("HS", "VIS", "NIR")
        if any(re.search(rf"(^|[^a-z]){camera}([^a-z]|$)", n, re.IGNORECASE) for n in names)
    ]


def _holds_subjects(_: object, names: list[str]) -> bool:
    return any(re.fullmatch(r"s[0-9]{1,2}", name, re.IGNORECASE) for name in names)


def _clip(source: Source, variant: Variant, row: Row, tree: Folders, clip_id: ClipId) -> Clip:
    written = name(row, "clip", source)
    named = clip_id(written)
    if named is None:
        raise MerflowError(
            row.where("clip"),
            f"'{written}' is not a clip name",
            "s<N>_<ne|po|sur>_<NN>, such as s3_ne_01",
            "correct the cell",
        )
    subject, clip, named_emotion = named
    if unpadded(name(row, "subject", source)).removeprefix("s") != unpadded(subject).removeprefix(
        "s"
    ):
        raise MerflowError(
            row.where("subject"),
            f"'{row.text('subject')}' is not the subject of {written}",
            f"{int(subject[1:])}",
            "correct the cell",
        )
    row = source.corrected(row, subject, clip)
    label = emotion(row, "emotion", source)
    if label != named_emotion:
        # The published sheet labels one clip negative that is named a surprise.
        where = row.where("emotion")
        source.warn(where, f"'{label}' is read, though {written} is named {named_emotion}")
    onset = frame(row, "onset")
    offset = optional_frame(row, "offset")
    apex = checked_apex(row, source, onset, optional_frame(row, "apex"), offset)
    if row.text("second"):
        source.warn(row.where("second"), f"{written} has a second expression, which is not read")
    return make_clip(
        source,
        variant,
        source.key(subject, clip, row.where("clip")),
        Annotation(onset, apex, offset, label),
        tree.frames(subject, written),
        where=row.where("clip"),
        absent=f"no folder {subject}/{written}",
        whole_recording=True,
    )
