"""SAMM at full size: 159 rows of 29 subjects, the header on row 14, its two mistyped apexes."""

import random

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
from merflow.synthetic.datasets.samm import HEADER, HEADER_ROW, PREAMBLE, SHEET, SUBJECTS

TOTAL = dict(
    zip(
        SUBJECTS,
        (
            11,
            10,
            4,
            4,
            20,
            3,
            6,
            11,
            3,
            5,
            6,
            4,
            3,
            9,
            2,
            5,
            1,
            1,
            4,
            13,
            3,
            3,
            1,
            6,
            5,
            3,
            9,
            1,
            3,
        ),
        strict=True,
    )
)
# Rows of each subject that are not `Other`.
NAMED = dict(
    zip(
        SUBJECTS,
        (11, 8, 4, 4, 20, 3, 6, 10, 3, 5, 4, 3, 1, 4, 2, 5, 1, 1, 0, 9, 3, 3, 1, 4, 5, 3, 8, 1, 1),
        strict=True,
    )
)
EMOTIONS = {
    "Anger": 57,
    "Happiness": 26,
    "Surprise": 15,
    "Contempt": 12,
    "Disgust": 9,
    "Fear": 8,
    "Sadness": 6,
}
OBJECTIVE = {"1": 24, "2": 13, "3": 20, "4": 8, "5": 3, "6": 7, "7": 84}
FIVE_DIGITS = frozenset(
    f"{subject:03d}_{code}"
    for code, subjects in {1: (6, 11, 13, 14, 23, 26, 30, 33, 35), 7: (16, 18, 34, 35, 36)}.items()
    for subject in subjects
)
"""Sessions whose frame counter passed 9999: their names have five digits, all others four."""

UNITS = ("4", "12", "L12 or L14", "(R6 or R12)+R15", "10A/B", "A/L12", "ref(L10)+A12B", "12+15 ")
UNITS += ("R14+17+soft focus", "4B+7B+43E", "L12 + 61", "1+2", "4+7", "14", "L14")
FIXED = {
    "028_4_1": (1071, 1143, 1134),
    "032_3_1": (4896, 1930, 4970),
    "032_3_2": (5126, 5127, 5190),
}
CORRECTED = {"028_4_1": 1113, "032_3_1": 4930}
"""What config/errata/samm.csv makes of the two apexes."""

NAMES = {28: ("028_4_1", "028_4_2", "028_4_3"), 32: ("032_3_1", "032_3_2")}


def plan(variant: str = "full", apexes: dict[str, int] | None = None) -> FullSize:
    """Return the dataset with all of its rows; `cropped` has the same names in another folder.

    apexes: those of clips in another copy of the sheet.
    """
    apexes = apexes or {}
    top = "SAMM" if variant == "full" else "SAMM_CROP"
    emotions = iter(spread(EMOTIONS, 133))
    classes = spread(OBJECTIVE, 159)
    rows: Rows = [(PREAMBLE.get(n),) for n in range(1, HEADER_ROW)] + [HEADER]
    items, cached = [], {}
    for subject, total in TOTAL.items():
        for place, name in enumerate(_names(subject, total)):
            word = next(emotions) if place < NAMED[subject] else "Other"
            row, index = len(rows) + 1, len(items)
            span = FIXED.get(name) or _span(name)
            span = (span[0], apexes.get(name, span[1]), span[2])
            units = UNITS[index % len(UNITS)]
            cells: tuple[Cell, ...] = (f"{subject:03d}", name, int(name.split("_")[1]), *span)
            duration = f"=SUM(F{row}-D{row})+1"
            labels = (single(units), word, int(classes[index]), None)
            rows.append((*cells, duration, "Micro - 1/2", *labels))
            cached[f"G{row}"] = span[2] - span[0] + 1
            items.append(_item(top, subject, name, word, span, units, classes[index]))
    book = Book(f"{top}/{SHEET}", (("MICRO_ONLY", rows),), cached)
    return FullSize("samm", variant, tuple(items), (book,))


def _names(subject: int, total: int) -> list[str]:
    """Return clip names: subject, inducement code, counter."""
    names = list(NAMES.get(subject, ()))
    sessions = [s for s in sorted(FIVE_DIGITS) if s.startswith(f"{subject:03d}")]
    sessions = sessions or [f"{subject:03d}_{1 + subject % 6}"]
    counter = 1
    while len(names) < total:
        name = f"{sessions[counter % len(sessions)]}_{counter}"
        names += [name] if name not in names else []
        counter += 1
    return names


def _span(name: str) -> tuple[int, int, int]:
    rng = random.Random(name)
    session = name.rsplit("_", 1)[0]
    onset = rng.randint(9_000, 11_000) if session in FIVE_DIGITS else rng.randint(83, 8_000)
    length = rng.randint(30, 101)
    return onset, onset + rng.randint(5, length - 5), onset + length - 1


def _item(
    top: str,
    subject: int,
    name: str,
    word: str,
    span: tuple[int, int, int],
    units: str,
    objective: str,
) -> Item:
    onset, apex, offset = span
    digits = 5 if name.rsplit("_", 1)[0] in FIVE_DIGITS else 4
    numbers = tuple(range(onset, offset + 1))
    expected = Expected(
        f"{subject:03d}",
        name,
        word.lower(),
        numbers,
        onset,
        apex if onset <= apex <= offset else CORRECTED[name],
        offset,
        units.strip(),
        objective,
    )
    files = tuple(f"{subject:03d}_{n:0{digits}d}.jpg" for n in numbers)
    return Item(f"{top}/{subject:03d}/{name}", files, expected)
