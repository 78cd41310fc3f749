"""Long clips pass every stage frame by frame, with the same result."""

import dataclasses
import gc
import os

import numpy as np
import pytest
from face_makers import HAPPY, arrays_of, demo_clip
from moving_textures import still_picture, truths

from merflow import frame_buffer
from merflow.clip import Clip
from merflow.config.settings import Align, Crop, Flow, Interpolate, Magnify, Preparation, Select
from merflow.frame_buffer import FrameBuffer, TemporaryFrames, allocate, collect
from merflow.io.clip_store import Store, write_store
from merflow.io.images import read_frames
from merflow.stages import interpolate, magnify
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.flow import flow_image
from merflow.stages.interpolate import interpolate_frames
from merflow.stages.magnify import magnify_clip, magnify_stream
from merflow.stages.network_input import prepare_clip
from merflow.workflow.face_finder import load_finder
from merflow.workflow.stage_job import run_stage

RNG = np.random.default_rng(5)
CLIP = RNG.integers(0, 256, (7, 6, 5, 3), np.uint8)


def on_disk_copy(frames):
    made = TemporaryFrames(frames.shape, frames.dtype)
    for position in RNG.permutation(len(frames)):
        made[position] = frames[position]
    return made


@pytest.fixture
def on_disk(monkeypatch):
    """Put all frame buffers on disk."""
    monkeypatch.setattr(frame_buffer, "MEMORY_LIMIT", 0)


def test_a_frame_buffer_is_indexed_like_an_array():
    made = on_disk_copy(CLIP)
    assert (made.shape, made.dtype, made.ndim, len(made)) == (CLIP.shape, CLIP.dtype, 4, 7)
    assert (made.size, made.nbytes) == (CLIP.size, CLIP.nbytes)
    for what in (0, 6, -1, np.int64(3)):
        assert np.array_equal(made[what], CLIP[what])
    for what in (slice(2, 5), slice(None, None, -1), slice(4, 2), np.array([3, 3, 0])):
        assert isinstance(made[what], FrameBuffer)
        assert np.array_equal(np.asarray(made[what]), CLIP[what])
    assert np.array_equal(np.stack(list(made[1:][::2])), CLIP[1:][::2])
    for wrong in (7, -8):
        with pytest.raises(IndexError):
            made[wrong]


def test_frames_of_any_type_come_back_as_they_went_in():
    for kind in (np.uint8, np.float32, np.float16):
        assert np.array_equal(np.asarray(on_disk_copy(CLIP.astype(kind))), CLIP.astype(kind))
    part = on_disk_copy(CLIP)
    part[2] = CLIP[1, :, ::-1]  # not contiguous
    assert np.array_equal(part[2], CLIP[1, :, ::-1])


def test_frames_above_the_limit_are_on_disk(monkeypatch):
    monkeypatch.setattr(frame_buffer, "MEMORY_LIMIT", CLIP.nbytes)
    assert isinstance(allocate(CLIP.shape), np.ndarray)
    assert isinstance(allocate((8, *CLIP.shape[1:])), TemporaryFrames)
    assert isinstance(collect(iter(CLIP)), np.ndarray)
    longer = collect(frame for frame in (*CLIP, CLIP[0]))
    assert isinstance(longer, TemporaryFrames) and np.array_equal(longer[:7], CLIP)
    assert np.array_equal(longer[7], CLIP[0])


def test_nothing_is_left_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    made = on_disk_copy(CLIP)
    assert list(tmp_path.iterdir()) == []
    del made
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_full_disk_is_an_error_and_not_a_short_frame(monkeypatch):
    made = TemporaryFrames((1, 4, 4, 1), np.uint8)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        made[0] = np.zeros((4, 4, 1))


@pytest.fixture(scope="module")
def face():
    return arrays_of(demo_clip(HAPPY, frames=12))


