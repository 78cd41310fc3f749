"""SMIC-E at full size: long clips, and a sheet of formulas, blank columns and empty rows."""

import random

from merflow.demo.published._form import Book, Expected, Item, Published, Rows
from merflow.demo.published.smic import FIRST, HS, VIS, clip_names

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
RELABELLED = "s14_sur_01"
"""One clip that its name calls a surprise and the sheet negative, as the counts of both say."""
MARGIN = 40
"""Frames before and after the expression (the published clips have hundreds)."""


def plan(variant: str = "HS_E") -> Published:
    """Return the high-speed long clips with their sheet: 162 rows, 157 of them on disk."""
    items, rows, cached = [], [HEADER], {}
    counters = dict(FIRST)
    for subject, token, emotion in clip_names(HS):
        name = f"s{subject}_{token}"
        if name in NOT_IN_SHEET:
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
        items.append(_item(subject, name, word, first, (onset, offset)))
    book = Book(
        "SMIC-HS-E_annotation.xlsx",
        (("HS", rows), ("VIS", _vis()), ("Sheet2", []), ("Sheet3", [])),
        cached,
    )
    return Published("smic", variant, tuple(items), (book,))


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


def _vis() -> Rows:
    """Return the sheet of the visible-light camera; it has no LastF."""
    rows: Rows = [(*HEADER[:9], *HEADER[10:])]
    for number, (subject, token, emotion) in enumerate(clip_names(VIS)):
        onset = 60 + 7 * number
        name = f"s{subject}_{token}"
        word = "negative" if name == RELABELLED else emotion
        span = (onset, onset + 8, None, None, None, onset - 50)
        rows.append((subject, name, None, *span, 9, None, 148, word))
    return rows
