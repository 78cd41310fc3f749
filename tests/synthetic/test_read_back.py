"""The drawn look-alikes of the further datasets: pictures on disk come back as the plan says."""

import cv2
import numpy as np
import pytest

from merflow.config.settings import DatasetEntry
from merflow.datasets.official_composite import OFFICIAL
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.io.images import read_frames
from merflow.synthetic.generate import demo_dataset
from merflow.workflow.dataset_check import check_dataset

FURTHER = ("casme_sq", "casme3", "jaffe", "ktfe")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    made = {}
    for name in FURTHER:
        root = tmp_path_factory.mktemp(name) / "démo x"
        clips = demo_dataset(name).plan(subjects=2, clips=3, small=True)
        demo_dataset(name).write(root, clips)
        made[name] = root, clips
    return made


@pytest.mark.parametrize("name", FURTHER)
def test_every_drawn_clip_comes_back_with_its_pixels(written, name):
    root, planned = written[name]
    reading = read_dataset(name, DatasetEntry(root=str(root)))
    assert not reading.problems
    assert {c.key for c in reading.clips} == {c.key for c in planned}
    by_key = {c.key: c for c in planned}
    for clip in reading.clips:
        want = by_key[clip.key]
        frames = read_frames(clip)
        assert frames.shape[1:3] == want.size[::-1]
        assert clip.emotion == want.emotion.lower()
        if name in ("casme_sq", "casme3"):
            assert (clip.onset, clip.apex, clip.offset) == (want.onset, want.apex, want.offset)
            assert len(frames) == want.frames and clip.action_units == want.action_units
        else:
            assert len(frames) == 1
        assert frames.std() > 10


@pytest.mark.parametrize("name", FURTHER)
def test_the_drawn_dataset_is_clean_to_check(written, name):
    found = check_dataset(name, DatasetEntry(root=str(written[name][0])))
    assert found["problems"] == [] and len(found["sizes"]) <= 1


@pytest.mark.parametrize("name", FURTHER)
def test_the_same_seed_gives_the_same_plan_and_another_another(name):
    plan = demo_dataset(name).plan
    assert plan(2, 3, 5) == plan(2, 3, 5) != plan(2, 3, 6)


def test_jaffe_has_one_picture_of_three_channels(written):
    root, _ = written["jaffe"]
    files = sorted((root / "jaffe").glob("*.tiff"))
    channels = [cv2.imread(str(f), cv2.IMREAD_UNCHANGED).ndim for f in files]
    assert sorted(channels) == [2] * (len(files) - 1) + [3]


def test_ktfe_pairs_differ_by_modality(written):
    root, clips = written["ktfe"]
    rgb = read_dataset("ktfe", DatasetEntry(root=str(root), variant="rgb")).clips
    thermal = read_dataset("ktfe", DatasetEntry(root=str(root), variant="thermal")).clips
    assert len(rgb) == len(thermal) == len(clips)
    warm = read_frames(thermal[0])[0].astype(int)
    assert np.abs(warm[..., 0] - warm[..., 2]).max() < 5
    assert np.abs(np.diff(read_frames(rgb[0])[0].astype(int), axis=-1)).max() > 20


def test_casme3_ships_depth_that_no_clip_reads(written):
    root, _ = written["casme3"]
    depth = list(root.rglob("depth/*/*.png"))
    assert depth and cv2.imread(str(depth[0]), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    clips = read_dataset("casme3", DatasetEntry(root=str(root))).clips
    assert all("/frame/" in clip.folder for clip in clips)


def test_sizes_that_a_layout_cannot_have_are_refused():
    with pytest.raises(MerflowError, match="23 subjects"):
        demo_dataset("casme_sq").plan(23, 3)
    with pytest.raises(MerflowError, match="11 subjects"):
        demo_dataset("jaffe").plan(11, 3)


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_usual_demo_comes_back_too(tmp_path, name):
    planned = demo_dataset(name).plan(subjects=3, clips=4, small=True)
    demo_dataset(name).write(tmp_path, planned, frames=False)
    reading = read_dataset(name, DatasetEntry(root=str(tmp_path)))
    want = {c.key: c for c in planned if c.emotion}
    assert {c.key for c in reading.clips} == set(want) and not reading.problems
    for clip in reading.clips:
        drawn = want[clip.key]
        assert clip.numbers == tuple(drawn.numbers) and clip.emotion == drawn.emotion.lower()
        assert (clip.onset, clip.offset, clip.fps) == (drawn.onset, drawn.offset, drawn.fps)
        assert clip.apex == (None if name == "smic" else drawn.apex)
