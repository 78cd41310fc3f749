"""Key frames move by a distance scaled with the rate, in fixed directions, as far as frames go."""

import numpy as np
import pytest

from merflow.clip import ClipArrays, ClipKey
from merflow.stages.key_frame_noise import in_frames, middle_apex, moved_clip

NAMES = "abcdefghijklmnop"


def clip(count=60, apex=24, name="c", fps=200.0, onset=0, offset=None):
    frames = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    key = ClipKey("smic", "s01", name)
    last = count - 1 if offset is None else offset
    facts = {"frames": count}
    return ClipArrays(key, frames, fps, np.arange(count) + 7, onset, apex, last, facts=facts)


def shown(moved):
    """Return the first and last frame, and those at onset, apex and offset."""
    value = moved.clip.frames[:, 0, 0, 0].astype(int)
    keys = (moved.clip.onset, moved.clip.apex, moved.clip.offset)
    return (value[0], value[-1], *(value[key] for key in keys))


def test_distance_zero_returns_the_clip_itself():
    given = clip()
    moved = moved_clip(given, 0, 0)
    assert moved.clip is given and moved.distance == 0.0
    assert not (moved.no_earlier or moved.no_later or moved.span_clipped or moved.apex_clipped)


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_cut_at_its_key_frames_is_cut_again_and_never_grows(name):
    moved = moved_clip(clip(name=name), 4, 0)
    first, last, onset, apex, offset = shown(moved)
    assert (first, last) == (onset, offset)
    assert (first, moved.no_earlier) in ((0, True), (4, False))
    assert (last, moved.no_later) in ((59, True), (55, False))
    assert apex in (20, 28)
    assert moved.clip.numbers[0] == first + 7
    assert moved.clip.facts["frames"] == last - first + 1 == len(moved.clip.frames)
    assert moved.distance == pytest.approx((first + 59 - last + 4) / 3)


@pytest.mark.parametrize("name", NAMES)
def test_key_frames_move_outwards_where_the_clip_has_frames(name):
    given = clip(name=name, onset=20, apex=30, offset=40)
    moved = moved_clip(given, 4, 0)
    first, last, onset, apex, offset = shown(moved)
    assert (first, last) == (0, 59), "frames outside the span stay, as in the plain run"
    assert onset in (16, 24) and apex in (26, 34) and offset in (36, 44)
    assert not (moved.no_earlier or moved.no_later)
    assert moved.distance == 4.0


def test_both_directions_occur_and_depend_on_seed_and_clip_only():
    def onsets(distance, seed=0):
        each = (clip(name=n, onset=20, apex=30, offset=40) for n in NAMES)
        return [moved_clip(one, distance, seed).clip.onset - 20 for one in each]

    four = onsets(4)
    assert {*four} == {-4, 4} and four == onsets(4)
    assert onsets(2) == [value // 2 for value in four]
    assert onsets(4, seed=1) != four


@pytest.mark.parametrize(("fps", "frames"), [(200.0, 8), (100.0, 4), (30.0, 1), (500.0, 20)])
def test_distances_are_scaled_by_the_rate(fps, frames):
    assert in_frames(8, fps) == frames
    moved = moved_clip(clip(200, 95, fps=fps, onset=60, offset=140), 8, 0)
    assert abs(moved.clip.onset - 60) == abs(moved.clip.offset - 140) == frames
    assert moved.distance == pytest.approx(frames * 200 / fps)


def test_a_distance_longer_than_the_span_is_clipped_and_counted():
    each = [moved_clip(clip(9, 4, name), 50, 0) for name in NAMES]
    for moved in each:
        *_, onset, apex, offset = shown(moved)
        assert offset - onset >= 2 and onset <= apex <= offset
        assert moved.apex_clipped
    assert any(moved.span_clipped for moved in each)
    assert all(moved.span_clipped or moved.no_earlier for moved in each)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_clip_of_three_frames_or_fewer_keeps_them(count):
    for name in NAMES:
        moved = moved_clip(clip(count, min(1, count - 1), name), 50, 0)
        assert len(moved.clip.frames) == count


def test_an_unknown_apex_stays_unknown_and_the_middle_replaces_an_annotated_one():
    assert moved_clip(clip(apex=None), 4, 0).clip.apex is None
    middle = middle_apex(clip(apex=24))
    assert middle.clip.apex == 29 and middle.distance == 5.0
    assert middle_apex(clip(apex=24, fps=100.0)).distance == 10.0
    np.testing.assert_array_equal(middle.clip.frames, clip().frames)
