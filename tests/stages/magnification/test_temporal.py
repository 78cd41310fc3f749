"""Operators in time, and the linear method against a literal one."""

import cv2
import numpy as np
import pytest
import threadpoolctl
from moving_textures import FPS, patch

from merflow.config.settings import Magnify
from merflow.stages.magnification.linear import level_gains, weigh_levels
from merflow.stages.magnification.temporal import (
    anchored,
    apply_in_time,
    default_high_hz,
    low_pass,
    recursive_coefficient,
    recursive_operator,
)
from merflow.stages.magnify import magnify_frames, recursion


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 20, 64])
@pytest.mark.parametrize("reference", [0, -1])
def test_operators_ignore_constants_and_leave_the_reference(length, reference):
    at = reference % length
    for operator in (
        anchored(low_pass(length, 100.0, 15.0), at),
        recursive_operator(length, 0.4, 0.05, at),
    ):
        assert operator.shape == (length, length)
        assert np.abs(operator.sum(axis=1)).max() < 1e-12
        assert (operator[at] == 0).all()


def test_the_low_pass_keeps_slow_and_drops_fast_motion():
    smooth = low_pass(100, 100.0, 15.0)
    time = np.arange(100) + 0.5
    for order, kept in ((10, 1.0), (30, 0.5), (80, 0.0)):  # 5, 15 and 40 Hz
        course = np.cos(np.pi * order * time / 100)
        assert smooth @ course == pytest.approx(kept * course, abs=0.005)
    assert np.abs(smooth - smooth[::-1, ::-1]).max() < 1e-12
    assert np.array_equal(low_pass(3, 100.0, 15.0), np.eye(3))


def test_filtering_gives_the_same_bytes_on_any_number_of_threads():
    stack = np.random.default_rng(0).normal(0, 50, (64, 20_003)).astype(np.float32)
    operator = anchored(low_pass(64, 100.0, 15.0), 0)
    threads, results = cv2.getNumThreads(), []
    try:
        for blas, ours in ((1, 1), (2, 1), (1, 4), (3, 2)):
            with threadpoolctl.threadpool_limits(blas):
                cv2.setNumThreads(ours)
                copy = stack.copy()
                apply_in_time(operator, copy)
                results.append(copy)
    finally:
        cv2.setNumThreads(threads)
    assert np.abs(results[0] - operator @ stack).max() < 1e-3
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_an_expression_that_does_not_end_is_kept_whole():
    rise = np.sin(np.linspace(0, np.pi / 2, 60)) ** 2
    assert anchored(low_pass(60, 100.0, 15.0), 0) @ rise == pytest.approx(rise, abs=0.01)


def test_the_recursion_is_the_published_one():
    course = np.random.default_rng(0).normal(size=30)
    fast = slow = course[0]
    wanted = [0.0]
    for value in course[1:]:
        fast, slow = 0.6 * fast + 0.4 * value, 0.95 * slow + 0.05 * value
        wanted.append(fast - slow)
    assert recursive_operator(30, 0.4, 0.05) @ course == pytest.approx(np.array(wanted))


def test_coefficients_from_hertz_halve_the_power_near_their_cut_off():
    assert recursive_coefficient(16.26, 200) == pytest.approx(0.4, abs=1e-3)
    frames, fps = np.arange(2000) / 1000, 1000.0
    r = recursive_coefficient(8.0, fps)
    state, answer = 0.0, []
    for value in np.sin(2 * np.pi * 8 * frames):
        state = (1 - r) * state + r * value
        answer.append(state)
    assert np.std(answer[1000:]) * np.sqrt(2) == pytest.approx(np.sqrt(0.5), abs=0.02)


def band_of(fast, slow, fps):
    """The band (Hz) of two coefficients per frame."""
    return tuple(-fps * np.log(1 - r) / (2 * np.pi) for r in (slow, fast))


def test_linear_by_hertz_equals_linear_by_coefficients():
    _, frames = patch()
    pair = tuple(recursive_coefficient(hz, FPS) for hz in (12.0, 1.0))
    settings = Magnify(method="linear", band_hz=(1.0, 12.0))
    assert recursion(FPS, settings) == pair
    one, _ = magnify_frames(frames, FPS, 10, settings)
    two, _ = magnify_frames(frames, FPS, 10, Magnify(method="linear", band_hz=(0, 12.0)))
    assert not np.array_equal(one, two)


def test_a_band_from_0_is_a_low_pass():
    _, frames = patch()
    whole, _ = magnify_frames(frames, FPS, 10, Magnify(method="linear"))
    default = (0, default_high_hz(FPS))
    low, _ = magnify_frames(frames, FPS, 10, Magnify(method="linear", band_hz=default))
    assert np.array_equal(low, whole)


@pytest.mark.parametrize("size", [(96, 96), (71, 85)])
@pytest.mark.parametrize("channels", [1, 3])
def test_linear_equals_the_level_by_level_method(size, channels):
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.normal(128, 60, (*size, channels)), (0, 0), 2)
    picture = picture.reshape(*size, channels)
    frames = np.stack([picture + 2 * np.sin(t) * np.roll(picture, 1, 1) / 128 for t in range(10)])
    frames = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    settings = Magnify(method="linear", band_hz=band_of(0.4, 0.05, 100.0), remove_flicker=False)
    out, _ = magnify_frames(frames, 100.0, 20, settings)

    weights = np.array([0.299, 0.587, 0.114]) if channels == 3 else np.ones(1)
    planes = frames.astype(np.float64) @ weights
    gains = level_gains(*size, 19.0, 16.0)
    levels = []
    for plane in planes:
        bands = []
        for _ in gains:
            low = cv2.pyrDown(plane)
            bands.append(plane - cv2.pyrUp(low, dstsize=plane.shape[::-1]))
            plane = low
        levels.append(bands)
    operator = recursive_operator(10, 0.4, 0.05)
    for time in range(10):
        total = np.zeros_like(levels[0][-1])
        for level in range(len(gains) - 1, -1, -1):
            series = np.stack([levels[t][level] for t in range(10)])
            if level < len(gains) - 1:
                total = cv2.pyrUp(total, dstsize=series.shape[:0:-1])
            total = total + gains[level] * np.tensordot(operator[time], series, 1)
        exact = np.clip(frames[time] + total[..., None], 0, 255)
        assert np.abs(out[time] - exact).max() <= 0.51 + 0.02


def test_level_gains_follow_the_published_bound():
    gains = level_gains(256, 256, 9.0, 16.0)
    assert gains[0] == 0
    assert (np.diff(gains) >= 0).all()
    assert gains[-1] == 9
    shift = 16 / (8 * 10)
    wavelength = np.hypot(256, 256) / 3 / 2 ** (len(gains) - 2)
    assert gains[1] == pytest.approx(min(9, 2 * (wavelength / (8 * shift) - 1)))
    assert weigh_levels(np.ones((8, 8), np.float32), np.zeros(1), (16, 16)).shape == (16, 16)
