"""Onset, apex and offset set by eye: checked, and kept as `config/corrections/<dataset>.csv`.

The file has the form of `config/errata/<dataset>.csv`, and is read by nothing but the studio
until someone moves its lines there: looking must not change a running experiment.
"""

import itertools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merflow.clip import Clip
from merflow.datasets import errata
from merflow.datasets.errata import Correction
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text, safe_cell
from merflow.io.files import write_text
from merflow.studio.responses import Clash

FIELDS = ("onset", "apex", "offset")
SOURCE = "set by eye in merflow studio"
SOURCE_LIMIT = 200
Marks = dict[str, int | None]


def published(clip: Clip) -> Marks:
    """Return the dataset's own frame numbers of a clip, errata applied."""
    return {name: getattr(clip, name) for name in FIELDS}


def corrected(clip: Clip, corrections: Sequence[Correction]) -> Marks:
    """Return a clip's frame numbers with the corrections laid over them."""
    found = published(clip)
    for one in corrections:
        if one.field in FIELDS:
            try:
                found[one.field] = int(one.now)
            except ValueError:
                raise MerflowError(one.where, f"{one.now!r}", "a frame number") from None
    return found


def check(clip: Clip, marks: Mapping[str, Any]) -> Marks:
    """Return marks that are frames of the clip, in order; refuse others, saying which."""
    found: Marks = {}
    for name in FIELDS:
        value = marks.get(name)
        if value is None and published(clip)[name] is None:
            found[name] = None
        elif isinstance(value, bool) or not isinstance(value, int) or value not in clip.numbers:
            raise MerflowError(
                f"{clip.key}: {name}",
                f"{str(value)[:40]!r}",
                f"a frame number of the clip, {clip.numbers[0]} to {clip.numbers[-1]}",
            )
        else:
            found[name] = value
    given = [(name, found[name]) for name in FIELDS if found[name] is not None]
    for (first, low), (then, high) in itertools.pairwise(given):
        if low > high:
            raise MerflowError(
                str(clip.key),
                f"{first} {low} lies after {then} {high}",
                "onset <= apex <= offset",
                f"move {first} or {then}; nothing was saved",
            )
    return found


def source_text(value: object) -> str:
    """Return who says so, as one harmless cell."""
    text = SOURCE if value in (None, "") else value
    if not isinstance(text, str) or len(text) > SOURCE_LIMIT or not text.isprintable():
        raise MerflowError("request: source", "not a line of text", f"up to {SOURCE_LIMIT} signs")
    if safe_cell(text) != text:
        raise MerflowError("request: source", f"{text[:20]!r}", "text that is no formula")
    return text.strip()


class Corrections:
    """The corrections file of each dataset, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def of(self, clip: Clip) -> tuple[Correction, ...]:
        """Return the corrections of one clip."""
        known = errata.load(clip.key.dataset, self.folder).corrections
        return known.get((clip.key.subject, clip.key.clip), ())

    def save(self, clip: Clip, marks: Mapping[str, Any], before: object, source: object) -> Marks:
        """Write the marks of one clip; `before` is what the page believes is saved."""
        wanted, who = check(clip, marks), source_text(source)
        # Two windows that save at once: the second sees what the first wrote.
        with self._lock:
            return self._save(clip, wanted, before, who)

    def _save(self, clip: Clip, wanted: Marks, before: object, who: str) -> Marks:
        known = dict(errata.load(clip.key.dataset, self.folder).corrections)
        name = (clip.key.subject, clip.key.clip)
        now = corrected(clip, known.get(name, ()))
        if before != now:
            raise Clash(
                str(clip.key),
                f"changed elsewhere: the file has {_said(now)}",
                fix="open the clip again, then set the mark",
            )
        if wanted == now:
            return now
        known[name] = tuple(self._lines(clip, wanted, known.get(name, ()), who))
        rows = [
            (*key, one.field, one.was, one.now, one.source)
            for key, lines in sorted(known.items())
            for one in lines
        ]
        path = self.folder / f"{clip.key.dataset}.csv"
        write_text(path, csv_text(("subject", "clip", "field", "was", "is", "source"), rows))
        return wanted

    def _lines(
        self, clip: Clip, wanted: Marks, old: Sequence[Correction], source: str
    ) -> list[Correction]:
        """Return the clip's lines: what others wrote stays, a mark put back has none."""
        lines = [one for one in old if one.field not in FIELDS]
        kept = {one.field: one for one in old}
        for name in FIELDS:
            if wanted[name] == published(clip)[name]:
                continue
            value = str(wanted[name])
            if name in kept and kept[name].now == value:
                lines.append(kept[name])
            else:
                lines.append(Correction(name, _sheet_value(clip, name), value, source, ""))
        return lines


def _sheet_value(clip: Clip, name: str) -> str:
    """Return what the published sheet shows, which an errata file may already correct."""
    known = errata.load(clip.key.dataset).corrections
    for one in known.get((clip.key.subject, clip.key.clip), ()):
        if one.field == name:
            return one.was
    value = published(clip)[name]
    return "" if value is None else str(value)


def _said(marks: Marks) -> str:
    return ", ".join(f"{name} {'none' if v is None else v}" for name, v in marks.items())
