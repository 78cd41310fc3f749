"""Frames are found by number and decoded in order; a damaged file is named."""

import dataclasses

import cv2
import numpy as np
import pytest

from merflow.clip import Clip, ClipKey
from merflow.errors import MerflowError, SkipClip
from merflow.io import images
from merflow.io.frame_folder import frame_number, frame_numbers, positions, scan, span
from merflow.io.images import is_video, iter_frames, read_frames

KEY = ClipKey("d", "s", "c")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("img46.jpg", 46),
        ("reg_img46.jpg", 46),
        ("006_05562.jpg", 5562),
        ("image17581039.bmp", 17581039),
        ("07750.bmp", 7750),
        ("img001.jpg", 1),
        ("62.jpg", 62),
        ("a1b2c.png", 2),
        ("frame.png", None),
        ("img４６.jpg", None),
        ("9" * 16 + ".png", None),
        ("img46.old.jpg", 46),
    ],
)
def test_a_frame_number_is_the_last_run_of_digits(name, number):
    assert frame_number(name) == number


def test_scan_sorts_by_number_and_ignores_other_files(tmp_path):
    names = ["img9.jpg", "img10.JPG", "img100.bmp", ".img5.jpg", "._img6.jpg", "Thumbs.db", "x.txt"]
    for name in [*names, "img010.png", "cover.png", "v.mp4"]:
        (tmp_path / name).touch()
    for folder in ("sub", ".hidden", "__MACOSX", "f1.jpg"):
        (tmp_path / folder).mkdir()
    found = scan(tmp_path)
    assert found.numbers[:3] == (1, 9, 10) or found.numbers == (9, 10, 100)
    assert found.twice == (10,) and found.unnumbered == ("cover.png",)
    assert found.videos == ("v.mp4",) and "sub" in found.folders
    with pytest.raises(MerflowError, match="cannot be listed"):
        scan(tmp_path / "no")


def test_span_holds_both_ends_and_gaps():
    numbers = (44, 46, 47, 60, 61)
    assert numbers[span(numbers, 46, 60)] == (46, 47, 60)
    assert numbers[span(numbers, 45, 50)] == (46, 47)
    assert numbers[span(numbers, None, 46)] == (44, 46)
    assert numbers[span(numbers, 60, None)] == (60, 61)
    assert numbers[span(numbers, 48, 59)] == numbers[span(numbers, 70, 80)] == ()


@pytest.mark.parametrize(
    ("onset", "apex", "offset", "want"),
    [
        (46, 48, 50, (0, 1, 3)),
        (46, 49, 50, (0, 2, 3)),
        (40, None, 99, (0, None, 3)),
        (None, 60, None, (0, None, 3)),
        (47, 46, 50, (1, None, 3)),
        (46, 46, 46, (0, 0, 0)),
    ],
)
def test_positions_follow_the_numbers_on_disk(onset, apex, offset, want):
    clip = Clip(KEY, "", (), (), 1.0, "", onset=onset, apex=apex, offset=offset)
    assert positions(clip, np.array([46, 47, 49, 50])) == want


def smooth(seed, size=(48, 64)):
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.integers(0, 255, (*size, 3), np.uint8), (0, 0), 3)


@pytest.fixture
def frames(tmp_path):
    """Ten BGR pictures on disk, and the clip of them."""
    made = [smooth(i) for i in range(10)]
    for number, frame in enumerate(made, 8):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), frame)
    found = scan(tmp_path)
    return made, Clip(KEY, str(tmp_path), found.files, found.numbers, 100.0, "x")


def test_pictures_come_as_rgb_in_the_order_of_their_numbers(frames):
    made, clip = frames
    read = read_frames(clip)
    assert read.shape == (10, 48, 64, 3) and read.dtype == np.uint8
    assert np.array_equal(read, np.stack([f[..., ::-1] for f in made]))
    assert list(frame_numbers(clip, 10)) == list(range(8, 18))


