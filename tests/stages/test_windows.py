"""Windows of a recording: their pictures, and what they leave out."""

import numpy as np
import pytest

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Windows
from merflow.errors import SkipClip
from merflow.stages.windows import (
    PICTURE,
    SIDE,
    face_of,
    picture,
    scaled,
    strain_of,
    windows_clip,
)

POINTS = np.array([[88, 40], [74, 40], [40, 40], [54, 40], [64, 70]], np.float32)
"""Five landmarks of an image of SIDE px: corners of the right and of the left eye, the nose."""


def textured(frames=20, side=SIDE, moved=()):
    """Return a recording of a still texture; at the positions `moved` the mouth is shifted."""
    rng = np.random.default_rng(0)
    still = np.kron(rng.integers(0, 255, (side // 4, side // 4)), np.ones((4, 4))).astype(np.uint8)
    many = np.repeat(still[None, ..., None], frames, 0)
    for t in moved:
        many[t, 80:118, 30:98] = np.roll(many[t, 80:118, 30:98], 2, axis=0)
    key = ClipKey("d", "s", "r")
    numbers = np.arange(1, frames + 1)
    return ClipArrays(key, many, 100.0, numbers, 0, None, frames - 1, landmarks=POINTS)


def test_windows_count_by_their_first_frames_and_every():
    made = windows_clip(textured(), Windows(method="farneback"), "k6")
    assert made.frames.shape == (14, PICTURE, PICTURE, 3)
    assert made.frames.dtype == np.float16
    assert made.facts["recording"] == [1, 20]
    assert made.numbers.tolist() == list(range(1, 15))
    fewer = windows_clip(textured(), Windows(method="farneback", every=4), "k6")
    assert fewer.numbers.tolist() == [1, 5, 9, 13]
    assert np.array_equal(fewer.frames, made.frames[::4])


def test_a_window_is_the_motion_to_the_frame_k_later():
    clip = textured(12, moved=range(6, 12))
    made = windows_clip(clip, Windows(method="farneback"), "k3").frames
    mouth = made[:, PICTURE // 2 :, :, 1].mean((1, 2))
    assert (mouth[[3, 4, 5]] > 3e-3).all()  # Frames 3..5 to 6..8: the mouth moves within.
    assert (mouth[[0, 1, 2, 6, 7, 8]] < 1e-4).all()


def test_a_recording_shorter_than_a_window_is_skipped():
    with pytest.raises(SkipClip, match="6 frames, too few for a window of 7"):
        windows_clip(textured(6), Windows(), "k6")


def test_movement_is_one_number_a_frame():
    made = windows_clip(textured(12, moved=range(6, 12)), Windows(), "movement")
    assert made.frames.shape == (12, 1, 1, 1)
    assert made.frames.dtype == np.float32
    assert made.frames.max() > made.frames.min() >= 0


def test_motion_of_the_whole_face_leaves_nothing():
    field = np.full((SIDE, SIDE, 2), 3.0)
    assert not picture(field, face_of(POINTS, (SIDE, SIDE))).any()


def test_eyes_are_blank():
    face = face_of(POINTS, (SIDE, SIDE))
    field = np.zeros((SIDE, SIDE, 2))
    field[36:43, 30:100] = 4  # The lids.
    assert not picture(field * (1 - face.skin)[..., None], face).any()
    assert face.skin[40, 47] == face.skin[40, 81] == 0
    assert face.skin[90, 64] == 1


def test_motion_is_in_eye_distances_until_a_window_is_stretched():
    face = face_of(POINTS, (SIDE, SIDE))
    field = np.zeros((SIDE, SIDE, 2))
    left, top, right, bottom = face.boxes[1]
    field[top:bottom, left:right, 1] = 0.01 * face.eye_distance
    both = np.stack([picture(field, face), picture(4 * field, face)])
    assert both[:, PICTURE // 2 + 5 :, :, 1].max((1, 2)) == pytest.approx([0.01, 0.04], rel=1e-3)
    assert scaled(both, "eye-distance") is both
    weak, strong = scaled(both, "window")
    assert weak == pytest.approx(strong, abs=2e-3)
    assert weak[..., 1].max() == 1
    assert weak.min() == 0


def test_strain_of_a_stretch():
    field = np.zeros((4, 5, 2))
    field[..., 0] = 0.1 * np.arange(5)
    strain = strain_of(field)
    assert strain[:, :4] == pytest.approx(np.full((4, 4), 0.1))
    assert not strain[:, 4].any()


def test_sixty_eight_points_give_brows_and_mouth():
    rng = np.random.default_rng(1)
    points = rng.uniform(20, 100, (68, 2))
    points[17:27] = np.column_stack([np.linspace(30, 90, 10), np.full(10, 30)])
    points[48:68] = np.column_stack([np.linspace(45, 80, 20), np.full(20, 95)])
    face = face_of(2 * points, (2 * SIDE, 2 * SIDE))
    assert face.boxes == ((18, 18, 102, 42), (33, 83, 92, 107))


def test_movement_does_not_depend_on_how_many_frames_are_held(monkeypatch):
    clip = textured(60, moved=range(25, 40))
    whole = windows_clip(clip, Windows(), "movement").frames
    monkeypatch.setattr("merflow.stages.movement.BLOCK", 17)
    assert np.array_equal(windows_clip(clip, Windows(), "movement").frames, whole)
