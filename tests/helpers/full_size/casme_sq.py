"""CAS(ME)2 at full size: 57 micro and 300 macro rows, no header, 44 offsets not known."""

import random
from collections.abc import Iterator

from full_size._form import (
    Book,
    Cell,
    Expected,
    FullSize,
    Item,
    Rows,
    single,
    spread,
)
from merflow.synthetic.datasets.casme_sq import SUBJECTS, VIDEOS

MICRO = {
    11: 11,
    2: 8,
    8: 8,
    14: 6,
    15: 6,
    9: 4,
    7: 3,
    1: 2,
    13: 2,
    18: 2,
    20: 2,
    3: 1,
    12: 1,
    21: 1,
}
EMOTIONS = {
    "micro-expression": {"negative": 21, "others": 19, "surprise": 9, "positive": 8},
    "macro-expression": {"negative": 105, "others": 63, "surprise": 16, "positive": 116},
}
FELT = {
    "happiness": 146,
    "happyiness": 1,
    "disgust": 74,
    "anger": 55,
    "surprise": 36,
    "fear": 21,
    "sadness": 9,
    "helpless": 5,
    "pain": 5,
    "confused": 3,
    "sympathy": 2,
}
UNITS = ("4", "14,12", "10or11", "14or23", "1+2", "12", "6+12", "4+7", "R14", "15")
NO_UNITS = frozenset(range(7, 357, 34))
NO_OFFSET = frozenset(range(3, 355, 8))
"""Rows (0-based) whose action units are NULL (11), and whose offset is 0 (44)."""

NO_APEX = 100
MISPLACED = ("s19", "23_0502funnyerrors")
"""A recording of s23 that lies below s19 in the published folder."""


def plan(variant: str = "rawpic") -> FullSize:
    """Return one tree; `_macro` and `_all` after its name say which rows are expected."""
    tree, _, kind = variant.partition("_")
    words = {k: iter(spread(v, sum(v.values()))) for k, v in EMOTIONS.items()}
    felt = spread(FELT, 357)
    rows: Rows = []
    items: list[Item] = []
    for index, (participant, clip, shown) in enumerate(_clips()):
        span = _span(index, participant, clip)
        word = next(words[shown])
        units = "NULL" if index in NO_UNITS else UNITS[index % len(UNITS)]
        cells: tuple[Cell, ...] = (participant, clip, *span, single(units), word, shown)
        rows.append((*cells, felt[index], "", "", "", *_side(index)))
        wanted = shown.startswith(kind or "micro") or kind == "all"
        item = _item(tree, participant, clip, span, word, "" if units == "NULL" else units)
        items.append(item if wanted else Item(item.folder, item.names))
    rows.append((None, None, None, None, None, None, None, None, None, None, "total", 357))
    book = Book(
        "CAS(ME)^2code_final.xlsx",
        (("CASFEcode_final", rows), ("naming rule1", _rule1()), ("naming rule2", _rule2())),
    )
    if tree == "rawpic":
        items += [Item("rawvideo/s15", ("15_0101disgustingteeth.avi",))]
    return FullSize("casme_sq", variant, tuple(items), (book,))


def _clips() -> Iterator[tuple[int, str, str]]:
    """Yield (participant, `anger1_1`, kind) of every row, counted within each video."""
    macro = [300 * (p + 1) // 22 - 300 * p // 22 for p in range(22)]
    videos = list(VIDEOS)
    for participant in range(1, 23):
        micro = MICRO.get(participant, 0)
        counts = dict.fromkeys(videos, 0)
        for place in range(micro + macro[participant - 1]):
            video = videos[(place + participant) % len(videos)]
            counts[video] += 1
            kind = "micro" if place < micro else "macro"
            yield participant, f"{video}_{counts[video]}", f"{kind}-expression"


def _span(index: int, participant: int, clip: str) -> tuple[int, int, int]:
    rng = random.Random(f"{participant} {clip}")
    # Expressions of one video follow each other; a recording goes beyond frame 999.
    onset = 100 + 400 * int(clip.rsplit("_", 1)[1]) + rng.randint(0, 300)
    length = rng.randint(5, 60)
    apex = onset + rng.randint(1, length - 2)
    return onset, 0 if index == NO_APEX else apex, 0 if index in NO_OFFSET else onset + length - 1


def _side(index: int) -> tuple[Cell, ...]:
    """Return cells of the table that stands at the right in one copy."""
    return (("subjects", 22), ("micro", 57), ("macro", 300))[index] if index < 3 else ()


def _rule1() -> Rows:
    return [(raw, f"s{raw}", place) for place, raw in enumerate(SUBJECTS, 1)]


def _rule2() -> Rows:
    return [(folder[:4], video) for video, folder in VIDEOS.items()]


def _item(
    tree: str, participant: int, clip: str, span: tuple[int, int, int], word: str, units: str
) -> Item:
    onset, apex, offset = span
    subject = f"s{SUBJECTS[participant - 1]}"
    last = offset or (2 * apex - onset if tree == "rawpic" else apex + 3)
    numbers = tuple(range(onset, last + 1))
    expected = Expected(subject, clip, word, numbers, onset, apex or None, offset or None, units)
    if tree != "rawpic":
        names = tuple(f"img{n}.jpg" for n in numbers)
        top = f"cropped/{participant}" if tree == "cropped" else f"selectedpic/{subject}"
        return Item(f"{top}/{clip}", names, expected)
    recording = f"{subject[1:]}_{VIDEOS[clip.rsplit('_', 1)[0]]}"
    parent = MISPLACED[0] if recording == MISPLACED[1] else subject
    # Only the labelled frames and a few round them: the published recordings are whole.
    names = tuple(f"img{n:03d}.jpg" for n in (*range(onset - 3, onset), *numbers))
    return Item(f"rawpic/{parent}/{recording}", names, expected)
