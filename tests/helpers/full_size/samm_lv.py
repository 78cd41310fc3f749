"""SAMM Long Videos at full size: 502 rows of 147 recordings, the header on row 10, no emotions."""

import random

from full_size import samm
from full_size._form import Book, Cell, Expected, FullSize, Item, Rows, single
from merflow.clip import Interval

SHEET = "SAMM_LongVideos_V3_Release.xlsx"
HEADER = ("Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type")
HEADER += ("Action Units", "Notes")
HEADER_ROW = 10
MACRO, RECORDINGS, EMPTY = 343, 147, 2
"""Rows of macro-movements; recordings; recordings of these without any movement."""

ONLY_HERE = 8
"""A subject with macro-movements alone, so without a row in SAMM's own sheet."""

EARLY = {0: 0, 7: 1}
"""Macro rows (0-based) that begin before the recording: their onsets."""
NO_OFFSET = frozenset({11, 40})
"""Macro rows with the offset 0."""

RENAMED = {"011_1_3": "011_1_33"}
"""A micro-movement that SAMM's own sheet calls otherwise, so that it finds no emotion."""


def plan(variant: str = "long") -> FullSize:
    """Return the recordings, the V3 sheet and SAMM's own sheet; two frames of each recording."""
    words = {e.clip: e.emotion for e in samm.plan().expected}
    micro = [(RENAMED.get(name, name), words[name]) for name in words]
    recordings = _recordings({name.rsplit("_", 1)[0] for name, _ in micro})
    rows: Rows = [(None,)] * (HEADER_ROW - 1) + [HEADER]
    rows[0] = ("SAMM Long Videos - FACS codes of movements",)
    found: dict[str, list[Interval]] = {name: [] for name in recordings}
    for name, emotion in micro:
        known = "" if name in RENAMED.values() else emotion
        _add(rows, found, name, _span(name, 30, 101), "micro", known)
    for index in range(MACRO):
        recording = recordings[index % (RECORDINGS - EMPTY)]
        name = f"{recording}_{50 + index // (RECORDINGS - EMPTY)}"
        onset, apex, offset = _span(name, 110, 900)
        onset, offset = EARLY.get(index, onset), 0 if index in NO_OFFSET else offset
        _add(rows, found, name, (onset, apex, offset), "macro", "")
    book = Book(SHEET, (("FACS_Movement_Only", rows),))
    micro_sheet = samm.plan().books[0]
    items = tuple(_item(recording, intervals) for recording, intervals in found.items())
    return FullSize("samm_lv", variant, items, (book, micro_sheet))


def _recordings(sessions: set[str]) -> list[str]:
    """Return the recordings; the last two hold no movement."""
    subjects = sorted({*samm.SUBJECTS, ONLY_HERE})
    others = [f"{s:03d}_{code}" for code in range(1, 8) for s in subjects]
    others = [name for name in others if name not in sessions]
    first = [f"{ONLY_HERE:03d}_1", *(n for n in others if n != f"{ONLY_HERE:03d}_1")]
    return [*sorted(sessions), *first[: RECORDINGS - len(sessions)]]


def _span(name: str, shortest: int, longest: int) -> tuple[int, int, int]:
    """Return the frames of a movement: its number decides where it lies in the recording."""
    rng = random.Random(name)
    onset = 10 + 110 * int(name.rsplit("_", 1)[1]) + rng.randint(0, 5)
    length = rng.randint(shortest, longest)
    return onset, onset + rng.randint(5, length - 5), onset + length - 1


def _add(
    rows: Rows,
    found: dict[str, list[Interval]],
    name: str,
    span: tuple[int, int, int],
    kind: str,
    emotion: str,
) -> None:
    subject, code, _ = name.split("_")
    onset, apex, offset = span
    units = samm.UNITS[len(rows) % len(samm.UNITS)]
    shown = "Micro - 1/2" if kind == "micro" else "Macro"
    cells: tuple[Cell, ...] = (subject, name, int(code), *span, offset - onset + 1, shown)
    rows.append((*cells, single(units), None))
    made = Interval(onset, apex, offset or apex, kind, emotion, units.strip())
    found[f"{subject}_{code}"].append(made)


def _item(recording: str, intervals: list[Interval]) -> Item:
    """Return a recording with its first and last frame: a whole one has about 7,000."""
    numbers = (1, max([7000, *(i.offset for i in intervals)]))
    ordered = tuple(sorted(intervals, key=lambda i: (i.onset, i.offset, i.kind)))
    expected = Expected(recording[:3], recording, "", numbers, intervals=ordered)
    files = tuple(f"{recording}_{n:04d}.jpg" for n in numbers)
    return Item(f"SAMM_longvideos/{recording}", files, expected)
