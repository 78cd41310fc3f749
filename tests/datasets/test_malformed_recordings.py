"""Faults in the sheets of long recordings and of CAS(ME)3's parts end in one message each.

Each case changes one cell of a sound sheet; the sound sheet itself has no fault.
"""

import csv
from dataclasses import dataclass

import pytest

from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError


@dataclass(frozen=True)
class Sound:
    """Sound sheets: file -> rows; the first file is the one that cases change."""

    dataset: str
    variant: str
    files: dict[str, list[list]]
    clips: int
    notes: tuple[str, ...] = ()
    """Beginnings of the warnings that the sound sheets cause."""


LABELS = [
    ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"],
    ["spNO.1", "e", 62, 65, 70, 4, "II", "disgust"],
]
KINDS = [
    ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type", "Objective class"],
    ["spNO.1", "e", 62, 65, 70, 4, "Micro-expression", "II"],
    ["spNO.1", "e", 100, 120, 190, "4+7", "Macro-expression", "VII"],
    ["spNO.2", "b", 20, 25, 90, 12, "Macro-expression", "VII"],
]
CRIME = [
    ["sub", "count", "onset", "offset", "au", "emotion"],
    [1, 1, 40, 52, "4,7", "negative"],
    [4, 1, 60, 71, "12,", "positive"],
]
PART_A = "CAS(ME)3_part_A_v2.csv"
V2 = "cas(me)3_part_A_ME_label_JpgIndex_v2.csv"
SOUND = {
    "samm_lv": Sound(
        "samm_lv",
        "long",
        {
            "SAMM_LongVideos_V2_Release.csv": [
                ["Subject", "Filename", "Onset", "Apex", "Offset", "Type", "Action Units"],
                ["006", "006_1_2", 62, 80, 95, "Micro - 1/2", 12],
                ["006", "006_1_9", 500, 620, 900, "Macro", "4+7"],
                ["008", "008_3_1", 90, 200, 300, "Macro", 14],
            ],
            "SAMM_Micro_FACS_Codes_v2.csv": [
                ["Filename", "Estimated Emotion"],
                ["006_1_2", "Happiness"],
            ],
        },
        2,
    ),
    "casme_sq": Sound(
        "casme_sq",
        "spotting",
        {
            "CAS(ME)^2code_final.csv": [
                [1, "anger1_1", 557, 570, 590, 4, "negative", "macro-expression", "anger"],
                [1, "anger1_2", 800, 806, 812, "12", "others", "micro-expression", "anger"],
                [2, "happy5_1", 100, 110, 120, 6, "positive", "macro-expression", "happy"],
            ]
        },
        2,
    ),
    "part_a_spotting": Sound("casme3", "part_a_spotting", {PART_A: KINDS, V2: LABELS}, 2),
    "part_a_macro": Sound("casme3", "part_a_macro", {PART_A: KINDS}, 2),
    "blinks": Sound(
        "casme3",
        "blinks",
        {
            PART_A: [
                ["Subject", "Filename", "Onset", "Offset"],
                ["spNO.1", "e", 62, 70],
                ["spNO.1", "f", 80, 88],
            ]
        },
        2,
    ),
    "part_b": Sound(
        "casme3",
        "part_b",
        {
            "part_B_self_report_by_subjects_per_video.csv": [
                ["self-reports of each video"],
                ["", "video order ", " happy", "sad "],
                *[["spNo.18" if n == 1 else "", n, 1, 2] for n in range(1, 14)],
                *[["spNo.21" if n == 1 else "", n, 0, 3] for n in range(1, 14)],
            ]
        },
        26,
        ("self-reports are no labels",),
    ),
    "part_c": Sound("casme3", "part_c", {"CAS(ME)3_part_C_ME.csv": CRIME}, 2),
    "part_c_spotting": Sound(
        "casme3",
        "part_c_spotting",
        {
            "CAS(ME)3_part_C.csv": [
                ["Subject", "Onset", "Offset", "diff", "Exp_type", "risk"],
                [1, 40, 52, 12, 1, 1],
                [4, 60, 71, 11, 1, 0],
                [4, 300, 390, 90, 0, 0],
            ],
            "CAS(ME)3_part_C_ME.csv": CRIME,
        },
        2,
    ),
    "smic_apex": Sound(
        "smic",
        "HS_E",
        {
            "smic_apex.csv": [
                ["data", "subject", "clip", "label", "onset_frame", "apex_frame", "offset_frame"],
                ["smic", 1, "s1_ne_01", 0, 34208, 34220, 34230],
                ["smic", 1, "s1_po_01", 1, 40000, 40010, 40030],
            ]
        },
        2,
        ("its apexes were detected",),
    ),
}

