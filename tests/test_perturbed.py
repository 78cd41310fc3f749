"""What another processor changes by one grey level must not move the aligned picture."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
from face_makers import DISGUST, SURPRISE, arrays_of, demo_clip

from merflow.align import clip_views, find_faces
from merflow.clips import eye_centres
from merflow.faces import Finder
from merflow.rigid import middle
from merflow.select import peak
from merflow.settings import Align
from merflow.spotting import spans

SOURCE = Path(__file__).parents[1] / "benchmarks" / "perturbed.py"
SPEC = importlib.util.spec_from_file_location("perturbed", SOURCE)
perturbed = importlib.util.module_from_spec(SPEC)
sys.modules["perturbed"] = perturbed
SPEC.loader.exec_module(perturbed)


def test_one_grey_level_moves_what_the_tracker_gives_by_less_than_2_thousandths_of_a_pixel():
    finder, settings, moves = Finder(5), Align(), []
    for units, person in ((SURPRISE, 3), (DISGUST, 11)):
        arrays = arrays_of(demo_clip(units, person, frames=20))
        faces = find_faces(arrays, settings, finder)
        landmarks, views, _ = clip_views(arrays, settings, faces)
        for seed in range(12):
            other = clip_views(perturbed.perturbed(arrays, seed), settings, faces)[1]
            moves.append(perturbed.moves(views, other, eye_centres(landmarks))[1])
    assert 0 < np.percentile(moves, 95) < 0.002


def test_a_quantile_does_not_jump_where_two_values_change_places():
    weights = np.array([0.1, 0.3, 0.2, 0.4])
    low = middle(np.array([[1.0, 2.0 - 1e-9, 2.0 + 1e-9, 9.0]]), weights, 0.3)
    high = middle(np.array([[1.0, 2.0 + 1e-9, 2.0 - 1e-9, 9.0]]), weights, 0.3)
    assert np.allclose(low, high, atol=1e-8)


def test_the_apex_of_a_peak_moves_in_parts_of_a_frame():
    time = np.arange(30.0)
    apart = [peak(np.exp(-((time - at) ** 2) / 50)) for at in (14.4, 14.5, 14.6)]
    assert np.allclose(np.diff(apart), 0.1, atol=0.05)


def test_a_movement_is_timed_in_parts_of_a_frame():
    measure = np.ones(60)
    measure[20:26] = 4.0
    found, _ = spans(measure, 100.0, rest=1.0)
    assert [(one.first, one.last, one.strength) for one in found] == [(20, 25, 4.0)]
    measure[[19, 26]] = 1.7 - 1e-9
    again, _ = spans(measure, 100.0, rest=1.0)
    assert abs(again[0].last - again[0].first - 5) <= 2
