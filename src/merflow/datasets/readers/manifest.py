"""Your own clips: a table with one row per clip and the path of its frames, video or image."""

import os
from dataclasses import asdict, replace
from pathlib import Path

from merflow.clip import ENTRIES, Clip, ClipKey, Entry
from merflow.datasets.cells import annotation, name
from merflow.datasets.clip_ids import dataset_named
from merflow.datasets.folders import find_sheet, make_clip
from merflow.datasets.spec import Annotation, DatasetSpec, Source, Variant
from merflow.errors import MerflowError, nearest
from merflow.io.files import safe_join
from merflow.io.frame_folder import scan
from merflow.io.images import IMAGES, TENSORS, VIDEOS
from merflow.io.spreadsheets import Column, Row, Table
from merflow.io.video_clip import video_facts

SPEC = DatasetSpec(
    name="manifest",
    title="a table of your own clips",
    variants=(Variant("clips", 25.0, "raw", "frames, videos, images or arrays"),),
    layout="manifest.csv with the columns dataset, subject, clip, path (and onset, apex, offset, "
    "fps, emotion, action units, objective class, enters_at)",
    licence="your own",
    source="your own",
    any_dataset=True,
)

COLUMNS = (
    Column("dataset", ("dataset",), required=False),
    Column("subject", ("subject",)),
    Column("clip", ("clip",)),
    Column("path", ("path",)),
    Column("onset", ("onset",), required=False),
    Column("apex", ("apex",), required=False),
    Column("offset", ("offset",), required=False),
    Column("fps", ("fps", "frame rate"), required=False),
    Column("emotion", ("emotion", "label", "class"), required=False),
    Column("action_units", ("action units", "au"), required=False),
    Column("objective", ("objective class", "objective classes"), required=False),
    Column("enters_at", ("enters_at",), required=False),
)


def read_clips(source: Source) -> list[Clip]:
    """Read every row that belongs to this dataset."""
    path = find_sheet(source, r"manifest", "manifest.csv (`merflow make-manifest` writes one)")
    rows = _rows(source, source.read(path, COLUMNS))
    return source.clips_of(rows, lambda row: _clip(source, row))


def _rows(source: Source, table: Table) -> list[Row]:
    """Return the rows of this dataset; warn about rows of other datasets."""
    here = dataset_named(source.name)
    own = [row for row in table if dataset_named(row.text("dataset")) in ("", here)]
    named = {row.text("dataset") for row in table} - {row.text("dataset") for row in own}
    if named and not own:
        raise MerflowError(
            table.file,
            f"no row of dataset '{source.name}'; it has {', '.join(sorted(named))}",
            f"'{source.name}' in the column dataset, or no such column",
            "give the dataset the same name in the config; several entries, one for each name, "
            "may have one root",
        )
    if named:
        source.warn(table.file, f"rows of {', '.join(sorted(named))} are ignored")
    return own


def _clip(source: Source, row: Row) -> Clip:
    subject, clip = name(row, "subject", source), name(row, "clip", source)
    row = source.corrected(row, subject, clip)
    labels = annotation(row, source, required=())
    labels = replace(labels, objective=labels.objective.upper())
    key = source.key(subject, clip, row.where("clip"))
    path = _path(source, row)
    if path.is_file():
        return _file(source, row, key, labels, path)
    if source.flow_form() and path.is_dir():
        raise row.error(
            "path",
            f"'{row.text('path')}' is a folder",
            "one picture or array of flow, as kind: flow says",
            "name the file",
        )
    made = make_clip(
        source,
        SPEC.variants[0],
        key,
        labels,
        scan(path, source.root) if path.is_dir() else None,
        where=row.where("path"),
        absent=f"nothing at {source.relative(path)}",
    )
    return replace(made, fps=_fps(source, row, path), enters_at=_entry(source, row))


def _file(source: Source, row: Row, key: ClipKey, labels: Annotation, path: Path) -> Clip:
    """Return a clip that is one file: a video, an array or an image."""
    suffix = path.suffix.lower()
    if suffix not in VIDEOS | IMAGES | TENSORS:
        raise row.error(
            "path",
            f"'{row.text('path')}' is neither a folder nor a file of a known type",
            f"a folder of frames, or one of {', '.join(sorted(VIDEOS | IMAGES | TENSORS))}",
            "convert the file, or correct the cell",
        )
    numbers: tuple[int, ...] = ()
    still = suffix in IMAGES
    if still:
        numbers = (0,)
    elif labels.offset is not None:
        numbers = tuple(range(labels.onset or 0, labels.offset + 1))
    if still:
        labels = replace(labels, onset=None, apex=None, offset=None)
    form = source.flow_form()
    if form and suffix in VIDEOS:
        raise row.error(
            "path",
            f"'{row.text('path')}' is a video",
            "a picture or an array of flow, as kind: flow says",
            f"correct the cell, or leave out datasets.{source.name}.kind",
        )
    return Clip(
        key=key,
        folder=str(path.parent),
        files=(path.name,),
        numbers=numbers,
        fps=1.0 if still or form else _fps(source, row, path),
        enters_at=_entry(source, row),
        flow=form,
        **asdict(labels),
    )


def _path(source: Source, row: Row) -> Path:
    """Return the path in a cell, which must be below the root."""
    text = row.text("path").replace("\\", "/")
    if not text:
        raise row.error("path", "the cell is empty", "a path below the root", "fill it in")
    parts = Path(text).parts
    if os.path.isabs(text) and Path(text).is_relative_to(source.root):
        parts = Path(text).relative_to(source.root).parts
    return safe_join(source.root, *parts, where=row.where("path"))


def _entry(source: Source, row: Row) -> Entry:
    text = row.text("enters_at").casefold()
    usual = "interpolated" if source.flow_form() else "raw"
    if not text:
        return source.entry.enters_at or usual
    if usual == "interpolated" and text != usual:
        raise row.error(
            "enters_at", f"'{text}' with kind: flow", usual, "correct the cell, or leave it empty"
        )
    if text in ENTRIES:
        return text
    found = f"unknown stage '{text}'{nearest(text, ENTRIES)}"
    raise row.error("enters_at", found, f"one of {', '.join(ENTRIES)}")


def _fps(source: Source, row: Row, path: Path) -> float:
    """Return the frame rate of the row, the config or the video (Hz)."""
    text = row.text("fps")
    if text:
        try:
            rate = float(text)
        except ValueError:
            rate = 0.0
        if not (text.isascii() and 0 < rate <= 10_000):
            raise row.error("fps", f"'{text}'", "frames per second, such as 200")
        return rate
    if source.entry.fps:
        return source.entry.fps
    if not path.exists():  # The clip is reported as missing.
        return SPEC.fps
    rate = _video_rate(row, path) if path.suffix.lower() in VIDEOS and path.is_file() else 0.0
    if rate <= 0:
        raise row.error(
            "fps",
            "no frame rate",
            "a column fps, or a frame rate for the whole dataset",
            f"add the column, or set datasets.{source.name}.fps",
        )
    return rate


def _video_rate(row: Row, path: Path) -> float:
    """Return the frame rate in a video's header (Hz), or 0."""
    facts = video_facts(path)
    if facts is None:
        raise row.error(
            "path",
            f"{path.name} is not a readable video",
            "a video that FFmpeg can decode",
            "copy or convert the file again, or delete the row",
        )
    return facts[0]
