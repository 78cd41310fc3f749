"""Corrections apply to the published value, are silent once corrected, refuse anything else."""

import csv
from pathlib import Path

import full_size
import pytest

from merflow.config.settings import DatasetEntry
from merflow.datasets import errata
from merflow.datasets.registry import names, read_dataset
from merflow.errors import MerflowError
from merflow.io.spreadsheets import Row

HEADER = "subject,clip,field,was,is,source\n"
SHIPPED = Path(__file__).parents[2] / "config" / "errata"


def row(**cells):
    titles = {name: name.title() for name in cells}
    return Row("a.xlsx", "Sheet1", 7, cells, titles)


def loaded(tmp_path, text):
    (tmp_path / "samm.csv").write_text(HEADER + text)
    return errata.load("samm", tmp_path)


def test_the_old_value_is_replaced_and_the_new_one_left(tmp_path):
    known = loaded(tmp_path, "028,028_4_1,apex,1143,1113,a copy\n")
    assert known.apply(row(apex="1143"), "028", "028_4_1").text("apex") == "1113"
    assert known.apply(row(apex=" 1143 "), "028", "028_4_1").text("apex") == "1113"
    fixed = row(apex="1113")
    assert known.apply(fixed, "028", "028_4_1") is fixed
    other = row(apex="1143")
    assert known.apply(other, "028", "028_4_2") is other


def test_a_third_value_is_refused_by_cell_and_by_line(tmp_path):
    known = loaded(tmp_path, "028,028_4_1,apex,1143,1113,a copy\n")
    with pytest.raises(MerflowError) as error:
        known.apply(row(apex="1150"), "028", "028_4_1")
    text = str(error.value)
    assert "a.xlsx, sheet 'Sheet1', row 7, column 'Apex'" in text
    assert "'1150'" in text and "'1143'" in text and "'1113'" in text and "row 2" in text


def test_several_fields_of_a_clip_and_columns_that_are_not_there(tmp_path):
    known = loaded(tmp_path, "1,c,apex,5,6,x\n1,c,emotion,Sad,Happy,x\n1,c,offset,9,10,x\n")
    fixed = known.apply(row(apex="5", emotion="sad"), "1", "c")
    assert (fixed.text("apex"), fixed.text("emotion")) == ("6", "Happy")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,c,apx,5,6,x\n", "did you mean 'apex'"),
        ("1,c,apex,5,6,x\n1,c,apex,6,7,x\n", "corrected twice"),
    ],
)
def test_errata_files_are_checked(tmp_path, text, words):
    with pytest.raises(MerflowError, match=words):
        loaded(tmp_path, text)


def test_no_file_no_corrections(tmp_path):
    assert errata.load("samm", tmp_path) == errata.Errata()


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.csv")), ids=lambda p: p.stem)
def test_shipped_errata_are_of_known_datasets_and_name_their_source(path):
    assert path.stem in names()
    with open(path, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows and all(r["source"].strip() and r["was"] != r["is"] for r in rows)
    found = errata.load(path.stem, SHIPPED)
    assert sum(map(len, found.corrections.values())) == len(rows)


@pytest.mark.parametrize(
    ("dataset", "clip", "field", "value"),
    [
        ("samm", "028_4_1", "apex", 1113),
        ("samm", "032_3_1", "apex", 4930),
        ("casme2", "EP06_01", "offset", 91),
        ("casme3", "d_2647", "onset", 2647),
        ("casme3", "c_5", "offset", 34),
        ("smic", "s18_sur_03", "emotion", "surprise"),
    ],
)
def test_every_shipped_correction_reaches_its_clip(tmp_path, dataset, clip, field, value):
    variant = "HS_E" if dataset == "smic" else ""
    full_size.write(tmp_path, full_size.plan(dataset, variant), frames=False)
    entry = DatasetEntry(root=str(tmp_path), variant=variant)
    reading = read_dataset(dataset, entry, annotations_only=True)
    subjects = {"EP06_01": "sub07", "c_5": "spNO.214", "d_2647": "spNO.216"}
    found = [
        c
        for c in reading.clips
        if c.key.clip == clip and subjects.get(clip, c.key.subject) == c.key.subject
    ]
    assert [getattr(c, field) for c in found] == [value]
    assert not reading.errors


def test_a_generated_dataset_is_not_corrected(tmp_path):
    full_size.write(tmp_path, full_size.plan("samm"), frames=False)
    (tmp_path / "demo.json").write_text("{}")
    reading = read_dataset("samm", DatasetEntry(root=str(tmp_path)), annotations_only=True)
    apexes = {c.key.clip: c.apex for c in reading.clips}
    assert apexes["028_4_1"] is apexes["032_3_1"] is None and not reading.errors