CASES = [
    # sheet, row (1: the first below the header), column, bad value, what the message says
    ("samm_lv", 1, "Onset", "abc", "'abc' is not a number"),
    ("samm_lv", 1, "Onset", "", "the cell is empty"),
    ("samm_lv", 1, "Onset", "62.5", "'62.5' is not whole"),
    ("samm_lv", 1, "Onset", "-3", "'-3' is negative"),
    ("samm_lv", 1, "Onset", "６２", "full-width"),
    ("samm_lv", 1, "Offset", "#REF!", "is a spreadsheet error"),
    ("samm_lv", 1, "Offset", "61", "offset 61 is before onset 62"),
    ("samm_lv", 1, "Offset", "2014-05-08T00:00:00", "is a date or a time"),
    ("samm_lv", 1, "Apex", "top", "'top' is not a number"),
    ("samm_lv", 1, "Type", "Makro", "'Makro'"),
    ("samm_lv", 1, "Type", "", "the cell is empty"),
    ("samm_lv", 1, "Filename", "006_1", "'006_1' is not a movement of subject 006"),
    ("samm_lv", 1, "Filename", "007_1_2", "'007_1_2' is not a movement of subject 006"),
    ("samm_lv", 1, "Filename", "006_1_2_3", "'006_1_2_3' is not a movement"),
    ("samm_lv", 1, "Filename", "../006_1_2", "'../006_1_2'"),
    ("samm_lv", 1, "Filename", "", "the cell is empty"),
    ("samm_lv", 1, "Subject", "s6", "'s6' is not a subject id"),
    ("samm_lv", 1, "Subject", "", "the cell is empty"),
    ("casme_sq", 0, 0, 23, "no participant 23"),
    ("casme_sq", 0, 0, "s15", "'s15' is not a number"),
    ("casme_sq", 0, 1, "anger1", "'anger1'"),
    ("casme_sq", 0, 1, "angry1_1", "no video 'angry1' (did you mean 'anger1'?)"),
    ("casme_sq", 0, 2, "", "the cell is empty"),
    ("casme_sq", 0, 4, 500, "offset 500 is before onset 557"),
    ("casme_sq", 0, 6, "sad", "unknown emotion 'sad'"),
    ("casme_sq", 0, 7, "macro expression", "'macro expression'"),
    ("part_a_spotting", 2, "Subject", "p1", "'p1' is not a subject id"),
    ("part_a_spotting", 2, "Filename", "ee", "'ee' is not a stimulus"),
    ("part_a_spotting", 2, "Filename", "5", "'5' is not a stimulus"),
    ("part_a_spotting", 2, "Expression type", "Macro", "'Macro'"),
    ("part_a_spotting", 2, "Expression type", "", "the cell is empty"),
    ("part_a_spotting", 2, "Onset", "/", "'/' is not a number"),
    ("part_a_spotting", 2, "Offset", "99", "offset 99 is before onset 100"),
    ("part_a_macro", 2, "Onset", "", "the cell is empty"),
    ("part_a_macro", 2, "Offset", "1e3", "'1e3' is not a number"),
    ("part_a_macro", 2, "Expression type", "mikro", "'mikro'"),
    ("blinks", 1, "Offset", "0", "neither offset '0' nor apex '' is known"),
    ("blinks", 1, "Offset", "60", "offset 60 is before onset 62"),
    ("blinks", 1, "Onset", "x", "'x' is not a number"),
    ("part_b", 2, 0, "18", "'18' is not a subject id"),
    ("part_b", 5, 1, "", "no video order"),
    ("part_c", 1, "emotion", "happy", "unknown emotion 'happy'"),
    ("part_c", 1, "emotion", "", "the cell is empty"),
    ("part_c", 1, "count", "one", "'one' is not a number"),
    ("part_c", 1, "sub", "spNO.1", "'spNO.1' is not a subject id"),
    ("part_c", 1, "sub", "231", "'231' is not a subject id"),
    ("part_c", 1, "offset", "", "the cell is empty"),
    ("part_c", 1, "offset", "39", "offset 39 is before onset 40"),
    ("part_c_spotting", 3, "Exp_type", "2", "'2'"),
    ("part_c_spotting", 3, "Exp_type", "", "the cell is empty"),
    ("part_c_spotting", 3, "Offset", "/", "neither offset '/' nor apex '' is known"),
    ("part_c_spotting", 3, "Subject", "a", "'a' is not a subject id"),
    ("smic_apex", 1, "label", "3", "unknown emotion '3'"),
    ("smic_apex", 1, "label", "-1", "unknown emotion '-1'"),
    ("smic_apex", 1, "data", "casme2", "'casme2'"),
    ("smic_apex", 1, "clip", "s1_an_01", "'s1_an_01' is not a clip name"),
    ("smic_apex", 1, "subject", "2", "'2' is not the subject of s1_ne_01"),
    ("smic_apex", 1, "onset_frame", "", "the cell is empty"),
]

