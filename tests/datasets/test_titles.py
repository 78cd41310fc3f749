"""Titles of columns: every title in circulation is read, and no column is lost in silence."""

import pytest

from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.datasets.titles import TITLES
from merflow.errors import MerflowError

UNREAD = "columns that are not read"


def table(root, *rows):
    root.mkdir(parents=True, exist_ok=True)
    (root / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def frames(folder, numbers=range(12)):
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / f"{number:05d}.png").touch()


def read(root, **more):
    entry = DatasetEntry(root=str(root), reader="manifest", **more)
    return read_dataset("mine", entry, annotations_only=True)


FIELDS = {"subject": "p1", "clip": "a", "onset": "3", "apex": "5", "offset": "9"}
FIELDS |= {"emotion": "joy", "objective": "II", "action_units": "4+L10", "fps": "200"}
ALIASES = [(field, title) for field in FIELDS for title in TITLES[field]]


def forms(title):
    """The title with other case, blanks and underscores."""
    return [title, title.upper(), title.lower().replace(" ", "_"), f" {title} '", title.title()]


@pytest.mark.parametrize(("field", "title"), ALIASES)
def test_every_title_in_circulation_is_read_in_a_manifest(tmp_path, field, title):
    for form in forms(title):
        head = [form if name == field else name for name in FIELDS]
        head[list(FIELDS).index("action_units")] = form if field == "action_units" else "AU"
        head[list(FIELDS).index("objective")] = form if field == "objective" else "objective class"
        table(tmp_path, ",".join(head), ",".join(FIELDS.values()))
        reading = read(tmp_path)
        (clip,) = reading.clips
        assert not reading.problems, (form, reading.problems)
        assert (*clip.key[1:], clip.onset, clip.apex, clip.offset) == ("p1", "a", 3, 5, 9)
        assert (clip.emotion, clip.objective, clip.action_units, clip.fps) == (
            "joy", "II", "4+L10", 200.0,
        )  # fmt: skip


def test_a_column_that_is_not_read_is_named_once_for_its_sheet(tmp_path):
    table(tmp_path, "subject,clip,,fps,mood,Peak frame", "p1,a,x,9,joy,5", "p1,b,x,9,joy,5")
    (problem,) = read(tmp_path).problems
    assert problem.severity == "warning" and problem.where == "manifest.csv"
    assert problem.found == f"{UNREAD}: 'mood', 'Peak frame'" and "apex" in problem.expected
    many = ",".join(f"c{i}" for i in range(20))
    table(tmp_path, f"subject,clip,fps,{many}", "p1,a,9" + ",1" * 20)
    (problem,) = read(tmp_path).problems
    assert problem.found.endswith("'c11' and 8 more")


@pytest.mark.parametrize(
    ("head", "one", "two", "field"),
    [
        ("subject,clip,label,class", "label", "class", "emotion"),
        ("subject,clip,Estimated Emotion,EmotionId", "Estimated Emotion", "EmotionId", "emotion"),
        ("subject,Filename,video", "Filename", "video", "clip"),
        ("sub,sub_ID,clip", "sub", "sub_ID", "subject"),
        ("subject,clip,OnsetF,Onset Frame", "OnsetF", "Onset Frame", "onset"),
        ("subject,clip,ApexF1,apex frame", "ApexF1", "apex frame", "apex"),
        ("subject,clip,offsetframe,pred_offset", "offsetframe", "pred_offset", "offset"),
        ("subject,clip,AU,AUs", "AU", "AUs", "action_units"),
        ("subject,clip,Type,Micro", "Type", "Micro", "kind"),
        ("data,db,subject,clip", "data", "db", "dataset"),
    ],
)
def test_two_columns_of_one_meaning_are_refused_unless_one_has_the_usual_title(
    tmp_path, head, one, two, field
):
    cells = ",".join("mine" if name in ("data", "db") else "4" for name in head.split(","))
    table(tmp_path, head, cells)
    with pytest.raises(MerflowError) as error:
        read(tmp_path)
    assert error.value.found == f"the columns '{one}' and '{two}' both mean {field}"
    usual = error.value.fix.split("'")[1]
    renamed = head.replace(one, usual, 1) if one != "sub" else "subject,sub_ID,clip"
    table(tmp_path, renamed, cells)
    reading = read(tmp_path)
    assert [p.found for p in reading.problems if UNREAD in p.found] == [f"{UNREAD}: '{two}'"]


DFME = (
    "Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Emotion,EmotionId,Fps,AU",
    "sub0001,sub0001_01,0,5,9,happiness,4,500,12",
    "sub0001,sub0001_02,2,5,8,fear,3,500,L1+R2",
    "sub0016,sub0016_01,1,6,11,anger,0,300,AD38",
)


