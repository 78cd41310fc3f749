"""A manifest that is there keeps its rows and columns; faults are named by row and column."""

import numpy as np
import pytest
from clip_makers import picture, video

from merflow.commands.make_manifest import make_manifest
from merflow.config.settings import DatasetEntry
from merflow.datasets.manifest_checks import check_table
from merflow.datasets.manifest_table import (
    ManifestTable,
    compare,
    merge,
    read_manifest_table,
)
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text

EDITED = "dataset,subject,clip,path,fps,emotion,age\nmine,s01,a,s01/joy/a.avi,,happiness,31\n"


@pytest.fixture
def root(tmp_path):
    for path in ("s01/joy/a.avi", "s01/fear/b.avi", "s02/joy/a.avi"):
        video(tmp_path / path)
    return tmp_path


def test_new_clips_are_added_and_edits_and_columns_stay(root, capsys):
    (root / "manifest.csv").write_text(EDITED + "mine,s09,z,s09/joy/z.avi,,joy,40\n")
    make_manifest(from_class_folders=root)
    table = read_manifest_table(root / "manifest.csv")
    assert table.header[-1] == "age"
    assert table.rows[0] == ("mine", "s01", "a", "s01/joy/a.avi", "", "happiness", "31")
    assert [row[3] for row in table.rows[1:]] == [
        "s09/joy/z.avi",
        "s01/fear/b.avi",
        "s02/joy/a.avi",
    ]
    told = capsys.readouterr().out
    assert "2 clips added, 2 rows kept as they are" in told and "kept: age" in told
    assert "1 kept row with other cells than the folders show: s01/joy/a.avi" in told
    assert "1 row of clips that were not found: s09/joy/z.avi" in told


def test_the_summary_is_of_the_file_with_the_name_that_it_has(root, capsys):
    (root / "manifest.csv").write_text(
        EDITED.replace("mine", "pilot") + "pilot,s09,z,z.avi,,joy,\n"
    )
    make_manifest(from_class_folders=root)
    told = capsys.readouterr().out
    assert f"4 clips of 3 subjects in {root / 'manifest.csv'}" in told
    assert "check --dataset pilot " in told and "datasets: {pilot: " in told
    assert "mine" not in told


def test_kept_cells_stay_and_added_ones_are_no_formulas(root):
    kept = "mine,s01,a,s01/joy/a.avi,,joy,- left eye shut\n"
    (root / "manifest.csv").write_text(EDITED.splitlines()[0] + "\n" + kept)
    make_manifest(from_class_folders=root)
    assert kept in (root / "manifest.csv").read_text()
    assert csv_text(["a"], [["-x"], ["-x"]], kept=1) == "a\n-x\n'-x\n"


def test_a_clip_that_was_moved_is_not_written_twice(root):
    path = root / "manifest.csv"
    path.write_text(EDITED.replace("s01/joy/a.avi", "s01/sad/A.avi").replace("dataset,", "note,"))
    before = path.read_text()
    with pytest.raises(MerflowError) as refused:
        make_manifest(from_class_folders=root)
    assert "row 2 (s01/sad/A.avi)" in refused.value.found
    assert "row 4 (s01/joy/a.avi)" in refused.value.found and path.read_text() == before


def test_rows_to_be_filled_in_do_not_stop_new_clips(root):
    path = root / "manifest.csv"
    path.write_text("subject,clip,path\n,,x/1.avi\n,,x/2.avi\n")
    make_manifest(from_class_folders=root)
    assert len(read_manifest_table(path).rows) == 5


def test_a_second_call_changes_no_byte(root, capsys):
    make_manifest(from_class_folders=root)
    path = root / "manifest.csv"
    before, facts = path.read_bytes(), path.stat().st_mtime_ns
    make_manifest(from_class_folders=root)
    assert path.read_bytes() == before and path.stat().st_mtime_ns == facts
    assert "no new clips, 3 rows kept as they are" in capsys.readouterr().out


def test_overwrite_replaces_it_and_says_what_is_lost(root, capsys):
    (root / "manifest.csv").write_text(EDITED)
    make_manifest(from_class_folders=root, overwrite=True)
    table = read_manifest_table(root / "manifest.csv")
    assert "age" not in table.header and len(table.rows) == 3
    told = capsys.readouterr().out
    assert "was replaced: 2 rows added, 0 rows removed" in told and "columns removed: age" in told


