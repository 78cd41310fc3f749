"""CAS(ME)2 at full size: 57 micro and 300 macro rows, no header, 44 offsets not known."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

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
from merflow.clip import Interval
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
ROWS = {"anger1": 54, "happy1": 54, "anger2": 48, "happy4": 46, "disgust2": 45, "disgust1": 43}
ROWS |= {"happy3": 33, "happy2": 26, "happy5": 8}
"""Rows of each video."""
MACRO_IN = {"anger1": 12, "happy1": 12, "anger2": 11, "happy4": 11, "disgust2": 11, "disgust1": 11}
MACRO_IN |= {"happy3": 10, "happy2": 8, "happy5": 3}
"""Participants with macro rows in each video: 89 recordings of 20 participants, by choice."""
NO_MACRO = (12, 21)
MICRO_IN = {11: 5, 2: 4, 8: 4, 14: 3, 15: 3, 9: 3, 7: 2, 1: 1, 13: 2, 18: 1, 20: 2, 3: 1, 12: 1}
MICRO_IN |= {21: 1}
"""Recordings of each participant with micro rows: 33, of which 6 have no macro row."""
MICRO_ALONE = (11, 2, 8, 14)
"""Participants with macro rows of whom one recording has micro rows alone."""

NO_UNITS = frozenset(range(7, 357, 34))
NO_OFFSET = frozenset(range(3, 262, 6))
"""Rows (0-based) whose action units are NULL (11), macro rows whose offset is 0 (44)."""
FIXED = {0: (34, 40, 60), 5: (460, 462, 463), 6: (900, 950, 1017), 299: (4300, 4320, 4356)}
"""Macro rows with the smallest onset, the lengths 4 and 118, and the largest offset."""

NO_APEX = 100
EMPTY = (
    ("s15", "15_0508funnydunkey"),
    ("s16", "16_0508funnydunkey"),
    ("s40", "40_0401girlcrashing"),
)
"""Recordings without an expression."""
NAMES = ("img001.jpg", "img002.jpg")
MISPLACED = ("s19", "23_0502funnyerrors")
"""A recording of s23 that lies below s19 in the published folder."""


def plan(variant: str = "rawpic") -> FullSize:
    """Return one tree; `_macro` and `_all` after its name say which rows are expected."""
    tree, _, kind = variant.partition("_")
    words = {k: iter(spread(v, sum(v.values()))) for k, v in EMOTIONS.items()}
    felt = spread(FELT, 357)
    rows: Rows = []
    items: list[Item] = []
    found: list[tuple[Item, Interval]] = []
    places: Counter[str] = Counter()
    for index, (participant, clip, shown) in enumerate(_clips()):
        span = _span(participant, clip, shown, places[shown])
        places[shown] += 1
        word = next(words[shown])
        units = "NULL" if index in NO_UNITS else UNITS[index % len(UNITS)]
        cells: tuple[Cell, ...] = (participant, clip, *span, single(units), word, shown)
        rows.append((*cells, felt[index], "", "", "", *_side(index)))
        wanted = shown.startswith(kind or "micro") or kind == "all"
        known = "" if units == "NULL" else units
        item = _item(tree, participant, clip, span, word, known)
        onset, apex, offset = span
        made = Interval(onset, apex or None, offset or apex, shown[:5], word, known)
        found.append((item, made))
        items.append(item if wanted else Item(item.folder, item.names))
    rows.append((None, None, None, None, None, None, None, None, None, None, "total", 357))
    book = Book(
        "CAS(ME)^2code_final.xlsx",
        (("CASFEcode_final", rows), ("naming rule1", _rule1()), ("naming rule2", _rule2())),
    )
    if tree == "rawpic":
        items += [Item(f"rawpic/{subject}/{folder}", NAMES) for subject, folder in EMPTY]
    if tree == "spotting":
        items = _recordings(found)
    if tree == "rawpic":
        items += [Item("rawvideo/s15", ("15_0101disgustingteeth.avi",))]
    return FullSize("casme_sq", variant, tuple(items), (book,))


def _clips() -> Iterator[tuple[int, str, str]]:
    """Yield (participant, `anger1_1`, kind) of every row, counted within each video."""
    micro, macro = _shares()
    for participant in range(1, 23):
        for video in VIDEOS:
            few = micro.get((participant, video), 0)
            for place in range(few + macro.get((participant, video), 0)):
                kind = "micro" if place < few else "macro"
                yield participant, f"{video}_{place + 1}", f"{kind}-expression"


def _shares() -> tuple[dict[tuple[int, str], int], dict[tuple[int, str], int]]:
    """Return (participant, video) -> micro rows, and -> macro rows."""
    left = dict(MACRO_IN)
    shown: dict[int, list[str]] = {}
    for place, participant in enumerate(p for p in range(1, 23) if p not in NO_MACRO):
        most = sorted(left, key=lambda video: -left[video])[: 5 if place < 9 else 4]
        shown[participant] = most
        for video in most:
            left[video] -= 1
    micro: dict[tuple[int, str], int] = {}
    for participant, count in MICRO_IN.items():
        own = shown.get(participant, [])
        others = [video for video in ROWS if video not in own]
        first = others[:1] if participant in MICRO_ALONE or not own else []
        for place, video in enumerate([*first, *own][:count]):
            micro[participant, video] = (MICRO[participant] + count - 1 - place) // count
    macro: dict[tuple[int, str], int] = {}
    for video, rows in ROWS.items():
        own = [p for p in shown if video in shown[p]]
        rows -= sum(n for (_, v), n in micro.items() if v == video)
        for place, participant in enumerate(own):
            macro[participant, video] = (rows + len(own) - 1 - place) // len(own)
    return micro, macro


def _span(participant: int, clip: str, kind: str, place: int) -> tuple[int, int, int]:
    """Return the frames of a row; place: its number among the rows of its kind."""
    if kind == "macro-expression" and place in FIXED:
        return FIXED[place]
    rng = random.Random(f"{participant} {clip}")
    # Expressions of one video follow each other; a recording goes beyond frame 999.
    onset = 100 + 400 * (int(clip.rsplit("_", 1)[1]) - 1) + rng.randint(0, 250)
    length = rng.choice((9, 12, 13, 17)) if kind == "micro-expression" else rng.randint(5, 110)
    apex = onset + rng.randint(1, length - 2)
    apex = 0 if place == NO_APEX and kind == "macro-expression" else apex
    known = kind == "micro-expression" or place not in NO_OFFSET
    return onset, apex, onset + length - 1 if known else 0


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
    long = tree in ("rawpic", "spotting")
    last = offset or (2 * apex - onset if long else apex + 3)
    numbers = tuple(range(onset, last + 1))
    expected = Expected(subject, clip, word, numbers, onset, apex or None, offset or None, units)
    if not long:
        names = tuple(f"img{n}.jpg" for n in numbers)
        top = f"cropped/{participant}" if tree == "cropped" else f"selectedpic/{subject}"
        return Item(f"{top}/{clip}", names, expected)
    recording = f"{subject[1:]}_{VIDEOS[clip.rsplit('_', 1)[0]]}"
    parent = MISPLACED[0] if recording == MISPLACED[1] else subject
    # Only the labelled frames and a few round them: the published recordings are whole.
    names = tuple(f"img{n:03d}.jpg" for n in (*range(onset - 3, onset), *numbers))
    return Item(f"rawpic/{parent}/{recording}", names, expected)


def _recordings(found: list[tuple[Item, Interval]]) -> list[Item]:
    """Return a recording for each folder, with the frames round its intervals."""
    videos = {folder: video for video, folder in VIDEOS.items()}
    names: dict[str, set[str]] = defaultdict(set)
    intervals: dict[str, list[Interval]] = defaultdict(list)
    for item, interval in found:
        names[item.folder] |= set(item.names)
        intervals[item.folder].append(interval)
    for subject, folder in EMPTY:
        names[f"rawpic/{subject}/{folder}"] |= set(NAMES)
    items = []
    for folder, files in names.items():
        number, _, video = Path(folder).name.partition("_")
        ordered = sorted(files, key=lambda name: int(name[3:-4]))
        expected = Expected(
            f"s{number}",
            videos[video],
            "",
            tuple(int(name[3:-4]) for name in ordered),
            intervals=tuple(sorted(intervals[folder], key=lambda i: (i.onset, i.offset, i.kind))),
        )
        items.append(Item(folder, tuple(ordered), expected))
    return items