def test_a_dfme_sheet_read_as_a_manifest_keeps_its_key_frames_and_rates(tmp_path):
    for name in ("sub0001_01", "sub0001_02", "sub0016_01"):
        frames(tmp_path / "train_data" / "train_data" / name)
    table(tmp_path, *DFME)
    entry = DatasetEntry(root=str(tmp_path), reader="manifest")
    reading = read_dataset("mine", entry)
    assert [p.found for p in reading.problems] == [f"{UNREAD}: 'EmotionId'"]
    assert [(c.onset, c.apex, c.offset, c.fps, c.emotion) for c in reading.clips] == [
        (0, 5, 9, 500.0, "happiness"), (2, 5, 8, 500.0, "fear"), (1, 6, 11, 300.0, "anger"),
    ]  # fmt: skip
    assert [(c.numbers[0], c.numbers[-1]) for c in reading.clips] == [(0, 9), (2, 8), (1, 11)]


def test_clips_without_a_column_of_paths_are_found_by_subject_and_name(tmp_path):
    frames(tmp_path / "a" / "p1" / "smile")
    frames(tmp_path / "a" / "p02" / "smile")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "frown.npy").touch()
    table(tmp_path, "sub,video,fps", "p1,smile,9", "p2,smile,9", "p3,smile,9", "p3,frown,9")
    reading = read_dataset("mine", DatasetEntry(root=str(tmp_path), reader="manifest"))
    found = {c.key[1:]: c.folder.removeprefix(f"{tmp_path}/") for c in reading.clips}
    assert found == {
        ("p1", "smile"): "a/p1/smile",
        ("p2", "smile"): "a/p02/smile",
        ("p3", "smile"): "",
        ("p3", "frown"): "b",
    }
    (problem,) = reading.problems
    assert "no folder or file named smile" in problem.found and "row 4" in problem.where


def test_frames_and_archive_leftovers_are_not_clips(tmp_path):
    frames(tmp_path / "__MACOSX" / "set" / "1")
    frames(tmp_path / "set" / "1")
    (tmp_path / "set" / "1" / "2.jpg").touch()
    table(tmp_path, "subject,clip,fps", "s1,1,9", "s1,2,9")
    reading = read_dataset("mine", DatasetEntry(root=str(tmp_path), reader="manifest"))
    assert [c.folder.endswith(f"{tmp_path.name}/set/1") for c in reading.clips] == [True, False]
    assert "no folder or file named 2" in reading.clips[1].missing


def test_a_clip_in_two_places_is_read_once_with_a_warning(tmp_path):
    for tree in ("flow", "crops", "raw/deep"):
        for name in ("s1_a", "s1_b"):
            frames(tmp_path / tree / name)
    table(tmp_path, "subject,clip,fps", "s1,s1_a,9", "s1,s1_b,9")
    reading = read_dataset("mine", DatasetEntry(root=str(tmp_path), reader="manifest"))
    (problem,) = reading.problems
    assert "raw/deep/s1_a has the same name as flow/s1_a, which is read" in problem.found
    assert all("/flow/" in c.folder for c in reading.clips)


def test_no_place_for_any_clip_is_refused_with_what_to_do(tmp_path):
    table(tmp_path, "subject,clip,fps", "p1,smile,9")
    with pytest.raises(MerflowError, match="no column 'path', and nothing below") as error:
        read_dataset("mine", DatasetEntry(root=str(tmp_path), reader="manifest"))
    assert "'smile'" in error.value.found and "column path" in error.value.expected


def test_a_place_outside_the_root_is_refused(tmp_path):
    frames(tmp_path / "outside" / "smile")
    root = tmp_path / "root"
    table(root, "subject,clip,fps", "p1,smile,9")
    (root / "smile").symlink_to(tmp_path / "outside" / "smile", target_is_directory=True)
    reading = read_dataset("mine", DatasetEntry(root=str(root), reader="manifest"))
    assert "leads outside" in reading.errors[0].found and not reading.clips


@pytest.mark.parametrize(
    ("head", "cell", "macro"),
    [
        ("Type", "mae", 1),
        ("Type", "me", 0),
        ("Expression type", "Macro-expression", 1),
        ("Micro", "Micro - 1/2", 0),
        ("Micro", "Macro", 1),
        ("Exp_type", "0", 1),
        ("Exp_type", "1", 0),
        ("Type", "0", 0),
    ],
)
def test_macro_expressions_of_a_manifest_are_counted(tmp_path, head, cell, macro):
    table(tmp_path, f"subject,clip,fps,{head}", f"p1,a,9,{cell}", "p1,b,9,")
    reading = read(tmp_path)
    shown = [p.found for p in reading.problems]
    assert shown == ["1 of 2 rows are macro-expressions; they are read"] * macro
    assert len(reading.clips) == 2
