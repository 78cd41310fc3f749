"""Subject and class are guessed from the names of folders and files; a person corrects them."""

import os

import pytest
from clip_makers import picture, video

from merflow.datasets.clip_guess import guess_clips
from merflow.errors import MerflowError


def guessed(root, *paths):
    for path in paths:
        if path.endswith("/"):
            for number in range(3):
                picture(root / path / f"{number}.png")
        else:
            video(root / path, frames=2)
    return {one.path: (one.subject, one.emotion) for one in guess_clips(root).clips}


SHAPES = {
    "subject above class": ({"s01/joy/a.avi": ("s01", "joy"), "s02/fear/b.avi": ("s02", "fear")}),
    "class above subject": ({"joy/s01/a.avi": ("s01", "joy"), "fear/s02/b.avi": ("s02", "fear")}),
    "people by name": ({"anna/joy/a.avi": ("anna", "joy"), "Björn Ö/fear/b.avi": ("Björn Ö", "fear")}),
    "class folders, ids in the names": (
        {"joy/p01_1.avi": ("p01", "joy"), "fear/p02_1.avi": ("p02", "fear")}),
    "everything in the names": (
        {"s1_joy_1.avi": ("s1", "joy"), "s2-surprise-take2.avi": ("s2", "surprise")}),
    "subject folders, class in the names": (
        {"anna/joy 1.avi": ("anna", "joy"), "ben/fear 2.avi": ("ben", "fear")}),
    "own words for classes": ({"awe/x1.avi": ("x1", "awe"), "calm/x2.avi": ("x2", "calm")}),
    "folders of frames": ({"s01/joy/take1/": ("s01", "joy"), "s02/fear/take1/": ("s02", "fear")}),
    "names shared by several clips": (
        {"joy/anna_1.avi": ("anna", "joy"), "joy/anna_2.avi": ("anna", "joy"),
         "fear/ben_1.avi": ("ben", "fear"), "fear/ben_2.avi": ("ben", "fear")}),
    "train and test": (
        {"train/joy/s1_a.avi": ("s1", "joy"), "test/fear/s2_b.avi": ("s2", "fear")}),
    "nothing to guess from": ({"recording.avi": ("", "")}),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_names_of_folders_and_files_show_subject_and_class(tmp_path, shape):
    wanted = {path.rstrip("/"): guess for path, guess in SHAPES[shape].items()}
    if shape == "own words for classes":
        wanted = {path: ("", emotion) for path, (_, emotion) in wanted.items()}
    assert guessed(tmp_path, *SHAPES[shape]) == wanted


def test_clips_of_a_subject_have_unlike_names_without_blanks(tmp_path):
    paths = [
        "s01/joy/clip 1.avi",
        "s01/fear/clip 1.avi",
        "s01/fear/clip_1.mp4",
        "s02/joy/clip 1.avi",
    ]
    for path in paths:
        video(tmp_path / path, frames=2)
    found = guess_clips(tmp_path).clips
    names = {(one.subject, one.clip) for one in found}
    assert len(names) == len(found) == 4 and all(" " not in one.clip for one in found)


def test_hidden_files_links_out_and_repeated_folders_are_left_out(tmp_path):
    root = tmp_path / "in"
    video(tmp_path / "outside.avi")
    video(root / "s01/u_test/joy/a.avi")
    video(root / "s01/u_train/joy/b.avi")
    video(root / ".hidden/joy/c.avi")
    os.symlink(tmp_path / "outside.avi", root / "link.avi")
    found = guess_clips(root)
    assert [one.path for one in found.clips] == ["s01/u_test/joy/a.avi"]
    assert "u_train" in " ".join(found.notes)


def test_images_in_a_class_folder_are_clips_and_numbered_ones_elsewhere_are_frames(tmp_path):
    for name in ("one", "two"):
        picture(tmp_path / "s01/joy" / f"{name}.png")
    for number in range(4):
        picture(tmp_path / "s01/take3" / f"{number:04d}.jpg")
    assert {one.path: one.images for one in guess_clips(tmp_path).clips} == {
        "s01/joy/one.png": 1, "s01/joy/two.png": 1, "s01/take3": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "words"), [([], "an empty folder"), (["a.docx", "b.pdf"], "1 .docx")]
)
def test_a_folder_without_clips_says_what_it_holds_and_what_is_expected(tmp_path, files, words):
    for name in files:
        (tmp_path / name).write_text("x")
    with pytest.raises(MerflowError, match=words) as refused:
        guess_clips(tmp_path)
    assert "subject/class/clip" in refused.value.expected
