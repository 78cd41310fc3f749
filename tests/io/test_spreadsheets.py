"""Sheets are read as text; hostile files are refused before parsing."""

import datetime
import io
import random
import tracemalloc
import zipfile

import openpyxl
import pytest

from merflow.errors import MerflowError
from merflow.io.spreadsheet_formats import read_grids
from merflow.io.spreadsheets import Column, read_table

COLUMNS = (
    Column("subject", ("Subject",)),
    Column("onset", ("OnsetFrame", "Onset Frame")),
    Column("notes", ("Notes",), required=False),
)


def book(path, rows, sheet="Sheet1", **more):
    made = openpyxl.Workbook()
    made.active.title = sheet
    for row in rows:
        made.active.append(row)
    for title, cells in more.items():
        page = made.create_sheet(title)
        for row in cells:
            page.append(row)
    made.save(path)
    return path


def table(path, sheet=""):
    return [
        (r.number, r.text("subject"), r.text("onset")) for r in read_table(path, COLUMNS, sheet)
    ]


def test_cells_come_as_the_text_they_show(tmp_path):
    rows = [
        ["Subject", "OnsetFrame", "Notes"],
        ["006", 46, "NA"],
        ["6", 46.0, "None"],
        [6, 46.5, "null"],
        [True, datetime.datetime(2014, 5, 8), "nan"],
    ]
    found = list(read_table(book(tmp_path / "a.xlsx", rows), COLUMNS))
    assert [r.text("subject") for r in found] == ["006", "6", "6", "TRUE"]
    assert [r.text("onset") for r in found] == ["46", "46", "46.5", "2014-05-08T00:00:00"]
    assert [r.text("notes") for r in found] == ["NA", "None", "null", "nan"]


def test_header_is_found_by_name_anywhere_in_the_first_rows(tmp_path):
    rows = [
        ["Some dataset"],
        [],
        ["Symbol key:"],
        [None, "Onset  frame", "subject "],
        [1, 46, "006"],
    ]
    assert table(book(tmp_path / "a.xlsx", rows)) == [(5, "006", "46")]
    late = [["x"]] * 30 + [["Subject", "OnsetFrame"], ["006", 46]]
    with pytest.raises(MerflowError, match="no header row"):
        table(book(tmp_path / "late.xlsx", late))


def test_the_named_sheet_is_preferred(tmp_path):
    head = ["Subject", "OnsetFrame"]
    path = book(tmp_path / "a.xlsx", [head, ["a", 1]], "First", Second=[head, ["b", 2]])
    assert table(path) == [(2, "a", "1")]
    assert table(path, "second") == [(2, "b", "2")]


def test_rows_without_any_wanted_cell_are_left_out(tmp_path):
    rows = [["Subject", "OnsetFrame", "Else"], ["a", 1], [None, None, "x"], [], ["b", 2]]
    assert table(book(tmp_path / "a.xlsx", rows)) == [(2, "a", "1"), (5, "b", "2")]


def test_missing_column_is_named_with_the_nearest_title(tmp_path):
    path = book(tmp_path / "a.xlsx", [["Subject", "OnsetFrames"], ["a", 1]])
    with pytest.raises(MerflowError) as error:
        table(path)
    message = str(error.value)
    assert "row 1" in message and "sheet 'Sheet1'" in message and str(path) in message
    assert "no column 'OnsetFrame' (did you mean 'OnsetFrames'?)" in message


def test_a_column_that_appears_twice_is_refused(tmp_path):
    path = book(tmp_path / "a.xlsx", [["Subject", "OnsetFrame", "Subject"], ["a", 1, "b"]])
    with pytest.raises(MerflowError, match="appears twice"):
        table(path)


def test_formula_without_a_value_is_refused_only_where_it_is_read(tmp_path):
    rows = [["Subject", "OnsetFrame", "Notes", "Duration"], ["a", "=1+1", "x", "=2+2"], ["b", 3]]
    first, second = read_table(book(tmp_path / "a.xlsx", rows), COLUMNS)
    assert (first.text("notes"), second.text("onset")) == ("x", "3")
    with pytest.raises(MerflowError) as error:
        first.text("onset")
    assert "row 2, column 'OnsetFrame'" in str(error.value) and "=1+1" in str(error.value)


def test_formula_with_a_value_gives_the_value(tmp_path):
    raw = book(tmp_path / "raw.xlsx", [["Subject", "OnsetFrame"], ["a", "=40+6"]]).read_bytes()
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            body = old.read(name).replace(b"<f>40+6</f><v />", b"<f>40+6</f><v>46</v>")
            new.writestr(name, body.replace(b"<f>40+6</f><v></v>", b"<f>40+6</f><v>46</v>"))
    assert table(path) == [(2, "a", "46")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_encodings_and_delimiters(tmp_path, encoding, delimiter):
    path = tmp_path / "a.csv"
    lines = [["Subject", "OnsetFrame"], ["006", "046"], ["NA", "1"]]
    path.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    assert table(path) == [(2, "006", "046"), (3, "NA", "1")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Subject,OnsetFrame\n\xff\xfe\xfa,1\n", "row 2: bytes that are not UTF-8"),
        ("Subject,OnsetFrame\na,1\n".encode("utf-16-le"), "row 1: a NUL character"),
        (b'Subject,OnsetFrame\n"a,1\n', "row 2: broken CSV"),
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
    ],
)
def test_csv_that_is_no_text_is_refused_by_row(tmp_path, data, words):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(MerflowError) as error:
        table(path)
    assert words in str(error.value)


