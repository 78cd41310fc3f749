"""The catalogue: what a dataset's sheets and folders say, read once and kept as JSON for the jobs.

Jobs find their clips here, so that a job needs no sheet and a thousand jobs read it once each.
Align, split and score read it; training never does.
"""

import dataclasses
import json
from pathlib import Path

from merflow.clips import Clip, ClipKey
from merflow.errors import MerflowError
from merflow.files import write_json


def write_catalogue(path: Path, clips: list[Clip]) -> None:
    """Write clips as JSON, in the order of their keys."""
    rows = [dataclasses.asdict(clip) | {"key": list(clip.key)} for clip in clips]
    write_json(path, sorted(rows, key=lambda row: row["key"]))


def read_catalogue(path: Path) -> list[Clip]:
    """Read what `write_catalogue` wrote."""
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
        return [
            Clip(
                **row
                | {
                    "key": ClipKey(*row["key"]),
                    "files": tuple(row["files"]),
                    "numbers": tuple(row["numbers"]),
                }
            )
            for row in rows
        ]
    except FileNotFoundError:
        raise MerflowError(str(path), "no such catalogue", fix="run snakemake once") from None
    except (ValueError, TypeError, KeyError) as error:
        raise MerflowError(
            str(path), f"not a catalogue ({error})", fix="delete it and run again"
        ) from None
