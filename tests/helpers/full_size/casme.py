"""CASME at full size: 189 rows with 254 action units; label counts as recalled from publications."""

from full_size._form import Book, Expected, FullSize, Item, Rows, deal, single, spread

HEADER = ("Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None)
HEADER += ("AU", "Emotion")
EMOTIONS = {"tense": 69, "disgust": 44, "repression": 38, "surprise": 20, "sadness": 6}
EMOTIONS |= {"happiness": 7, "contempt": 3, "fear": 2}
UNITS = {"1": 23, "2": 17, "4": 70, "6": 1, "7": 4, "9": 40, "10": 3, "12": 9, "14": 23}
UNITS |= {"15": 14, "17": 13, "18": 12, "24": 15, "23": 10}
SECTION_B = 92
"""Rows (0-based) from here on have frame numbers of three digits in their file names."""

SECOND_APEX = frozenset((10, 100))
SUBJECTS = 19
WITH_FRAMES = frozenset((0, 1, 2, 11, 95, 188))


def plan(variant: str = "raw") -> FullSize:
    """Return one tree; the same clip names come back in many subjects."""
    rows: Rows = [HEADER]
    items = []
    words, units = spread(EMOTIONS, 189), deal(UNITS, [2] * 65 + [1] * 124)
    for index, word in enumerate(words):
        number, take = index * SUBJECTS // 189 + 1, index % 10
        clip = f"EP{1 + take // 4:02d}_{take + 1}"
        onset, offset = 60 + index % 40, 85 + index % 40
        apex, second = onset + 9, onset + 15 if index in SECOND_APEX else None
        cell = "+".join(units[index])
        span = (onset, apex, second, offset)
        rows.append((number, clip, None, *span, None, single(cell), word))
        subject = f"sub{number:02d}"
        numbers = tuple(range(onset, offset + 1)) if index in WITH_FRAMES else ()
        expected = Expected(subject, clip, word, numbers, onset, apex, offset, cell)
        digits = 3 if index >= SECTION_B else 1
        top, prefix = ("CASME_raw_selected", "") if variant == "raw" else ("Cropped", "reg_")
        names = tuple(f"{prefix}{clip}-{n:0{digits}d}.jpg" for n in numbers)
        folder = f"{top}/{subject}" if not names else f"{top}/{subject}/{clip}"
        items.append(Item(folder, names, expected))
    book = Book("casme.xlsx", (("Sheet1", rows),))
    return FullSize("casme", variant, tuple(items), (book,))
