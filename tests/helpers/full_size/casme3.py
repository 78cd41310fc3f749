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
SHARED, RECORDINGS = 588, 463
"""Rows whose (subject, letter) stands in another row too; all (subject, letter)."""

FIXED: dict[tuple[int, str], list[tuple[int, int, int]]] = {
    (149, "d"): [(112, 83, 358)],
    (216, "d"): [(3647, 2668, 2694)],
    (216, "e"): [(463, 471, 493), (0, 0, 25)],
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
    """Return the cut-out clips, or the `long` recordings, with the v2 sheet; or both as depth."""
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


TABLE = {("149", "d", "112"): (3, "160"), ("216", "d", "3647"): (2, "2647")}
TABLE |= {("216", "e", "0"): (3, "17")}
"""The three cells that `casme3_table` corrects: row -> column and value."""
REMOVED = 61
"""Rows of version 1 that version 2 does not have."""


def revised(revision: str) -> Book:
    """Return the sheet of another revision: `v1`, or `casme3_table`."""
    header, *rows = plan().books[0].sheets[0][1]
    if revision == "casme3_table":
        changed = []
        for row in rows:
            column, value = TABLE.get((row[0].removeprefix("spNO."), *row[1:3]), (0, row[0]))
            changed.append((*row[:column], value, *row[column + 1 :]))
        return Book("casme3_table.xlsx", (("label", [header, *changed]),))
    old = []
    for index, row in enumerate(rows):
        onset, apex = (str(int(cell)) for cell in row[2:4])
        # 4 onsets and 15 apexes of version 1 differ from those of version 2.
        onset = str(int(onset) + 1) if index in (100, 200, 300, 400) else onset
        apex = str(int(apex) + 1) if index % 50 == 7 and index < 750 else apex
        old.append((*row[:2], onset, apex, *row[4:], None, None))
    removed = [
        ("spNO.151", "abcdefghijklm"[n % 13], str(20 + 90 * n), str(25 + 90 * n), str(33 + 90 * n))
        for n in range(REMOVED)
    ]
    old += [(*row, "4", "VII", "disgust", None, None) for row in removed]
    name = "annotation/cas(me)3_part_A_ME_label_JpgIndex_v1.xls"
    return Book(name, (("Sheet1", [(*header, None, None), *old]),))


def _rows() -> Iterator[Row]:
    """Yield every row; FIXED ones first, then recordings of four, of three and of one row."""
    for (subject, letter), spans in FIXED.items():
        for span in spans:
            yield subject, letter, span
    alone = sum(len(spans) == 1 for spans in FIXED.values())
    several = RECORDINGS - (860 - SHARED) - (len(FIXED) - alone)
    rows = SHARED - sum(len(spans) for spans in FIXED.values() if len(spans) > 1)
    fours = rows - 3 * several
    counts = {"4": fours, "3": several - fours, "1": 860 - SHARED - alone}
    places = [(s, c) for c in "abcdefghijklm" for s in SUBJECTS if not _taken(s, c)]
    kinds = spread(counts, sum(counts.values()))
    plain = 0
    for (subject, letter), count in sorted(zip(places, map(int, kinds), strict=False)):
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
    last = offset or (2 * apex - onset if variant.startswith("long") else apex + 9)
    numbers = tuple(n for n in range(onset, last + 1))
    as_depth = variant.endswith("_depth")
    read = tuple(n for n in numbers if as_depth or not (subject == 14 and n in DAMAGED))
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
    depth = tuple(f"{n}.png" for n in numbers)
    if as_depth:
        place = _depth_place(variant, subject, small, published)
        return [Item(place, depth, expected)]
    if variant == "clips":
        clip = f"spNo.{subject}_{small}_{published}"
        top = "Part_A_ME_clip/Part_A_ME_clip"
        return [
            Item(f"{top}/frame/{clip}", names, expected),
            Item(f"{top}/depth/{clip}", depth[:2]),
        ]
    top = f"part_A/spNO.{subject}/{small}"
    return [Item(f"{top}/color", names, expected), Item(f"{top}/depth", depth[:2])]


def _depth_place(variant: str, subject: int, letter: str, onset: int) -> str:
    """Return the folder of a clip's depth; some copies lack the dot, or the level `depth`."""
    if variant == "clips_depth":
        return f"Part_A_ME_clip/Part_A_ME_clip/depth/spNo.{subject}_{letter}_{onset}"
    name = f"spNO{subject}" if 210 <= subject <= 215 else f"spNO.{subject}"
    return f"part_A/{name}/{letter}{'' if subject % 3 == 0 else '/depth'}"