def through(face, finder):
    """Every stage's frames, in order."""
    aligned = align_clip(face, Align(), finder)
    cropped = crop_clip(aligned, Crop(working_size=96, region="eyes"))
    chosen = Preparation(
        select=Select(frames="onset-apex"), interpolate=Interpolate(length=5, size=24)
    )
    ready = prepare_clip(cropped, chosen, interpolate.interpolate_clip)
    every = prepare_clip(cropped, Preparation(), interpolate.interpolate_clip)
    unknown = dataclasses.replace(cropped, apex=None)
    flow = flow_image(unknown, Flow())
    bigger = magnify_clip(cropped, Magnify(), 5)
    return [aligned.frames, cropped.frames, ready.frames, every.frames, flow, bigger.frames]


def test_every_stage_gives_the_same_from_disk(face, monkeypatch):
    finder = load_finder(5)
    whole = through(face, finder)
    monkeypatch.setattr(frame_buffer, "MEMORY_LIMIT", 0)
    from_disk = through(dataclasses.replace(face, frames=on_disk_copy(face.frames)), finder)
    assert [isinstance(frames, FrameBuffer) for frames in from_disk[:2]] == [True, True]
    for one, other in zip(whole, from_disk, strict=True):
        assert np.array_equal(one, np.asarray(other))


def test_a_long_clip_goes_through_the_store_as_a_short_one_does(face, tmp_path, monkeypatch):
    face = dataclasses.replace(face, facts={"frames": 12})
    write_store(tmp_path / "a.h5", "align", [face], {}, {})
    run_stage(tmp_path / "a.h5", tmp_path / "short.h5", "crop", lambda c: c, {})
    monkeypatch.setattr(frame_buffer, "MEMORY_LIMIT", 0)
    seen = []
    run_stage(
        tmp_path / "a.h5", tmp_path / "long.h5", "crop", lambda c: seen.append(c.frames) or c, {}
    )
    assert isinstance(seen[0], FrameBuffer)
    with Store(tmp_path / "short.h5") as short, Store(tmp_path / "long.h5") as long:
        assert short.made_by == long.made_by
        assert isinstance(long.read(0).frames, np.ndarray), "only stages read lazily"
        assert np.array_equal(long.read(0).frames, face.frames)


@pytest.mark.parametrize("method", ["phase", "linear", "lagrangian"])
@pytest.mark.parametrize("onset", [0, 15])
def test_a_long_clip_is_magnified_as_a_stream(monkeypatch, method, onset):
    times = np.sin(np.arange(40) / 6)
    frames = truths.MovingTexture(still_picture()[:64, :64], 0.3, times).clip()
    clip = arrays_of(demo_clip(), frames=frames, onset=onset, apex=None, offset=39)
    settings = Magnify(method=method)
    monkeypatch.setattr(magnify, "LONG", 30)
    monkeypatch.setattr(frame_buffer, "MEMORY_LIMIT", 0)
    done = magnify_clip(clip, settings, 4)
    assert isinstance(done.frames, FrameBuffer) and done.facts["magnify"]["streamed"]
    after = np.stack(list(magnify_stream(clip.frames[onset:], clip.fps, 4, settings)))
    before = np.stack(list(magnify_stream(clip.frames[onset::-1], clip.fps, 4, settings)))
    made = np.asarray(done.frames)
    assert np.array_equal(made[onset:], after) and np.array_equal(made[onset::-1], before)
    assert np.array_equal(made[onset], clip.frames[onset])
    assert np.abs(made.astype(int) - clip.frames).max() > 5


@pytest.mark.parametrize("prefilter", [False, True])
@pytest.mark.parametrize("method", ["tim", "linear", "nearest"])
def test_blocks_of_frames_add_up(monkeypatch, method, prefilter):
    frames = RNG.uniform(0, 255, (50, 9, 9, 1)).astype(np.float32)
    whole = interpolate_frames(frames, 8, method, prefilter)
    monkeypatch.setattr(interpolate, "BLOCK", 7)
    parts = interpolate_frames(on_disk_copy(frames), 8, method, prefilter)
    assert np.abs(parts.astype(int) - whole).max() <= 1 and (parts == whole).mean() > 0.99


def test_a_long_video_is_read_to_disk(tmp_path, on_disk):
    np.save(tmp_path / "a.npy", CLIP)
    frames = read_frames(Clip(("d", "s", "c"), str(tmp_path), ("a.npy",), (), 25.0, ""))
    assert isinstance(frames, TemporaryFrames) and np.array_equal(frames, CLIP)
