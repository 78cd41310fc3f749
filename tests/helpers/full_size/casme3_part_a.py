"""Part A of CAS(ME)3 beyond the labelled clips: 3,346 macro rows, 860 micro rows, 841 blinks."""

import random
from collections import defaultdict
from collections.abc import Iterator

from full_size import casme3
from full_size._form import Book, Expected, FullSize, Item, Rows
from merflow.clip import Interval

BOOK = "annotation/CAS(ME)3_part_A_v2.xls"
HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type")
HEADER += ("Objective class",)
MACRO, MACRO_IN = 3346, 904
"""Rows of macro-expressions, and the recordings that they are in."""
SUBJECTS = (*casme3.SUBJECTS, 151, 164, 191, 200)
"""98 subjects: four have macro-expressions alone."""

BLINKS, BLINKING = 841, SUBJECTS[::8]
"""Rows of blinks and their 13 subjects."""

IN_ORDER = {(149, "d"): (112, 160, 358), (216, "d"): (2647, 2668, 2694)}
IN_ORDER_AGAIN = {1814: 1845, 2385: 2403}
"""What this sheet has where the label sheet is out of order, and two offsets that are 0 there."""
OFFSETS = {(214, "c"): 34}
"""What config/errata/casme3.csv makes of an offset."""
LONGEST = (3000, 3040, 7335)
"""The longest macro-expression, the last of its recording."""
EMPTY = ((1, "m"), (2, "m"))
"""Recordings without a row."""

Place = tuple[int, str]


def plan(variant: str) -> FullSize:
    """Return the macro clips, or the recordings with expressions or blinks, with both sheets."""
    rows: Rows = [HEADER]
    found: dict[Place, list[Interval]] = defaultdict(list)
    items: list[Item] = []
    for place, span, units, objective, word in _micro():
        kind = "Micro-expression"
        rows.append((f"spNO.{place[0]}", place[1], *map(str, span), units, kind, objective))
        onset, apex, offset = span
        small = (place[0], place[1].lower())
        offset = OFFSETS.get(place, offset)
        found[small].append(Interval(onset, apex or None, offset, "micro", word, units))
    for index, (place, span) in enumerate(_macro()):
        units = casme3.UNITS[index % len(casme3.UNITS)]
        kind = "Macro-expression"
        rows.append((f"spNO.{place[0]}", place[1], *map(str, span), units, kind, "VII"))
        found[place].append(Interval(*span, "macro", "", units))
        items.append(_macro_item(place, span, units))
    blinks = _blinks()
    pages: Rows = [("Subject", "Filename", "Onset", "Offset")]
    pages += [
        (f"spNO.{subject}", letter, str(one.onset), str(one.offset))
        for (subject, letter), several in blinks.items()
        for one in several
    ]
    book = Book(BOOK, (("AU+Emotion", rows), ("eye blink", pages)))
    if variant != "part_a_macro":
        there = blinks if variant == "blinks" else found | {place: [] for place in EMPTY}
        items = [_recording(place, intervals) for place, intervals in there.items()]
    return FullSize("casme3", variant, tuple(items), (book, *casme3.plan().books))


def _micro() -> Iterator[tuple[Place, tuple[int, int, int], str, str, str]]:
    """Yield the rows of the label sheet as this sheet has them, with the emotion of that one."""
    words, classes = casme3.spread(casme3.EMOTIONS, 860), casme3.spread(casme3.OBJECTIVE, 860)
    for index, (subject, letter, span) in enumerate(casme3._rows()):
        onset, apex, offset = IN_ORDER.get((subject, letter), span)
        offset = IN_ORDER_AGAIN[onset] if (subject, letter) == (40, "e") else offset
        units = casme3.UNITS[index % len(casme3.UNITS)]
        place = (subject, letter)
        yield place, (onset, apex, offset), units, classes[index], words[index].lower()


def _macro() -> Iterator[tuple[Place, tuple[int, int, int]]]:
    """Yield the macro-expressions, three or four in a recording."""
    places = [(s, c) for c in "abcdefghijklm" for s in SUBJECTS][:MACRO_IN]
    for index, place in enumerate(places):
        for take in range(MACRO // MACRO_IN + (index < MACRO % MACRO_IN)):
            rng = random.Random(f"macro {place} {take}")
            onset = 30 + 900 * take + rng.randint(0, 400)
            length = rng.randint(20, 126)
            span = onset, onset + rng.randint(1, length - 2), onset + length - 1
            yield place, LONGEST if (index, take) == (0, 3) else span


def _blinks() -> dict[Place, list[Interval]]:
    places = [(subject, letter) for subject in BLINKING for letter in "abcdefghijklm"]
    found: dict[Place, list[Interval]] = {place: [] for place in places}
    for index in range(BLINKS):
        place = places[index % len(places)]
        onset = 20 + 90 * (index // len(places)) + place[0] % 7
        found[place].append(Interval(onset, None, onset + 4 + index % 5, "blink"))
    return found


def _macro_item(place: Place, span: tuple[int, int, int], units: str) -> Item:
    """Return a macro clip with three of its frames."""
    subject, letter = place
    numbers = tuple(sorted(set(span)))
    expected = Expected(
        f"spNO.{subject:03d}", f"{letter}_{span[0]}", "", numbers, *span, units, "VII"
    )
    return Item(f"part_A/spNO.{subject}/{letter}/color", _names(numbers), expected)


def _recording(place: Place, intervals: list[Interval]) -> Item:
    """Return a recording with its first and last frame."""
    subject, letter = place
    numbers = (0, max([5000, *(one.offset for one in intervals)]))
    ordered = tuple(sorted(intervals, key=lambda i: (i.onset, i.offset, i.kind)))
    expected = Expected(f"spNO.{subject:03d}", letter, "", numbers, intervals=ordered)
    return Item(f"part_A/spNO.{subject}/{letter}/color", _names(numbers), expected)


def _names(numbers: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"{n}.jpg" for n in numbers)
