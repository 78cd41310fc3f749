"""Motion fields, warps, pyramid bands and light."""

import cv2
import numpy as np
import pytest
from moving_textures import LENGTH, patch, still_picture, truths

from merflow.stages.magnification import field as fields
from merflow.stages.magnification.flicker import fit_light, global_light
from merflow.stages.magnification.luma import add_luma, luma, luma_of, reduced
from merflow.stages.magnification.phase import around, change_of
from merflow.stages.magnification.riesz import (
    NOISE,
    anchor,
    finest_sides,
    level_count,
    powers,
    pyramid,
    solve,
)
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
    full = cv2.resize(field, (128, 128))
    move_into(out, frame, full, moving_boxes(field, frame.shape[:2]))
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
    for band in pyramid(plane, levels)[::-1]:
        low = cv2.pyrUp(low, dstsize=band.shape[::-1]) + band
    assert low == pytest.approx(plane, abs=1e-3)


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("size", [(128, 128), (101, 114)])
def test_the_phase_gives_the_displacement_and_ignores_contrast(size, noise):
    truth = truths.MovingTexture(still_picture(), 0.2, np.array([0.0, 1.0]), uniform=True)
    still, seen = (
        truths.luma(truth.frame(shift))[: size[0], : size[1]].astype(np.float32)
        for shift in (0.0, 0.2)
    )
    rough = still + noise * np.random.default_rng(0).normal(size=size).astype(np.float32)
    motion = solve(anchor(rough, noise**2), seen)[3:-3, 3:-3].mean(axis=(0, 1))
    wanted = 0.2 * np.array([np.cos(truths.ANGLE), np.sin(truths.ANGLE)])
    assert motion == pytest.approx(wanted, abs=0.01)
    brighter = solve(anchor(still, 0.0), 1.1 * still + 5)
    assert np.abs(brighter).max() < 1e-4


def test_the_power_of_noise_is_as_measured():
    noise = np.random.default_rng(0).normal(0, 1, (512, 512)).astype(np.float32)
    for sides, known in zip(finest_sides(noise), NOISE, strict=True):
        xx, xy, _, yy = (float(plane.mean()) for plane in powers(sides))
        assert (xx, yy) == pytest.approx((known, known), rel=0.1)
        assert abs(xy) < 0.05 * known


@pytest.mark.parametrize("distance", [0.3, 3.0, 12.0])
@pytest.mark.parametrize("size", [(128, 128), (97, 110)])
def test_shifted_bands_add_up_to_the_moved_picture(size, distance):
    truth = truths.MovingTexture(still_picture(), distance, np.array([0.0, 1.0]), uniform=True)
    still, wanted = (
        truths.luma(truth.frame(shift))[: size[0], : size[1]].astype(np.float32)
        for shift in (0.0, distance)
    )
    shift = np.empty((-(-size[0] // 4), -(-size[1] // 4), 2), np.float32)
    shift[:] = distance * np.array([np.cos(truths.ANGLE), np.sin(truths.ANGLE)])
    inner = (slice(24, -24), slice(24, -24))
    error = (still + change_of(still, shift) - wanted)[inner]
    # What is left is the low-pass, which stays where it is.
    error -= cv2.GaussianBlur(error, (0, 0), 8)
    assert np.sqrt(np.mean(error**2)) < 0.25 * np.std((wanted - still)[inner])


def test_nothing_changes_where_nothing_moves():
    still = truths.luma(still_picture()).astype(np.float32)
    shift = np.zeros((32, 32, 2), np.float32)
    assert change_of(still, shift) is None
    shift[14:18, 14:18] = 2
    change = change_of(still, shift)
    assert np.abs(change[:16]).max() < 0.01 * np.abs(change).max()
    assert around([(slice(3, 8), slice(5, 9)), (slice(8, 13), slice(1, 4))]) == (
        slice(1, 7),
        slice(0, 5),
    )


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
