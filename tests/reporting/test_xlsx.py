"""Tables as files: no cell runs, same rows give same bytes, the literature has its place."""

import time
import zipfile

import openpyxl
import pytest
from table_makers import rows, run

from merflow.datasets.official_composite import OFFICIAL
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import About, write_scores
from merflow.reporting.layouts import render_markdown, sheets
from merflow.reporting.paper_tables import render_latex
from merflow.reporting.render.xlsx import write_workbook
from merflow.reporting.results_table import wide_tables

HOSTILE = [
    "=1+2",
    "+1+1",
    "-1+2",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "＝1",
    "=cmd|' /C calc'!A0",
    " =1",
    "'=1",
]


@pytest.mark.parametrize("word", HOSTILE)
def test_no_cell_is_a_formula(tmp_path, word):
    made = rows(About(word, word, word, "x1", 0, word, word))
    write_scores(tmp_path / "s.csv", made)
    first = (tmp_path / "s.csv").read_text().splitlines()[1]
    assert first.lstrip(' "')[0] not in "=+-@＝\t\r"
    tables = wide_tables(made)
    write_workbook(tmp_path / "s.xlsx", sheets(tables, {word: word}, {}))
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    for sheet in book:
        for cell in (c for line in sheet.iter_rows() for c in line if c.value is not None):
            assert cell.data_type in "sn"
    with zipfile.ZipFile(tmp_path / "s.xlsx") as archive:
        inside = [n for n in archive.namelist() if n.startswith("xl/worksheets/")]
        assert not any(b"<f>" in archive.read(name) for name in inside)


def test_the_workbook_has_a_sheet_a_part_and_one_of_settings(tmp_path):
    tables = wide_tables(rows(run("a"), run("b")), {"a": "protocol of a"})
    write_workbook(tmp_path / "s.xlsx", sheets(tables, {"experiments.a.network": "cnn3d"}, {}))
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    assert book.sheetnames == ["Full", "SMIC", "CASME II", "SAMM", "settings"]
    values = [[cell.value for cell in line] for line in book["SAMM"].iter_rows()]
    header = values[1]
    first = dict(zip(header, values[2], strict=True))
    expected = next(r for r in records(rows(run("a"))) if r.part == "samm")
    assert first["UF1"] == pytest.approx(expected.uf1)
    assert first["clips"] == 72
    flat = [cell for line in values for cell in line if cell]
    assert "protocol of a" in flat
    assert "guessing by class shares" in flat
    assert [c.value for c in book["settings"][2]] == ["experiments.a.network", "cnn3d"]


def test_sheet_names_are_ones_excel_takes(tmp_path):
    names = ("settings", "a" * 40, "a" * 41, "x:y")
    tables = wide_tables(rows(run("a"), datasets=names))
    write_workbook(tmp_path / "s.xlsx", sheets(tables, {}, {}))
    found = openpyxl.load_workbook(tmp_path / "s.xlsx").sheetnames
    assert len(found) == len({n.lower() for n in found}) == 6
    assert all(len(name) <= 31 for name in found)


def test_the_same_rows_give_the_same_bytes(tmp_path):
    made = rows(run("a"), run("b", seed=1))
    for name, order in (("one", 1), ("two", -1)):
        tables = wide_tables(made.iloc[::order], {"a": "line"})
        write_scores(tmp_path / name / "s.csv", made.iloc[::order])
        write_workbook(tmp_path / name / "s.xlsx", sheets(tables, {"k": "v"}, {}))
        (tmp_path / name / "s.md").write_text(render_markdown(tables))
        (tmp_path / name / "s.tex").write_text(render_latex(tables))
        time.sleep(2.1 if order == 1 else 0)  # zip archives count in steps of two seconds
    for file in ("s.csv", "s.xlsx", "s.md", "s.tex"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def official():
    """Wide tables that say they are of the official clips (the scheme refuses any other)."""
    made = rows(run("a")).assign(scheme="megc2019")
    full = made["part"] == "full"
    made.loc[full, ["n", "subjects"]] = (442, 68)
    return wide_tables(made)


def test_the_literature_stands_only_beside_the_official_clips(tmp_path):
    for tables, shown in ((official(), True), (wide_tables(rows(run("a"))), False)):
        assert ("STSTNet" in render_markdown(tables)) == shown
        assert ("STSTNet" in render_latex(tables)) == shown
        write_workbook(tmp_path / "s.xlsx", sheets(tables, {}, {}))
        assert ("published" in openpyxl.load_workbook(tmp_path / "s.xlsx").sheetnames) == shown


def test_the_literature_sheet_holds_numbers(tmp_path):
    write_workbook(tmp_path / "s.xlsx", sheets(official(), {}, {}))
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx")["published"]
    values = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert values["STSTNet (2019)"][1].value == 0.7353
    assert values["GEME (2021)"][1].value is None
    assert values["HTNet (2024)‡"][8].value == 0.8124


def test_the_official_composite_is_the_one_that_the_literature_used():
    counts = [count for subjects in OFFICIAL.values() for count, _ in subjects.values()]
    assert (sum(counts), len(counts)) == (442, 68)
