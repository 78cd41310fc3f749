"""CAS(ME)3 part A at full size: 860 rows in text cells, several clips in one letter."""

import random
from collections.abc import Iterator

from full_size._form import Book, Expected, FullSize, Item, Rows, spread
from merflow.synthetic.datasets.casme3 import HEADER, SHEET, SUBJECTS

EMOTIONS = {
    "disgust": 250,
    "surprise": 187,
    "others": 158,
    "Others": 3,
    "fear": 86,
    "anger": 64,
    "sad": 57,
    "happy": 55,
}
OBJECTIVE = {"VII": 373, "III": 234, "II": 151, "V": 47, "IV": 37, "I": 15, "VI": 3}
UNITS = ("4", "14", "2+1", "9+4", "R2+R1", "L14", "T18", "B28", "24", "1", "12", "10+4")
SHARED = 588
"""Rows whose (subject, letter) stands in another row too."""

FIXED: dict[tuple[int, str], list[tuple[int, int, int]]] = {
    (149, "d"): [(112, 83, 358)],
    (216, "d"): [(3647, 2668, 2694)],
    (216, "e"): [(463, 471, 493), (0, 0, 12)],
    (40, "e"): [(1814, 1822, 0), (2385, 2390, 0)],
    (214, "c"): [(5, 5, 3460)],
    (14, "J"): [(498, 505, 520)],
}
CORRECTED = {(216, "d", 3647): (2647, 2668, 2694), (214, "c", 5): (5, 5, 34)}
"""What config/errata/casme3.csv makes of two rows."""

DAMAGED = (505, 506)
"""Frames of subject 14, letter J, that the exception list of this look-alike names."""

EARLY, LONG, VERY_LONG = 55, 72, 27
"""Rows whose apex is the onset; rows longer than 60 frames; rows of 100 frames and more."""

Row = tuple[int, str, tuple[int, int, int]]


def plan(variant: str = "clips") -> FullSize:
    """Return the cut-out clips, or the `long` recordings, with the v2 sheet."""
    words, classes = spread(EMOTIONS, 860), spread(OBJECTIVE, 860)
    rows: Rows = [HEADER]
    items: list[Item] = []
    for index, (subject, letter, span) in enumerate(_rows()):
        units = UNITS[index % len(UNITS)]
        cells = (f"spNO.{subject}", letter, *map(str, span), units, classes[index], words[index])
        rows.append(cells)
        items += _items(variant, subject, letter, span, units, classes[index], words[index])
    book = Book(SHEET, (("label", rows), ("Sheet1", []), ("Sheet3", [])))
    listed = "".join(f"spNO.14 J {n}.jpg  the image cannot open\n" for n in DAMAGED)
    texts = (("exception/error_info_damaged_image_partA.txt", listed),)
    return FullSize("casme3", variant, tuple(items), (book,), texts)


def _rows() -> Iterator[Row]:
    """Yield every row; FIXED ones first within their subject, then pairs, then single ones."""
    fixed = sum(map(len, FIXED.values()))
    shared_fixed = sum(len(v) for v in FIXED.values() if len(v) > 1)
    pairs = (SHARED - shared_fixed) // 2
    singles = 860 - fixed - 2 * pairs
    # One letter holds two rows or one; letters a..m of every subject are used in turn.
    kinds = spread({"pair": pairs, "single": singles}, pairs + singles)
    places = [(s, c) for c in "abcdefghijklm" for s in SUBJECTS if not _taken(s, c)]
    chosen = sorted(zip(places, kinds, strict=False), key=lambda item: item[0])
    plain = 0
    todo = [(s, c, 2 if kind == "pair" else 1) for (s, c), kind in chosen]
    for (subject, letter), spans in FIXED.items():
        for span in spans:
            yield subject, letter, span
    for subject, letter, count in todo:
        for take in range(count):
            yield subject, letter, _span(subject, letter, take, plain)
            plain += 1


def _taken(subject: int, letter: str) -> bool:
    return any(subject == s and letter == c.lower() for s, c in FIXED)


def _span(subject: int, letter: str, take: int, index: int) -> tuple[int, int, int]:
    """Return a row's frames; the indices that divide evenly get the known oddities."""
    rng = random.Random(f"{subject} {letter} {take}")
    onset = 7 + 700 * take + rng.randint(0, 300)
    # Of the fixed rows, three are longer than 60 frames and two longer than 100.
    if index < VERY_LONG - 2:
        length = rng.randint(100, 180)
    elif index < LONG - 2:
        length = rng.randint(61, 99)
    else:
        length = rng.randint(6, 58)
    early = index % 15 == 7 and index // 15 < EARLY - 1
    return onset, onset if early else onset + rng.randint(1, 5), onset + length - 1


def _items(
    variant: str,
    subject: int,
    letter: str,
    span: tuple[int, int, int],
    units: str,
    objective: str,
    word: str,
) -> list[Item]:
    small = letter.lower()
    published = span[0]
    onset, apex, offset = CORRECTED.get((subject, small, published), span)
    known = apex if apex and apex >= onset else None
    # A look-alike of 3456 frames shows nothing that 30 do not.
    last = offset or (2 * apex - onset if variant == "long" else apex + 9)
    numbers = tuple(n for n in range(onset, last + 1))
    read = tuple(n for n in numbers if not (subject == 14 and n in DAMAGED))
    expected = Expected(
        f"spNO.{subject:03d}",
        f"{small}_{onset}",
        word.lower(),
        read,
        onset,
        known,
        offset or None,
        units,
        objective,
    )
    names = tuple(f"{n}.jpg" for n in numbers)
    depth = tuple(f"{n}.png" for n in numbers[:2])
    if variant == "clips":
        clip = f"spNo.{subject}_{small}_{published}"
        top = "Part_A_ME_clip/Part_A_ME_clip"
        return [Item(f"{top}/frame/{clip}", names, expected), Item(f"{top}/depth/{clip}", depth)]
    top = f"part_A/spNO.{subject}/{small}"
    return [Item(f"{top}/color", names, expected), Item(f"{top}/depth", depth)]
