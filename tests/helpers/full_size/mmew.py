"""MMEW at full size: 300 rows of 30 subjects; the label counts are those of its publication."""

from full_size._form import Book, Expected, FullSize, Item, Rows, deal, single, spread

HEADER = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame")
HEADER += ("Action Units", "Estimated Emotion", "remarks")
EMOTIONS = {"happiness": 36, "anger": 8, "surprise": 89, "disgust": 72, "fear": 16}
EMOTIONS |= {"sadness": 13, "others": 66}
INDEX = {"happiness": 1, "surprise": 2, "disgust": 3, "fear": 4, "sadness": 5, "others": 6}
INDEX |= {"anger": 7}
UNITS = {"1": 50, "2": 41, "4": 109, "5": 70, "6": 10, "7": 47, "9": 8, "10": 38, "12": 37}
UNITS |= {"14": 17, "15": 6, "17": 11, "24": 36, "23": 12, "25": 8}
NO_APEX = frozenset((33, *range(35, 43), 142, 143, 145, 146, 148, 154, 156))
NO_OFFSET = frozenset((142, 145))
"""Rows (0-based) with a missing or wrong apex, and two of them without an offset."""

WITH_FRAMES = frozenset((0, 1, 2, 33, 142, 299))
TOP = "MMEW_Final"


def plan(variant: str = "micro") -> FullSize:
    """Return the micro-expressions; some pictures of macro-expressions lie beside them."""
    rows: Rows = [HEADER]
    items = [Item(f"{TOP}/Macro_Expression/S01/happiness", ("S01-02-001.jpg", "S01-07-003.jpg"))]
    words, units = spread(EMOTIONS, 300), deal(UNITS, [2] * 200 + [1] * 100)
    for index, word in enumerate(words):
        subject = index // 10 + 1
        clip = f"S{subject:02d}-{INDEX[word]:02d}-{index % 10 + 1:03d}"
        length = 20 + index % 17
        onset, apex, offset = 1, 3 + index % 13, length
        shown_apex = None if index in NO_APEX else apex
        shown_offset = None if index in NO_OFFSET else offset
        cell = "+".join(units[index])
        span = (onset, shown_apex, shown_offset)
        rows.append((subject, clip, *span, single(cell), word, None))
        numbers = tuple(range(1, length + 1)) if index in WITH_FRAMES else ()
        expected = Expected(
            f"S{subject:02d}", clip, word, numbers, onset, shown_apex, shown_offset, cell
        )
        folder = "repression" if word == "others" else word
        top = f"{TOP}/Micro_Expression/{folder}"
        names = tuple(f"{n}.jpg" for n in numbers)
        items.append(Item(f"{top}/{clip}" if names else top, names, expected))
    book = Book(f"{TOP}/MMEW_Micro_Exp.xlsx", (("Sheet1", rows),))
    return FullSize("mmew", variant, tuple(items), (book,))
