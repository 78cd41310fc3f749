"""Sheets that contradict each other are told apart by their contents and named in protocol lines."""

import json
from collections import Counter

import full_size
import pytest
from full_size import casme2, casme3, samm, smic_e
from full_size._form import write_book
from kept_records import keep_records

from merflow.config.loading import validate
from merflow.config.settings import DatasetEntry
from merflow.datasets.labels import explain
from merflow.datasets.registry import read_dataset
from merflow.io.files import write_text
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines


def read(dataset, root, **entry):
    return read_dataset(dataset, DatasetEntry(root=str(root), **entry), annotations_only=True)


def warned(reading, words):
    return [p for p in reading.problems if words in p.found]


@pytest.mark.parametrize(
    ("apex", "other", "read_as", "revision"),
    [
        (1143, 1930, 1113, "v2 as published"),
        (1113, 4930, 1113, "v2 with two corrected apexes"),
        (1124, 4930, 1124, "apex 1124 of 028_4_1, 4930 of 032_3_1"),
        (1103, 4930, 1103, "apex 1103 of 028_4_1, 4930 of 032_3_1"),
        (1100, 4931, 1100, "apex 1100 of 028_4_1, 4931 of 032_3_1"),
    ],
)
def test_apexes_of_samm_in_circulation(tmp_path, apex, other, read_as, revision):
    plan = samm.plan(apexes={"028_4_1": apex, "032_3_1": other})
    full_size.write(tmp_path, plan, frames=False)
    reading = read("samm", tmp_path)
    assert not reading.errors and len(reading.clips) == 159
    apexes = {c.key.clip: c.apex for c in reading.clips}
    assert apexes["028_4_1"] == read_as and reading.sheets[1] == revision
    notes = warned(reading, f"apex {apex} is read; copies of the sheet have 1103, 1113, 1124 and")
    assert len(notes) == (apex not in (1143, 1113))
    assert len(warned(reading, "apex 4931 is read")) == (other == 4931)


def test_an_unknown_apex_outside_its_clip_is_refused(tmp_path):
    full_size.write(tmp_path, samm.plan(apexes={"028_4_1": 1135}), frames=False)
    (error,) = read("samm", tmp_path).errors
    assert "'1135' is neither what" in error.found and "row" in error.where


@pytest.mark.parametrize(
    ("year", "named", "extra"),
    [
        (2014, ["coding of 2014"], {}),
        (2019, ["coding of 2019", "objective classes of 2019"], {"surprise": 28, "sadness": 4}),
    ],
)
def test_codings_of_casme2_are_told_by_their_labels(tmp_path, year, named, extra):
    plan = casme2.plan(sheets=(year,))
    book = plan.books[0]
    write_book(tmp_path, type(book)("CASME2_label_Ver_2.xlsx", book.sheets))  # no year in its name
    reading = read("casme2", tmp_path)
    words = {"surprise": 25, "sadness": 7} | extra
    assert Counter(c.emotion for c in reading.clips).items() >= words.items()
    assert reading.sheets == ("CASME2_label_Ver_2.xlsx", *named) and not reading.problems


def test_a_sheet_of_casme2_under_a_wrong_year_is_named(tmp_path):
    book = casme2.plan(sheets=(2019,)).books[0]
    write_book(tmp_path, type(book)("CASME2-coding-20140508.xlsx", book.sheets))
    (problem,) = read("casme2", tmp_path).problems
    assert problem.found == "its labels are those of 2019, not of 2014"


@pytest.mark.parametrize("name", ["CASME2-ObjectiveClasses.xlsx", "CASME2 classes.xlsx"])
@pytest.mark.parametrize("sheet", ["", "CASME2-coding-20140508.xlsx"])
def test_the_separate_objective_classes_are_those_of_megc2018(tmp_path, name, sheet):
    full_size.write(tmp_path, casme2.plan(sheets=(2014,)), frames=False)
    book = casme2.objective_book()
    write_book(tmp_path, type(book)(name, book.sheets))
    reading = read("casme2", tmp_path, sheet=sheet)
    assert Counter(c.objective for c in reading.clips) == casme2.MEGC2018
    assert "objective classes of MEGC2018" in reading.sheets and not reading.problems
    kept = Counter(explain("objective", c).label for c in reading.clips)
    kept.pop(None)
    assert kept == {"I": 25, "II": 15, "III": 99, "IV": 26, "V": 20} and kept.total() == 185
    later = casme2.plan(sheets=(2019,)).books[0].sheets[0][1][1:]
    known = [row[-1] for row in book.sheets[0][1][1:]]
    assert sum(row[-1] != one for row, one in zip(later, known, strict=True)) == 37


