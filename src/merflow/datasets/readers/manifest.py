"""Your own clips: a table with one row per clip and the path of its frames, video or image."""

import os
import re
import shlex
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

from merflow.clip import ENTRIES, Clip, ClipKey, Entry
from merflow.datasets.cells import annotation, frame_rate, name
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.clip_ids import dataset_named
from merflow.datasets.clip_places import ClipPlaces
from merflow.datasets.consent import COLUMN, answers_of
from merflow.datasets.folders import find_sheet, find_sheets, nearest_first
from merflow.datasets.spec import Annotation, DatasetSpec, Source, Variant
from merflow.datasets.titles import TITLES, columns
from merflow.errors import MerflowError, nearest
from merflow.io.files import safe_join
from merflow.io.frame_folder import scan
from merflow.io.images import IMAGES, TENSORS, VIDEOS
from merflow.io.spreadsheets import Row, Table, plain
from merflow.io.video_clip import video_facts
from merflow.text import plural

SPEC = DatasetSpec(
    name="manifest",
    title="a table of your own clips",
    variants=(Variant("clips", 25.0, "raw", "frames, videos, images or arrays"),),
    layout="manifest.csv with the columns subject, clip, path (and dataset, onset, apex, offset, "
    "fps, emotion, action units, objective class, enters_at, publishable)",
    licence="your own",
    source="your own",
    any_dataset=True,
)

NAMED = r"manifest"
"""Pattern of a manifest's file name."""
COLUMNS = columns(
    optional=set(TITLES) - {"subject", "clip"} | {"path", "enters_at", COLUMN},
    dataset="dataset",
    subject="subject",
    clip="clip",
    path="path",
    onset="onset",
    apex="apex",
    offset="offset",
    fps="fps",
    emotion="emotion",
    action_units="action units",
    objective="objective class",
    kind="expression type",
    enters_at="enters_at",
    publishable=COLUMN,
)
NO_END = "an onset without an offset, in one of several rows of one file"
MACRO = re.compile(r"macro.*|mae", re.IGNORECASE)
"""Cells of the column `expression type` that mark a macro-expression."""


def read_clips(source: Source) -> list[Clip]:
    """Read every row that belongs to this dataset."""
    write = f"merflow make-manifest --from-class-folders {shlex.quote(source.entry.root)}"
    path = find_sheet(source, NAMED, "manifest.csv", f"write it yourself, or by `{write}`")
    rows = _rows(source, source.read(path, COLUMNS))
    _warn_of_macro(source, rows)
    with source.collect_errors():
        answers_of(rows)
    places = _places(source, rows)
    clips = source.clips_of(rows, lambda row: _clip(source, row, places))
    _check_segments(source, clips)
    return clips


def consent(source: Source) -> dict[str, bool]:
    """Return subject -> whether the column `publishable` allows to show it; others are absent."""
    sheets = find_sheets(source, NAMED)
    if not sheets:
        return {}
    table = source.read(min(sheets, key=nearest_first), COLUMNS)
    return answers_of(_rows(source, table))


def _check_segments(source: Source, clips: list[Clip]) -> None:
    """Report segments without an end: their frames would be those of the whole recording."""
    times = Counter((clip.folder, clip.files) for clip in clips)
    for clip in clips:
        several = clip.files and times[clip.folder, clip.files] > 1
        if several and not clip.numbers and clip.onset is not None and clip.offset is None:
            source.fail(source.places[clip.key][0], NO_END, "an offset", "fill it in")


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


def _warn_of_macro(source: Source, rows: list[Row]) -> None:
    """Warn of rows that a column marks as macro-expressions: they are clips like the others."""
    macro = [row for row in rows if _is_macro(row)]
    if macro:
        source.warn(
            macro[0].where("kind"),
            f"{len(macro)} of {plural(len(rows), 'row')} are macro-expressions; they are read",
            "micro-expressions, or macro-expressions that are meant to be read",
            "delete these rows to leave them out",
        )


def _is_macro(row: Row) -> bool:
    text = row.text("kind")
    zero = text == "0" and plain(row.titles.get("kind", "")) == "exptype"
    return zero or MACRO.fullmatch(text) is not None


def _places(source: Source, rows: list[Row]) -> ClipPlaces | None:
    """Return where the clips of a table without a column `path` are; None for one with it."""
    if not rows or "path" in rows[0].cells:
        return None
    places = ClipPlaces(source, ((row.text("subject"), row.text("clip")) for row in rows))
    if not places and not source.annotations_only:
        raise MerflowError(
            rows[0].file,
            f"no column 'path', and nothing below {source.root} is named like a clip, "
            f"such as '{rows[0].text('clip')}'",
            "a folder or file with the name of each clip, or a column path",
            f"set datasets.{source.name}.root to the folder of the clips, or add the column",
        )
    return places


def _clip(source: Source, row: Row, places: ClipPlaces | None) -> Clip:
    subject, clip = name(row, "subject", source), name(row, "clip", source)
    row = source.corrected(row, subject, clip)
    labels = annotation(row, source, required=())
    labels = replace(labels, objective=labels.objective.upper())
    key = source.key(subject, clip, row.where("clip"))
    if places is None:
        path, where = _path(source, row), row.where("path")
        absent = f"nothing at {source.relative(path)}"
    else:
        where = row.where("clip")
        path, absent = places.find(subject, clip, where), f"no folder or file named {clip}"
    if path is not None and path.is_file():
        return _file(source, row, key, labels, path)
    if source.flow_form() and path is not None and path.is_dir():
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
        scan(path, source.root) if path is not None and path.is_dir() else None,
        where=where,
        absent=absent,
        whole_recording=places is not None,
    )
    return replace(made, fps=_fps(source, row, path), enters_at=_entry(source, row))


def _file(source: Source, row: Row, key: ClipKey, labels: Annotation, path: Path) -> Clip:
    """Return a clip that is one file: a video, an array or an image."""
    suffix = path.suffix.lower()
    if suffix not in VIDEOS | IMAGES | TENSORS:
        raise row.error(
            "path",
            f"'{source.relative(path)}' is neither a folder nor a file of a known type",
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


def _fps(source: Source, row: Row, path: Path | None) -> float:
    """Return the frame rate of the row, the config or the video (Hz)."""
    if written := frame_rate(row):
        return written
    if source.entry.fps:
        return source.entry.fps
    if path is None or not path.exists():  # The clip is reported as missing.
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
