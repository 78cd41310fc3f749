"""Part C of CAS(ME)3 at full size: 165 labelled rows, and 463 rows of micro and macro."""

import random

from full_size._form import Book, Expected, FullSize, Item, Rows, single, spread
from merflow.clip import Interval

EMOTIONS = {"negative": 99, "surprise": 30, "others": 20, "positive": 16}
UNITS = ("4", "R4,L12", "1,2", "12", "4,7", "14", "L14", "9,4")
ODD_UNITS = {20: "4，7", 40: "1,2,", 60: "4,", 80: "L12,", 100: "13?"}
LABELLED = tuple(n for n in range(1, 32) if n != 22)
"""30 subjects of the labelled sheet; the other sheet has 4 to 31."""
MICRO, MACRO = 160, 303
LAST = 16_440
"""Last frame of a recording."""

Span = tuple[int, int, int]
"""Subject, onset, offset."""


def plan(variant: str = "part_c") -> FullSize:
    """Return the labelled clips, or the recordings with all of their intervals."""
    words = spread(EMOTIONS, 165)
    rows: Rows = [("sub", "count", "onset", "offset", "au", "emotion")]
    items, found = [], {n: [] for n in range(1, 32)}
    labelled: list[Span] = []
    for index, (subject, count, onset, offset) in enumerate(_labelled()):
        units = ODD_UNITS.get(index, UNITS[index % len(UNITS)])
        rows.append((subject, count, onset, offset, single(units), words[index]))
        labelled.append((subject, onset, offset))
        items.append(_clip(subject, onset, offset, units, words[index]))
        if subject > 3:
            found[subject].append(Interval(onset, None, offset, "micro", words[index], units))
    other: Rows = [("Subject", "Onset", "Offset", "diff", "Exp_type", "risk")]
    micro = [span for span in labelled if span[0] > 3]
    micro.append((31, 15_000, 15_010))
    found[31].append(Interval(15_000, None, 15_010, "micro"))
    macro = [(4 + index % 28, *_later(index)) for index in range(MACRO)]
    for subject, onset, offset in macro:
        found[subject].append(Interval(onset, None, offset, "macro"))
    for kind, spans in ((1, micro), (0, macro)):
        for index, (subject, onset, offset) in enumerate(spans):
            other.append((subject, onset, offset, offset - onset, kind, int(index % 14 < 9)))
    books = (
        Book("annotation/CAS(ME)3_part_C_ME.xlsx", (("mockCrimeME", rows),)),
        Book("annotation/CAS(ME)3_part_C.xls", (("organize", other),)),
    )
    if variant == "part_c_spotting":
        items = [_recording(n, found[n]) for n in found]
    return FullSize("casme3", variant, tuple(items), books)


def _labelled() -> list[tuple[int, int, int, int]]:
    """Return subject, count, onset and offset: 2 rows of each of the first three subjects."""
    rows = []
    counts = [2] * 3 + [6] * 24 + [5] * 3
    for subject, total in zip(LABELLED, counts, strict=True):
        for count in range(1, total + 1):
            rng = random.Random(f"{subject} {count}")
            onset = 300 * count + rng.randint(0, 200)
            length = {(1, 1): 4, (2, 1): 35}.get((subject, count), 5 + len(rows) % 15)
            rows.append((subject, count, onset, onset + length - 1))
    return rows


def _later(index: int) -> tuple[int, int]:
    """Return a macro-expression after all micro-expressions of the recording."""
    onset = 3000 + 700 * (index // 28) + index % 13
    return onset, onset + 40 + index % 90


def _clip(subject: int, onset: int, offset: int, units: str, word: str) -> Item:
    numbers = tuple(range(onset, offset + 1))
    folder = f"RGB_Depth/part_C/part_C/{subject:02d}/a/color"
    expected = Expected(f"{subject:02d}", f"a_{onset}", word, numbers, onset, None, offset, units)
    return Item(folder, tuple(f"{n}.jpg" for n in numbers), expected)


def _recording(subject: int, intervals: list[Interval]) -> Item:
    """Return a recording with its first and last frame."""
    ordered = tuple(sorted(intervals, key=lambda i: (i.onset, i.offset, i.kind)))
    expected = Expected(f"{subject:02d}", "a", "", (1, LAST), intervals=ordered)
    return Item(
        f"RGB_Depth/part_C/part_C/{subject:02d}/a/color", ("1.jpg", f"{LAST}.jpg"), expected
    )
