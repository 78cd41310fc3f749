"""Changes by one grey level, as between processors, must not move the aligned frames."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
from face_makers import DISGUST, SURPRISE, arrays_of, demo_clip

from merflow.clip import eye_centres
from merflow.config.settings import Align
from merflow.stages.align import clip_views, find_faces, further_faces, mean_landmarks
from merflow.stages.faces import READS, Face
from merflow.stages.geometry import apply, ellipse_mask
from merflow.stages.head_motion import Drift
from merflow.stages.movement import _crossings, spans
from merflow.stages.resample import as_grey
from merflow.stages.rigid_fit import weighted_quantile
from merflow.stages.select import peak
from merflow.workflow.face_finder import load_finder

SOURCE = Path(__file__).parents[2] / "benchmarks" / "perturbed.py"
SPEC = importlib.util.spec_from_file_location("perturbed", SOURCE)
perturbed = importlib.util.module_from_spec(SPEC)
sys.modules["perturbed"] = perturbed
SPEC.loader.exec_module(perturbed)


def test_one_grey_level_moves_the_drift_by_less_than_2_thousandths_of_a_pixel():
    finder, settings, moves = load_finder(5), Align(), []
    for units, person in ((SURPRISE, 3), (DISGUST, 11)):
        arrays = arrays_of(demo_clip(units, person, frames=20))
        faces = find_faces(arrays, settings, finder)
        landmarks, views, _ = clip_views(arrays, settings, faces)
        for seed in range(6):
            other = clip_views(perturbed.perturbed(arrays, seed), settings, faces)[1]
            moves.append(perturbed.moves(views, other, eye_centres(landmarks))[1])
    assert 0 < np.percentile(moves, 95) < 0.002


def test_a_quantile_does_not_jump_where_a_weight_passes_it():
    values = np.array([[1.0, 9.0]])
    low, high = (
        weighted_quantile(values, np.array([w, 1 - w]), 0.5) for w in (0.5 - 1e-6, 0.5 + 1e-6)
    )
    assert np.allclose(low, high, atol=1e-3)  # a plain quantile would go from 9 to 1


def test_one_grey_level_moves_the_landmarks_less_than_a_fiftieth_of_a_pixel():
    finder, settings = load_finder(5), Align()
    arrays = arrays_of(demo_clip(SURPRISE, 3, frames=20))
    faces = find_faces(arrays, settings, finder)
    still, _, drift = clip_views(arrays, settings, faces, finder)
    further = further_faces(arrays, faces, drift, finder)
    assert len(further) > 8
    few, all_of_them = (
        apply(drift.transforms[0], mean_landmarks(some, drift)) for some in (faces, faces | further)
    )
    assert np.allclose(all_of_them, still) and not np.allclose(few, still)
    moves = []
    for seed in range(8):
        other = perturbed.perturbed(arrays, seed)
        found = clip_views(other, settings, find_faces(other, settings, finder), finder)[0]
        moves.append(perturbed.landmark_change(still, found))
    assert 0 < max(moves) < 0.02


def test_outlying_landmarks_have_little_weight():
    clear = np.array([[100.0, 200.0], [140, 200], [160, 200], [200, 200], [150, 260]])
    still = np.broadcast_to(np.eye(2, 3), (9, 2, 3))
    drift = Drift(still, clear, np.ones(5), 0.0, 1.0)
    seen = {t: Face((0, 0, 300, 300), clear + (20 if t == 8 else 0), 1) for t in range(9)}
    assert 0 < np.abs(mean_landmarks(seen, drift) - clear).max() < 0.3  # of 20 / 9, evenly


def test_averaged_landmarks_jump_less_than_single_ones():
    finder = load_finder(5)
    arrays = arrays_of(demo_clip(SURPRISE, 3, frames=20))
    frame, box = arrays.frames[0], finder.find(arrays.frames[0]).box
    rolled = [np.roll(frame, k, axis=1) for k in range(6)]  # whole px: the truth moves with it
    spread = {}
    for name, reads in (("one", READS[:1]), ("all", READS)):
        moved = [finder.read(as_grey(one), box, reads) - [k, 0] for k, one in enumerate(rolled)]
        spread[name] = float(np.std(moved, axis=0).mean())
    assert spread["all"] < spread["one"]


def test_the_eye_mask_has_a_soft_rim():
    here, beside = (
        ellipse_mask([np.array([x, 30.0])], (12, 8), (64, 64), 2.0) for x in (30, 30.001)
    )
    assert here[30, 30] == 0 and here[0, 0] == 1 and ((here > 0) & (here < 1)).sum() > 40
    assert 0 < np.abs(here - beside).max() < 0.01


def test_the_apex_of_a_peak_moves_in_parts_of_a_frame():
    time = np.arange(30.0)
    apart = [peak(np.exp(-((time - at) ** 2) / 50)) for at in (14.4, 14.5, 14.6)]
    assert np.allclose(np.diff(apart), 0.1, atol=0.05)


def test_a_movement_is_timed_in_parts_of_a_frame():
    measure = np.ones(60)
    measure[20:26] = 4.0
    found, _ = spans(measure, 100.0, rest=1.0)
    assert [(one.first, one.last, one.strength) for one in found] == [(20, 25, 4.0)]
    measure[[19, 26]] = 1.7
    below, above = (_crossings(measure, 1.7 + gap)[0] for gap in (1e-9, -1e-9))
    assert np.allclose(below, above, atol=1e-6)
    assert np.allclose(_crossings(np.array([1.0, 1.0, 2.0, 2.0]), 1.25)[0], (1.25, 3.5))
