"""Motion fields, warps, pyramid bands and light."""

import cv2
import numpy as np
import pytest
from moving_textures import LENGTH, patch, still_picture, truths

from merflow.stages.magnification import field as fields
from merflow.stages.magnification.flicker import fit_light, global_light
from merflow.stages.magnification.luma import add_luma, luma, luma_of, reduced
from merflow.stages.magnification.riesz import level_count, pyramids
from merflow.stages.magnification.shift import shifted, slope_x, slope_y
from merflow.stages.magnification.warp import (
    move,
    move_into,
    moving_boxes,
    pull_back,
    without_folds,
)

ONE = np.ones(1, np.float32)


def test_the_field_is_the_displacement():
    truth = truths.MovingTexture(still_picture(), 0.2, np.array([0.0, 1.0]))
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


def test_a_warp_moves_points_where_the_field_says():
    plane = truths.luma(still_picture()).astype(np.float32)
    field = np.zeros((32, 32, 2), np.float32)
    field[..., 0], field[..., 1] = 3, -2
    moved = move(plane, field)
    assert moved[20:-20, 20:-20] == pytest.approx(
        np.roll(plane, (-2, 3), (0, 1))[20:-20, 20:-20], abs=0.01
    )
    assert np.array_equal(move(plane, np.zeros_like(field)), plane)


def test_a_part_of_a_warp_equals_the_whole():
    frame = still_picture().astype(np.uint8)
    field = np.random.default_rng(0).normal(0, 2, (16, 16, 2)).astype(np.float32)
    box = (slice(30, 77), slice(5, 128))
    assert np.array_equal(move(frame, field, box), move(frame, field)[box])


@pytest.mark.parametrize("cells", [[], [(5, 7)], [(0, 0), (15, 19)], [(7, 3), (8, 12)]])
@pytest.mark.parametrize("shape", [(64, 80), (61, 79), (16, 20)])
def test_moving_boxes_hold_all_that_moves_once(cells, shape):
    field = np.zeros((16, 20, 2), np.float32)
    for cell in cells:
        field[cell] = (0, -1)
    boxes = moving_boxes(field, shape)
    assert bool(boxes) == bool(cells)
    seen = np.zeros(shape, int)
    for box in boxes:
        seen[box] += 1
    assert seen.max() <= 1
    moved = np.abs(cv2.resize(field, shape[::-1])).max(axis=2)
    assert not (moved > 0.01)[seen == 0].any()
    assert len(cells) != 1 or seen.mean() < 1 / 5


def test_moving_in_parts_equals_moving_the_whole():
    frame = still_picture().astype(np.uint8)
    field = np.zeros((16, 16, 2), np.float32)
    field[4:9, 5:8] = np.random.default_rng(0).normal(0, 2, (5, 3, 2))
    out = frame.copy()
    move_into(out, frame, field)
    assert np.array_equal(out, move(frame, field))
    assert not np.array_equal(out, frame)


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


@pytest.mark.parametrize(
    ("shape", "size"),
    [((256, 256), (64, 64)), ((128, 96), (24, 16)), ((131, 127), (64, 66)), ((9, 8), (8, 9))],
)
def test_planes_are_reduced_to_means_of_areas(shape, size):
    plane = np.random.default_rng(0).normal(0, 40, shape).astype(np.float32)
    exact = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    assert reduced(plane, size) == pytest.approx(exact, abs=1e-4)


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
def test_a_band_is_shifted_by_the_requested_distance(level, distance):
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


def test_light_is_found_and_motion_is_not_taken_for_it():
    _, frames = patch()
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