def test_a_manifest_that_cannot_be_merged_is_kept(root):
    path = root / "manifest.csv"
    for text, words in (
        ("subject,clip\ns01,a\n", "no column 'path'"),
        ("name,file\na,b\n", "no column 'subject'"),
        (EDITED, "has the dataset mine"),
    ):
        path.write_text(text)
        with pytest.raises(MerflowError) as refused:
            make_manifest(from_class_folders=root, dataset="pilot")
        assert words in str(refused.value) and path.read_text() == text


def test_segments_of_one_recording_are_told_apart_by_name():
    old = ManifestTable(
        ("subject", "clip", "path", "onset", "offset", "note"),
        (("s1", "a", "long.mp4", "3", "9", "mine"),),
    )
    found = [
        {"subject": "s1", "clip": name, "path": "long.mp4", "onset": "5", "offset": "8"}
        for name in ("a", "b")
    ]
    merged = merge(old, found)
    assert merged.table.rows == (
        ("s1", "a", "long.mp4", "3", "9", "mine"), ("s1", "b", "long.mp4", "5", "8", ""),
    )  # fmt: skip
    assert merged.added == (1,) and merged.differ == (0,) and merged.gone == ()


def test_a_difference_names_rows_cells_and_columns():
    old = ManifestTable(
        ("subject", "clip", "path", "age"), (("s1", "a", "a", "3"), ("s1", "b", "b", ""))
    )
    new = ManifestTable(
        ("subject", "clip", "path", "emotion"), (("s2", "a", "a", "joy"), ("s1", "c", "c", ""))
    )
    change = compare(old, new)
    assert change.added == ("s1/c",) and change.removed == ("s1/b",)
    assert change.changed == (("s2/a", "subject", "s1", "s2"), ("s2/a", "emotion", "", "joy"))
    assert change.new_columns == ("emotion",) and change.lost_columns == ("age",)
    assert not compare(old, old)


