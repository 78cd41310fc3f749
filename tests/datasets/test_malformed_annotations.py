"""Every fault of an annotation sheet ends in one message that names its cell; none in a traceback.

Each case has a neighbour: the same sheet with a sound value in the same place, which must pass.
"""

import datetime

import openpyxl
import pytest
from annotation_sheets import ROW, SHEETS, changed, write

from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError


def read(folder, sheet):
    entry = DatasetEntry(root=str(folder), variant=sheet.variant, fps=sheet.fps)
    return read_dataset(sheet.dataset, entry, annotations_only=True)


def faults(folder, sheet):
    """Return (problems, clips): a raised MerflowError counts as the one problem."""
    try:
        reading = read(folder, sheet)
    except MerflowError as error:
        return [error], None
    return list(reading.problems), reading.clips


def title(sheet, column):
    if not sheet.named:
        return f"({column})"
    return str(sheet.rows[sheet.header][sheet.at[column]])


FRAMES = {
    "float": (46.5, 46.0),
    "comma": ("46,5", "46"),
    "word": ("abc", "0046"),
    "negative": (-3, 3),
    "full-width digits": ("４６", "46"),
    "other digits": ("٤٦", "46"),
    "exponent": ("1e3", "1000"),
    "spreadsheet error": ("#N/A", "100"),
    "huge": (10**12, 10**6),
    "date": ("2014-05-08T00:00:00", "20"),
    "two numbers": ("46 86", "46"),
    "hexadecimal": ("0x46", "46"),
    "underscore": ("4_6", "46"),
    "truth": ("TRUE", "1"),
}
MISSING_ONSET = {"empty": "", "slash": "/", "NaN": "NaN", "blank": "   "}
NAMES = {
    "up": "..",
    "here": ".",
    "path up": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "backslash": "a\\b",
    "slash": "a/b",
    "drive": "C:\\x",
    "colon": "x:y",
    "server": "\\\\server\\share",
    "device": "CON",
    "device with suffix": "nul.txt",
    "printer": "LPT1",
    "trailing dot": "EP01.",
    "star": "a*",
    "question mark": "a?",
    "quote": 'a"b',
    "pipe": "a|b",
    "less": "a<b",
    "bell": "a\x07b",
    "escape": "a\x1bb",
    "line break": "a\nb",
    "delete": "a\x7fb",
    "full-width": "ＥＰ０１",
    "full-width digits": "００６",
    "full-width dots": "．．",
    "empty": "",
    "blank": " ",
}

SHARED = ("casme", "dfme", "fourdme", "meview", "mmew")
"""Datasets that share the readers of cells with the others: fewer cases show that they do."""

SOME_FRAMES = ("float", "word", "negative", "full-width digits", "spreadsheet error", "date")
SOME_NAMES = (
    "up",
    "path up",
    "slash",
    "device",
    "star",
    "line break",
    "full-width digits",
    "empty",
)

CASES = []
for _name, _sheet in SHEETS.items():
    for _column in _sheet.frames:
        for _kind, (_bad, _good) in FRAMES.items():
            if _name not in SHARED or _kind in SOME_FRAMES:
                CASES.append((_name, _column, _kind, _bad, _good))
    for _kind, _bad in MISSING_ONSET.items():
        if _name != "manifest":
            CASES.append((_name, "onset", _kind, _bad, None))
    for _column in ("subject", "clip"):
        for _kind, _bad in NAMES.items():
            if _name not in SHARED or _kind in SOME_NAMES:
                CASES.append((_name, _column, _kind, _bad, None))
    if _sheet.emotions in ("all", "unknown"):
        CASES.append((_name, "emotion", "unknown", "hapiness", None))
        CASES.append((_name, "emotion", "NA", "NA", None))
    if _sheet.emotions in ("all", "empty"):
        CASES.append((_name, "emotion", "empty", "", None))
for _bad in ("0", "-1", "abc", "1e9", "２５", "nan", "inf"):
    CASES.append(("manifest", "fps", f"rate {_bad}", _bad, "12.5"))
    CASES.append(("dfme", "fps", f"rate {_bad}", _bad, "200"))
