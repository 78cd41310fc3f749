"""A small correct annotation sheet of every dataset, and how a test changes and writes it."""

import csv
import io
from dataclasses import dataclass, field

import openpyxl


@dataclass(frozen=True)
class Sheet:
    """A small correct sheet of one dataset, and the positions of its columns."""

    dataset: str
    file: str
    title: str
    rows: tuple[tuple, ...]
    at: dict[str, int]
    header: int = 0
    variant: str = ""
    frames: tuple[str, ...] = ("onset", "offset")
    named: bool = True
    required: tuple[str, ...] = field(default=("subject", "clip", "onset", "emotion"))
    digits_only: bool = True
    """Its subjects are numbers, or carry one in a fixed form."""


HEAD_2 = ("Subject", "Filename", "", "OnsetFrame", "ApexFrame", "OffsetFrame", "")
HEAD_2 += ("Action Units", "Estimated Emotion")
HEAD_S = ("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame")
HEAD_S += ("Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes")
HEAD_E = ("Subject", "Filename", "", "OnsetF", "OffsetF", "Onset2F", "Emotion")
HEAD_3 = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
HEAD_M = ("subject", "clip", "path", "onset", "apex", "offset", "fps", "emotion", "enters_at")
STANDARD = {"subject": 0, "clip": 1}
SHEETS = {
    "casme2": Sheet(
        "casme2",
        "CASME2-coding-20140508",
        "Sheet1",
        (
            HEAD_2,
            ("01", "EP02_01f", "", 46, 59, 86, "", 12, "happiness"),
            ("01", "EP03_02", "", 131, 161, 181, "", "4+L10", "others"),
            ("02", "EP02_01f", "", 21, "/", 71, "", "?", "disgust"),
        ),
        {**STANDARD, "onset": 3, "apex": 4, "offset": 5, "emotion": 8},
        required=("subject", "clip", "onset", "apex", "offset", "emotion"),
    ),
    "samm": Sheet(
        "samm",
        "SAMM_Micro_FACS_Codes_v2",
        "MICRO_ONLY",
        (
            ("SAMM Dataset - Master FACS Codes",),
            ("Symbol Key:",),
            HEAD_S,
            ("006", "006_1_2", 1, 5562, 5588, 5632, 71, "Micro - 1/2", 12, "Happiness", 1, ""),
            ("006", "006_1_3", 1, 6000, 6009, 6050, 51, "Micro - 1/2", "4", "Anger", 3, ""),
            ("007", "007_3_1", 3, 83, 99, 120, 38, "Micro - 1/2", "L14", "Other", 7, ""),
        ),
        {**STANDARD, "onset": 3, "apex": 4, "offset": 5, "emotion": 9},
        header=2,
        required=("subject", "clip", "onset", "apex", "offset", "emotion"),
    ),
    "smic_e": Sheet(
        "smic",
        "SMIC-HS-E_annotation",
        "HS",
        (
            HEAD_E,
            (1, "s1_ne_01", "", 34208, 34230, "", "negative"),
            (1, "s1_po_01", "", 40000, 40030, "", "positive"),
            (20, "s20_sur_05", "", 17581039, 17581070, "", "surprise"),
        ),
        {**STANDARD, "onset": 3, "offset": 4, "emotion": 6},
        variant="HS_E",
    ),
    "casme_sq": Sheet(
        "casme_sq",
        "CAS(ME)^2code_final",
        "CASFEcode_final",
        (
            (1, "anger1_1", 557, 570, 590, 4, "negative", "micro-expression", "anger"),
            (1, "anger1_2", 800, 810, 0, "NULL", "others", "micro-expression", "anger"),
            (
                22,
                "happy5_1",
                1001,
                1010,
                1020,
                "6+12",
                "positive",
                "micro-expression",
                "happyiness",
            ),
        ),
        {**STANDARD, "onset": 2, "apex": 3, "offset": 4, "emotion": 6, "kind": 7},
        header=-1,
        named=False,
    ),
    "casme3": Sheet(
        "casme3",
        "cas(me)3_part_A_ME_label_JpgIndex_v2",
        "label",
        (
            HEAD_3,
            ("spNO.1", "e", "62", "65", "70", "L2+L1", "II", "disgust"),
            ("spNO.1", "e", "300", "305", "320", "4", "III", "Others"),
            ("spNO.14", "J", "498", "498", "0", "4", "III", "sad"),
        ),
        {**STANDARD, "onset": 2, "apex": 3, "offset": 4, "emotion": 7},
        required=("subject", "clip", "onset", "apex", "offset", "emotion"),
    ),
    "manifest": Sheet(
        "manifest",
        "manifest",
        "Sheet1",
        (
            HEAD_M,
            ("p01", "smile_1", "p01/smile_1", 1, 5, 20, 100, "happiness", ""),
            ("p01", "smile_2", "p01/smile_2", "", "", "", 100, "happiness", "cropped"),
            ("p02", "smile_1", "p02/smile_1", 4, 9, 30, 100, "surprise", ""),
        ),
        {**STANDARD, "path": 2, "onset": 3, "apex": 4, "offset": 5, "fps": 6, "emotion": 7}
        | {"enters_at": 8},
        required=("subject", "clip"),
        digits_only=False,
    ),
}
ROW = 1
"""The data row (0-based) that cases change: the second of three."""


def write(folder, sheet, rows, kind="csv", encoding="utf-8"):
    """Write rows as a CSV file or a workbook; return its path."""
    path = folder / f"{sheet.file}.{kind}"
    if kind == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        path.write_bytes(text.getvalue().encode(encoding))
        return path
    book = openpyxl.Workbook()
    book.active.title = sheet.title
    for row in rows:
        book.active.append([None if cell == "" else cell for cell in row])
    book.save(path)
    return path


def changed(sheet, cells, row=ROW):
    """Return the sheet's rows with `{column: value}` set in one data row."""
    rows = [list(r) for r in sheet.rows]
    for column, value in cells.items():
        rows[sheet.header + 1 + row][sheet.at[column]] = value
    return rows
