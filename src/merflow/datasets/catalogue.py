"""The catalogue: the clips of a dataset as JSON, from which jobs read them.

So a job needs no annotation sheet. Align, split and score read the catalogue; training does not.
"""

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from merflow import paths
from merflow.clip import Clip, ClipKey, FlowForm, Interval
from merflow.errors import MerflowError
from merflow.io.files import digest
from merflow.io.json_file import read_json

LATER = {"flow": None, "intervals": None, "content": "picture"}
"""Fields, and their defaults, that a clip's row has only where they say something."""


def catalogue_text(clips: list[Clip]) -> str:
    """Return clips as JSON, one per line, in the order of their keys."""
    ordered = sorted(clips, key=lambda clip: clip.key)
    lines = ",\n".join(json.dumps(_row(clip), ensure_ascii=False) for clip in ordered)
    return f"[\n{lines}\n]\n"


def _row(clip: Clip) -> dict[str, Any]:
    row = {field.name: getattr(clip, field.name) for field in dataclasses.fields(Clip)}
    row = {name: value for name, value in row.items() if name not in LATER or value != LATER[name]}
    if clip.intervals is not None:
        row["intervals"] = [dataclasses.asdict(interval) for interval in clip.intervals]
    return row


def read_catalogue(path: Path) -> list[Clip]:
    """Read a catalogue."""
    if not Path(path).exists():
        raise MerflowError(str(path), "no such catalogue", fix="call `merflow run` once")
    rows = read_json(path, list)
    try:
        return [_clip(row) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise MerflowError(
            str(path),
            f"not a catalogue ({error})",
            fix="if merflow made it, delete it and run again",
        ) from None


def annotation_digest(clips: Iterable[Clip]) -> str:
    """Return a digest of a dataset's annotation: keys, frame numbers, emotions, frame rates.

    Of long recordings, their intervals as well.
    """
    return digest(
        [
            [*c.key, c.emotion, c.onset, c.apex, c.offset, c.fps, list(c.numbers)]
            + ([] if c.intervals is None else [[dataclasses.asdict(i) for i in c.intervals]])
            for c in sorted(clips, key=lambda clip: clip.key)
        ]
    )


def read_sheets() -> dict[str, list[str]]:
    """Return dataset -> annotation files of the last run; empty when unknown."""
    try:
        return read_json(paths.SHEETS)
    except MerflowError:
        return {}


def _clip(row: dict[str, Any]) -> Clip:
    files = tuple(row["files"])
    for name in files:
        if os.path.basename(name) != name or "\0" in name or name in ("", ".", ".."):
            raise ValueError(f"{name!r} is not a file name")
    made = {"key": ClipKey(*row["key"]), "files": files, "numbers": tuple(row["numbers"])}
    if row.get("flow") is not None:
        channels, zero, unit = row["flow"]
        made["flow"] = FlowForm(tuple(channels), zero, unit)
    if row.get("intervals") is not None:
        made["intervals"] = tuple(Interval(**one) for one in row["intervals"])
    return Clip(**row | made)


def catalogue_path(dataset: str) -> Path:
    """Return the path of a dataset's catalogue."""
    return Path(paths.CATALOGUE.format(dataset=dataset))
