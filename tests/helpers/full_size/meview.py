"""MEVIEW at full size: 40 rows of 15 people, with the cells that a spreadsheet program damaged."""

import datetime

from full_size._form import Book, Cell, Expected, FullSize, Item, Rows, single

HEADER = ("Subject", "Filename", "OnsetFrame", "OffsetFrame", "VideoFile", "StartFrameVideo")
HEADER += ("EndFrameVideo", "Length", "Action Units", "Emotion", "Note")
ROWS = {1: 2, 2: 2, 3: 3, 4: 2, 5: 2, 6: 2, 7: 10, 8: 2, 9: 2, 10: 2, 11: 2, 13: 2, 14: 2}
ROWS |= {15: 3, 16: 2}
NOTHING = ("sub07-1", "sub15-3", "sub16-1")
"""Rows of length 0: no expression."""

CLASH = ("sub02-1", "sub07-4")
"""Rows with another length than offset - onset."""

EMOTIONS = ["surprise"] * 9 + ["happy"] * 6 + ["contempt"] * 5
EMOTIONS += ["comtempt", "contempt/disgust", "anger", "anger", "fear?", "fear?", "fear"]
READ_AS = {"comtempt": "contempt", "contempt/disgust": "contempt+disgust", "fear?": "fear"}
NOTED = (11, 20, 21, 24, 25)
"""Places among EMOTIONS of rows with a note; six more notes are on rows without an emotion."""

DAMAGED, DATE = 10, datetime.datetime(2013, 2, 1)
UNITS = ("4", "12", "R14", "1+2", "6+12", "L14", "7", "4+7")
WITH_FRAMES = ("sub01-1", "sub02-1", "sub16-2")


def plan(variant: str = "all") -> FullSize:
    """Return every row, or the `clear` ones: with an emotion and without a note."""
    rows: Rows = [HEADER]
    items = []
    names = [(s, f"sub{s:02d}-{k}") for s, count in ROWS.items() for k in range(1, count + 1)]
    labelled = [name for _, name in names if name not in NOTHING][: len(EMOTIONS)]
    empty = [name for _, name in names if name not in labelled]
    coded = [name for _, name in names if name not in NOTHING][:36]
    for index, (subject, name) in enumerate(names):
        word = EMOTIONS[labelled.index(name)] if name in labelled else ""
        noted = labelled.index(name) in NOTED if word else empty.index(name) < 6
        cell, units = _units(coded.index(name)) if name in coded else (None, "")
        onset = 10 + index
        offset = onset if name in NOTHING else onset + 6 + index % 5
        length = offset - onset + (3 if name in CLASH else 0)
        start = 1000 + 40 * index
        note = "macroexpression" if noted else None
        video = f"video{subject % 6}.mp4"
        span = (onset, offset, video, start, start + length, length)
        rows.append((subject, name, *span, cell, word or None, note))
        if variant == "all" or (word and not noted):
            numbers = tuple(range(onset, offset + 1)) if name in WITH_FRAMES else ()
            read = READ_AS.get(word, word)
            expected = Expected(
                f"sub{subject:02d}", name, read, numbers, onset, None, offset, units
            )
            files = tuple(f"{n:03d}.png" for n in range(1, offset + 3)) if numbers else ()
            items.append(Item(f"clips/{name}" if files else "clips", files, expected))
    book = Book("MEVIEW.xls", (("List 1", rows),))
    return FullSize("meview", variant, tuple(items), (book,))


def _units(place: int) -> tuple[Cell, str]:
    """Return a cell and what it means: ten floats and a date stand for 1+2."""
    if place < DAMAGED:
        return 1.2, "1+2"
    if place == DAMAGED:
        return DATE, "1+2"
    units = UNITS[place % len(UNITS)]
    return single(units), units
