"""Convert cells of annotation sheets to values; errors name file, sheet, row and column."""

import re
import unicodedata
from collections.abc import Callable, Collection

from merflow.datasets.spec import Annotation, Source
from merflow.errors import nearest
from merflow.io.files import safe_name
from merflow.io.spreadsheets import Row

UNKNOWN = frozenset({"", "/", "-", "nan", "none", "null", "n/a", "na", "?"})
"""Cells that stand for an unknown frame number."""

MAX_FRAME = 10**9
EMPTY = "the cell is empty (merged cells read as empty but for the first)"
CORRECT = "correct the cell, or add the correction to the dataset's errata file"
_WHOLE = re.compile(r"[0-9]{1,15}(?:\.0{1,6})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T|[0-9]{2}:[0-9]{2}(:[0-9]{2})?$")


def frame(row: Row, column: str) -> int:
    """Return a frame number (the dataset's numbering); refuse any other cell."""
    number = optional_frame(row, column, unknown=frozenset())
    if number is None:
        raise row.error(column, EMPTY, "a frame number", "type the number in; split merged cells")
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
    fix = "correct the cell (format it as a number or as text)"
    raise row.error(column, f"'{text}' {_kind(text)}", "a whole frame number", fix)


def frame_rate(row: Row, column: str = "fps") -> float | None:
    """Return frames per second (Hz), or None for an empty cell or a sheet without the column."""
    text = row.text(column)
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not (text.isascii() and 0 < rate <= 10_000):
        raise row.error(column, f"'{text}'", "frames per second, such as 200")
    return rate


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
        raise row.error(column, EMPTY, f"a {column}", "fill the cell in; split merged cells")
    safe_name(text, row.where(column))
    published = bool(source.spec.emotions)
    if not text.isascii() and (published or unicodedata.normalize("NFKC", text) != text):
        # Full-width digits and the like look the same to a reader, not to a program.
        odd = ", ".join(f"U+{ord(c):04X}" for c in text if ord(c) > 127)[:60]
        raise row.error(
            column,
            f"'{text}' has characters outside ASCII ({odd})",
            "the name as the dataset's owners wrote it",
            "type the cell again in plain letters and digits",
        )
    if raw != text:
        source.warn(row.where(column), f"blanks around '{text}' were ignored")
    return text


def subject_of(
    row: Row, source: Source, subject_id: Callable[[str], str | None], expected: str
) -> str:
    """Return the subject in padded form; refuse a cell for which `subject_id` gives None."""
    text = name(row, "subject", source)
    found = subject_id(text)
    if found is None:
        raise row.error("subject", f"'{text}' is not a subject id", expected)
    return found


def emotion(row: Row, source: Source, aliases: dict[str, str] | None = None) -> str:
    """Return an emotion in lower case; refuse one that the dataset does not have.

    Several emotions of one clip (`Surprise+Positive`) are sorted and joined by `+`.
    """
    spec, shown = source.spec, row.text("emotion")
    text = " ".join(shown.split()).casefold()
    parts = re.split(r"\s*[+/]\s*", text) if spec.compound else [text]
    words = [(aliases or {}).get(part, part) for part in parts]
    wrong = [word for word in words if spec.emotions and word not in spec.emotions]
    if wrong:
        expected = f"one of {', '.join(sorted(spec.emotions))}"
        hint = nearest(wrong[0], spec.emotions)
        found = f"unknown emotion '{shown}'{hint}" if shown else "the cell is empty"
        if spec.emotions_seen or not shown:
            raise row.error("emotion", found, expected, CORRECT)
        source.warn(row.where("emotion"), f"{found}; it is read as written", expected)
    return "+".join(sorted(set(words)))


def annotation(
    row: Row,
    source: Source,
    *,
    required: Collection[str] = ("onset", "offset"),
    unknown: frozenset[str] = UNKNOWN,
    aliases: dict[str, str] | None = None,
    labelled: bool = True,
) -> Annotation:
    """Return a row's annotation.

    required: the frame numbers of a clip that must be known; unknown: cells that stand for a
    number that is not; aliases: emotion in the sheet -> emotion of the dataset; labelled: False if
    the sheet has rows without an emotion.
    """
    onset, apex, offset = (
        frame(row, c) if c in required else optional_frame(row, c, unknown)
        for c in ("onset", "apex", "offset")
    )
    apex = _checked_apex(row, source, onset, apex, offset)
    label = emotion(row, source, aliases) if labelled or row.text("emotion") else ""
    units = " ".join(row.text("action_units").split())
    units = "" if units.casefold() in {"null", "nan", "none", "?"} else units
    return Annotation(onset, apex, offset, label, units, row.text("objective"))


def _checked_apex(
    row: Row, source: Source, onset: int | None, apex: int | None, offset: int | None
) -> int | None:
    """Return the apex, or None with a warning if it lies outside; refuse offset < onset."""
    if onset is not None and offset is not None and offset < onset:
        found = f"offset {offset} is before onset {onset}"
        raise row.error("offset", found, "onset <= offset", CORRECT)
    if apex is not None and (
        (onset is not None and apex < onset) or (offset is not None and apex > offset)
    ):
        source.warn(
            row.where("apex"),
            f"apex {apex} is outside {onset}..{offset}; treated as unknown",
            "onset <= apex <= offset",
            "add the correction to the dataset's errata file",
        )
        return None
    return apex
