"""Onset, apex and offset marks: checks, and the files `config/corrections/<dataset>.csv`.

A file has the form of `config/errata/<dataset>.csv`. Only the studio reads it, so that looking at
clips never changes an experiment; to apply a correction, move its line to the errata file.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merflow.clip import Clip
from merflow.datasets import errata
from merflow.datasets.errata import Correction
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text, safe_cell
from merflow.io.file_lock import folder_lock
from merflow.io.files import write_text
from merflow.studio.routing import Conflict

MARKS = ("onset", "apex", "offset")
SOURCE = "set by eye in merflow studio"
SOURCE_LIMIT = 200
Marks = dict[str, int | None]


def published(clip: Clip) -> Marks:
    """Return the dataset's frame numbers of a clip, errata applied."""
    return {name: getattr(clip, name) for name in MARKS}


def corrected(clip: Clip, corrections: Sequence[Correction]) -> Marks:
    """Return a clip's frame numbers after corrections."""
    marks = published(clip)
    for one in corrections:
        if one.field in MARKS:
            try:
                marks[one.field] = int(one.now)
            except ValueError:
                raise MerflowError(one.where, f"{one.now!r}", "a frame number") from None
    return marks


def check(clip: Clip, marks: Mapping[str, Any]) -> Marks:
    """Return marks that are frames of the clip and in order; refuse any others."""
    checked: Marks = {}
    for name in MARKS:
        value = marks.get(name)
        if value is None and published(clip)[name] is None:
            checked[name] = None
        elif isinstance(value, bool) or not isinstance(value, int) or value not in clip.numbers:
            raise MerflowError(
                f"{clip.key}: {name}",
                f"{str(value)[:40]!r}",
                f"a frame number of the clip, {clip.numbers[0]} to {clip.numbers[-1]}",
            )
        else:
            checked[name] = value
    given = [(name, value) for name, value in checked.items() if value is not None]
    for (first, low), (then, high) in itertools.pairwise(given):
        if low > high:
            raise MerflowError(
                str(clip.key),
                f"{first} {low} lies after {then} {high}",
                "onset <= apex <= offset",
                f"move {first} or {then}; nothing was saved",
            )
    return checked


def source_text(value: object) -> str:
    """Return the source of a mark as one line that no spreadsheet reads as a formula."""
    text = SOURCE if value in (None, "") else value
    if not isinstance(text, str) or len(text) > SOURCE_LIMIT or not text.isprintable():
        expected = f"up to {SOURCE_LIMIT} characters"
        raise MerflowError("request: source", "not a line of text", expected)
    if safe_cell(text) != text:
        raise MerflowError("request: source", f"{text[:20]!r}", "text that is not a formula")
    return text.strip()


class MarkCorrections:
    """The corrections file of each dataset, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, clip: Clip) -> tuple[Correction, ...]:
        """Return the corrections of one clip."""
        return errata.load(clip.key.dataset, self.folder).corrections.get(clip.key[1:], ())

    def save(self, clip: Clip, marks: Mapping[str, Any], before: object, source: object) -> Marks:
        """Write the marks of one clip; refuse when the file does not hold `before`.

        before: the marks that the page showed. The lock makes reading, comparing and writing one
        step, also between two studios on one folder.
        """
        wanted, text = check(clip, marks), source_text(source)
        with folder_lock(self.folder):
            return self._save(clip, wanted, before, text)

    def _save(self, clip: Clip, wanted: Marks, before: object, source: str) -> Marks:
        known = dict(errata.load(clip.key.dataset, self.folder).corrections)
        old = known.get(clip.key[1:], ())
        saved = corrected(clip, old)
        if before != saved:
            raise Conflict(
                str(clip.key),
                f"changed elsewhere: the file has {_listed(saved)}, this page wants "
                f"{_listed(wanted)}",
                fix="choose one of the two; nothing was saved",
                versions={"file": saved, "page": wanted},
            )
        if wanted == saved:
            return saved
        known[clip.key[1:]] = _lines(clip, wanted, old, source)
        rows = [
            (*key, one.field, one.was, one.now, one.source)
            for key, lines in sorted(known.items())
            for one in lines
        ]
        path = self.folder / f"{clip.key.dataset}.csv"
        write_text(path, csv_text(("subject", "clip", "field", "was", "is", "source"), rows))
        return wanted


def _listed(marks: Marks) -> str:
    return ", ".join(f"{name} {'none' if v is None else v}" for name, v in marks.items())


def _lines(
    clip: Clip, wanted: Marks, old: Sequence[Correction], source: str
) -> tuple[Correction, ...]:
    """Return the clip's lines: those of other fields stay, a published mark has none."""
    # An errata file may already correct the published sheet.
    fixed = errata.load(clip.key.dataset).corrections.get(clip.key[1:], ())
    sheet = published(clip) | {one.field: one.was for one in fixed}
    kept = {(one.field, one.now): one for one in old}
    lines = [one for one in old if one.field not in MARKS]
    for name, value in wanted.items():
        if value != published(clip)[name]:
            was = "" if sheet[name] is None else str(sheet[name])
            new = Correction(name, was, str(value), source, "")
            lines.append(kept.get((name, str(value)), new))
    return tuple(lines)