for _bad in ("../x", "/etc", "", "a\x00b", "CON", "p01/../..", "p01//../../x", "a:b"):
    CASES.append(("manifest", "path", f"path {_bad!r}", _bad, "p01/x"))
CASES.append(("manifest", "enters_at", "stage", "croped", "cropped"))
CASES.append(("casme_sq", "kind", "kind", "macro", "micro-expression"))
for _bad in ("sub0001-02", "sub0002_02", "0001_02", "sub1_02"):
    CASES.append(("dfme", "clip", "another subject", _bad, None))
for _bad in ("fear/hapiness", "contempt+", "macro"):
    CASES.append(("meview", "emotion", "no emotion", _bad, "fear?"))
for _bad in ("1.5", "long", "-2"):
    CASES.append(("meview", "length", "length", _bad, "8"))
for _name in ("casme", "casme2", "casme3", "dfme", "meview", "samm", "smic_e"):
    CASES.append((_name, "subject", "wrong form", "x7", None))


def sound(sheet, column, good):
    """A sound value for the neighbour: the given one, or what the sheet had."""
    return sheet.rows[sheet.header + 1 + ROW][sheet.at[column]] if good is None else good


@pytest.mark.parametrize(
    ("name", "column", "kind", "bad", "good"), CASES, ids=lambda v: str(v)[:24] if v else "-"
)
def test_a_bad_cell_is_named_and_its_neighbour_passes(tmp_path, name, column, kind, bad, good):
    sheet = SHEETS[name]
    # A sound neighbour keeps onset <= offset whatever the value.
    more = {"onset": {"offset": 10**7}, "offset": {"onset": 0}}.get(column, {})
    more = {} if name == "manifest" and column not in ("onset", "offset") else more
    write(tmp_path, sheet, changed(sheet, {**more, column: bad}))
    problems, clips = faults(tmp_path, sheet)
    assert problems, "no fault was found"
    if "\x00" in str(bad):
        where = f"row {sheet.header + 3}"
        assert len(problems) == 1 and where in problems[0].where
        return
    # A line break inside a cell moves nothing: a row is named by the line it starts on.
    place = f"row {sheet.header + 3}"
    problem = [p for p in problems if sheet.file in p.where and "is unknown" not in p.found]
    assert len(problem) == 1, [str(p) for p in problems]
    assert place in problem[0].where and title(sheet, column) in problem[0].where
    assert problem[0].found and problem[0].fix
    assert [c.key.clip for c in clips] and len(clips) == 2
    for file in tmp_path.iterdir():
        file.unlink()
    write(tmp_path, sheet, changed(sheet, {**more, column: sound(sheet, column, good)}))
    problems, clips = faults(tmp_path, sheet)
    assert [str(p) for p in problems if getattr(p, "severity", "error") == "error"] == []
    assert len(clips) == 3


def test_there_are_enough_cases():
    assert len(CASES) >= 250


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_sound_sheets_have_no_fault(tmp_path, name, kind):
    sheet = SHEETS[name]
    write(tmp_path, sheet, sheet.rows, kind)
    problems, clips = faults(tmp_path, sheet)
    assert [p for p in problems if getattr(p, "severity", "error") == "error"] == []
    assert len(clips) == 3


TYPED = {
    "a float": 46.5,
    "a date": datetime.datetime(2014, 5, 8),
    "a time": datetime.time(12, 30),
    "a truth": True,
    "a formula": "=40+6",
    "an error": "#REF!",
}


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("kind", TYPED)
def test_a_typed_cell_that_is_no_frame_is_named(tmp_path, name, kind):
    sheet = SHEETS[name]
    write(tmp_path, sheet, changed(sheet, {"onset": TYPED[kind], "offset": 10**7}), "xlsx")
    problems, clips = faults(tmp_path, sheet)
    (problem,) = [p for p in problems if p.severity == "error"]
    assert f"sheet '{sheet.title}', row {sheet.header + 3}" in problem.where
    assert title(sheet, "onset") in problem.where and len(clips) == 2


