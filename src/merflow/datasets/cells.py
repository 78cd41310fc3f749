"""Convert cells of annotation sheets to values; errors name file, sheet, row and column."""

import re
import unicodedata

from merflow.datasets.spec import Annotation, Source
from merflow.errors import MerflowError, nearest
from merflow.io.files import safe_name
from merflow.io.spreadsheets import Row

UNKNOWN = frozenset({"", "/", "-", "nan", "none", "null", "n/a", "na", "?"})
"""Cells that stand for an unknown frame number."""

MAX_FRAME = 10**9
_WHOLE = re.compile(r"[0-9]{1,15}(?:\.0{1,6})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T|[0-9]{2}:[0-9]{2}(:[0-9]{2})?$")


def frame(row: Row, column: str) -> int:
    """Return a frame number (the dataset's numbering); refuse any other cell."""
    number = optional_frame(row, column, unknown=frozenset())
    if number is None:
        raise MerflowError(
            row.where(column),
            "the cell is empty (merged cells read as empty but for the first)",
            "a frame number",
            "type the number in; split merged cells",
        )
    return number


def optional_frame(row: Row, column: str, unknown: frozenset[str] = UNKNOWN) -> int | None:
    """Return a frame number, or None for an empty cell or one in `unknown`."""
    text = row.text(column)
    if not text or text.casefold() in unknown:
        return None
    if _WHOLE.fullmatch(text):
        number = int(text.split(".")[0])
        if number <= MAX_FRAME:
            return number
    raise MerflowError(
        row.where(column),
        f"'{text}' {_kind(text)}",
        "a whole frame number",
        "correct the cell (format it as a number or as text)",
    )


def _kind(text: str) -> str:
    if _DATE.match(text):
        return "is a date or a time"
    if text.startswith("#"):
        return "is a spreadsheet error"
    if text.isdigit() and not text.isascii():
        return "is written in full-width or other digits"
    if re.fullmatch(r"[0-9]+[.,][0-9]+", text):
        return "is not whole"
    if re.fullmatch(r"-[0-9.]+", text):
        return "is negative"
    return "is not a number"


def name(row: Row, column: str, source: Source) -> str:
    """Return an identifier; surrounding blanks are removed with a warning."""
    raw = row.raw(column)
    text = raw.strip()
    if not text:
        raise MerflowError(
            row.where(column),
            "the cell is empty (merged cells read as empty but for the first)",
            f"a {column}",
            "fill the cell in; split merged cells",
        )
    safe_name(text, row.where(column))
    published = bool(source.spec.emotions)
    if not text.isascii() and (published or unicodedata.normalize("NFKC", text) != text):
        # Full-width digits and the like look the same to a person, not to a program.
        raise MerflowError(
            row.where(column),
            f"'{text}' has characters outside ASCII ({_odd(text)})",
            "the name as the dataset's owners wrote it",
            "type the cell again in plain letters and digits",
        )
    if raw != text:
        source.warn(row.where(column), f"blanks around '{text}' were ignored")
    return text


def _odd(text: str) -> str:
    return ", ".join(f"U+{ord(c):04X}" for c in text if ord(c) > 127)[:60]


def emotion(row: Row, column: str, source: Source, aliases: dict[str, str] | None = None) -> str:
    """Return an emotion in lower case; refuse one that the dataset does not have."""
    text = " ".join(row.text(column).split()).casefold()
    text = (aliases or {}).get(text, text)
    known = source.spec.emotions
    if known and text not in known:
        shown = row.text(column)
        raise MerflowError(
            row.where(column),
            f"unknown emotion '{shown}'{nearest(text, known)}" if shown else "the cell is empty",
            f"one of {', '.join(sorted(known))}",
            "correct the cell, or add the correction to the dataset's errata file",
        )
    return text


def action_units(row: Row, column: str) -> str:
    """Return the action units as written, with single spaces; empty when unknown."""
    text = " ".join(row.text(column).split())
    return "" if text.casefold() in {"null", "nan", "none", "?"} else text


def annotation(
    row: Row,
    source: Source,
    onset: int | None,
    apex: int | None,
    offset: int | None,
    aliases: dict[str, str] | None = None,
) -> Annotation:
    """Return a row's annotation from its checked frame numbers and its other columns."""
    return Annotation(
        onset,
        checked_apex(row, source, onset, apex, offset),
        offset,
        emotion(row, "emotion", source, aliases),
        action_units(row, "action_units"),
        row.text("objective"),
    )


def checked_apex(
    row: Row, source: Source, onset: int | None, apex: int | None, offset: int | None
) -> int | None:
    """Return the apex, or None with a warning if it lies outside; refuse offset < onset."""
    if onset is not None and offset is not None and offset < onset:
        raise MerflowError(
            row.where("offset"),
            f"offset {offset} is before onset {onset}",
            "onset <= offset",
            "correct the cell, or add the correction to the dataset's errata file",
        )
    outside = apex is not None and (
        (onset is not None and apex < onset) or (offset is not None and apex > offset)
    )
    if outside:
        source.warn(
            row.where("apex"),
            f"apex {apex} is outside {onset}..{offset}; treated as unknown",
            "onset <= apex <= offset",
            "add the correction to the dataset's errata file",
        )
        return None
    return apex
