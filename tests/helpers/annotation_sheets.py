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
    fps: float | None = None
    """The frame rate in the config (Hz), for a sheet that has none."""
    emotions: str = "all"
    """What an emotion may not be: `all` (unknown or empty), `empty`, `unknown` or nothing."""


HEAD_2 = ("Subject", "Filename", "", "OnsetFrame", "ApexFrame", "OffsetFrame", "")
HEAD_2 += ("Action Units", "Estimated Emotion")
HEAD_S = ("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame")
HEAD_S += ("Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes")
HEAD_E = ("Subject", "Filename", "", "OnsetF", "OffsetF", "Onset2F", "Emotion")
HEAD_3 = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
HEAD_M = ("subject", "clip", "path", "onset", "apex", "offset", "fps", "emotion", "enters_at")
HEAD_D = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame")
HEAD_D += ("Emotion", "EmotionId", "Fps", "AU")
HEAD_W = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame")
HEAD_W += ("Action Units", "Estimated Emotion", "remarks")
HEAD_1 = ("Subject", "Filename", "", "OnsetF", "ApexF1", "ApexF2", "OffsetF", "", "AU", "Emotion")
HEAD_4 = ("fold", "sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion", "eye blink")
HEAD_4 += ("Positive", "Negative", "Surprise", "Repression", "Others", "Total", "AU4")
HEAD_V = ("Subject", "Filename", "OnsetFrame", "OffsetFrame", "VideoFile", "StartFrameVideo")
HEAD_V += ("EndFrameVideo", "Length", "Action Units", "Emotion", "Note")
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
    "dfme": Sheet(
        "dfme",
        "training_full_with_AU",
        "Sheet1",
        (
            HEAD_D,
            ("sub0001", "sub0001_01", 0, 40, 90, "happiness", 4, 500, 12),
            ("sub0001", "sub0001_02", 3, 40, 90, "fear", 3, 500, "L1+R2+AD38"),
            ("sub0016", "sub0016_01", 9, 30, 80, "disgust", 2, 300, "4+7"),
        ),
        {**STANDARD, "onset": 2, "apex": 3, "offset": 4, "emotion": 5, "fps": 7},
        variant="training",
        required=("subject", "clip", "onset", "apex", "offset", "emotion"),
    ),
    "mmew": Sheet(
        "mmew",
        "MMEW_Micro_Exp",
        "Sheet1",
        (
            HEAD_W,
            (3, "S03-01-002", 1, 8, 20, 12, "happiness", ""),
            (3, "S03-06-001", 1, 8, 20, "4+L10", "others", ""),
            (13, "S13-07-001", 1, "", 25, "7", "anger", "no apex"),
        ),
        {**STANDARD, "onset": 2, "apex": 3, "offset": 4, "emotion": 6},
        digits_only=False,
        emotions="empty",
    ),
    "casme": Sheet(
        "casme",
        "casme",
        "Sheet1",
        (
            HEAD_1,
            (1, "EP01_5", "", 60, 68, "", 85, "", 4, "tense"),
            (1, "EP02_1", "", 70, 78, "", 95, "", "L1+2", "disgust"),
            (2, "EP01_5", "", 10, 18, "", 35, "", 14, "surprise"),
        ),
        {**STANDARD, "onset": 3, "apex": 4, "second": 5, "offset": 6, "emotion": 9},
        emotions="empty",
    ),
    "fourdme": Sheet(
        "fourdme",
        "4DME_Labelling_Micro_release v1",
        "Sheet1",
        (
            HEAD_4,
            ("S1", 1, "1st_001_01", 5, 14, 26, "AU4+7(k)", "Positive", "", 1, 0, 0, 0, 0, 1, 1),
            ("S1", 1, "1st_001_02", 6, 15, 26, 12, "Positive", "", 1, 0, 0, 0, 0, 1, 0),
            ("S2", 2, "1st_001_01", 7, 16, 26, "L4", "Negative", "", 0, 1, 0, 0, 0, 1, 1),
        ),
        {"subject": 1, "clip": 2, "onset": 3, "apex": 4, "offset": 5, "emotion": 7}
        | {"surprise": 11},
        digits_only=False,
        emotions="empty",
    ),
    "meview": Sheet(
        "meview",
        "MEVIEW",
        "List 1",
        (
            HEAD_V,
            (1, "sub01-1", 10, 20, "a.mp4", 100, 110, 10, "4+7", "surprise", ""),
            (1, "sub01-2", 12, 20, "a.mp4", 200, 208, 8, 12, "happy", ""),
            (7, "sub07-1", 5, 9, "b.mp4", 50, 54, 4, "R14", "contempt", ""),
        ),
        {**STANDARD, "onset": 2, "offset": 3, "length": 7, "action_units": 8, "emotion": 9}
        | {"note": 10},
        required=("subject", "clip", "onset", "offset", "emotion"),
        fps=25,
        emotions="unknown",
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
        emotions="",
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
