"""Depth pictures of 16 bits become grey pictures in the clip's own range; 0 stays unknown."""

import dataclasses

import cv2
import full_size
import numpy as np
import pytest

from merflow.clip import Clip, ClipKey
from merflow.commands.align import align
from merflow.commands.crop import crop
from merflow.commands.interpolate import interpolate
from merflow.config.settings import DatasetEntry
from merflow.datasets.catalogue import catalogue_text, read_catalogue
from merflow.datasets.frame_contents import FrameContents
from merflow.datasets.registry import read_dataset
from merflow.errors import SkipClip
from merflow.io.clip_store import Store
from merflow.io.depth import depth_range, to_grey
from merflow.io.frame_folder import read_clip
from merflow.io.images import read_frames
from merflow.io.sampled_frames import consecutive_frames, sampled_frames

NEAR = 700


def face(shift=0):
    """A sphere 200 mm deep at 700 mm, a wall at 1,500 mm and a stripe without measurement."""
    y, x = np.mgrid[:40, :60]
    depth = np.full((40, 60), 1500, np.uint16)
    radius = np.hypot(y - 20, x - 30)
    ball = radius < 18
    depth[ball] = (NEAR + shift + 200 * (radius[ball] / 18) ** 2).astype(np.uint16)
    depth[:3] = 0
    return depth


def clip_of(folder, pictures, content="depth"):
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(pictures):
        assert cv2.imwrite(str(folder / f"{number}.png"), picture)
    names = tuple(f"{n}.png" for n in range(len(pictures)))
    key = ClipKey("d", "s1", "c1")
    return Clip(key, str(folder), names, tuple(range(len(names))), 30.0, "x", content=content)


def test_near_is_bright_and_what_is_not_measured_or_far_is_black():
    shown = depth_range([face()])
    grey = to_grey(face(), shown)
    assert shown.near == NEAR and grey.dtype == np.uint8
    assert grey[20, 30] == 255 and 120 < grey[20, 46] < 160
    assert (grey[:3] == 0).all() and (grey[-1] == 0).all()  # no measurement, and the wall
    assert (grey[face() < NEAR + 400][3:] > 0).any()


def test_errors_of_measurement_do_not_set_the_range():
    picture = face()
    picture[10, 10] = 9  # one pixel far from all others
    assert depth_range([picture]).near > 600
    assert to_grey(picture, depth_range([picture]))[10, 10] == 0
    assert depth_range([np.zeros((4, 4), np.uint16)]) is None


def test_a_clip_has_one_range_so_that_motion_stays_motion(tmp_path):
    frames = np.asarray(read_frames(clip_of(tmp_path / "c", [face(), face(40)])))
    assert frames.shape == (2, 40, 60, 1) and frames.dtype == np.uint8
    assert frames[0, 20, 30, 0] == 255 and 225 < frames[1, 20, 30, 0] < 235


def test_the_same_pictures_read_as_pictures_show_nothing(tmp_path):
    plain = np.asarray(read_frames(clip_of(tmp_path / "c", [face()], "picture")))
    assert plain.max() <= 5  # the upper 8 bits of 1,500: the reason for the range


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((8, 8), np.uint16), "no depth was measured"),
        (np.full((8, 8), 7, np.uint8), "uint8, 1 channel; a depth picture"),
        (np.full((8, 8, 3), 700, np.uint16), "uint16, 3 channels; a depth picture"),
    ],
)
def test_a_picture_that_is_no_depth_is_skipped_with_the_reason(tmp_path, picture, words):
    with pytest.raises(SkipClip, match=words):
        read_frames(clip_of(tmp_path / "c", [picture]))


def test_a_damaged_depth_picture_is_named(tmp_path):
    clip = clip_of(tmp_path / "c", [face(), face()])
    whole = (tmp_path / "c/1.png").read_bytes()
    (tmp_path / "c/1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SkipClip, match=r"1\.png is damaged"):
        read_frames(clip)


def test_samples_of_a_depth_clip_are_what_the_stages_see(tmp_path):
    clip = clip_of(tmp_path / "c", [face(), face(40)])
    frames = np.asarray(read_frames(clip))
    assert (consecutive_frames(clip, 2) == frames).all()
    assert (sampled_frames(clip, (0.0,), 8)[0] == frames[0, ..., 0]).all()


def test_depth_of_casme3_is_a_dataset_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    full_size.write(tmp_path / "c3", full_size.plan("casme3", "long_depth"), frames=False)
    for n in range(2647, 2695):
        place = tmp_path / f"c3/part_A/spNO216/d/{n}.png"  # no dot, and no level `depth`
        place.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(place), face(n - 2647))
    entry = DatasetEntry(root="c3", variant="long_depth")
    clips = read_dataset("casme3", entry).clips
    (clip,) = [c for c in clips if c.files]
    assert (clip.key[1:], clip.content, len(clip.files)) == (("spNO.216", "d_2647"), "depth", 48)
    arrays = read_clip(clip)
    assert arrays.frames.shape == (48, 40, 60, 1) and arrays.apex == 2668 - 2647
    assert np.asarray(arrays.frames[0]).max() == 255
    (tmp_path / "c.json").write_text(catalogue_text([clip]))
    assert read_catalogue(tmp_path / "c.json") == [clip]
    digest = FrameContents().of([clip])
    assert FrameContents().of([dataclasses.replace(clip, content="picture")]) != digest


def test_depth_goes_through_the_stages(tmp_path):
    clip = clip_of(tmp_path / "c", [face(6 * n) for n in range(8)])
    clip = dataclasses.replace(clip, enters_at="cropped", onset=0, offset=7)
    (tmp_path / "d.json").write_text(catalogue_text([clip]))
    (tmp_path / "config.yaml").write_text(
        "preparations: {p: {crop: {working_size: 32}, interpolate: {length: 4, size: 24}}}\n"
    )
    chosen = {"preparation": "p", "config": tmp_path / "config.yaml"}
    align(tmp_path / "d.json", tmp_path / "a.h5", subject="s1", config=tmp_path / "config.yaml")
    crop(tmp_path / "a.h5", tmp_path / "c.h5", catalogue=tmp_path / "d.json", **chosen)
    interpolate(tmp_path / "c.h5", tmp_path / "i.h5", factor="x1", **chosen)
    with Store(tmp_path / "i.h5") as store:
        assert not store.skipped
        (made,) = list(store)
    frames = np.asarray(made.frames)
    assert frames.shape[:3] == (4, 24, 24)
    # The face goes back by 6 mm a frame, and the wall behind it stays black.
    assert frames[0, 12, 12].max() > 240 > frames[-1, 12, 12].min() > 200
    assert frames[:, -1].max() < 10
