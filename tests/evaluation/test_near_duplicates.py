"""Altered copies of generated clips are found, and different people are kept apart.

The long form, 1,000 people, is tests/hostile/altered_copies.py.
"""

import numpy as np
import pytest
from altered_clips import ALTERATIONS, people

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.near_duplicates import (
    CAMERA_SIDE,
    LEAST_SIDE,
    Portraits,
    near_duplicates,
    picture_of,
    portraits,
    refuse_near_duplicates,
)

PEOPLE, CLIPS = 3, 2


@pytest.fixture(scope="module")
def drawn():
    """Two clips of each of three people: raw and prepared frames."""
    _, raw, prepared = zip(*people(0, PEOPLE, CLIPS), strict=True)
    return list(raw), np.stack(prepared)


def camera(clips):
    middle = [picture_of(x[len(x) // 2, ..., 0], CAMERA_SIDE) for x in clips]
    return Portraits.of(np.stack(middle), camera=True)


def others():
    """(6, 6) bool: clips of different people."""
    owner = np.arange(PEOPLE * CLIPS) // CLIPS
    return owner[:, None] != owner


@pytest.mark.parametrize("name", ALTERATIONS)
def test_each_altered_copy_is_found_among_prepared_clips_and_camera_frames(drawn, name):
    raw, prepared = drawn
    alter = ALTERATIONS[name]
    copies = np.stack([alter(x) for x in prepared])
    sets = [(portraits(copies), portraits(prepared)), (camera(map(alter, raw)), camera(raw))]
    for first, second in sets:
        for one, other in ((first, second), (second, first)):
            own = near_duplicates(one, other, np.eye(len(one), dtype=bool))
            assert [pair.first for pair in own] == list(range(len(one)))
            assert near_duplicates(one, other, others()) == []


def test_different_people_are_no_copies(drawn):
    raw, prepared = drawn
    for seen in (portraits(prepared), camera(raw), portraits(prepared[:, :, ::2, ::2])):
        assert near_duplicates(seen, seen, others()) == []


def test_a_still_copy_is_found_and_empty_frames_are_not_compared(drawn):
    still = np.repeat(drawn[1][:1, :1], 10, axis=1)
    assert len(near_duplicates(portraits(still), portraits(drawn[1]))) == 1
    empty = portraits(np.full_like(still, 128))
    assert near_duplicates(empty, empty) == []


def test_flow_and_tiny_frames_are_left_to_the_comparison_of_bytes():
    assert portraits(np.zeros((2, 28, 28, 3), np.float16)) is None
    assert portraits(np.zeros((2, 4, LEAST_SIDE - 1, 64, 1), np.uint8)) is None


def test_the_message_names_both_clips(drawn):
    keys = [ClipKey("mine", f"p{k}", "a") for k in range(2)]
    train, test = portraits(drawn[1][::CLIPS][:2]), portraits(drawn[1][:1, :, :, ::-1])
    with pytest.raises(MerflowError, match="test clip mine/p9/b and training clip mine/p0/a"):
        refuse_near_duplicates("fold 1", (train, keys), (test, [ClipKey("mine", "p9", "b")]))
