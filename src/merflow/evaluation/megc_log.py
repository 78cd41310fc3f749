"""Logs of the MEGC2019 challenge: `<database> <subject>`, then `<clip> <truth> <prediction>`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.datasets.official_composite import CLASSES
from merflow.errors import MerflowError
from merflow.evaluation.predictions import Pooled
from merflow.io.csv_table import read_text
from merflow.io.files import write_text
from merflow.text import plural


def read_megc_log(path: Path | str, classes: Sequence[str] = CLASSES) -> Pooled:
    """Read a log: numbers are positions in `classes`, each subject is one fold."""
    rows: dict[ClipKey, tuple[int, int, str]] = {}
    subject: tuple[str, str] | None = None
    for line, text in enumerate(read_text(path).splitlines(), 1):
        cells = text.split()
        if len(cells) == 2:
            subject = (cells[0], cells[1])
        elif len(cells) == 3 and subject is not None:
            key = ClipKey(*subject, cells[0])
            if key in rows:
                raise MerflowError(f"{path}: row {line}", f"clip {key} twice", "each clip once")
            truth, predicted = (_number(path, line, cell, classes) for cell in cells[1:])
            rows[key] = (truth, predicted, "-".join(subject))
        elif cells:
            raise MerflowError(
                f"{path}: row {line}",
                plural(len(cells), "word")
                if subject or len(cells) != 3
                else "a clip before a subject",
                "'<database> <subject>', then '<clip> <truth> <prediction>'",
            )
    if not rows:
        raise MerflowError(str(path), "no clips", "'<clip> <truth> <prediction>' lines")
    keys = tuple(sorted(rows))
    return Pooled.of(
        keys,
        tuple(classes),
        np.array([rows[k][0] for k in keys], np.int64),
        np.array([rows[k][1] for k in keys], np.int64),
        tuple(rows[k][2] for k in keys),
    )


def spaced_name(table: Pooled) -> str:
    """Return a dataset, subject or clip that a log cannot hold, since blanks part its words."""
    return next((name for key in table.keys for name in key if len(name.split()) != 1), "")


def write_megc_log(path: Path | str, table: Pooled) -> None:
    """Write a pooled table as a log, subjects and clips sorted."""
    if spaced := spaced_name(table):
        raise MerflowError(str(path), f"{spaced!r}", "names without spaces, as the log needs")
    lines: list[str] = []
    last = None
    for i in sorted(range(len(table.keys)), key=lambda i: table.keys[i]):
        key = table.keys[i]
        if key.subject_key != last:
            lines.append(f"{key.dataset} {key.subject}")
            last = key.subject_key
        lines.append(f"{key.clip} {table.truth[i]} {table.predicted[i]}")
    write_text(path, "\n".join(lines) + "\n")


def _number(path: Path | str, line: int, cell: str, classes: Sequence[str]) -> int:
    if not (cell.isascii() and cell.isdigit() and int(cell) < len(classes)):
        raise MerflowError(
            f"{path}: row {line}",
            f"class {cell!r}",
            ", ".join(f"{i} ({name})" for i, name in enumerate(classes)),
        )
    return int(cell)
