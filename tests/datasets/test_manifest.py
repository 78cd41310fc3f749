"""A manifest takes any clips; `merflow make-manifest` writes one from folders named by class."""

import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml
from clip_makers import picture, video

from merflow.commands.check import check
from merflow.commands.make_manifest import make_manifest as command
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import MerflowError
from merflow.io.images import read_frames


def read(root, **entry):
    return read_dataset("mine", DatasetEntry(root=str(root), reader="manifest", **entry))


def write(root, *rows, header="subject,clip,path,onset,apex,offset,fps,emotion,enters_at"):
    root.mkdir(parents=True, exist_ok=True)
    (root / "manifest.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def test_folders_videos_pictures_and_arrays(tmp_path):
    for number in (5, 6, 7, 8):
        picture(tmp_path / "a" / f"{number}.png", number)
    video(tmp_path / "v" / "b.avi")
    picture(tmp_path / "c.png")
    np.save(tmp_path / "d.npy", np.zeros((4, 8, 9), np.uint8))
    write(
        tmp_path,
        "p1,a,a,6,7,8,100,Joy,",
        "p1,b,v/b.avi,1,2,3,,joy,",
        "p2,c,c.png,,,,,fear,cropped",
        "p2,d,d.npy,,,,25,fear,interpolated",
    )
    a, b, c, d = read(tmp_path).clips
    assert (a.numbers, a.onset, a.apex, a.offset, a.emotion) == ((6, 7, 8), 6, 7, 8, "joy")
    assert (b.files, b.numbers, b.fps) == (("b.avi",), (1, 2, 3), 50.0)
    assert (c.enters_at, d.enters_at, d.fps) == ("cropped", "interpolated", 25.0)
    assert [len(read_frames(clip)) for clip in (a, b, c, d)] == [3, 3, 1, 4]
    assert np.allclose(read_frames(b).mean((1, 2, 3)), [30, 60, 90], atol=3)


def test_frame_rates_come_from_the_row_the_config_or_the_video(tmp_path):
    picture(tmp_path / "a" / "1.png")
    video(tmp_path / "b.avi", fps=40)
    write(tmp_path, "p1,a,a,,,,200,x,", "p1,b,b.avi,,,,,x,")
    assert [c.fps for c in read(tmp_path).clips] == [200.0, 40.0]
    assert [c.fps for c in read(tmp_path, fps=30).clips] == [200.0, 30.0]
    write(tmp_path, "p1,a,a,,,,,x,")
    assert "no frame rate" in read(tmp_path).errors[0].found


def test_a_segment_without_an_end_is_an_error_and_a_whole_video_is_none(tmp_path):
    video(tmp_path / "v.avi")
    write(tmp_path, "p1,a,v.avi,0,,1,,joy,", "p1,b,v.avi,2,,,,joy,")
    (problem,) = read(tmp_path).errors
    assert "onset without an offset" in problem.found and "row 3" in problem.where
    write(tmp_path, "p1,b,v.avi,2,,,,joy,", "p1,c,gone,2,,,9,joy,", "p1,d,gone,3,,,9,joy,")
    assert not read(tmp_path).errors


@pytest.mark.parametrize(("one", "two"), [("S01", "s01"), ("1", "01"), ("sub02b", "Sub2B")])
def test_ids_that_differ_only_in_case_and_zeros_are_refused(tmp_path, one, two):
    picture(tmp_path / "a" / "1.png")
    write(tmp_path, f"{one},a,a,,,,9,joy,", f"{two},b,a,,,,9,fear,", f"{two},c,a,,,,9,fear,")
    (problem,) = read(tmp_path).errors
    assert (
        f"subjects '{one}' (" in problem.found and f"'{two}' differ only in case" in problem.found
    )
    assert "row 3" in problem.where and "row 2" in problem.found
    with pytest.raises(SystemExit) as left:
        check(dataset="manifest", root=tmp_path)
    assert left.value.code == 2


def test_ids_that_differ_in_more_than_case_and_zeros_are_different_subjects(tmp_path):
    picture(tmp_path / "a" / "1.png")
    people = ["1", "10", "100", "s1", "s10", "s101", "s1a", "0"]
    write(tmp_path, *(f"{person},a,a,,,,9,joy," for person in people))
    reading = read(tmp_path)
    assert not reading.errors and len(reading.clips) == len(people)


@pytest.mark.parametrize("word", ["-1", "=x", "+x", "@x"])
def test_an_id_that_a_spreadsheet_would_run_is_refused(tmp_path, word):
    picture(tmp_path / "a" / "1.png")
    write(tmp_path, f"{word},a,a,,,,9,joy,", f"p1,{word},a,,,,9,joy,")
    assert len(read(tmp_path).errors) == 2 and not read(tmp_path).clips


def test_rows_of_other_datasets_are_ignored(tmp_path):
    picture(tmp_path / "a" / "1.png")
    rows = ("mine,p1,a,a,9", "other,p1,b,a,9")
    write(tmp_path, *rows, header="dataset,subject,clip,path,fps")
    reading = read(tmp_path)
    assert [c.key.clip for c in reading.clips] == ["a"] and "other" in reading.problems[0].found
    write(tmp_path, rows[1], header="dataset,subject,clip,path,fps")
    with pytest.raises(MerflowError, match="no row of dataset 'mine'; it has other"):
        read(tmp_path)


def test_other_scripts_are_fine_and_look_alike_digits_are_not(tmp_path):
    picture(tmp_path / "鈴木" / "笑い" / "1.png")
    write(tmp_path, "鈴木,笑い,鈴木/笑い,,,,9,喜び,", "００１,a,鈴木/笑い,,,,9,喜び,")
    reading = read(tmp_path)
    assert [c.key for c in reading.clips] == [("mine", "鈴木", "笑い")]
    assert "U+FF10" in reading.errors[0].found


def test_a_workbook_of_clips(tmp_path):
    import openpyxl

    picture(tmp_path / "a" / "1.png")
    book = openpyxl.Workbook()
    book.active.append(["subject", "clip", "path", "fps"])
    book.active.append(["007", 12, "a", 9.5])
    book.save(tmp_path / "manifest.xlsx")
    (clip,) = read(tmp_path).clips
    assert clip.key == ("mine", "007", "12") and clip.fps == 9.5


TRAVERSAL = [
    "..", "../x", "../../etc/passwd", "/etc/passwd", "a/../../b", "./../x", "a/./../..", "..\\x",
    "..\\..\\x", "C:\\x", "C:/x", "\\\\server\\share", "//server/share", "file:///etc/passwd",
    "CON", "nul", "PRN.txt", "COM1", "lpt9.png", "aux/x", "a\tb", "a\x1fb", "a\x7f", "~root/..",
    "a.", "a /b", " a/ b", "a?", "a*", 'a"b', "a|b", "a<b", "a>b", "x:y", "....//../x", "．．/x/..",
    "out", "out/secret", "inner/out", "../root2", "",
]  # fmt: skip


@pytest.mark.parametrize("text", TRAVERSAL)
@pytest.mark.parametrize("column", ["path", "subject", "clip"])
def test_nothing_leads_out_of_the_root(tmp_path, text, column):
    root = tmp_path / "root"
    picture(root / "a" / "1.png")
    for outside in (tmp_path / "secret", tmp_path / "root2"):
        picture(outside / "1.png")
        picture(outside / "secret" / "1.png")
    (root / "inner").mkdir()
    for link in (root / "out", root / "inner" / "out"):
        link.symlink_to(tmp_path / "secret", target_is_directory=True)
    cells = {"subject": "p1", "clip": "c", "path": "a"} | {column: text}
    quoted = ['"' + c.replace('"', '""') + '"' for c in cells.values()]
    write(root, ",".join([*quoted, "9"]), header="subject,clip,path,fps")
    reading = read(root)
    for clip in reading.clips:
        assert column != "path" or clip.missing
        assert not clip.folder or root in (p := (root / clip.folder).resolve(), *p.parents)
        assert not any(c in str(clip.key.subject) + clip.key.clip for c in '/\\:*?"<>|')
        assert ".." not in (clip.key.subject, clip.key.clip)
    assert len(reading.clips) == 1 or reading.errors


def test_class_folders_become_a_manifest(tmp_path, capsys):
    video(tmp_path / "happiness" / "s01_1.avi")
    video(tmp_path / "happiness" / "s02 1.avi")
    picture(tmp_path / "Disgust" / "s01_2" / "1.png")
    picture(tmp_path / "Disgust" / "s02_2" / "1.png")
    who = tmp_path / "who.csv"
    who.write_text("path,subject\ns01_1.avi,s01\ns02 1,s02\nDisgust/s01_2,s01\ns02_2,s02\n")
    command(from_class_folders=tmp_path, subjects=who, dataset="mine", fps=200)
    assert "4 clips of 2 subjects" in capsys.readouterr().out
    clips = read(tmp_path).clips
    assert [(c.key.subject, c.key.clip, c.emotion) for c in clips] == [
        ("s01", "s01_1", "happiness"),
        ("s01", "s01_2", "disgust"),
        ("s02", "s02_1", "happiness"),
        ("s02", "s02_2", "disgust"),
    ]
    assert all(not c.missing and len(read_frames(c)) for c in clips)


def test_the_check_that_is_printed_works(tmp_path, capsys):
    picture(tmp_path / "in" / "joy" / "a.png")
    command(from_class_folders=tmp_path / "in", out=tmp_path / "my table.csv", fps=50)
    printed = capsys.readouterr().out
    (line,) = [x for x in printed.splitlines() if "merflow check" in x]
    words = shlex.split(line.partition("merflow check ")[2])
    given = {key.removeprefix("--"): value for key, value in zip(*[iter(words)] * 2, strict=True)}
    check(**{**given, "root": Path(given["root"])})
    assert "mine (a table of your own clips): 1 clip\n" in capsys.readouterr().out


def test_class_folders_without_subjects_print_a_note(tmp_path, capsys):
    video(tmp_path / "happiness" / "a.avi", fps=30)
    command(from_class_folders=tmp_path, out=tmp_path / "m" / "manifest.csv")
    printed = capsys.readouterr().out
    assert "not split by subject" in printed
    entry = yaml.safe_load(printed.split("In the config: ")[1])["datasets"]["mine"]
    (clip,) = read_dataset("mine", DatasetEntry(**entry)).clips
    assert clip.key.subject == NO_SUBJECT and clip.fps == 30.0


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("path,subject\nb.avi,s1\n", "no subject for this clip"),
        ("path,subject\na.avi,s1\nz.avi,s2\n", "'z.avi' is not a clip"),
        ("path,subject\na.avi,s1\na.avi,s2\n", "two subjects"),
        ("path,subject\na.avi,\n", "row 2, column 'subject'"),
        ("name,subject\na.avi,s1\n", "no column 'path'"),
    ],
)
def test_a_table_of_subjects_must_fit(tmp_path, table, words):
    video(tmp_path / "happiness" / "a.avi")
    if "b.avi" in table:
        video(tmp_path / "happiness" / "b.avi")
    (tmp_path / "who.csv").write_text(table)
    with pytest.raises(MerflowError) as error:
        command(from_class_folders=tmp_path, subjects=tmp_path / "who.csv")
    assert words in str(error.value)
    assert not (tmp_path / "manifest.csv").exists()


def test_folders_that_cannot_be_listed_as_clips_are_refused(tmp_path):
    with pytest.raises(MerflowError, match="no class folders"):
        command(from_class_folders=tmp_path)
    picture(tmp_path / "joy" / "a" / "1.png")
    with pytest.raises(MerflowError, match="no frame rate"):
        command(from_class_folders=tmp_path)
    picture(tmp_path / "=cmd|x" / "a" / "1.png")
    with pytest.raises(MerflowError, match="formula"):
        command(from_class_folders=tmp_path, fps=25)