@pytest.mark.parametrize("name", SHEETS)
def test_offset_before_onset_is_refused(tmp_path, name):
    sheet = SHEETS[name]
    write(tmp_path, sheet, changed(sheet, {"onset": 100, "offset": 99}))
    problems, clips = faults(tmp_path, sheet)
    (problem,) = [p for p in problems if p.severity == "error"]
    assert (
        "offset 99 is before onset 100" in problem.found and title(sheet, "offset") in problem.where
    )
    assert len(clips) == 2


@pytest.mark.parametrize("name", [n for n, sheet in SHEETS.items() if "apex" in sheet.at])
@pytest.mark.parametrize("apex", [99, 131])
def test_apex_outside_onset_offset_is_read_as_unknown_with_a_warning(tmp_path, name, apex):
    sheet = SHEETS[name]
    rows = changed(sheet, {"onset": 100, "apex": apex, "offset": 130})
    write(tmp_path, sheet, rows)
    reading = read(tmp_path, sheet)
    (problem,) = [p for p in reading.problems if "outside 100..130" in p.found]
    assert problem.severity == "warning" and title(sheet, "apex") in problem.where
    assert [c.apex for c in reading.clips if c.onset == 100] == [None]


@pytest.mark.parametrize("name", SHEETS)
def test_a_clip_that_appears_twice_is_refused_once(tmp_path, name):
    sheet = SHEETS[name]
    write(tmp_path, sheet, [*sheet.rows, sheet.rows[-1]])
    problems, clips = faults(tmp_path, sheet)
    (problem,) = [p for p in problems if "appears twice" in p.found]
    assert f"row {sheet.header + 5}" in problem.where and f"row {sheet.header + 4}" in problem.found
    assert sheet.file in problem.where and len(clips) == 3


@pytest.mark.parametrize("name", ["casme2", "samm", "manifest"])
def test_clips_that_differ_by_case_alone_are_refused(tmp_path, name):
    sheet = SHEETS[name]
    place, first = sheet.at["clip"], sheet.rows[sheet.header + 1]

    def called(clip):
        return [clip if i == place else cell for i, cell in enumerate(first)]

    write(tmp_path, sheet, [*sheet.rows, called("abc_1"), called("abd_1")])
    assert len(read(tmp_path, sheet).clips) == 5
    write(tmp_path, sheet, [*sheet.rows, called("abc_1"), called("ABC_1")])
    problems, clips = faults(tmp_path, sheet)
    (problem,) = [p for p in problems if "appears twice" in p.found]
    assert (
        "abc_1" in problem.found and f"row {sheet.header + 6}" in problem.where and len(clips) == 4
    )


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("column", ["subject", "clip"])
def test_blanks_round_a_name_are_ignored_with_a_warning(tmp_path, name, column):
    sheet = SHEETS[name]
    value = sheet.rows[sheet.header + 1 + ROW][sheet.at[column]]
    write(tmp_path, sheet, changed(sheet, {column: f" {value}\u00a0"}))
    problems, clips = faults(tmp_path, sheet)
    assert len(clips) == 3
    if not (name == "casme_sq" and column == "subject"):  # there a number, read as such
        (problem,) = [p for p in problems if "blanks" in p.found]
        assert problem.severity == "warning" and title(sheet, column) in problem.where


@pytest.mark.parametrize("name", SHEETS)
def test_merged_cells_are_named(tmp_path, name):
    sheet = SHEETS[name]
    path = write(tmp_path, sheet, sheet.rows, "xlsx")
    book = openpyxl.load_workbook(path)
    first = sheet.header + 2
    place = sheet.at["subject"] + 1
    book.active.merge_cells(
        start_row=first, end_row=first + 1, start_column=place, end_column=place
    )
    book.save(path)
    problems, clips = faults(tmp_path, sheet)
    (problem,) = [p for p in problems if p.severity == "error"]
    assert "merged" in problem.found and f"row {first + 1}" in problem.where and len(clips) == 2


NAMED = [(n, c) for n, s in SHEETS.items() if s.named for c in s.required]


