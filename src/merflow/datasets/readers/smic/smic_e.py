"""SMIC-E: long clips with the expression inside; onset and offset come from the sheet."""

import re
from collections.abc import Callable

from merflow.clip import Clip
from merflow.datasets.cells import emotion, frame, name, optional_frame, spans
from merflow.datasets.folders import (
    Folders,
    Span,
    find_folders,
    find_sheet,
    make_clip,
    no_tree,
)
from merflow.datasets.spec import Source, Variant, unpadded
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Column, Row

Named = Callable[[str], tuple[str, str, str] | None]

# The infrared sheet's columns carry the camera's name.
COLUMNS = (
    Column("subject", ("Subject",)),
    Column("clip", ("Filename",)),
    Column("onset", ("OnsetF", "OnsetF NIR", "OnsetF HS", "OnsetF VIS")),
    Column("offset", ("OffsetF", "OffsetF NIR", "OffsetF HS", "OffsetF VIS"), required=False),
    Column("apex", ("ApexF", "ApexF NIR", "ApexF HS", "ApexF VIS"), required=False),
    Column("second", ("Onset2F",), required=False),
    Column("emotion", ("Emotion",)),
)


def read_clips(source: Source, variant: Variant, clip_id: Named) -> list[Clip] | None:
    """Read one camera's sheet and folders; None when the root holds neither."""
    camera = variant.name.removesuffix("_E")
    sheets = find_sheet(source, r"smic.*(annotation|spotting)")
    tree = _tree(source, camera)
    if not sheets or (tree is None and not source.annotations_only):
        if source.entry.variant != variant.name:
            return None
        if sheets:
            raise no_tree(source)
        raise MerflowError(
            str(source.root),
            "no SMIC-E annotation sheet",
            f"SMIC-{camera}-E_annotation.xlsx",
            "put the sheet into the dataset's root",
        )
    path = min(sheets, key=lambda p: (camera not in p.name, len(p.parts), p.name))
    clips = []
    for row in source.read(path, COLUMNS, camera):
        with source.noting():
            clips.append(_clip(source, variant, row, tree, clip_id))
    return clips


def _tree(source: Source, camera: str) -> Folders | None:
    """Return the folder of s01, s02, ... of one camera."""
    for folder in find_folders(source.root, _holds_subjects):
        parts = (source.root.name, *folder.relative_to(source.root).parts)
        shown = [c for c in ("HS", "VIS", "NIR") if any(_says(part, c) for part in parts)]
        if camera in shown or (not shown and camera == "HS"):
            return Folders(folder, unpadded)
    return None


def _says(folder: str, camera: str) -> bool:
    return re.search(rf"(^|[^a-z]){camera}([^a-z]|$)", folder, re.IGNORECASE) is not None


def _holds_subjects(_: object, names: list[str]) -> bool:
    return any(re.fullmatch(r"s[0-9]{1,2}", name, re.IGNORECASE) for name in names)


def _clip(source: Source, variant: Variant, row: Row, tree: Folders | None, clip_id: Named) -> Clip:
    written = name(row, "clip", source)
    named = clip_id(written)
    if named is None:
        raise MerflowError(
            row.where("clip"),
            f"'{written}' is not a clip's name",
            "s<N>_<ne|po|sur>_<NN>, such as s3_ne_01",
            "correct the cell",
        )
    subject, clip, said_by_name = named
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
    if label != said_by_name:
        # The published sheet counts one clip as negative that its name calls a surprise.
        where = row.where("emotion")
        source.warn(where, f"'{label}' is read, though {written} is named {said_by_name}")
    onset = frame(row, "onset")
    offset = optional_frame(row, "offset")
    apex = spans(row, source, onset, optional_frame(row, "apex"), offset)
    if row.text("second"):
        source.warn(row.where("second"), f"{written} holds a second expression; it is not read")
    folder = tree.find(subject, written) if tree else None
    return make_clip(
        source,
        variant,
        source.key(subject, clip, row.where("clip")),
        Span(onset, apex, offset, label),
        folder,
        tree.listing(folder) if tree and folder else None,
        where=row.where("clip"),
        absent=f"no folder {subject}/{written}",
        whole_recording=True,
    )
