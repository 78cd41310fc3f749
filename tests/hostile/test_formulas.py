"""A cell that a spreadsheet would run never reaches a table; what was written is read back."""

import csv
import io

import openpyxl
import pytest
from table_makers import pooled

from merflow.errors import MerflowError
from merflow.evaluation.columns import SKIPPED
from merflow.evaluation.score_table import About, read_scores, score_rows, write_scores
from merflow.io.clip_store import Skipped
from merflow.io.csv_table import safe_cell
from merflow.io.files import safe_name
from merflow.reporting.layouts import sheets
from merflow.reporting.render.xlsx import write_workbook
from merflow.reporting.results_table import wide_tables

FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "=IMPORTXML(A1)", "==1",
    "=@SUM(A1)", "=\n1", "+1+1", "+cmd|x", "+A1", "-1+1", "-A1", "--1", "-cmd|x", "@SUM(1)",
    "@A1", "@", "\t=1", "\t@A1", "\tx", "\r=1", "\r\n=1", " =1", "  @A1", "\u00a0=1", "\u3000=1",
    "＝1", "＋1+1", "－A1", "＠SUM(1)", "\t＝1", "+-1", "=" * 40, "-0.5x", "+ 1", "-1-1",
]  # fmt: skip
PLAIN = [
    "-0.5",
    "+3",
    "-1e-9",
    "0",
    "1.5",
    "x10",
    "x1+x10",
    "006",
    "a=b",
    "a-b",
    "'quoted",
    "",
    "é",
]


def first_signs(text: str) -> set[str]:
    """Return what every cell of a CSV begins with, blanks apart, as a spreadsheet sees it."""
    cells = [c for row in csv.reader(io.StringIO(text, newline="")) for c in row]
    return {c.lstrip()[:1] for c in cells} | {c[:1] for c in cells}


def test_there_are_enough_strings():
    assert len(set(FORMULAS)) >= 30


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula(text):
    row = Skipped("smic", "s01", "c1", "align", text)
    assert not first_signs(SKIPPED.text(SKIPPED.frame([row._asdict()]))) & set("=+-@\t\r＝＋－＠")


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_and_plain_words_stay_as_they_are(text):
    assert safe_cell(text) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_no_clip_or_subject_is_called_like_a_formula(text):
    with pytest.raises(MerflowError, match="cannot be part of a file name"):
        safe_name(text, "sheet.xlsx, row 2")


@pytest.fixture(scope="module")
def table():
    return pooled(subjects=2)


@pytest.mark.parametrize("text", FORMULAS)
def test_scores_come_back_and_the_workbook_holds_text(tmp_path, table, text):
    rows = score_rows(table, About(text, "cnn3d", text, "x1", 0, text, "three"), resamples=5)
    write_scores(tmp_path / "s.csv", rows)
    written = (tmp_path / "s.csv").read_text(encoding="utf-8")
    assert not first_signs(written) & set("=+@\t\r＝＋－＠")
    printable = "".join(c if c.isprintable() else " " for c in text)
    assert set(read_scores(tmp_path / "s.csv")["experiment"]) == {printable}
    write_workbook(tmp_path / "s.xlsx", sheets(wide_tables(rows), {text: text}, {}))
    cells = [
        cell
        for sheet in openpyxl.load_workbook(tmp_path / "s.xlsx")
        for line in sheet.iter_rows()
        for cell in line
    ]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert printable in {cell.value for cell in cells}
