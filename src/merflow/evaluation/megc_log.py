"""The challenge's own log: a line `<database> <subject>`, then `<clip> <truth> <prediction>`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.predictions import Pooled
from merflow.io.csv_table import read_text
from merflow.io.files import write_text
from merflow.text import plural

CLASSES = ("negative", "positive", "surprise")
"""The challenge's classes 0, 1, 2."""


def read_megc_log(path: Path | str, classes: Sequence[str] = CLASSES) -> Pooled:
    """Read a log; its numbers are positions in `classes`, a fold is one subject."""
    rows: dict[ClipKey, tuple[int, int, str]] = {}
    subject: tuple[str, str] | None = None
    for line, text in enumerate(read_text(path).splitlines(), 1):
        words = text.split()
        if len(words) == 2:
            subject = (words[0], words[1])
        elif len(words) == 3 and subject is not None:
            key = ClipKey(*subject, words[0])
            if key in rows:
                raise MerflowError(f"{path}: row {line}", f"clip {key} twice", "each clip once")
            truth, answer = (_number(path, line, word, classes) for word in words[1:])
            rows[key] = (truth, answer, "-".join(subject))
        elif words:
            raise MerflowError(
                f"{path}: row {line}",
                plural(len(words), "word")
                if subject or len(words) != 3
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


def write_megc_log(path: Path | str, table: Pooled) -> None:
    """Write a pooled table as a log, subjects and clips sorted."""
    lines: list[str] = []
    last = None
    for i in sorted(range(len(table.keys)), key=lambda i: table.keys[i]):
        key = table.keys[i]
        spaced = next((word for word in key if len(word.split()) != 1), None)
        if spaced is not None:
            raise MerflowError(
                str(path), f"{spaced!r} in clip {key}", "names without spaces, as the log needs"
            )
        if key.subject_key != last:
            lines.append(f"{key.dataset} {key.subject}")
            last = key.subject_key
        lines.append(f"{key.clip} {table.truth[i]} {table.predicted[i]}")
    write_text(path, "\n".join(lines) + "\n")


def _number(path: Path | str, line: int, word: str, classes: Sequence[str]) -> int:
    if not (word.isascii() and word.isdigit() and int(word) < len(classes)):
        raise MerflowError(
            f"{path}: row {line}",
            f"class {word!r}",
            ", ".join(f"{i} ({name})" for i, name in enumerate(classes)),
        )
    return int(word)
