"""Part B of CAS(ME)3 at full size: 116 people, 13 self-reports each, on two sheets."""

from full_size import casme3_part_a
from full_size._form import Book, Expected, FullSize, Item, Rows

SHEET = "supplementary_file/part_B_self_report_by_subjects_per_video.xlsx"
TITLES = (
    None,
    "video order ",
    " happy",
    "sad ",
    "disgust",
    "fear",
    "surprise",
    "anger",
    "contempt",
)
FREE = [n for n in range(18, 220) if n not in casme3_part_a.SUBJECTS]
FIRST = (*FREE[:113], FREE[-1])
"""The 114 subjects of the first sheet."""
SECOND = (*FIRST[:13], *FREE[113:115])
"""The 15 of the second: 13 of them again, for 116 subjects are said to be in part B."""


def plan(variant: str = "part_b") -> FullSize:
    """Return the sheet of self-reports and a frame of each recording."""
    first: Rows = [("Part B: self-reports of the subjects for each video",), TITLES]
    pages = (("Sheet1", first + _rows(FIRST)), ("Sheet2", [TITLES, *_rows(SECOND)]))
    items = [
        _item(subject, letter)
        for subject in sorted({*FIRST, *SECOND})
        for letter in "abcdefghijklm"
    ]
    return FullSize("casme3", variant, tuple(items), (Book(SHEET, pages),))


def _rows(subjects: tuple[int, ...]) -> Rows:
    """Return 13 rows of each subject, the id on the first alone."""
    rows: Rows = []
    for subject in subjects:
        for order in range(1, 14):
            felt = [(subject + order * k) % 7 for k in range(1, 8)]
            rows.append((f"spNo.{subject}" if order == 1 else None, order, *felt))
    return rows


def _item(subject: int, letter: str) -> Item:
    expected = Expected(f"spNO.{subject:03d}", letter, "", (1,))
    return Item(f"part_B/spNo.{subject}/{letter}/color", ("1.jpg",), expected)
