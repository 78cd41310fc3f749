"""The demo's faces: found by dlib, moving as their truth says, the same bytes every time."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import files
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest

from merflow.synthetic.clip import CLASSES, RENDER_VERSION, Difficulty
from merflow.synthetic.expressions import EMOTIONS, field, pulls
from merflow.synthetic.generate import demo_dataset
from merflow.synthetic.identity import STYLES, random_identity
from merflow.synthetic.motion import motion
from merflow.synthetic.portrait import Scene
from merflow.synthetic.render import render_clip, true_fields
from merflow.synthetic.warp import Warp, displacement

casme2, samm, smic = map(demo_dataset, ("casme2", "samm", "smic"))
STILL = Difficulty(
    noise=0,
    flicker=0,
    drift_px=0,
    roll_degrees=0,
    turn_degrees=0,
    distractors=0,
    blink_share=0,
    crease=0,
)


def model(name):
    found = [f for f in files("face_recognition_models") if f.name == name]
    return str(found[0].locate())


@pytest.fixture(scope="module")
def detector():
    return dlib.get_frontal_face_detector()


@pytest.fixture(scope="module")
def predictor():
    return dlib.shape_predictor(model("shape_predictor_68_face_landmarks.dat"))


def some_clip(number=0, small=True, plan=casme2.plan, **changes):
    return replace(plan(1, 3, 1, small=small)[number], **changes)


def eye_distance(points):
    return np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))


@pytest.mark.parametrize("person", range(8))
def test_dlib_finds_one_face_and_its_landmarks_near_the_truth(detector, predictor, person):
    clip = some_clip(small=False, person=person, offset=some_clip(small=False).apex + 1)
    truth = Warp(clip).landmarks()
    for t, frame in enumerate(render_clip(clip)):
        if t not in (0, clip.apex - clip.onset):
            continue
        found = detector(frame, 0)
        assert len(found) == 1
        points = np.array([(p.x, p.y) for p in predictor(frame, found[0]).parts()])
        error = np.linalg.norm(points - truth[t], axis=1).mean() / eye_distance(truth[t])
        assert error < 0.05


@pytest.mark.parametrize("plan", [smic.plan, samm.plan])
def test_dlib_finds_the_face_in_each_dataset_and_in_small_frames(detector, plan):
    for small in (False, True):
        assert len(detector(next(render_clip(some_clip(plan=plan, small=small))), 0)) == 1


def test_dlib_finds_the_face_while_it_blinks(detector):
    clip = some_clip(small=False, difficulty=Difficulty(blink_share=1.0))
    closed = motion(clip).closed
    assert closed.max() > 0.7 and closed[0] < 0.5
    for t, frame in enumerate(render_clip(clip)):
        if t == closed.argmax():
            assert len(detector(frame, 0)) == 1


def test_every_hair_style_and_every_emotion_can_be_drawn():
    styles = {random_identity(seed).style for seed in range(60)}
    assert styles == set(STYLES)
    grid = Scene((160, 120), 10.0).grid()
    person = random_identity(0)
    for word, ways in EMOTIONS.items():
        for units in ways:
            assert {unit.lstrip("LR") for unit in units} <= pulls(person).keys(), word
            moved = field(person, grid, units.items())
            assert np.hypot(*moved.transpose(2, 0, 1)).max() == pytest.approx(1, abs=1e-5)


def test_a_unilateral_action_unit_moves_its_own_side_only():
    grid = Scene((320, 240), 20.0).grid()
    moved = np.abs(field(random_identity(3), grid, [("L12", 1.0)])).sum(-1)
    # The subject's left is the picture's right.
    assert moved[:, 170:].max() > 0.9 and moved[:, :150].max() < 0.05


def test_the_peak_of_the_true_field_is_the_clips_amplitude():
    for clip in casme2.plan(1, 3, 1, small=True):
        peak = np.linalg.norm(true_fields(Warp(clip)).expression, axis=-1).max()
        assert peak == pytest.approx(clip.amplitude_px, rel=0.03)


def test_the_true_field_is_the_movement_in_the_frames():
    clip = some_clip(1, small=False, amplitude_px=2.0, difficulty=STILL)
    frames = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in render_clip(clip)]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    seen = dis.calc(frames[0], frames[clip.apex - clip.onset], None)
    truth = true_fields(Warp(clip))
    assert np.abs(truth.head).max() < 1e-4 and np.abs(truth.distractors).max() == 0
    face = (slice(120, 420), slice(200, 440))
    assert np.corrcoef(seen[face].ravel(), truth.expression[face].ravel())[0, 1] > 0.9
    # And by the right amount: the field brings the apex frame back onto the onset frame.
    h, w = frames[0].shape
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    moved = truth.expression
    apex = frames[clip.apex - clip.onset]
    back = cv2.remap(apex, x + moved[..., 0], y + moved[..., 1], cv2.INTER_LINEAR)
    strong = np.linalg.norm(moved, axis=-1) > 0.5
    onset = frames[0][strong].astype(float)
    assert np.abs(back[strong] - onset).mean() < 0.25 * np.abs(apex[strong] - onset).mean()


def test_landmarks_move_as_the_three_fields_together_say():
    clip = some_clip(2, small=False, difficulty=Difficulty(drift_px=3.0))
    truth, points = true_fields(Warp(clip)), Warp(clip).landmarks()
    total = truth.expression + truth.head + truth.distractors
    at = points[0].astype(np.float32)
    said = cv2.remap(total, at[:, None, 0], at[:, None, 1], cv2.INTER_LINEAR)[:, 0]
    moved = points[clip.apex - clip.onset] - points[0]
    assert np.abs(moved).max() > 0.5
    assert np.abs(moved - said).max() < 0.03


def test_the_inverse_warp_has_converged():
    clip = some_clip(small=False)
    warp, t = Warp(clip), clip.apex - clip.onset
    placed = warp.unplaced(warp.part)
    x, y = warp.sources(t, placed, warp.sources(0, placed))
    moved = warp.look_up(displacement(warp.maps, warp.motion, t), x, y)
    error = np.hypot(x + moved[..., 0] - placed[0], y + moved[..., 1] - placed[1])
    assert error.max() < 0.05 and np.percentile(error, 99) < 0.005


def test_the_expression_starts_at_the_onset_and_peaks_at_the_apex():
    for plan in (smic.plan, casme2.plan, samm.plan):
        for clip in plan(2, 3, 5):
            course = motion(clip).course
            if clip.units:
                assert course[0] == 0 and course.argmax() == clip.apex - clip.onset
                assert course[-1] < 0.3
            else:
                assert not course.any()


def test_difficulty_knobs_change_what_they_name():
    clip = some_clip(difficulty=STILL)
    quiet = list(render_clip(clip))
    assert np.array_equal(quiet[0], next(render_clip(clip)))
    loud = next(render_clip(replace(clip, difficulty=replace(STILL, noise=3.0))))
    assert np.std(loud.astype(float) - quiet[0]) == pytest.approx(3.0, rel=0.05)
    far = true_fields(Warp(replace(clip, difficulty=replace(STILL, drift_px=2.0))))
    assert np.abs(far.head).max() > 0.2
    busy = true_fields(Warp(replace(clip, difficulty=replace(STILL, distractors=3))))
    assert np.abs(busy.distractors).max() > 0.02


def bytes_of(clip):
    return hashlib.sha256(b"".join(f.tobytes() for f in render_clip(clip))).hexdigest()


def test_the_same_clip_has_the_same_bytes_whatever_the_threads():
    clip = some_clip(difficulty=Difficulty(blink_share=1.0))
    before = cv2.getNumThreads()
    try:
        digests = set()
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            digests.add(bytes_of(clip))
    finally:
        cv2.setNumThreads(before)
    assert len(digests) == 1


def test_the_same_clip_has_the_same_bytes_in_another_process():
    code = (
        "from test_faces import bytes_of, some_clip; print(bytes_of(some_clip()))"  # fresh caches
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        check=True,
    )
    assert done.stdout.strip() == bytes_of(some_clip())


def test_another_seed_is_another_person_and_another_movement():
    one, two = casme2.plan(1, 3, 1)[0], casme2.plan(1, 3, 2)[0]
    assert one.person != two.person and one.seed != two.seed


def test_grey_clips_have_three_equal_channels():
    frame = next(render_clip(some_clip(plan=samm.plan)))
    assert frame.dtype == np.uint8 and frame.shape == (256, 480, 3)
    assert np.array_equal(frame[..., 0], frame[..., 2])


@pytest.mark.parametrize("plan", [smic.plan, casme2.plan, samm.plan])
def test_every_subject_has_all_three_classes_and_ids_are_unique(plan):
    clips = plan(4, 6, 3)
    for subject in {clip.key.subject for clip in clips}:
        drawn = {clip.expression for clip in clips if clip.key.subject == subject}
        assert set(CLASSES) <= drawn
    assert len({clip.key for clip in clips}) == len(clips)
    low, high = Difficulty().amplitude_px
    scale = clips[0].size[1] / 480
    peaks = [clip.amplitude_px for clip in clips if clip.units]
    assert low * scale <= min(peaks) and max(peaks) <= high * scale


def test_a_change_of_the_pixels_raises_the_version():
    """Coarse means, the same on every machine: raise RENDER_VERSION when these must change."""
    clip = some_clip(difficulty=Difficulty())
    frame = list(render_clip(clip))[clip.apex - clip.onset]
    means = cv2.resize(frame, (6, 4), interpolation=cv2.INTER_AREA)[..., 1].astype(int)
    known = [
        [167, 161, 100, 104, 151, 146],
        [161, 146, 85, 75, 146, 144],
        [157, 152, 85, 87, 142, 139],
        [154, 138, 104, 104, 129, 135],
    ]
    assert RENDER_VERSION == 1
    assert np.abs(means - known).max() <= 1
