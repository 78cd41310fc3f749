"""Onset, apex and offset marks: checks, and the files `config/corrections/<dataset>.csv`.

A file has the form of `config/errata/<dataset>.csv`. Only the studio reads it, so that looking at
clips never changes an experiment; `applied_marks` moves its lines to the errata file.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merflow.clip import Clip
from merflow.datasets import errata
from merflow.datasets.errata import KEY_FRAMES, Correction
from merflow.datasets.key_frames import frame_number
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text, safe_cell
from merflow.io.file_lock import folder_lock
from merflow.io.files import write_text
from merflow.studio.routing import Conflict

SOURCE = "set by eye in merflow studio"
SOURCE_LIMIT = 200
Marks = dict[str, int | None]


def published(clip: Clip) -> Marks:
    """Return the frame numbers of a clip as the last run read them, errata applied."""
    return {name: getattr(clip, name) for name in KEY_FRAMES}


def used_next(sheet: Marks, applied: Sequence[Correction]) -> Marks:
    """Return the frame numbers that the next run uses.

    sheet: those of the dataset, before any correction; applied: the errata of the clip.
    """
    used = [one for one in applied if one.was == _text(sheet.get(one.field))]
    return corrected(sheet, used)


def corrected(marks: Marks, corrections: Sequence[Correction]) -> Marks:
    """Return frame numbers after corrections."""
    return marks | {one.field: frame_number(one) for one in corrections if one.field in KEY_FRAMES}


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def check(clip: Clip, marks: Mapping[str, Any], base: Marks) -> Marks:
    """Return marks that are frames of the clip and in order; refuse any others.

    base: the marks without corrections, which may lie outside the frames of the last run.
    """
    checked: Marks = {}
    for name in KEY_FRAMES:
        value = marks.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if value == base[name] and (value is None or is_number):
            checked[name] = value
        elif not is_number or value not in clip.numbers:
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
    onset, offset = checked["onset"], checked["offset"]
    if onset is not None and onset == offset and checked != base:
        raise MerflowError(
            str(clip.key),
            f"onset and offset are both {onset}: a clip of one frame has no movement",
            "an onset before the offset",
            "move onset or offset; nothing was saved",
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

    def file(self, dataset: str) -> Path:
        """Return the corrections file of a dataset; it need not exist."""
        return self.folder / f"{dataset}.csv"

    def of(self, clip: Clip) -> tuple[Correction, ...]:
        """Return the corrections of one clip."""
        return errata.load(clip.key.dataset, self.folder).corrections.get(clip.key[1:], ())

    def save(
        self, clip: Clip, marks: Mapping[str, Any], before: object, source: object,
        sheet: Marks, applied: Sequence[Correction] = (),
    ) -> Marks:  # fmt: skip
        """Write the marks of one clip; refuse when the file does not hold `before`.

        before: the marks that the page showed; sheet: those of the dataset; applied: the errata of
        the clip. The lock makes reading, comparing and writing one step, also between two studios
        on one folder.
        """
        base = used_next(sheet, applied)
        wanted = check(clip, marks, base)
        text = source_text(source)
        with folder_lock(self.folder):
            return self._save(clip, wanted, before, text, sheet, base)

    def _save(
        self, clip: Clip, wanted: Marks, before: object, source: str, sheet: Marks, base: Marks
    ) -> Marks:
        known = dict(errata.load(clip.key.dataset, self.folder).corrections)
        old = known.get(clip.key[1:], ())
        saved = corrected(base, old)
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
        known[clip.key[1:]] = _lines(wanted, base, sheet, old, source)
        write_text(self.file(clip.key.dataset), corrections_text(known))
        return wanted


def corrections_text(known: Mapping[tuple[str, str], Sequence[Correction]]) -> str:
    """Return corrections as a file in the form of the errata."""
    rows = [
        (*key, one.field, one.was, one.now, one.source, *([" ".join(one.also)] if also else []))
        for also in [any(one.also for lines in known.values() for one in lines)]
        for key, lines in sorted(known.items())
        for one in lines
    ]
    head = ("subject", "clip", "field", "was", "is", "source")
    return csv_text((*head, "also") if rows and len(rows[0]) > len(head) else head, rows)


def _listed(marks: Marks) -> str:
    return ", ".join(f"{name} {'none' if v is None else v}" for name, v in marks.items())


def _lines(
    wanted: Marks, base: Marks, sheet: Marks, old: Sequence[Correction], source: str
) -> tuple[Correction, ...]:
    """Return the clip's lines: those of other fields stay, an unchanged mark has none."""
    kept = {(one.field, one.now): one for one in old}
    lines = [one for one in old if one.field not in KEY_FRAMES]
    for name, value in wanted.items():
        if value != base[name]:
            new = Correction(name, _text(sheet[name]), _text(value), source, "")
            lines.append(kept.get((name, _text(value)), new))
    return tuple(lines)
