"""What `merflow export` writes is read back as it was."""

import csv
import os

import cv2
import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.io.files import new_folder
from merflow.io.prepared_clips import read_prepared
from merflow.stages.flow_picture import flow_picture
from merflow.workflow.export import Prepared, write_layout

RNG = np.random.default_rng(4)
KEYS = [
    ClipKey("casme2", "sub01", "EP02_01f"),
    ClipKey("casme2", "sub02", "EP01_2"),
    ClipKey("samm", "006", "006_1_2"),
    ClipKey("smic", "s01", "s01_ne_01"),
    ClipKey("smic", "s01", "s01_po_02"),
]
LABELS = ["negative", "surprise", "negative", "negative", "positive"]
EMOTIONS = ["disgust", "surprise", "anger", "negative", "positive"]


def prepared(x, labels=LABELS, keys=KEYS):
    return Prepared(x, keys, labels, EMOTIONS, [20.0] * len(keys), sorted(set(labels)))


def flow():
    return RNG.normal(0, 0.02, (5, 28, 28, 3)).astype(np.float16)


def export(out, clips, layout, form="frames", copies=False):
    with new_folder(out) as folder:
        write_layout(folder, clips, layout, form, copies, {"layout": layout})
    return out


def read(root, reader="flow_pictures", name="mine", **entry):
    found = read_dataset(name, DatasetEntry(root=str(root), reader=reader, **entry)).required()
    assert not found.problems
    return {clip.key[1:]: clip for clip in found.clips}


@pytest.mark.parametrize("layout", ["htnet", "stsnet"])
def test_flow_comes_back_within_one_grey_level(tmp_path, layout):
    x = flow()
    out = export(tmp_path / "out", prepared(x), layout)
    found = read(out, **({"sheet": "clips.csv"} if layout == "stsnet" else {}))
    assert {key: clip.emotion for key, clip in found.items()} == dict(
        zip((key[1:] for key in KEYS), LABELS, strict=True)
    )
    for key, image in zip(KEYS, x.astype(np.float64), strict=True):
        picture = read_prepared(found[key[1:]]).frames
        assert picture.min((0, 1)).tolist() == [0] * 3 and picture.max((0, 1)).tolist() == [255] * 3
        least, most = image.min((0, 1)), image.max((0, 1))
        back = picture / 255 * (most - least) + least
        assert (np.abs(back - image) <= (most - least) / 255).all()


def test_the_loso_folders_hold_each_picture_once_on_disk(tmp_path):
    x = flow()
    out = export(tmp_path / "linked", prepared(x), "htnet") / "three_norm_u_v_os"
    test = out / "006/u_test/0/006_006_1_2 .png"
    copy = out / "s01/u_train/0/006_006_1_2 .png"
    assert os.path.samefile(test, copy)
    assert len(list(out.rglob("*.png"))) == 5 + 3 * 5 and not (out / "classes.csv").exists()
    channels = cv2.imread(str(test))
    assert np.array_equal(channels[..., ::-1], flow_picture(x[2])), "R is u, G v, B strain"
    copied = export(tmp_path / "copied", prepared(x), "htnet", copies=True) / "three_norm_u_v_os"
    again = copied / "s01/u_train/0/006_006_1_2 .png"
    assert again.read_bytes() == copy.read_bytes()
    assert not os.path.samefile(copied / "006/u_test/0/006_006_1_2 .png", again)


