"""The temporal interpolation model in closed form against the published algorithm."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_truth import MovingTexture, texture

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Interpolate
from merflow.errors import MerflowError
from merflow.stages.interpolate import (
    interpolate_clip,
    interpolate_frames,
    low_pass_before,
    method_for,
    positions,
    resized,
    tim_matrix,
)

METHODS = ["tim", "linear", "nearest"]


def literal_tim(clip, length):
    """Zhou et al. 2011 as published: graph Laplacian, singular values, curve, back-projection.

    clip: (pixels, N), N linearly independent frames after centring but one.
    """
    count = clip.shape[1]
    adjacency = np.eye(count, k=1) + np.eye(count, k=-1)
    laplacian = np.diag(adjacency.sum(0)) - adjacency
    _, vectors = np.linalg.eigh(laplacian)
    mean = clip.mean(1, keepdims=True)
    left, values, right = np.linalg.svd(clip - mean, full_matrices=False)
    left, values, right = left[:, :-1], values[:-1], right[:-1]
    embedded = values[:, None] * right  # Q, one column a frame
    order = np.arange(1, count)
    # Each eigenvector is a multiple of the curve at the frames: W's columns solve Q' w = y.
    weights = np.linalg.lstsq(embedded.T, vectors[:, 1:], rcond=None)[0]

    def curve(share):
        return np.sin(np.pi * order * share + np.pi * (count - order) / (2 * count))

    at_frames = np.stack([curve((i + 1) / count) for i in range(count)], 1)
    scale = (vectors[:, 1:].T @ at_frames.T).diagonal() / (at_frames**2).sum(1)
    where = 1 / count + np.linspace(0, 1, length) * (1 - 1 / count)
    wanted = np.stack([scale * curve(share) for share in where], 1)
    return mean + left @ np.linalg.inv(weights).T @ wanted


@pytest.mark.parametrize(("count", "length"), [(20, 10), (7, 10), (64, 10), (5, 32), (10, 9)])
def test_tim_equals_the_literal_algorithm(count, length):
    clip = np.random.default_rng(count).normal(128, 40, (300, count))
    assert np.abs(clip @ tim_matrix(count, length) - literal_tim(clip, length)).max() < 1e-10


@given(st.integers(1, 120), st.integers(1, 120))
@settings(deadline=None, max_examples=60)
def test_tim_columns_sum_to_one(count, length):
    matrix = tim_matrix(count, length)
    assert matrix.shape == (count, length)
    assert np.abs(matrix.sum(0) - 1).max() < 1e-10


def test_tim_at_whole_positions_picks_frames():
    assert np.abs(tim_matrix(9, 9) - np.eye(9)).max() < 1e-12
    assert np.abs(tim_matrix(9, 17)[:, ::2] - np.eye(9)).max() < 1e-12


def test_tim_follows_a_smooth_course():
    time = np.arange(30) / 29
    course = 100 + 50 * np.cos(np.pi * 3 * (np.arange(30) + 0.5) / 30)
    wanted = 100 + 50 * np.cos(np.pi * 3 * (positions(30, 11) + 0.5) / 30)
    assert np.abs(course @ tim_matrix(30, 11) - wanted).max() < 1e-10
    assert time.size == 30


@pytest.mark.parametrize("method", METHODS)
@given(
    count=st.sampled_from([1, 2, 3, 5, 20]),
    length=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    prefilter=st.booleans(),
    seed=st.integers(0, 9),
)
@settings(deadline=None, max_examples=40)
def test_any_length_gives_bytes_of_that_length(method, count, length, channels, prefilter, seed):
    frames = np.random.default_rng(seed).integers(0, 256, (count, 5, 7, channels), np.uint8)
    out = interpolate_frames(frames, length, method, prefilter)
    assert out.shape == (length, 5, 7, channels)
    assert out.dtype == np.uint8
    if count == length:
        assert np.array_equal(out, frames)
    if length > 1 and not prefilter:
        assert np.array_equal(out[0], frames[0])
        assert np.array_equal(out[-1], frames[-1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, 17, 255])
@pytest.mark.parametrize("prefilter", [False, True])
def test_a_constant_clip_stays_constant(method, value, prefilter):
    frames = np.full((23, 4, 6, 3), value, np.uint8)
    assert (interpolate_frames(frames, 10, method, prefilter) == value).all()
    assert (interpolate_frames(frames, 40, method, prefilter) == value).all()


@pytest.mark.parametrize("method", METHODS)
def test_duplicate_frames_do_no_harm(method):
    frames = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)[[0, 0, 1, 1, 1, 2]]
    out = interpolate_frames(frames, 11, method)
    assert np.array_equal(out[[0, 4, 6, 10]], frames[[0, 2, 3, 5]])


def test_values_are_rounded_and_clipped():
    frames = np.zeros((2, 1, 1, 1), np.uint8)
    frames[1] = 255
    assert interpolate_frames(frames, 3, "linear")[1, 0, 0, 0] == 128
    step = np.zeros((8, 1, 1, 1), np.uint8)
    step[4:] = 255
    matrix = tim_matrix(8, 22)
    exact = step[:, 0, 0, 0] @ matrix
    assert exact.max() > 256  # the model overshoots
    out = interpolate_frames(step, 22, "tim")[:, 0, 0, 0]
    assert np.array_equal(out, np.clip(np.rint(exact), 0, 255))


def test_linear_and_nearest_are_what_they_say():
    frames = (np.arange(5, dtype=np.uint8) * 40)[:, None, None, None]
    assert interpolate_frames(frames, 9, "linear").ravel().tolist() == list(range(0, 161, 20))
    nearest = interpolate_frames(frames, 3, "nearest").ravel()
    assert nearest.tolist() == [0, 80, 160]


def test_the_prefilter_takes_out_what_would_alias():
    time = np.arange(64)
    fast = np.cos(np.pi * 40 * (time + 0.5) / 64)
    slow = np.cos(np.pi * 3 * (time + 0.5) / 64)
    matrix = tim_matrix(64, 10)
    assert np.abs(fast @ matrix).max() > 0.5
    assert np.abs(fast @ low_pass_before(matrix)).max() < 0.01
    assert np.abs(slow @ low_pass_before(matrix) - slow @ matrix).max() < 0.01
    assert low_pass_before(tim_matrix(10, 10)) is not matrix
    assert np.array_equal(low_pass_before(tim_matrix(10, 12)), tim_matrix(10, 12))


def test_the_result_does_not_depend_on_the_block(monkeypatch):
    frames = np.random.default_rng(3).integers(0, 256, (20, 37, 41, 3), np.uint8)
    whole = interpolate_frames(frames, 10, "tim")
    monkeypatch.setattr("merflow.stages.threads.BLOCK", 1000)
    assert np.array_equal(interpolate_frames(frames, 10, "tim"), whole)


def test_an_unknown_method_and_no_frames_are_refused():
    frames = np.zeros((2, 4, 4, 1), np.uint8)
    with pytest.raises(MerflowError, match="did you mean 'linear'"):
        interpolate_frames(frames, 3, "liner")
    with pytest.raises(MerflowError, match="at least 1 frame"):
        interpolate_frames(frames[:0], 3, "tim")
    with pytest.raises(MerflowError, match="at least 1 frame"):
        interpolate_frames(frames, 0, "tim")


def test_resizing_down_averages_areas():
    frames = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), np.uint8)
    small = resized(frames, 16)
    mean = frames.reshape(2, 16, 4, 16, 4, 3).mean((2, 4))
    assert np.abs(small - mean).max() <= 0.51
    assert resized(frames[..., :1], 100).shape == (2, 100, 100, 1)
    assert np.array_equal(resized(frames, 64), frames)


def clip_of(frames, onset=0, apex=None, offset=None):
    count = len(frames)
    return ClipArrays(
        ClipKey("casme2", "sub01", "a"),
        frames,
        100.0,
        np.arange(count) + 51,
        onset,
        apex,
        count - 1 if offset is None else offset,
        np.array([[0, 0], [31, 31], [3.5, 7.5], [0, 0], [0, 0]], np.float32),
        facts={"align": 1},
    )


def test_a_clip_keeps_its_key_frames_and_duration():
    frames = np.random.default_rng(2).integers(0, 256, (40, 32, 32, 1), np.uint8)
    out = interpolate_clip(clip_of(frames, 0, 26, 39), Interpolate(length=10, size=16))
    assert out.frames.shape == (10, 16, 16, 1)
    assert (out.onset, out.apex, out.offset) == (0, 6, 9)
    assert out.fps == pytest.approx(100 * 9 / 39)
    assert out.numbers.tolist()[0] == 51
    assert out.numbers.tolist()[-1] == 90
    assert out.numbers[6] == 51 + 26
    assert out.landmarks[2].tolist() == [1.5, 3.5]
    assert out.facts["align"] == 1
    assert out.facts["interpolate"]["from"] == 40


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_short_clips_and_lengths_have_valid_key_frames(count, length):
    frames = np.zeros((count, 16, 16, 3), np.uint8)
    out = interpolate_clip(
        clip_of(frames, 0, count - 1), Interpolate(length=length, size=8, method="tim")
    )
    assert len(out.frames) == len(out.numbers) == length
    assert 0 <= out.onset <= out.apex <= out.offset < length
    assert interpolate_clip(clip_of(frames), Interpolate(length=length)).apex is None


def test_resize_and_blend_are_rounded_once():
    rng = np.random.default_rng(4)
    frames = rng.integers(0, 256, (12, 32, 32, 1), np.uint8)
    out = interpolate_clip(clip_of(frames), Interpolate(length=7, size=8)).frames
    small = np.stack([cv2.resize(f.astype(float), (8, 8), interpolation=3) for f in frames])
    exact = np.tensordot(tim_matrix(12, 7).T, small, 1)
    assert np.abs(out[..., 0] - np.clip(exact, 0, 255)).max() <= 0.501


def shifted(step, count=8, size=128, channels=1):
    """Frames (T, H, W, C) with a patch that moves by `step` px from each frame to the next."""
    frames = MovingTexture(texture(size), step, np.arange(count) % 2.0).clip(noise=0.5)
    return frames[..., :channels].copy()


@pytest.mark.parametrize(("step", "chosen"), [(0.0, "tim"), (1.5, "tim"), (4.0, "linear")])
@pytest.mark.parametrize("channels", [1, 3])
def test_auto_chooses_by_the_motion_from_frame_to_frame(step, chosen, channels):
    frames = shifted(step, channels=channels)
    method, facts = method_for(frames, "auto")
    assert method == chosen and facts["largest_step_px"] == pytest.approx(step, rel=0.15, abs=0.05)
    clip = clip_of(frames, 0, 3, 7)
    made = interpolate_clip(clip, Interpolate(method="auto", length=5, size=128))
    same = interpolate_clip(clip, Interpolate(method=chosen, length=5, size=128))
    assert np.array_equal(made.frames, same.frames)
    assert made.facts["interpolate"] == {**same.facts["interpolate"], **facts}
    assert "asked" not in same.facts["interpolate"]


def test_auto_counts_in_pixels_of_the_resized_frames():
    made = interpolate_clip(
        clip_of(shifted(4.0), 0, 3, 7), Interpolate(method="auto", length=5, size=64)
    )
    assert made.facts["interpolate"]["method"] == "tim"
    assert made.facts["interpolate"]["largest_step_px"] == pytest.approx(2.0, rel=0.15)


def test_auto_takes_one_frame():
    assert method_for(shifted(0, count=1), "auto")[0] == "tim"
