"""What magnification delivers, on textures whose motion is known exactly."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from merflow.magnification import field as fields
from merflow.magnification.delivered import Magnified, largest_motion, measure
from merflow.magnification.flicker import fit_light, global_light
from merflow.magnification.linear import level_gains, weigh_levels
from merflow.magnification.luma import add_luma, luma, luma_of
from merflow.magnification.motion import motion_fields
from merflow.magnification.riesz import level_count, pyramids
from merflow.magnification.shift import shifted, slope_x, slope_y
from merflow.magnification.temporal import (
    low_pass,
    recursive_coefficient,
    recursive_operator,
    reference_operator,
)
from merflow.magnification.trust import filter_in_time, filter_levels, judged
from merflow.magnification.warp import move, moving_box, pull_back, without_folds
from merflow.magnify import magnify_frames
from merflow.settings import Magnify

SOURCE = Path(__file__).parents[1] / "benchmarks" / "motion_truth.py"
SPEC = importlib.util.spec_from_file_location("motion_truth", SOURCE)
truths = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(truths)

LENGTH, FPS = 24, 60.0
ONE = np.ones(1, np.float32)


@pytest.fixture(scope="module")
def still_picture():
    return truths.texture(128)


@pytest.fixture(scope="module")
def patch(still_picture):
    """A patch that moves by at most 0.2 px, and the clip with a camera's noise."""
    truth = truths.MovingTexture(still_picture, 0.2, truths.bump(LENGTH))
    return truth, truth.clip(noise=1.0)


BANDS = {
    ("phase", 10): (0.80, 1.05, 0.97),
    ("phase", 25): (0.77, 1.05, 0.88),
    ("lagrangian", 10): (0.88, 1.05, 0.985),
    ("lagrangian", 25): (0.88, 1.05, 0.96),
    ("linear", 10): (0.25, 0.75, 0.93),
}


@pytest.mark.parametrize(("method", "factor"), BANDS)
def test_the_displacement_asked_for_is_delivered(patch, method, factor):
    truth, frames = patch
    out, facts = magnify_frames(frames, FPS, factor, Magnify(method=method))
    found = truths.score(truth, frames, out, factor)
    least, most, similar = BANDS[method, factor]
    assert least <= found["gain"] <= most
    assert found["ssim"] >= similar
    assert facts["peak_px"] == pytest.approx(0.2, abs=0.05)
    assert facts["credible"]
    # The clip's own measurement, made without the truth, agrees with the ruler.
    assert facts["gain"] == pytest.approx(found["gain"], abs=0.12)


@pytest.mark.parametrize("method", ["phase", "lagrangian"])
def test_a_factor_below_one_takes_motion_away(patch, method):
    truth, frames = patch
    ruler = truths.Ruler(truth, 0.5, 0.05)
    top = int(np.argmax(truth.times))
    halved, _ = magnify_frames(frames, FPS, 0.5, Magnify(method=method))
    gone, _ = magnify_frames(frames, FPS, 0.0, Magnify(method=method))
    assert ruler.shift(frames[top]) == pytest.approx(0.2, abs=0.03)
    assert ruler.shift(halved[top]) == pytest.approx(0.1, abs=0.04)
    assert ruler.shift(gone[top]) == pytest.approx(0.0, abs=0.06)


@pytest.mark.parametrize("method", ["phase", "lagrangian"])
def test_a_shift_of_the_whole_picture_is_magnified(still_picture, method):
    truth = truths.MovingTexture(still_picture, 0.2, truths.bump(16), uniform=True)
    out, _ = magnify_frames(truth.clip(), FPS, 10, Magnify(method=method))
    top = int(np.argmax(truth.times))
    truth.moving[:16], truth.moving[-16:] = False, False
    truth.moving[:, :16], truth.moving[:, -16:] = False, False
    found = truths.Ruler(truth, 3.0).shift(out[top])
    assert found == pytest.approx(10 * 0.2 * truth.times[top], rel=0.12)


@pytest.mark.parametrize("method", ["phase", "lagrangian"])
def test_noise_alone_is_hardly_magnified(still_picture, method):
    still = np.repeat(still_picture[None], LENGTH, axis=0)
    noisy = still + np.random.default_rng(0).normal(0, 1.5, still.shape)
    frames = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    out, facts = magnify_frames(frames, FPS, 50, Magnify(method=method))
    before, after = (
        np.sqrt(np.mean((truths.luma(f) - truths.luma(still_picture)) ** 2)) for f in (frames, out)
    )
    assert after <= 1.5 * before
    assert facts["delivered"] is None