def test_other_classes_keep_their_names(tmp_path):
    labels = ["anger", "disgust", "happy", "happy", "disgust"]
    out = export(tmp_path / "out", prepared(flow(), labels), "htnet")
    found = read(out)
    assert [found[key[1:]].emotion for key in KEYS] == labels


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("layout", "form"), [("frames", "frames"), ("frames", "array"), ("class-folders", "frames"),
                         ("class-folders", "array")],
)  # fmt: skip
def test_frames_come_back_equal(tmp_path, layout, form, channels):
    x = RNG.integers(0, 256, (5, 4, 16, 16, channels), np.uint8)
    out = export(tmp_path / "out", prepared(x), layout, form)
    for dataset in ("casme2", "samm", "smic"):
        found = read_dataset(dataset, DatasetEntry(root=str(out), reader="manifest")).clips
        for clip in found:
            number = KEYS.index(clip.key)
            assert np.array_equal(read_prepared(clip).frames, x[number])
            assert (clip.emotion, clip.fps) == (EMOTIONS[number], 20.0)
    folders = {path.name for path in out.iterdir() if path.is_dir()}
    assert folders == ({*LABELS} if layout == "class-folders" else {"casme2", "samm", "smic"})


def test_signed_flow_comes_back_equal_as_arrays(tmp_path):
    x = flow()
    out = export(tmp_path / "out", prepared(x), "frames", "array")
    found = read_dataset("smic", DatasetEntry(root=str(out), reader="manifest", kind="flow")).clips
    assert [clip.flow.zero for clip in found] == [None, None]
    for clip in found:
        back = read_prepared(clip).frames
        assert back.dtype == np.float16 and np.array_equal(back, x[KEYS.index(clip.key)])


def test_videos_of_a_class_folder_have_all_frames(tmp_path):
    x = RNG.integers(0, 256, (5, 4, 16, 16, 3), np.uint8)
    out = export(tmp_path / "out", prepared(x), "class-folders", "video")
    found = read_dataset("samm", DatasetEntry(root=str(out), reader="manifest")).clips
    assert read_prepared(found[0]).frames.shape == (4, 16, 16, 3)


def test_arrays_of_all_clips_are_one_file(tmp_path):
    x = flow()
    out = export(tmp_path / "out", prepared(x), "npz")
    with np.load(out / "clips.npz", allow_pickle=False) as found:
        assert np.array_equal(found["x"], x)
        assert found["label"].tolist() == LABELS
        keys = zip(*(found[name].tolist() for name in ("dataset", "subject", "clip")), strict=True)
        assert [ClipKey(*key) for key in keys] == KEYS


@pytest.mark.parametrize(
    ("change", "layout", "form", "message"),
    [
        ({"x": RNG.integers(0, 9, (5, 4, 8, 8, 1), np.uint8)}, "htnet", "frames", "has frames, not flow"),
        ({"x": RNG.integers(0, 9, (5, 4, 8, 8, 1), np.uint8)}, "stsnet", "frames", "has frames, not flow"),
        ({}, "frames", "video", "flow is one image a clip"),
        ({"keys": [ClipKey("a", "s1", "c"), ClipKey("b", "s1", "c"), *KEYS[2:]]}, "htnet", "frames",
         "subject 's1' is in a and in b"),
        ({"keys": [ClipKey("a", "s1", "c"), ClipKey("b", "s1", "c"), *KEYS[2:]]}, "stsnet", "frames",
         "subject 's1' is in a and in b"),
        ({"keys": [ClipKey("a", "s_1", "c"), *KEYS[1:]]}, "stsnet", "frames", "holds an underscore"),
    ],
)  # fmt: skip
def test_what_a_layout_cannot_hold_is_refused_and_nothing_is_left(
    tmp_path, change, layout, form, message
):
    with pytest.raises(MerflowError, match=message):
        export(tmp_path / "out", prepared(**({"x": flow()} | change)), layout, form)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_not_written_into(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notes.txt").write_text("mine")
    with pytest.raises(MerflowError, match="not an empty folder"):
        export(tmp_path / "out", prepared(flow()), "htnet")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_list_beside_the_pictures_has_a_row_per_clip(tmp_path):
    out = export(tmp_path / "out", prepared(flow()), "stsnet")
    with open(out / "clips.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["data", "subject", "clip", "label"]
    assert [tuple(row[:3]) for row in rows[1:]] == [tuple(key) for key in KEYS]