@pytest.mark.parametrize("suffix", [".bmp", ".tiff", ".jpg", ".pgm"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_format_and_grey_pictures(tmp_path, suffix, channels):
    frame = smooth(1)[..., 0] if channels == 1 else smooth(1)
    if suffix == ".pgm" and channels == 3:
        frame = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(tmp_path / f"1{suffix}"), frame)
    read = read_frames(Clip(KEY, str(tmp_path), (f"1{suffix}",), (1,), 1.0, ""))[0]
    want = np.repeat(frame[..., None], 3, 2) if frame.ndim == 2 else frame[..., ::-1]
    assert np.abs(read.astype(int) - want).mean() < (4 if suffix == ".jpg" else 1e-9)


@pytest.mark.parametrize("kind", ["cut", "empty", "text", "gone", "other size", "huge"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_a_frame_that_cannot_be_used_skips_the_clip_by_name(tmp_path, frames, kind, suffix):
    made, _ = frames
    folder = tmp_path / "clip"
    folder.mkdir()
    for number, frame in enumerate(made):
        cv2.imwrite(str(folder / f"f{number}{suffix}"), frame)
    bad = folder / f"f5{suffix}"
    data = bad.read_bytes()
    if kind == "cut":
        bad.write_bytes(data[: len(data) // 2])
    elif kind == "empty":
        bad.write_bytes(b"")
    elif kind == "text":
        bad.write_bytes(b"hello, I am no picture at all")
    elif kind == "other size":
        cv2.imwrite(str(bad), smooth(3, (24, 32)))
    elif kind == "huge":
        bad.write_bytes(bomb(suffix, data))
    found = scan(folder)
    if kind == "gone":
        bad.unlink()
    clip = Clip(KEY, str(folder), found.files, found.numbers, 100.0, "x")
    with pytest.raises(SkipClip) as skip:
        read_frames(clip)
    assert f"f5{suffix}" in skip.value.reason and "d/s/c" in skip.value.reason
    assert str(tmp_path) not in skip.value.reason


def bomb(suffix, data):
    """The same header with 30,000 x 30,000 pixels in it."""
    side = 30_000
    if suffix == ".png":
        return data[:16] + side.to_bytes(4, "big") * 2 + data[24:]
    if suffix == ".bmp":
        return data[:18] + side.to_bytes(4, "little") * 2 + data[26:]
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + side.to_bytes(2, "big") * 2 + data[at + 9 :]


@pytest.fixture
def video(tmp_path):
    made = [np.full((48, 64, 3), 20 * i, np.uint8) for i in range(12)]
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for frame in made:
        writer.write(frame)
    writer.release()
    return Clip(KEY, str(tmp_path), ("v.avi",), (), 25.0, "x")


def test_a_video_gives_its_frames_in_order(video):
    assert is_video(video)
    read = read_frames(video)
    assert read.shape == (12, 48, 64, 3)
    assert np.allclose(read.mean((1, 2, 3)), np.arange(12) * 20, atol=3)
    assert list(frame_numbers(video, 12)) == list(range(12))


def test_a_video_gives_onset_to_offset(video):
    clip = dataclasses.replace(video, onset=3, offset=5, numbers=(3, 4, 5))
    read = read_frames(clip)
    assert np.allclose(read.mean((1, 2, 3)), [60, 80, 100], atol=3)
    assert list(frame_numbers(clip, 3)) == [3, 4, 5]
    late = dataclasses.replace(video, onset=10, offset=15, numbers=tuple(range(10, 16)))
    with pytest.raises(SkipClip, match=r"has 2 frames in onset\.\.offset, 6 are expected"):
        read_frames(late)
    with pytest.raises(SkipClip, match=r"no frames in onset\.\.offset"):
        read_frames(dataclasses.replace(video, onset=50))


def test_a_video_that_is_none_skips_the_clip(video, tmp_path):
    (tmp_path / "v.avi").write_bytes(b"hello")
    with pytest.raises(SkipClip, match=r"v\.avi cannot be opened"):
        read_frames(video)
    with pytest.raises(SkipClip, match="is missing"):
        read_frames(dataclasses.replace(video, files=("w.mp4",)))


@pytest.mark.parametrize("shape", [(5, 8, 9), (5, 8, 9, 1), (5, 8, 9, 3)])
def test_arrays_of_frames(tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    np.save(tmp_path / "a.npy", array)
    read = read_frames(Clip(KEY, str(tmp_path), ("a.npy",), (), 25.0, ""))
    want = array[..., None] if array.ndim == 3 else array
    assert np.array_equal(read, want)


@pytest.mark.parametrize(
    "array", [np.zeros((5, 8, 9)), np.zeros((5, 8), np.uint8), np.zeros((1, 2, 3, 4), np.uint8)]
)
def test_arrays_of_other_shapes_and_pickles_are_refused(tmp_path, array):
    clip = Clip(KEY, str(tmp_path), ("a.npy",), (), 25.0, "")
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(SkipClip, match="expected frames x height"):
        read_frames(clip)
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(SkipClip, match="cannot be read as an array"):
        read_frames(clip)


def test_a_missing_clip_and_one_without_files_are_skipped(frames):
    _, clip = frames
    with pytest.raises(SkipClip, match="no folder"):
        read_frames(dataclasses.replace(clip, missing="no folder s/c"))
    with pytest.raises(SkipClip, match="no frames"):
        read_frames(dataclasses.replace(clip, files=(), numbers=()))


def test_long_clips_are_read_one_frame_at_a_time(frames, monkeypatch):
    _, clip = frames
    monkeypatch.setattr(images, "MAX_CLIP_BYTES", 3 * 48 * 64 * 3)
    with pytest.raises(SkipClip, match="of pixels in one clip"):
        read_frames(clip)
    assert sum(1 for _ in iter_frames(clip)) == 10