def test_quoted_cells_over_several_lines_keep_their_row_number(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('Subject,OnsetFrame,Notes\na,1,"two\nlines"\nb,2,\n')
    assert table(path) == [(2, "a", "1"), (4, "b", "2")]


def zipped(path, parts, compress=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compress) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return path


def doctored(tmp_path, change):
    """A valid workbook with one part changed by `change(name, body)`."""
    raw = book(tmp_path / "raw.xlsx", [["Subject", "OnsetFrame"], ["a", 1]])
    with zipfile.ZipFile(raw) as old:
        parts = {name: change(name, old.read(name)) for name in old.namelist()}
    return zipped(tmp_path / "bad.xlsx", parts)


def sheet1(body):
    return lambda name, old: body(old) if name == "xl/worksheets/sheet1.xml" else old


ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
LOL = (
    b'<!DOCTYPE l [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(8))
    + b"]>"
)
XXE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
BOMBS = {
    "zeros": sheet1(lambda old: old + b" " * 60_000_000),
    "ratio": sheet1(lambda old: old + b"\0" * 20_000_000),
    "rows": sheet1(
        lambda old: old.replace(
            b"</sheetData>",
            b"".join(b'<row r="%d"/>' % i for i in range(3, 1_000_003)) + b"</sheetData>",
        )
    ),
    "far row": sheet1(
        lambda old: old.replace(
            b"</sheetData>",
            b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>',
        )
    ),
    "cells": sheet1(
        lambda old: old.replace(b"</sheetData>", b"<c/>" * 1_200_000 + b"</sheetData>")
    ),
    "entity in the sheet": sheet1(lambda old: ENTITY + old),
    "billion laughs": sheet1(lambda old: LOL + old),
    "outside entity": sheet1(lambda old: XXE + old),
    "entity in styles": lambda n, b: ENTITY + b if n == "xl/styles.xml" else b,
    "entity in a picture's name": lambda n, b: ENTITY if n == "docProps/app.xml" else b,
    "not XML": sheet1(lambda _: b"hello"),
    "cut XML": sheet1(lambda old: old[: len(old) // 2]),
    "empty part": sheet1(lambda _: b""),
    "no workbook": lambda n, b: b"" if n == "xl/workbook.xml" else b,
    "deep": sheet1(lambda _: b"<a>" * 600_000 + b"</a>" * 600_000),
    "long cell": sheet1(lambda old: old.replace(b"OnsetFrame", b"x" * 10) + b""),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_hostile_workbooks_are_refused_in_little_memory(tmp_path, name):
    path = doctored(tmp_path, BOMBS[name])
    if name == "long cell":
        path = book(tmp_path / "long.xlsx", [["Subject", "OnsetFrame"], ["x" * 30_000, 1]])
    read_grids(book(tmp_path / "warm.xlsx", [["a"]]))
    tracemalloc.start()
    with pytest.raises(MerflowError) as error:
        read_grids(path)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(path) in str(error.value)
    assert memory < 200 * 2**20


def test_parts_and_size_are_limited(tmp_path):
    many = zipped(tmp_path / "many.xlsx", {f"xl/{i}.xml": b"<a/>" for i in range(1000)})
    with pytest.raises(MerflowError, match="1000 parts"):
        read_grids(many)
    big = tmp_path / "big.csv"
    with open(big, "wb") as handle:
        handle.truncate(40 * 2**20)
    with pytest.raises(MerflowError, match="40 MiB"):
        read_grids(big)
    long = tmp_path / "long.csv"
    long.write_text("Subject,OnsetFrame\n" + "a,1\n" * 100_001)
    with pytest.raises(MerflowError, match="more than 100,000 rows"):
        read_grids(long)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html></html>",
        b"PK\x03\x04 and no more",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600,
    ],
)
@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_a_workbook_that_is_none_is_refused(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MerflowError) as error:
        read_grids(tmp_path / name)
    assert str(tmp_path / name) in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(MerflowError, match="cannot be read"):
            read_grids(path)


def test_formulas_of_strings_keep_text_and_blank_sheets_are_empty(tmp_path):
    grids = read_grids(book(tmp_path / "a.xlsx", [["a"]], Sheet2=[], Sheet3=[]))
    assert [(g.sheet, len(g.rows)) for g in grids] == [("Sheet1", 1), ("Sheet2", 0), ("Sheet3", 0)]


@pytest.mark.parametrize("kind", ["flip", "cut", "zero"])
def test_damaged_workbooks_read_the_same_or_are_refused(tmp_path, kind):
    rows = [["Subject", "OnsetFrame"], *([f"{i:03d}", i] for i in range(40))]
    whole = book(tmp_path / "whole.xlsx", rows).read_bytes()
    (tmp_path / "bad.xlsx").write_bytes(whole)
    want = [g.rows for g in read_grids(tmp_path / "bad.xlsx")]
    rng = random.Random(kind)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        place, count = rng.randrange(len(data)), rng.randint(1, 64)
        if kind == "cut":
            del data[place : place + count]
        for index in range(place, min(place + count, len(data))) if kind != "cut" else ():
            data[index] = 0 if kind == "zero" else data[index] ^ (1 << rng.randrange(8))
        (tmp_path / "bad.xlsx").write_bytes(data)
        try:
            assert [g.rows for g in read_grids(tmp_path / "bad.xlsx")] == want
        except MerflowError:
            refused += 1
    assert refused > 30
