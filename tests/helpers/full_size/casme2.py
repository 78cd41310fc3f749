"""CASME II at full size: 255 rows of 26 subjects in both revisions of the sheet."""

import random
from collections.abc import Iterator

from full_size._form import Book, Expected, FullSize, Item, Rows, single, spread
from merflow.synthetic.datasets.casme2 import HEADER

TOTAL = (9, 13, 7, 5, 19, 5, 9, 3, 14, 14, 10, 12, 8, 4, 3, 4, 36, 3, 16, 11, 2, 2, 12, 10, 7, 17)
# Rows of each subject whose label has a class in the composite of three.
KEPT = (3, 9, 5, 3, 7, 4, 5, 1, 10, 0, 4, 11, 2, 3, 3, 3, 31, 0, 11, 2, 1, 2, 8, 3, 5, 11)
NAMED = {"disgust": 63, "repression": 27, "happiness": 32, "surprise": 25}
REST = {"others": 98, "sadness": 4}
"""Of the other labels, those that have no fixed place: 99 others, 7 sadness, 2 fear in all."""

OBJECTIVE = {"1": 30, "2": 18, "3": 93, "4": 15, "5": 18, "6": 2, "7": 79}
MEGC2018 = {"1": 25, "2": 15, "3": 99, "4": 26, "5": 20, "6": 1, "7": 69}
"""Objective classes of the separate file, of which 37 rows differ from the sheet of 2019."""
MOVED = {("1", "3"): 5, ("2", "3"): 1, ("2", "4"): 2, ("6", "4"): 1, ("7", "4"): 8, ("7", "5"): 2}
MOVED |= {("3", "7"): 9, ("7", "3"): 9}
"""Class in 2019 and in the separate file: rows."""

RELABELLED = (("24", "EP07_01"), ("24", "EP07_04f"), ("24", "EP10_03"))
"""Sadness in 2014, surprise in 2019."""

FIXED_LABELS = {
    ("04", "EP12_01f"): "disgust",
    ("05", "EP09_05f"): "disgust",
    ("10", "EP18_01f"): "fear",
    ("12", "EP19_01f"): "fear",
    ("10", "EP18_02f"): "others",
    **dict.fromkeys(RELABELLED, "sadness"),
}
FIXED_SPANS: dict[tuple[str, str], tuple[int, int | str, int]] = {
    ("04", "EP12_01f"): (261, "/", 321),
    ("05", "EP09_05f"): (69, 69, 129),
    ("05", "EP16_04f"): (120, 181, 181),
    ("07", "EP06_01"): (26, 48, 68),
}
SEEN_MORE = {("07", "EP06_01"): 91}
"""Clips whose folder goes on beyond the sheet's offset, which config/errata/casme2.csv corrects."""

ODD_NAMES = {
    "03": ("EP01_2", "EP08_1"),
    "04": ("EP12_01f",),
    "05": ("EP09_05f", "EP16_04f"),
    "07": ("EP06_01", "EP06_02_01", "EP06_02_02"),
    "09": ("EP09f",),
    "10": ("EP18_01f", "EP18_02f"),
    "12": ("EP19_01f",),
    "16": ("EP01_08",),
    "24": ("EP02_02f", "EP07_01", "EP07_04f", "EP10_03"),
}
ENDING_IN_F = 71
UNITS = ("4", "12", "4+7", "R12", "L14", "1+2", "4+L10", "6+12", "15+17", "14", "17", "4+9")
UNKNOWN_UNITS = frozenset(range(40, 240, 40))
"""Rows whose action units are '?' in 2014 (0-based)."""

RECODED = 57
Clip = tuple[str, str]


def plan(variant: str = "selected", sheets: tuple[int, ...] = (2014, 2019)) -> FullSize:
    """Return the dataset, read by its 2014 sheet; `cropped` has the registered frames' names."""
    clips = list(_clips())
    labels = _labels(clips)
    classes = spread(OBJECTIVE, len(clips))
    items, rows = [], {year: [_header(year)] for year in (2014, 2019)}
    for index, clip in enumerate(clips):
        span = FIXED_SPANS.get(clip) or _span(clip)
        units = UNITS[index % len(UNITS)]
        for year in rows:
            rows[year].append(_row(year, index, clip, span, units, labels[clip], classes[index]))
        items.append(_item(variant, index, clip, span, units, labels[clip]))
    names = {2014: "CASME2-coding-20140508.xlsx", 2019: "CASME2-coding-20190701.xlsx"}
    empty: tuple[tuple[str, Rows], ...] = (("Sheet2", []), ("Sheet3", []))
    books = tuple(Book(names[year], (("Sheet1", rows[year]), *empty)) for year in sheets)
    return FullSize("casme2", variant, tuple(items), books)


