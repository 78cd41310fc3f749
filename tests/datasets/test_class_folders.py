"""Folders named by class, with folders of subjects and splits, become a manifest."""

import io

import pytest
from clip_makers import picture, video

from merflow.commands.make_manifest import make_manifest as command
from merflow.config.settings import DatasetEntry
from merflow.datasets.manifest_writer import rows_of
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.io.csv_table import read_csv


def written(root, **options):
    command(from_class_folders=root, **{"fps": 200, **options})
    sheet = read_csv(root / "manifest.csv", ("path",))
    return {
        path: (subject, clip, emotion)
        for path, subject, clip, emotion in zip(
            sheet["path"], sheet["subject"], sheet["clip"], sheet["emotion"], strict=True
        )
    }


def frames(*paths):
    for path in paths:
        picture(path / "1.png")
        picture(path / "2.png")


def test_subject_class_clip(tmp_path, capsys):
    frames(tmp_path / "s01/joy/a", tmp_path / "s01/fear/b", tmp_path / "s02/joy/a")
    assert written(tmp_path) == {
        "s01/joy/a": ("s01", "a", "joy"),
        "s01/fear/b": ("s01", "b", "fear"),
        "s02/joy/a": ("s02", "a", "joy"),
    }
    assert "Read as subject/class/clip.\n3 clips of 2 subjects" in capsys.readouterr().out
    entry = DatasetEntry(root=str(tmp_path), reader="manifest")
    assert len(read_dataset("mine", entry).clips) == 3


def test_own_words_for_classes_with_another_name_for_every_clip(tmp_path):
    frames(tmp_path / "awe/a1", tmp_path / "calm/a2")
    assert written(tmp_path)["calm/a2"] == ("unknown", "a2", "calm")


def test_numbered_classes_above_subjects(tmp_path):
    frames(tmp_path / "0/s01/a", tmp_path / "1/s01/b")
    assert written(tmp_path)["1/s01/b"] == ("s01", "b", "1")


def test_class_subject_clip_folders(tmp_path):
    frames(tmp_path / "joy/s01/a", tmp_path / "fear/s01/b", tmp_path / "joy/s02/a")
    assert written(tmp_path)["fear/s01/b"] == ("s01", "b", "fear")


def test_stills_of_subjects_and_numbers_as_classes(tmp_path):
    for subject in ("006", "s01"):
        for number in "02":
            picture(tmp_path / subject / number / "apex.png")
            picture(tmp_path / subject / number / "apex_1.png")
            picture(tmp_path / subject / number / "apex-1.png")  # the same number at its end
    found = written(tmp_path)
    assert len(found) == 12 and found["006/2/apex_1.png"] == ("006", "2_apex_1", "2")


def test_subjects_in_the_names_of_clips(tmp_path):
    for name in ("sub01_EP02_01f", "sub02_EP02_01f"):
        picture(tmp_path / "happiness" / f"{name}.png")
    picture(tmp_path / "disgust" / "006_006_1_2 .png")
    assert written(tmp_path) == {
        "happiness/sub01_EP02_01f.png": ("sub01", "EP02_01f", "happiness"),
        "happiness/sub02_EP02_01f.png": ("sub02", "EP02_01f", "happiness"),
        "disgust/006_006_1_2 .png": ("006", "006_1_2", "disgust"),
    }


def test_other_names_with_subjects_are_asked_for(tmp_path, capsys):
    video(tmp_path / "joy" / "anna_1.avi")
    video(tmp_path / "fear" / "anna_1.avi")
    video(tmp_path / "fear" / "ben_1.avi")
    assert {subject for subject, *_ in written(tmp_path).values()} == {"unknown"}
    found = written(tmp_path, overwrite=True, form="class/subject_clip")
    assert found == {
        "joy/anna_1.avi": ("anna", "joy_anna_1", "joy"),
        "fear/anna_1.avi": ("anna", "fear_anna_1", "fear"),
        "fear/ben_1.avi": ("ben", "1", "fear"),
    }


def test_train_folders_repeat_other_subjects_and_are_not_read(tmp_path, capsys):
    own = {"006": "006_006_1_2 .png", "s01": "s01_s01_ne_01 .png", "sub01": "sub01_EP02_01f .png"}
    for subject in own:
        for other, name in own.items():
            side = "u_test" if other == subject else "u_train"
            picture(tmp_path / subject / side / "0" / name)
    assert written(tmp_path) == {
        "006/u_test/0/006_006_1_2 .png": ("006", "006_1_2", "0"),
        "s01/u_test/0/s01_s01_ne_01 .png": ("s01", "s01_ne_01", "0"),
        "sub01/u_test/0/sub01_EP02_01f .png": ("sub01", "EP02_01f", "0"),
    }
    assert "train folders repeat the clips of other subjects and are not read" in (
        capsys.readouterr().out
    )


