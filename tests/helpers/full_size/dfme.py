"""DFME at full size: 2,629 rows in three sheets; two clips of each part have frames."""

import functools
import random
from collections.abc import Iterator

from full_size._form import Book, Expected, FullSize, Item, Rows, deal, single, spread

HEADER = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame")
HEADER += ("Emotion", "EmotionId", "Fps", "AU")
TOP = "full_release_annotation/full_release_annotation"
TREES = {"training": "train_data", "testA": "test_data_A", "testB": "test_data_B"}
WORDS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
EMOTIONS = {
    "training": dict(zip(WORDS, (161, 100, 548, 265, 206, 278, 298), strict=True)),
    "testA": dict(zip(WORDS, (39, 34, 129, 62, 63, 46, 101), strict=True)),
    "testB": dict(zip(WORDS, (41, 37, 58, 38, 42, 35, 48), strict=True)),
}
FPS = {
    "training": {200: 556, 300: 605, 500: 695},
    "testA": {200: 116, 300: 143, 500: 215},
    "testB": {200: 159, 300: 57, 500: 83},
}
SUBJECTS = {
    "training": {200: 65, 300: 62, 500: 49},
    "testA": {200: 15, 300: 15, 500: 12},
    "testB": {200: 16, 300: 14, 500: 11},
}
"""Subjects of each rate: 96, 91 and 72 in all."""

IDS = {
    200: list(range(111, 111 + 96)),
    300: list(range(16, 16 + 91)),
    500: [*range(1, 16), *range(615, 672)],
}
"""The published ids: a rate cannot be derived from an id."""

FROM_ZERO = {"training": 883, "testA": 240, "testB": 117}
LONG = {"training": 48, "testA": 10, "testB": 10}
"""Rows with the onset 0, and rows of more than 500 ms."""

SINGLE = {"training": 698, "testA": 176, "testB": 124}
UNITS = {"4": 1079, "7": 563, "5": 450, "1": 442, "2": 398, "12": 395, "6": 242, "24": 241}
UNITS |= {"14": 164, "10": 158, "17": 129, "AD38": 52, "15": 46, "23": 44, "20": 40, "9": 29}
UNITS |= {"25": 16, "AD31": 16, "AD39": 16, "16": 12, "18": 9, "M58": 8, "28": 5, "M57": 1}
WITH_SIDE, THREE = 634, 295

Row = tuple[str, str, int, tuple[int, int, int], str]
"""subject, clip, fps, (onset, apex, offset), emotion."""


def plan(variant: str = "all") -> FullSize:
    """Return one part, or all three."""
    items: list[Item] = []
    books = []
    for part in TREES if variant == "all" else (variant,):
        sheet: Rows = [HEADER]
        for index, ((subject, clip, fps, span, word), units) in enumerate(
            zip(_rows(part), _units()[part], strict=True)
        ):
            ids = (WORDS.index(word), fps, single(units))
            sheet.append((subject, clip, *span, word, *ids))
            items.append(_item(part, index, subject, clip, fps, span, word, units))
        books.append(Book(f"{TOP}/{part}_full_with_AU.xlsx", (("Sheet1", sheet),)))
    return FullSize("dfme", variant, tuple(items), tuple(books))


def _clips(part: str) -> Iterator[tuple[str, str, int]]:
    """Yield (subject, clip, fps), by subject."""
    found = []
    for fps, count in SUBJECTS[part].items():
        before = sum(SUBJECTS[p][fps] for p in list(SUBJECTS)[: list(SUBJECTS).index(part)])
        total = FPS[part][fps]
        for place, number in enumerate(IDS[fps][before : before + count]):
            own = total * (place + 1) // count - total * place // count
            found += [
                (f"sub{number:04d}", f"sub{number:04d}_{k:02d}", fps) for k in range(1, own + 1)
            ]
    yield from sorted(found)


@functools.cache
def _rows(part: str) -> list[Row]:
    total = sum(EMOTIONS[part].values())
    words = spread(EMOTIONS[part], total)
    zero = spread({"zero": FROM_ZERO[part], "later": total - FROM_ZERO[part]}, total)
    long = spread({"long": LONG[part], "usual": total - LONG[part]}, total)
    rows = []
    for index, (subject, clip, fps) in enumerate(_clips(part)):
        rng = random.Random(clip)
        onset = 0 if zero[index] == "zero" else rng.randint(1, 188)
        seconds = 0.53 if long[index] == "long" else rng.uniform(0.29, 0.49)
        offset = onset + int(fps * seconds) - 1
        span = (onset, onset + rng.randint(5, offset - onset - 5), offset)
        rows.append((subject, clip, fps, span, words[index]))
    return rows


@functools.cache
def _units() -> dict[str, list[str]]:
    """Return part -> the cell AU of each row; rows of several units come first in a part."""
    several = {part: len(_rows(part)) - count for part, count in SINGLE.items()}
    many = sum(several.values())
    sizes = [3] * THREE + [2] * (many - THREE) + [1] * sum(SINGLE.values())
    dealt = deal(UNITS, sizes)
    # One published cell has left and right of one unit.
    dealt[300][1], dealt[900][0] = dealt[900][0], dealt[300][1]
    left = WITH_SIDE
    cells = []
    for codes in dealt:
        shown = list(codes)
        for place, code in enumerate(codes):
            if len(codes) > 1 and code.isdigit() and left:
                shown[place] = "LR"[place % 2] + code
                left -= 1
        cells.append("+".join(shown))
    found, groups, singles = {}, iter(cells[:many]), iter(cells[many:])
    for part in SINGLE:
        found[part] = [next(groups) for _ in range(several[part])]
        found[part] += [next(singles) for _ in range(SINGLE[part])]
    return found


def _item(
    part: str,
    index: int,
    subject: str,
    clip: str,
    fps: int,
    span: tuple[int, int, int],
    word: str,
    units: str,
) -> Item:
    top, with_frames = TREES[part], index in (0, 20)
    numbers = tuple(range(span[0], span[2] + 1)) if with_frames else ()
    expected = Expected(subject, clip, word, numbers, *span, units, fps=fps)
    if not with_frames:
        return Item(top, (), expected)
    # Frames outside onset..offset may exist.
    names = tuple(f"{n:05d}.png" for n in range(span[2] + 4))
    return Item(f"{top}/{top}/{clip}", names, expected)