HEADER = (
    "subject",
    "clip",
    "path",
    "fps",
    "onset",
    "apex",
    "offset",
    "emotion",
    "enters_at",
    "publishable",
)
GOOD = ("s1", "a", "a.avi", "", "1", "2", "4", "joy", "", "")
FAULTS = {
    "no subject": ("subject", "", "error", "empty"),
    "a formula": ("clip", "=a", "error", "cannot be part"),
    "a path that leads out": ("path", "../x.avi", "error", "cannot be part"),
    "an absolute path": ("path", "/etc/passwd", "error", "outside"),
    "nothing there": ("path", "b.avi", "error", "nothing"),
    "another type": ("path", "a.txt", "error", "not a video"),
    "a folder without a rate": ("path", "frames", "error", "frame rate"),
    "no number": ("onset", "x", "error", "not a number"),
    "onset after offset": ("onset", "5", "error", "before the onset"),
    "one frame": ("onset", "4", "error", "one frame"),
    "apex outside": ("apex", "9", "error", "outside"),
    "a rate of zero": ("fps", "0", "error", "'0'"),
    "no class": ("emotion", "", "warning", "no class"),
    "a misspelt class": ("emotion", "hapiness", "warning", "did you mean 'happiness'"),
    "an unknown stage": ("enters_at", "croped", "error", "unknown stage"),
    "no answer": ("publishable", "perhaps", "error", "perhaps"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_has_its_cell(tmp_path, case):
    video(tmp_path / "a.avi")
    (tmp_path / "a.txt").write_text("x")
    picture(tmp_path / "frames/1.png")
    column, value, severity, words = FAULTS[case]
    row = list(GOOD)
    row[HEADER.index(column)] = value
    second = ("s1", "b", "a.avi", *GOOD[3:])
    faults, count = check_table(ManifestTable(HEADER, (second, tuple(row))), tmp_path)
    assert count == len(faults) >= 1
    mine = [fault for fault in faults if fault.severity == severity and words in fault.found]
    assert {fault.row for fault in mine} == {1}
    assert any(HEADER[f.column] in (column, "fps", "offset", "apex") and f.fix for f in mine)


def faults_of(root, header, *rows, **entry):
    known = DatasetEntry(root=str(root), reader="manifest", **entry) if entry else None
    faults, _ = check_table(ManifestTable(header, rows), root, known)
    return [(fault.row, header[fault.column], fault.severity) for fault in faults]


def test_segments_are_those_of_one_dataset(tmp_path):
    video(tmp_path / "a.avi")
    header = ("dataset", *HEADER)
    rows = [(name, *GOOD[:4], "1", "", end, *GOOD[7:]) for name, end in (("a", ""), ("b", "4"))]
    assert faults_of(tmp_path, header, *rows) == []
    twice = ("a", "s1", "b", *rows[0][3:])
    assert faults_of(tmp_path, header, *rows, twice) == [
        (0, "offset", "error"),
        (2, "offset", "error"),
    ]


def test_an_absolute_path_below_the_root_is_none_that_leads_out(tmp_path):
    video(tmp_path / "a.avi")
    row = ("s1", "a", str(tmp_path / "a.avi"), *GOOD[3:])
    assert faults_of(tmp_path, HEADER, row) == []


def test_frames_need_a_rate_from_the_row_or_the_config(tmp_path):
    picture(tmp_path / "frames/1.png")
    np.save(tmp_path / "d.npy", np.zeros((4, 8, 9), np.uint8))
    header = ("subject", "clip", "path", "fps", "emotion")
    rows = (("s1", "a", "frames", "", "joy"), ("s1", "b", "d.npy", "", "joy"))
    lacking = [(0, "fps", "error"), (1, "fps", "error")]
    assert faults_of(tmp_path, header, *rows) == lacking
    assert faults_of(tmp_path, header, *rows, variant="clips") == lacking
    assert faults_of(tmp_path, header, *rows, fps=200) == []
    assert faults_of(tmp_path, header, rows[1], kind="flow") == []
    without = tuple((*row[:3], row[4]) for row in rows)
    shown = [(0, "path", "error"), (1, "path", "error")]
    assert faults_of(tmp_path, ("subject", "clip", "path", "emotion"), *without) == shown


def test_rows_of_several_datasets_are_compared_within_each(tmp_path):
    video(tmp_path / "a.avi")
    header = ("dataset", "subject", "clip", "path", "emotion")
    rows = [(name, s, "c", "a.avi", "joy") for name, s in (("mine", "01"), ("other", "1"))]
    assert faults_of(tmp_path, header, *rows) == []
    # A row without a name belongs to the only dataset that the others name.
    rows = [("mine", "01", "c", "a.avi", "joy"), ("", "01", "C", "a.avi", "joy")]
    assert faults_of(tmp_path, header, *rows) == [(1, "clip", "error")]


def test_two_answers_for_one_subject_are_a_fault(tmp_path):
    video(tmp_path / "a.avi")
    rows = [
        (*GOOD[:1], name, *GOOD[2:9], says)
        for name, says in zip("abcd", ("yes", "", "no", "x"), strict=True)
    ]
    assert faults_of(tmp_path, HEADER, *rows) == [
        (2, "publishable", "error"), (3, "publishable", "error"),
    ]  # fmt: skip


def test_a_segment_without_an_end_is_a_fault(tmp_path):
    video(tmp_path / "a.avi")
    header = ("subject", "clip", "path", "onset", "offset", "emotion")
    rows = [("s1", "a", "a.avi", "1", "3", "joy"), ("s1", "b", "a.avi", "2", "", "joy")]
    assert faults_of(tmp_path, header, *rows) == [(1, "offset", "error")]
    assert faults_of(tmp_path, header, rows[1]) == []


def test_clips_twice_and_subjects_alike_are_faults_and_a_good_table_has_none(tmp_path):
    video(tmp_path / "a.avi")
    rows = (GOOD, ("S01", *GOOD[1:]), ("s1", "A", *GOOD[2:]))
    faults, _ = check_table(ManifestTable(HEADER, rows), tmp_path)
    assert [(f.row, HEADER[f.column]) for f in faults] == [(1, "subject"), (2, "clip")]
    assert check_table(ManifestTable(HEADER, (GOOD,)), tmp_path) == ([], 0)
