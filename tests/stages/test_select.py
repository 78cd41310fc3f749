"""Select: the requested frames, and an apex where none is annotated."""

import numpy as np
import pytest
from face_makers import DISGUST, HAPPY, SURPRISE, arrays_of, demo_clip
from hypothesis import given
from hypothesis import strategies as st

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Align, Crop, Select
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.select import APEX_METHOD, find_apex, select_clip, select_frames, with_apex
from merflow.workflow.face_finder import load_finder


@pytest.fixture(scope="module")
def finder():
    return load_finder(5)


def cropped(clip, finder, **changes):
    aligned = align_clip(arrays_of(clip, **changes), Align(), finder)
    return crop_clip(aligned, Crop(working_size=128))


def counted(count, apex, **changes):
    """A clip in which every frame holds its position."""
    frames = np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 16, 16, 1)
    )
    given = {"onset": 0, "apex": apex, "offset": count - 1}
    return ClipArrays(
        ClipKey("casme2", "sub01", "EP02_01f"),
        frames,
        200.0,
        np.arange(count) + 500,
        **given | changes,
    )


def test_all_leaves_the_clip_alone():
    clip = counted(20, None)
    assert select_clip(clip, Select()) is clip


def test_apex_nine_is_onset_three_apex_three_offset():
    done = select_clip(counted(30, 10), Select(frames="apex-nine"))
    assert done.frames[:, 0, 0, 0].tolist() == [0, 2, 5, 8, 10, 15, 20, 24, 29]
    assert (done.onset, done.apex, done.offset) == (0, 4, 8)
    assert done.numbers.tolist() == (done.frames[:, 0, 0, 0].astype(int) + 500).tolist()


def test_apex_nine_of_a_short_clip_repeats_frames():
    done = select_clip(counted(4, 1), Select(frames="apex-nine"))
    assert done.frames[:, 0, 0, 0].tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3]
    assert len(done.frames) == 9


def test_windows_are_forward_both_sides_backward_and_every_nth_other():
    chosen = select_frames(0, 15, 40, Select(frames="windows", window=2))
    assert chosen.tolist() == [0, 1, 2, 13, 14, 15, 16, 17, 38, 39, 40]
    more = select_frames(0, 15, 40, Select(frames="windows", window=2, every=10))
    assert sorted(set(more) - set(chosen)) == [3, 18, 28]


def test_onset_apex_ends_with_the_apex():
    done = select_clip(counted(20, 7), Select(frames="onset-apex"))
    assert done.frames[:, 0, 0, 0].tolist() == list(range(8))
    assert (done.onset, done.apex, done.offset) == (0, 7, 7)


def test_an_apex_outside_the_clip_is_brought_inside():
    assert with_apex(counted(20, 30)).apex == 19
    assert with_apex(counted(20, 2, onset=5)).apex == 5


kinds = st.sampled_from(["all", "windows", "apex-nine", "onset-apex"])


@given(st.integers(0, 5), st.integers(0, 60), st.integers(0, 60), kinds, st.integers(1, 9))
def test_chosen_frames_are_in_order_and_hold_the_key_frames(onset, rise, fall, kind, window):
    apex, offset = onset + rise, onset + rise + fall
    chosen = select_frames(onset, apex, offset, Select(frames=kind, window=window, every=3))
    assert (np.diff(chosen) >= 0).all()
    assert chosen[0] == onset
    assert apex in chosen
    assert chosen[-1] == (apex if kind == "onset-apex" else offset)


@pytest.mark.parametrize(
    ("units", "person", "amplitude"),
    [(HAPPY, 3, 1.0), (SURPRISE, 27, 0.4), (DISGUST, 3, 0.4)],
)
def test_the_apex_is_where_the_face_has_moved_most(finder, units, person, amplitude):
    clip = demo_clip(units, person, frames=30, amplitude=amplitude)
    arrays = cropped(clip, finder)
    assert abs(find_apex(arrays.frames, arrays.landmarks) - arrays.apex) <= 2


def test_a_blink_is_not_taken_for_the_apex(finder):
    clip = demo_clip(SURPRISE, 3, frames=40, blink_share=1.0)
    arrays = cropped(clip, finder)
    assert abs(find_apex(arrays.frames, arrays.landmarks) - arrays.apex) <= 2


def test_a_change_of_light_is_not_taken_for_the_apex(finder):
    arrays = cropped(demo_clip(HAPPY, 3, frames=30), finder)
    frames = arrays.frames.astype(np.float64)
    frames[24:27] = 0.8 * frames[24:27] + 15
    lit = np.clip(frames, 0, 255).astype(np.uint8)
    assert abs(find_apex(lit, arrays.landmarks) - arrays.apex) <= 2


def test_an_apex_that_was_found_is_recorded_with_its_method(finder):
    arrays = cropped(demo_clip(HAPPY, 3, frames=30), finder, apex=None)
    done = select_clip(arrays, Select(frames="onset-apex"))
    assert done.facts["apex"]["method"] == APEX_METHOD
    assert done.facts["apex"]["position"] == len(done.frames) - 1
    known = select_clip(counted(20, 7), Select(frames="onset-apex"))
    assert known.facts["apex"] == {"method": "annotated", "position": 7}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_and_constant_clips_have_an_apex(count):
    frames = np.full((count, 40, 30, 3), 128, np.uint8)
    assert 0 <= find_apex(frames) < count
