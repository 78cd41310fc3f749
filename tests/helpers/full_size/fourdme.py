"""4DME at full size: 267 rows; the label counts are recalled from its publication."""

from full_size._form import Book, Cell, Expected, FullSize, Item, Rows, deal, single, spread

WORDS = ("Positive", "Negative", "Surprise", "Repression", "Others")
EMOTIONS = {"Negative": 127, "Positive": 34, "Surprise": 30, "Repression": 6, "Others": 43}
EMOTIONS |= {"Surprise+Positive": 13, "Surprise+Negative": 8, "Surprise+Repression": 3}
EMOTIONS |= {"Positive+Repression": 3}
UNITS = {"1": 46, "2": 54, "4": 102, "5": 8, "6": 25, "7": 89, "9": 1, "10": 2, "12": 53}
UNITS |= {"14": 4, "15": 6, "17": 11, "24": 20, "23": 13, "38": 10, "45": 10}
CODES = sorted(UNITS, key=int)
HEADER = ("fold", "sub_ID'", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion", "eye blink")
HEADER += (*WORDS, "Total", *(f"AU{code}" for code in CODES))
STATIC = frozenset((5, 50, 200))
"""Rows (0-based) with one more unit that is marked as static."""

SUBJECTS = 41
WITH_FRAMES = frozenset((0, 1, 2, 144, 266))


def plan(variant: str = "gray") -> FullSize:
    """Return one tree, with the sheet of extras that is not read."""
    rows: Rows = [HEADER]
    extras: Rows = [("sub_ID'", "fold_name", "self-report emo'", "video emo'", "video_number'")]
    items = []
    words, units = spread(EMOTIONS, 267), deal(UNITS, [2] * 187 + [1] * 80)
    for index, word in enumerate(words):
        number = index * SUBJECTS // 267 + 1
        clip = f"1st_{index:03d}_01"
        onset, apex, offset = 5 + index % 7, 14 + index % 7, 26 + index % 9
        cell = "+".join(units[index]) + ("+11(k)" if index in STATIC else "")
        cell = f"AU{cell}" if index % 50 == 7 else cell
        flags: list[Cell] = [int(name in word.split("+")) for name in WORDS]
        marks = [int(code in units[index]) for code in CODES]
        span = (onset, apex, offset)
        total = word.count("+") + 1
        rows.append(("S1", number, clip, *span, single(cell), word, None, *flags, total, *marks))
        extras.append((number, clip, "calm", "funny", 3))
        subject = f"S{number:02d}"
        numbers = tuple(range(onset, offset + 1)) if index in WITH_FRAMES else ()
        read = "+".join(sorted(word.casefold().split("+")))
        expected = Expected(subject, clip, read, numbers, *span, cell)
        top = f"gray_micro{'_crop' if variant == 'cropped' else ''}/{subject}"
        names = tuple(f"{n:03d}.jpg" for n in numbers)
        items.append(Item(f"{top}/{clip}" if names else top, names, expected))
    books = (
        Book("4DME_Labelling_Micro_release v1.xlsx", (("Sheet1", rows),)),
        Book("4DME_Labelling_Micro_extras_release v1.xlsx", (("Sheet1", extras),)),
    )
    return FullSize("fourdme", variant, tuple(items), books)