def test_the_composite_of_megc2018_has_253_clips(tmp_path):
    full_size.write(tmp_path / "c", casme2.plan(sheets=(2014,)), frames=False)
    write_book(tmp_path / "c", casme2.objective_book())
    full_size.write(tmp_path / "s", samm.plan(), frames=False)
    clips = (*read("casme2", tmp_path / "c").clips, *read("samm", tmp_path / "s").clips)
    kept = Counter(explain("objective", c).label for c in clips)
    kept.pop(None)
    assert kept == {"I": 49, "II": 28, "III": 119, "IV": 34, "V": 23} and kept.total() == 253


@pytest.mark.parametrize(
    ("revision", "named", "clips", "subjects"),
    [
        ("v1", "v1", 921, 95),
        ("v2", "v2", 860, 94),
        ("casme3_table", "v2 with three corrected cells (casme3_table)", 860, 94),
    ],
)
def test_revisions_of_casme3_are_told_by_their_rows(tmp_path, revision, named, clips, subjects):
    book = casme3.plan().books[0] if revision == "v2" else casme3.revised(revision)
    write_book(tmp_path, book)
    reading = read("casme3", tmp_path)
    assert not reading.errors and len(reading.clips) == clips
    assert len({c.key.subject for c in reading.clips}) == subjects
    assert reading.sheets == (book.path, named)
    if clips == 860:
        classes = Counter(explain("three", c).label for c in reading.clips)
        assert classes == {"negative": 457, "positive": 55, "surprise": 187, None: 161}
        assert sum(c.emotion == "others" for c in reading.clips) == 161


def test_four_rows_of_casme3_are_out_of_order(tmp_path):
    write_book(tmp_path, casme3.plan().books[0])
    (tmp_path / "demo.json").write_text("{}")  # without errata
    reading = read("casme3", tmp_path)
    (order,) = reading.errors
    assert order.found == "offset 2694 is before onset 3647"
    (apex,) = warned(reading, "apex 83 is outside 112..358")
    assert apex.severity == "warning" and len(warned(reading, "offset '0' is unknown")) == 2
    write_book(tmp_path, casme3.revised("casme3_table"))
    (tmp_path / casme3.plan().books[0].path).unlink()
    repaired = read("casme3", tmp_path)
    assert not repaired.errors and not warned(repaired, "is outside")


@pytest.mark.parametrize(
    ("rows", "words", "named"),
    [
        (162, {"negative": 69, "positive": 51, "surprise": 42}, "original sheet of 162 clips"),
        (157, {"negative": 65, "positive": 51, "surprise": 41}, "the 157 clips on disk"),
        (164, {"negative": 70, "positive": 51, "surprise": 43}, "164 clips with detected apexes"),
    ],
)
def test_sheets_of_smic_e_and_their_labels(tmp_path, rows, words, named):
    plan = smic_e.plan(rows=rows)
    full_size.write(tmp_path, plan, frames=False)
    reading = read("smic", tmp_path, variant="HS_E")
    assert not reading.errors and Counter(c.emotion for c in reading.clips) == words
    assert reading.sheets == (plan.books[0].path, named)
    decided = warned(reading, "the name decides")
    assert [p.found.split(", ")[0] for p in decided] == ["the sheet says 'negative'"] * (rows < 164)
    detected = rows == 164
    assert len(warned(reading, "detected by a program")) == detected
    assert sum(c.offset is None for c in reading.clips) == 7 * detected
    assert all((c.apex is not None) == detected for c in reading.clips)


def test_the_name_decides_without_errata_too(tmp_path):
    full_size.write(tmp_path, smic_e.plan(), frames=False)
    (tmp_path / "demo.json").write_text("{}")
    reading = read("smic", tmp_path, variant="HS_E")
    (clip,) = [c for c in reading.clips if c.key.clip == "s18_sur_03"]
    assert clip.emotion == "surprise" and len(warned(reading, "the name decides")) == 1


def test_the_protocol_line_names_the_revision(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    full_size.write(tmp_path / "c", casme2.plan(sheets=(2014,)), frames=False)
    reading = read("casme2", tmp_path / "c")
    settings = validate(
        {
            "datasets": {"casme2": {"root": "c"}},
            "collections": {"c": ["casme2"]},
            "preparations": {"p": {}},
            "experiments": {"e": {"preparation": "p", "collection": "c", "scheme": "three"}},
        }
    )
    write_text("results/sheets.json", json.dumps({"casme2": list(reading.sheets)}))
    keep_records()
    (line,) = protocol_lines(Plan(settings, {"casme2": list(reading.clips)})).values()
    assert "datasets casme2 (CASME2-coding-20140508.xlsx, coding of 2014);" in line
