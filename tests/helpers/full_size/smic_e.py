"""SMIC-E at full size: long clips, and a sheet of formulas, blank columns and empty rows."""

import random
from dataclasses import replace

from full_size._form import Book, Expected, FullSize, Item, Rows
from full_size.smic import FIRST, HS, VIS, clip_names

HEADER = (
    "Subject",
    "Filename",
    None,
    "OnsetF",
    "OffsetF",
    "Onset2F",
    "Offset2F",
    None,
    "FirstF",
    "LastF",
    "TotalMF1",
    "TotalMF2",
    "TotalVL",
    "Emotion",
)
NOT_IN_SHEET = {"s1_ne_02", "s2_sur_05"}
NOT_ON_DISK = {"s3_ne_03", "s3_ne_20", "s4_ne_05", "s4_ne_06", "s9_sur_02"}
SECOND = {"s20_ne_06", "s20_ne_09", "s20_sur_02", "s18_ne_01", "s18_sur_03"}
RELABELLED = "s18_sur_03"
"""The clip that its name calls a surprise and the sheets negative."""
MARGIN = 40
"""Frames before and after the expression (the published clips have hundreds)."""
LONG = 148
"""Frames of a long clip at 25 fps."""


APEXES = ("data", "subject", "clip", "label", "onset_frame", "apex_frame", "offset_frame")
APEXES += ("onset_frame_path", "apex_frame_path", "offset_frame_path")


def plan(variant: str = "HS_E", rows: int = 162) -> FullSize:
    """Return one camera's long clips with their sheet.

    rows: of the high-speed clips, 162 as in the original sheet, 157 as on disk, or 164 in a list of
    detected apexes.
    """
    if variant == "HS_E":
        return _with_apexes() if rows == 164 else _high_speed(rows)
    camera = variant.removesuffix("_E")
    items = tuple(_slow_item(camera, number, clip) for number, clip in enumerate(clip_names(VIS)))
    book = _high_speed().books[0] if camera == "VIS" else _nir()
    return FullSize("smic", variant, items, (book,))


def _high_speed(count: int = 162) -> FullSize:
    """Return the high-speed clips: 162 rows, 157 of them on disk; or these alone."""
    items, rows, cached = [], [HEADER], {}
    counters = dict(FIRST)
    for subject, token, emotion in clip_names(HS):
        name = f"s{subject}_{token}"
        if name in NOT_IN_SHEET or (count == 157 and name in NOT_ON_DISK):
            continue
        rng = random.Random(name)
        first = counters.get(subject, 34_208 + 27_000 * subject)
        length = rng.randint(16, 58)
        onset = first + MARGIN
        offset = onset + length - 1
        counters[subject] = offset + MARGIN + 900
        word = "negative" if name == RELABELLED else emotion
        row = len(rows) + 1
        second = (offset + 5, offset + 20) if name in SECOND else (None, None)
        span = (onset, f"=D{row}+K{row}-1", *second, None, first, f"=I{row}+M{row}-1")
        totals = (length, 16 if second[0] else None, length + 2 * MARGIN)
        rows.append((subject, name, None, *span, *totals, word))
        cached[f"E{row}"] = offset
        cached[f"J{row}"] = first + length + 2 * MARGIN - 1
        items.append(_item(subject, name, emotion, first, (onset, offset)))
    book = Book(
        "SMIC-HS-E_annotation.xlsx",
        (("HS", rows), ("VIS", _vis()), ("Sheet2", []), ("Sheet3", [])),
        cached,
    )
    return FullSize("smic", "HS_E", tuple(items), (book,))


def _with_apexes() -> FullSize:
    """Return 164 clips with detected apexes; 7 have no offset and no frames."""
    known = {item.expected.clip: item for item in _high_speed().items}
    rows: Rows = [APEXES]
    items = []
    for subject, token, emotion in clip_names(HS):
        name, padded = f"s{subject}_{token}", f"s{subject:02d}"
        gone = name in NOT_IN_SHEET | NOT_ON_DISK
        item = known.get(f"{padded}_{token}")
        onset = item.expected.onset if item else 34_000 + 100 * subject
        offset = None if gone else item.expected.offset
        apex = onset + 9
        code = ("negative", "positive", "surprise").index(emotion)
        paths = [None if gone else f"smic/HS_long/SMIC_HS_E/{padded}/{name}/x.jpg"] * 3
        rows.append(("smic", subject, name, code, onset, apex, offset, *paths))
        numbers = item.expected.numbers if item else ()
        expected = Expected(padded, f"{padded}_{token}", emotion, numbers, onset, apex, offset)
        there = item if item and not gone else Item(f"HS_long/SMIC_HS_E/{padded}", ())
        items.append(replace(there, expected=expected))
    book = Book("smic_apex.xlsx", (("Sheet1", rows),))
    return FullSize("smic", "HS_E", tuple(items), (book,))


def _item(subject: int, name: str, word: str, first: int, span: tuple[int, int]) -> Item:
    onset, offset = span
    padded = f"s{subject:02d}"
    there = name not in NOT_ON_DISK
    expected = Expected(
        padded,
        f"{padded}_{name.split('_', 1)[1]}",
        word,
        tuple(range(onset, offset + 1)) if there else (),
        onset=onset,
        offset=offset,
    )
    files = tuple(f"image{n:06d}.jpg" for n in range(first, offset + MARGIN + 1))
    folder = f"HS_long/SMIC_HS_E/{padded}/{name}"
    return Item(
        folder if there else f"HS_long/SMIC_HS_E/{padded}", files if there else (), expected
    )


def _slow(number: int, clip: tuple[int, str, str]) -> tuple[str, int, str]:
    """Return name, onset and label of a clip of the two cameras at 25 fps."""
    subject, token, emotion = clip
    name = f"s{subject}_{token}"
    return name, 60 + 7 * number, "negative" if name == RELABELLED else emotion


def _slow_item(camera: str, number: int, clip: tuple[int, str, str]) -> Item:
    """Return a clip at 25 fps; the infrared sheet gives no offset, so all that follows is read."""
    name, onset, _ = _slow(number, clip)
    padded, first = f"s{clip[0]:02d}", onset - 50
    known = camera == "VIS"
    last = onset + 8 if known else first + LONG - 1
    expected = Expected(
        padded,
        f"{padded}_{clip[1]}",
        clip[2],
        tuple(range(onset, last + 1)),
        onset=onset,
        apex=None if known else onset + 4,
        offset=last if known else None,
    )
    files = tuple(f"image{n:05d}.jpg" for n in range(first, first + LONG))
    return Item(f"{camera}_long/SMIC_{camera}_E/{padded}/{name}", files, expected)


def _vis() -> Rows:
    """Return the sheet of the visible-light camera; it has no LastF."""
    rows: Rows = [(*HEADER[:9], *HEADER[10:])]
    for number, clip in enumerate(clip_names(VIS)):
        name, onset, word = _slow(number, clip)
        span = (onset, onset + 8, None, None, None, onset - 50)
        rows.append((clip[0], name, None, *span, 9, None, LONG, word))
    return rows


def _nir() -> Book:
    """Return the infrared camera's own workbook, whose columns carry its name."""
    rows: Rows = [("Subject", "Filename", "OnsetF NIR", "ApexF NIR", "Emotion")]
    for number, clip in enumerate(clip_names(VIS)):
        name, onset, word = _slow(number, clip)
        rows.append((clip[0], name, onset, onset + 4, word))
    return Book("SMIC-NIR-E_annotation.xlsx", (("NIR", rows),))