def test_motion_too_large_to_be_credible_is_said(still_picture):
    truth = truths.MovingTexture(still_picture, 2.0, truths.bump(12))
    _, facts = magnify_frames(truth.clip(), FPS, 50, Magnify(method="linear"))
    assert not facts["credible"]
    assert facts["peak_px"] == pytest.approx(2, rel=0.25)
    assert facts["gain"] < 0.4


def test_the_measurement_sees_what_was_rendered(still_picture):
    times = truths.bump(LENGTH)
    truth = truths.MovingTexture(still_picture, 0.3, times)
    tripled = truths.MovingTexture(still_picture, 0.9, times).clip()
    smooth, light = low_pass(LENGTH, FPS, 15.0), np.zeros((LENGTH, 2), np.float32)
    operator = reference_operator(LENGTH, FPS, 15.0)
    frames = truth.clip()
    motion = filter_in_time(motion_fields(luma_of(frames), LENGTH, 0), smooth, 0)
    peak = largest_motion(frames, motion, operator, light, 0)
    assert abs(peak.time - int(np.argmax(times))) <= 1
    for factor in (3, 5):  # 5 was asked for, 3 is there
        facts = measure(frames, Magnified(tripled, {}, motion), operator, light, 0, factor)
        assert facts["delivered"] == pytest.approx(3, rel=0.06)
        assert facts["gain"] == pytest.approx(3 / factor, rel=0.06)


def test_filtered_fields_are_the_operator_applied():
    rng = np.random.default_rng(0)
    course = np.sin(np.linspace(0, np.pi, LENGTH)).astype(np.float32)
    raw = np.empty((LENGTH, 20, 24, 2), np.float32)
    raw[:] = course[:, None, None, None]
    noise = rng.normal(0, 0.1, raw.shape).astype(np.float32)
    noise -= noise[:1]
    smooth = low_pass(LENGTH, FPS, 15.0)
    wanted = np.tensordot(reference_operator(LENGTH, FPS, 15.0), raw, 1)
    moving, share = judged(raw.copy(), smooth, 0)
    assert moving == pytest.approx(wanted, abs=1e-5)
    assert share.min() > 0.99
    # Noise alone is not believed, motion under noise nearly whole.
    _, none = judged(noise.copy(), smooth, 0)
    assert none.mean() < 0.2
    _, most = judged(raw + noise, smooth, 0)
    assert most.mean() > 0.9


def test_levels_are_believed_where_a_finer_one_shows_motion():
    rng = np.random.default_rng(0)
    smooth = low_pass(LENGTH, FPS, 15.0)
    shapes = [(32, 32), (16, 16), (8, 8)]
    levels = [rng.normal(0, 0.1, (LENGTH, *shape, 2)).astype(np.float32) for shape in shapes]
    for level in levels:
        level -= level[:1].copy()
    levels[0][:, 8:24, 8:24] += np.sin(np.linspace(0, np.pi, LENGTH))[:, None, None, None]
    alone = [filter_in_time(level.copy(), smooth, 0) for level in levels]
    together = filter_levels(levels, smooth, 0)
    assert np.abs(together[2][:, 4, 4]).max() > 2 * np.abs(alone[2][:, 4, 4]).max()
    assert together[0] == pytest.approx(alone[0], abs=0.05)


# ---- operators in time ----


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 20, 64])
@pytest.mark.parametrize("reference", [0, -1])
def test_operators_ignore_constants_and_leave_the_reference(length, reference):
    at = reference % length
    for operator in (
        reference_operator(length, 100.0, 15.0, at),
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


def test_an_expression_that_does_not_end_is_kept_whole():
    rise = np.sin(np.linspace(0, np.pi / 2, 60)) ** 2
    assert reference_operator(60, 100.0, 15.0) @ rise == pytest.approx(rise, abs=0.01)


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


def test_linear_by_hertz_equals_linear_by_coefficients(patch):
    _, frames = patch
    pair = tuple(recursive_coefficient(hz, FPS) for hz in (12.0, 1.0))
    one, _ = magnify_frames(frames, FPS, 10, Magnify(method="linear", iir_hz=(12.0, 1.0)))
    two, _ = magnify_frames(frames, FPS, 10, Magnify(method="linear", iir=pair))
    assert np.array_equal(one, two)


# ---- the linear method against a literal one ----


@pytest.mark.parametrize("size", [(96, 96), (71, 85)])
@pytest.mark.parametrize("channels", [1, 3])
def test_linear_equals_the_level_by_level_method(size, channels):
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.normal(128, 60, (*size, channels)), (0, 0), 2)
    picture = picture.reshape(*size, channels)
    frames = np.stack([picture + 2 * np.sin(t) * np.roll(picture, 1, 1) / 128 for t in range(10)])
    frames = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    settings = Magnify(method="linear", iir=(0.4, 0.05), remove_flicker=False)
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