WARNINGS = [
    ("samm_lv", 1, "Apex", 300, "apex 300 is outside 62..95; treated as unknown"),
    ("samm_lv", 1, "Offset", 0, "offset '0' is unknown: the interval ends at its apex 80"),
    ("samm_lv", 2, "Onset", 1, "it begins before the recording (onset 1) and lasts 900 frames"),
    ("samm_lv", 1, "Filename", "006_1_3", "006_1_3 is not in SAMM's sheet"),
    ("casme_sq", 0, 4, 0, "offset '0' is unknown: the interval ends at its apex 570"),
    ("casme_sq", 0, 3, 10, "apex 10 is outside 557..590; treated as unknown"),
    ("part_a_spotting", 1, "Onset", 63, "spNO.001 e, onset 63, is not in the label sheet"),
    ("part_c_spotting", 2, "Onset", 61, "04 61..71 is not among the labelled"),
    ("part_b", 14, 0, "spNo.19", "spNO.018 has 12 self-reports"),
    ("smic_apex", 1, "label", 2, "the sheet says 'surprise', the name of s1_ne_01 says negative"),
]


def write(folder, sound, changes=()):
    """Write the sheets of `sound` with (file number, row, column, value) changed."""
    for number, (name, rows) in enumerate(sound.files.items()):
        rows = [list(row) for row in rows]
        for file, row, column, value in changes:
            if file == number:
                rows[row][rows[0].index(column) if isinstance(column, str) else column] = value
        with open(folder / name, "w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(rows)


def read(folder, sound):
    entry = DatasetEntry(root=str(folder), variant=sound.variant)
    return read_dataset(sound.dataset, entry, annotations_only=True)


def beyond(reading, sound):
    """The problems that the sound sheets do not have."""
    return [p for p in reading.problems if not p.found.startswith(sound.notes or ("\0",))]


@pytest.mark.parametrize("name", SOUND)
def test_the_sound_sheets_have_no_fault(tmp_path, name):
    write(tmp_path, SOUND[name])
    reading = read(tmp_path, SOUND[name])
    assert not beyond(reading, SOUND[name]) and len(reading.clips) == SOUND[name].clips


@pytest.mark.parametrize(("name", "row", "column", "bad", "words"), CASES)
def test_a_bad_cell_is_one_error_at_its_row(tmp_path, name, row, column, bad, words):
    sound = SOUND[name]
    write(tmp_path, sound, [(0, row, column, bad)])
    reading = read(tmp_path, sound)
    (problem,) = [p for p in beyond(reading, sound) if p.severity == "error"]
    assert words in problem.found and problem.expected
    assert next(iter(sound.files)) in problem.where and f"row {row + 1}" in problem.where
    if isinstance(column, str):
        assert f"column '{column}'" in problem.where
    assert reading.clips  # the other rows are read


@pytest.mark.parametrize(("name", "row", "column", "odd", "words"), WARNINGS)
def test_an_odd_cell_is_read_with_one_warning(tmp_path, name, row, column, odd, words):
    sound = SOUND[name]
    write(tmp_path, sound, [(0, row, column, odd)])
    reading = read(tmp_path, sound)
    assert not reading.errors and len(reading.clips) >= sound.clips
    (problem,) = [p for p in beyond(reading, sound) if words in p.found]
    assert "row" in problem.where


REPEATED = ["samm_lv", "casme_sq", "part_a_spotting", "blinks", "part_c_spotting"]


@pytest.mark.parametrize("name", REPEATED)
def test_an_interval_that_appears_twice_is_one_error(tmp_path, name):
    sound = SOUND[name]
    file, rows = next(iter(sound.files.items()))
    again = Sound(sound.dataset, sound.variant, {**sound.files, file: [*rows, rows[-1]]}, 0)
    write(tmp_path, again)
    (problem,) = read(tmp_path, again).errors
    assert "appears twice, first in" in problem.found
    assert f"row {len(rows) + 1}" in problem.where and f"row {len(rows)}" in problem.found


def test_a_bad_emotion_in_the_sheet_beside_is_named_there(tmp_path):
    for name, column, words in (
        ("samm_lv", "Estimated Emotion", "unknown emotion 'Joy'"),
        ("part_a_spotting", "emotion", "unknown emotion 'Joy'"),
        ("part_c_spotting", "emotion", "unknown emotion 'Joy'"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, SOUND[name], [(1, 1, column, "Joy")])
        (problem,) = read(folder, SOUND[name]).errors
        assert words in problem.found and list(SOUND[name].files)[1] in problem.where


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("samm_lv", "no column 'Type'"),
        ("part_a_spotting", "no column 'Expression type'"),
        ("part_c", "no column 'emotion'"),
        ("part_c_spotting", "no column 'Exp_type'"),
        ("part_b", "no column 'video order'"),
    ],
)
def test_a_missing_column_is_named(tmp_path, name, words):
    sound = SOUND[name]
    title = words.split("'")[1]
    rows = next(iter(sound.files.values()))
    place = next(
        (n, row.index(cell))
        for n, row in enumerate(rows)
        for cell in row
        if str(cell).strip() == title
    )
    write(tmp_path, sound, [(0, *place, "Q")])
    with pytest.raises(MerflowError) as error:
        read(tmp_path, sound)
    assert words in error.value.found and error.value.fix


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("part_a_spotting", 0, "CAS(ME)3_part_A_v2.xls"),
        ("part_a_spotting", 1, "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"),
        ("part_b", 0, "part_B_self_report_by_subjects_per_video.xlsx"),
        ("part_c", 0, "CAS(ME)3_part_C_ME.xlsx"),
        ("part_c_spotting", 0, "CAS(ME)3_part_C.xls"),
        ("samm_lv", 0, "SAMM_LongVideos_V3_Release.xlsx"),
    ],
)
def test_a_missing_sheet_is_asked_for_by_its_name(tmp_path, name, file, words):
    sound = SOUND[name]
    write(tmp_path, sound)
    (tmp_path / list(sound.files)[file]).unlink()
    with pytest.raises(MerflowError) as error:
        read(tmp_path, sound)
    assert words in str(error.value)


@pytest.mark.parametrize("name", [n for n in SOUND if n != "smic_apex"])
def test_sheets_without_frames_are_refused_outside_annotations_only(tmp_path, name):
    write(tmp_path, SOUND[name])
    entry = DatasetEntry(root=str(tmp_path), variant=SOUND[name].variant)
    with pytest.raises(MerflowError, match="no folders of frames"):
        read_dataset(SOUND[name].dataset, entry)


def test_there_are_enough_cases():
    assert len(CASES) + len(WARNINGS) >= 60