def test_an_ambiguous_tree_is_read_in_the_form_asked_for(tmp_path):
    frames(tmp_path / "one/x/a", tmp_path / "two/x/a", tmp_path / "two/y/a")
    with pytest.raises(
        MerflowError, match="it is not clear which level names the class"
    ) as refused:
        command(from_class_folders=tmp_path, fps=9)
    assert "--form subject/class/clip or --form class/subject/clip" in str(refused.value)
    assert written(tmp_path, overwrite=True, form="class/subject/clip")["two/y/a"] == (
        "y",
        "a",
        "two",
    )
    assert written(tmp_path, overwrite=True, form="subject/class/clip")["two/y/a"] == (
        "two",
        "y_a",
        "y",
    )


def test_the_frame_rate_is_asked_for_once_for_all_clips(tmp_path, capsys, monkeypatch):
    frames(tmp_path / "joy/a", tmp_path / "fear/b")
    video(tmp_path / "fear" / "c.avi", fps=40)
    asked = []
    rows, _ = rows_of(tmp_path, "mine", ask=lambda found: asked.append(found) or 100.0)
    assert [row[4] for row in rows] == ["100", "40", "100"]
    assert asked == ["no frame rate of 2 clips: fear/b, joy/a"]
    with pytest.raises(MerflowError) as refused:
        command(from_class_folders=tmp_path)
    assert "no frame rate of 2 clips: fear/b, joy/a" in str(refused.value)
    assert "--fps" in str(refused.value) and not (tmp_path / "manifest.csv").exists()

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal("50\n"))
    command(from_class_folders=tmp_path)
    assert read_csv(tmp_path / "manifest.csv", ("fps",))["fps"] == ["50", "40", "50"]
    monkeypatch.setattr("sys.stdin", Terminal("fast\n"))
    with pytest.raises(MerflowError, match="--fps"):
        command(from_class_folders=tmp_path)


TREES = {
    "an empty folder": ([], {}, "no class folders with clips"),
    "an unknown form": (["joy/a/1.png"], {"form": "class"}, "unknown form of folders 'class'"),
    "no clips in the form": (
        ["joy/a/1.png"], {"form": "subject/split/class/clip"}, "neither a train nor a test folder"),
    "two levels where one is asked for": (
        ["joy/1.png"], {"form": "subject/class/clip"}, "no clips in the form subject/class/clip"),
    "clips at two levels": (
        ["joy/a.png", "fear/s01/b/1.png"], {}, "clips at different levels: in joy, and below fear/s01"),
    "no test folder": (["s01/u_train/0/a.png"], {}, "no test folder"),
    "two test folders": (
        ["s01/u_test/0/a.png", "s01/test/0/a.png"], {}, "two test folders"),
    "a third side": (
        ["s01/u_test/0/a.png", "s01/u_val/0/a.png"], {"form": "subject/split/class/clip"},
        "u_val: neither a train nor a test folder"),
    "no subject in a name": (
        ["joy/a.png"], {"form": "class/subject_clip"}, "no subject in the name 'a'"),
    "subjects twice": (["s01/joy/a/1.png"], {"subjects": True}, "which name them"),
    "one clip twice": (["joy/a b.png", "joy/a_b.png"], {}, "the clip 'joy_a_b' of subject"),
    "emotions at both levels": (
        ["joy/fear/a/1.png", "fear/joy/a/1.png"], {}, "it is not clear which level names the class"),
    "digits at both levels": (
        ["1/2/a/1.png", "2/1/a/1.png"], {}, "it is not clear which level names the class"),
    "digits below words that nobody knows": (
        ["awe/1/1.png", "calm/2/1.png"], {}, "it is not clear which level names the class"),
    "digits above words that nobody knows": (
        ["1/awe/a/1.png", "2/calm/a/1.png"], {}, "it is not clear which level names the class"),
    "names shared by all, still pictures": (
        ["one/x/1.png", "two/x/1.png"], {}, "--form subject/class/clip or --form class/clip"),
    "a formula": (["=joy/a.png"], {}, "the class name '=joy'"),
}  # fmt: skip


@pytest.mark.parametrize("case", TREES)
def test_a_tree_that_does_not_fit_is_refused_with_one_message(tmp_path, case):
    paths, options, words = TREES[case]
    for path in paths:
        picture(tmp_path / "in" / path)
    (tmp_path / "in").mkdir(exist_ok=True)
    if options.pop("subjects", False):
        (tmp_path / "who.csv").write_text("path,subject\na,s01\n")
        options["subjects"] = tmp_path / "who.csv"
    with pytest.raises(MerflowError) as refused:
        command(from_class_folders=tmp_path / "in", **{"fps": 9, **options})
    assert words in str(refused.value) and str(tmp_path) in str(refused.value) + str(tmp_path)
    assert not (tmp_path / "in/manifest.csv").exists()