# ---- motion fields, warps, bands, light ----


def test_the_field_is_the_displacement(still_picture):
    truth = truths.MovingTexture(still_picture, 0.2, np.array([0.0, 1.0]))
    still, seen = (truths.luma(truth.frame(shift)).astype(np.float32) for shift in (0.0, 0.2))
    anchor = fields.prepare(still)
    motion = fields.solve(anchor, seen - still)
    middle = motion[int(0.52 * motion.shape[0]), int(0.48 * motion.shape[1])]
    assert middle == pytest.approx(
        0.2 * np.array([np.cos(truths.ANGLE), np.sin(truths.ANGLE)]), abs=0.02
    )
    away = truth.shape(truth.y, truth.x) < 0.01
    small = cv2.resize(away.astype(np.float32), anchor.cells, interpolation=cv2.INTER_AREA) > 0.99
    assert np.abs(motion[small]).max() < 0.03
    assert motion.dtype == np.float32


def test_a_warp_moves_points_where_the_field_says(still_picture):
    plane = truths.luma(still_picture).astype(np.float32)
    field = np.zeros((32, 32, 2), np.float32)
    field[..., 0], field[..., 1] = 3, -2
    moved = move(plane, field)
    assert moved[20:-20, 20:-20] == pytest.approx(
        np.roll(plane, (-2, 3), (0, 1))[20:-20, 20:-20], abs=0.01
    )
    assert np.array_equal(move(plane, np.zeros_like(field)), plane)


def test_a_part_of_a_warp_equals_the_whole(still_picture):
    frame = still_picture.astype(np.uint8)
    field = np.random.default_rng(0).normal(0, 2, (16, 16, 2)).astype(np.float32)
    box = (slice(30, 77), slice(5, 128))
    assert np.array_equal(move(frame, field, box), move(frame, field)[box])


def test_the_moving_box_holds_all_that_moves():
    field = np.zeros((16, 20, 2), np.float32)
    assert moving_box(field, (64, 80), 0.01) is None
    field[5, 7] = (0, -1)
    box = moving_box(field, (64, 80), 0.01)
    moved = np.abs(cv2.resize(field, (80, 64))).max(axis=2)
    assert moved.sum() > 0
    moved[box] = 0
    assert moved.sum() == 0
    assert (box[0].stop - box[0].start) * (box[1].stop - box[1].start) < 64 * 80 / 10


@pytest.mark.parametrize("channels", [1, 3])
def test_luma_is_added_rounded_clipped_and_counted(channels):
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (20, 30, channels), np.uint8)
    change = rng.normal(0, 60, (20, 30)).astype(np.float32)
    out = np.empty_like(frame)
    count = add_luma(frame, change, out)
    exact = frame + np.rint(change)[..., None]
    assert np.array_equal(out, np.clip(exact, 0, 255))
    assert count == ((exact < 0) | (exact > 255)).sum()
    weights = np.array([0.299, 0.587, 0.114]) if channels == 3 else np.ones(1)
    assert luma(frame) == pytest.approx(frame @ weights, abs=1e-3)


def test_pull_back_inverts_a_displacement():
    rows = np.arange(64, dtype=np.float32)
    bump = np.exp(-((rows[:, None] - 32) ** 2 + (rows[None] - 32) ** 2) / 200)
    carrier = np.stack([6 * bump, 3 * bump], axis=2).astype(np.float32)
    seen = pull_back(carrier, (1.0, 1.0), carrier)
    # A point p lands at p + carrier(p): looked up there, the answer is carrier(p).
    at = (30, 31)
    x, y = at[1] + carrier[at][0], at[0] + carrier[at][1]
    answer = cv2.remap(seen, np.float32([[x]]), np.float32([[y]]), cv2.INTER_LINEAR)[0, 0]
    assert answer == pytest.approx(carrier[at], abs=0.05)


def test_folds_are_clamped_and_counted():
    field = np.zeros((40, 40, 2), np.float32)
    field[10:30, 10:30, 0] = 5
    unfolded, share = without_folds(field, (1.0, 1.0))
    assert 0 < share < 1
    slopes = [np.gradient(unfolded, axis=axis) for axis in (0, 1)]
    assert np.sqrt(sum((s**2).sum(2) for s in slopes)).max() < 1.1
    gentle = field * 0.05
    same, none = without_folds(gentle, (1.0, 1.0))
    assert none == 0
    assert np.array_equal(same, gentle)