@pytest.mark.parametrize(("name", "column"), NAMED)
@pytest.mark.parametrize("kind", ["renamed", "removed", "twice"])
def test_a_missing_or_repeated_column_is_named(tmp_path, name, column, kind):
    sheet = SHEETS[name]
    place, rows = sheet.at[column], [list(r) for r in sheet.rows]
    shown = rows[sheet.header][place]
    if kind == "renamed":
        rows[sheet.header][place] = "Q" + shown
    elif kind == "twice":
        for row in rows[sheet.header :]:
            row.append(row[place])
    else:
        for row in rows[sheet.header :]:
            del row[place]
    write(tmp_path, sheet, rows)
    problems, clips = faults(tmp_path, sheet)
    (problem,) = problems
    assert (
        clips is None and sheet.file in problem.where and f"row {sheet.header + 1}" in problem.where
    )
    assert f"'{shown}'" in problem.found and problem.fix


@pytest.mark.parametrize("name", SHEETS)
def test_an_empty_file_a_header_and_a_foreign_table_are_refused(tmp_path, name):
    sheet = SHEETS[name]
    tables = {"empty": [], "header": [sheet.rows[max(sheet.header, 0)]] if sheet.named else []}
    tables["foreign"] = [["name", "age"], ["Ada", 36]]
    for rows in tables.values():
        write(tmp_path, sheet, rows)
        (problem,), clips = faults(tmp_path, sheet)
        assert sheet.file in problem.where and clips is None and problem.expected


@pytest.mark.parametrize("name", SHEETS)
def test_extra_sheets_and_columns_and_rows_change_nothing(tmp_path, name):
    sheet = SHEETS[name]
    path = write(tmp_path, sheet, [[*r, "", "my note"] for r in sheet.rows], "xlsx")
    book = openpyxl.load_workbook(path)
    book.create_sheet("notes", 0).append(["anything", "at", "all"])
    book.create_sheet("empty")
    book[sheet.title].append([None] * 4)
    book.save(path)
    problems, clips = faults(tmp_path, sheet)
    assert len(clips) == 3 and not [p for p in problems if p.severity == "error"]


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(tmp_path, name, encoding):
    sheet = SHEETS[name]
    write(tmp_path, sheet, sheet.rows, encoding=encoding)
    assert len(read(tmp_path, sheet).clips) == 3


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("kind", ["utf-16-le", "latin-1", "cut quote", "binary"])
def test_bytes_that_are_no_text_are_refused_by_row(tmp_path, name, kind):
    sheet = SHEETS[name]
    rows = changed(sheet, {"emotion": "caf\u00e9"})
    path = write(
        tmp_path, sheet, rows, encoding=kind if kind in ("utf-16-le", "latin-1") else "utf-8"
    )
    if kind == "cut quote":
        path.write_bytes(path.read_bytes() + b'"open')
    if kind == "binary":
        path.write_bytes(bytes(range(256)) * 4)
    (problem,), clips = faults(tmp_path, sheet)
    assert sheet.file in problem.where and "row" in problem.where and clips is None


@pytest.mark.parametrize("name", SHEETS)
def test_a_million_rows_are_refused(tmp_path, name):
    sheet = SHEETS[name]
    path = write(tmp_path, sheet, sheet.rows)
    path.write_bytes(path.read_bytes() + b",,,,,,,,\r\n" * 1_000_000)
    (problem,), _ = faults(tmp_path, sheet)
    assert "rows" in problem.found and sheet.file in problem.where


@pytest.mark.parametrize("name", ["casme2", "samm"])
def test_zero_stripped_and_numeric_subjects_are_padded(tmp_path, name):
    sheet = SHEETS[name]
    subjects = [c.key.subject for c in _read_with(tmp_path, sheet, lambda s: s)]
    for change in (lambda s: s.lstrip("0"), lambda s: int(s)):
        assert [c.key.subject for c in _read_with(tmp_path, sheet, change)] == subjects


def _read_with(folder, sheet, change):
    rows = [list(r) for r in sheet.rows]
    for row in rows[sheet.header + 1 :]:
        row[0] = change(row[0])
    write(folder, sheet, rows, "xlsx")
    return read(folder, sheet).clips