def objective_book() -> Book:
    """Return the separate file of objective classes."""
    left = dict(MOVED)
    rows: Rows = [("Subject", "Filename", "Objective Class")]
    for clip, old in zip(_clips(), spread(OBJECTIVE, sum(TOTAL)), strict=True):
        move = next((m for m, n in left.items() if m[0] == old and n), None)
        if move:
            left[move] -= 1
        rows.append((*clip, int(move[1] if move else old)))
    return Book("CASME2-ObjectiveClasses.xlsx", (("Sheet1", rows),))


def _header(year: int) -> tuple[str | None, ...]:
    return HEADER if year == 2014 else (*HEADER, "Objective Classes")


def _clips() -> Iterator[Clip]:
    """Yield (subject, clip); the same clip names come back in many subjects."""
    plain = 0
    total = sum(TOTAL) - sum(map(len, ODD_NAMES.values()))
    ending = ENDING_IN_F - sum(
        n.endswith("f") for v in ODD_NAMES.values() for n in v if n != "EP09f"
    )
    for place, count in enumerate(TOTAL, 1):
        subject = f"{place:02d}"
        odd = ODD_NAMES.get(subject, ())
        for name in odd:
            yield subject, name
        take = 0
        while take < count - len(odd):
            take += 1
            # Spreads the names that end in `f` evenly over all plain ones.
            last = (plain + 1) * ending // total > plain * ending // total
            plain += 1
            yield subject, f"EP{2 + take // 3:02d}_{10 + take:02d}{'f' if last else ''}"


def _labels(clips: list[Clip]) -> dict[Clip, str]:
    """Return the 2014 label of every clip, with the published totals and counts per subject."""
    labels = dict(FIXED_LABELS)
    fixed = list(labels.values())
    named = {word: n - fixed.count(word) for word, n in NAMED.items()}
    open_named = sum(named.values())
    words = iter(spread(named, open_named))
    rest = iter(spread(REST, sum(REST.values())))
    for place, kept in enumerate(KEPT, 1):
        own = [clip for clip in clips if clip[0] == f"{place:02d}"]
        have = sum(labels.get(clip) in NAMED for clip in own)
        for clip in own:
            if clip in labels:
                continue
            labels[clip] = next(words) if have < kept else next(rest)
            have += labels[clip] in NAMED
    return labels


def _span(clip: Clip) -> tuple[int, int, int]:
    rng = random.Random("/".join(clip))
    onset, length = rng.randint(21, 300), rng.randint(24, 110)
    length = 141 if clip == ("17", "EP02_11") else length
    return onset, onset + rng.randint(4, length - 4), onset + length - 1


def _row(
    year: int,
    index: int,
    clip: Clip,
    span: tuple[int, int | str, int],
    units: str,
    label: str,
    objective: str,
) -> tuple[str | int | None, ...]:
    if year == 2014:
        shown = "?" if index in UNKNOWN_UNITS else single(units)
        return (*clip, None, *span, None, shown, label)
    if clip in RELABELLED:
        label = "surprise"
    recoded = f"{units}+17" if index % 4 == 1 and index < 4 * RECODED else units
    return (*clip, None, *span, None, single(recoded), label, int(objective))


def _item(
    variant: str,
    index: int,
    clip: Clip,
    span: tuple[int, int | str, int],
    units: str,
    label: str,
) -> Item:
    subject, name = clip
    onset, apex, offset = span[0], span[1], SEEN_MORE.get(clip, span[2])
    numbers = tuple(range(onset, offset + 1))
    top, prefix = ("CASME2_RAW_selected/CASME2_RAW_selected", "img")
    on_disk = numbers
    if variant == "cropped":
        top, prefix = "Cropped", "reg_img"
    elif variant == "raw":
        # The published recordings go on for seconds; a few frames on either side show the same.
        top, on_disk = "CASME2-RAW", tuple(range(onset - 5, offset + 6))
    expected = Expected(
        f"sub{subject}",
        name,
        label,
        numbers,
        onset,
        apex if isinstance(apex, int) else None,
        offset,
        "" if index in UNKNOWN_UNITS else units,
    )
    files = tuple(f"{prefix}{n}.jpg" for n in on_disk)
    return Item(f"{top}/sub{subject}/{name}", files, expected)