@pytest.mark.parametrize("size", [(64, 64), (127, 131), (9, 30)])
def test_bands_and_low_pass_add_up(size):
    plane = np.random.default_rng(0).normal(128, 40, size).astype(np.float32)
    levels = level_count(*size)
    low = plane
    for _ in range(levels):
        low = cv2.pyrDown(low)
    for (band,) in pyramids(lambda _: plane, range(1))[::-1]:
        low = cv2.pyrUp(low, dstsize=band.shape[::-1]) + band
    assert low == pytest.approx(plane, abs=1e-3)


def test_slopes_are_the_three_tap_filters_with_mirrored_edges():
    plane = np.random.default_rng(0).normal(size=(31, 40)).astype(np.float32)
    taps = np.array([-0.5, 0, 0.5], np.float32)
    mirror = cv2.BORDER_REFLECT_101
    for slope, along in ((slope_x, (taps, ONE)), (slope_y, (ONE, taps))):
        wanted = cv2.sepFilter2D(plane, cv2.CV_32F, *along, borderType=mirror)
        stack = np.stack([plane, plane[::-1]])
        assert slope(stack)[0] == pytest.approx(wanted, abs=1e-6)
        assert np.array_equal(slope(stack)[1], slope(stack[1:])[0])
        assert (slope(stack[:, :2, :2].copy()) == 0).all()


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("distance", [0.05, 0.5, 1.5, 2.5])
def test_a_band_is_shifted_by_what_is_asked(level, distance):
    rng = np.random.default_rng(5)
    axis = np.fft.fftfreq(128) * 2 * np.pi
    along, across = np.meshgrid(axis, axis)
    radius = np.hypot(along, across)
    radius[0, 0] = 1
    spectrum = np.fft.fft2(rng.normal(size=(128, 128))) * np.exp(-((radius - 1) ** 2) / 0.1)
    angle = 0.7
    phase = np.exp(-1j * distance * (along * np.cos(angle) + across * np.sin(angle)))
    band, wanted = (np.fft.ifft2(s).real.astype(np.float32) for s in (spectrum, spectrum * phase))
    motion = np.empty((1, 32, 32, 2), np.float32)
    motion[:] = distance * np.array([np.cos(angle), np.sin(angle)])
    made = shifted(band[None], motion, level)[0]
    inner = slice(16, -16)
    error = np.linalg.norm((made - wanted)[inner, inner]) / np.linalg.norm(band[inner, inner])
    moved = np.linalg.norm((wanted - band)[inner, inner]) / np.linalg.norm(band[inner, inner])
    assert error < 0.35 * moved + 0.01
    assert np.array_equal(shifted(band[None], np.zeros_like(motion), level)[0], band)


def test_a_shift_too_far_lets_the_band_fade():
    rng = np.random.default_rng(5)
    band = rng.normal(size=(64, 64)).astype(np.float32)
    band = cv2.GaussianBlur(band, (0, 0), 1) - cv2.GaussianBlur(band, (0, 0), 2)
    for distance in (20.0, 200.0, 2000.0):
        motion = np.full((1, 16, 16, 2), distance, np.float32)
        assert np.linalg.norm(shifted(band[None], motion, 0)) < 1.2 * np.linalg.norm(band)


def test_light_is_found_and_motion_is_not_taken_for_it(patch):
    _, frames = patch
    gain, offset = global_light(luma_of(frames), LENGTH, 0).T
    assert np.abs(gain).max() < 1e-3
    assert np.abs(gain * 128 + offset).max() < 0.05
    lit = frames * np.linspace(1, 1.02, LENGTH)[:, None, None, None]
    dither = np.random.default_rng(0).random(lit.shape)
    found = global_light(
        luma_of(np.clip(np.floor(lit + dither), 0, 255).astype(np.uint8)), LENGTH, 0
    )
    assert found[:, 0] == pytest.approx(np.linspace(0, 0.02, LENGTH), abs=0.003)
    assert (found[0] == 0).all()


def test_light_is_fitted_through_moving_pixels():
    rng = np.random.default_rng(0)
    reference = rng.normal(128, 40, 1024)
    seen = 1.01 * reference + 2
    seen[:250] += rng.normal(0, 30, 250)
    gain, offset = fit_light(seen[None], reference)[0]
    assert gain == pytest.approx(0.01, abs=1e-3)
    assert offset == pytest.approx(2, abs=0.1)
