"""What each negative control takes from the clips, and what it must leave."""

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import MerflowError
from merflow.evaluation.negative_controls import CONTROLS, apply, face_mask

KEYS = [ClipKey(d, "s01", f"c{k}") for d in ("smic", "casme2", "samm") for k in range(2)]
LENGTHS = [10, 20, 40, 80, 160, 320]


def clips(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (6, 5, 16, 16, 1), np.uint8)


def test_every_control_of_the_settings_is_known():
    field = Experiment.model_fields["control"].annotation
    assert set(field.__args__) == set(CONTROLS)
    with pytest.raises(MerflowError, match="unknown control 'frozn'"):
        apply("frozn", clips(), KEYS, LENGTHS)


@pytest.mark.parametrize("control", CONTROLS)
def test_shape_and_type_stay_and_the_clips_are_not_touched(control):
    x = clips()
    found = apply(control, x, KEYS, LENGTHS)
    assert (found.shape, found.dtype) == (x.shape, x.dtype)
    assert (x == clips()).all()
    assert control == "none" or not np.array_equal(found, x)


def test_time_is_stopped_turned_or_mixed():
    x = clips()
    assert (apply("frozen", x, KEYS, LENGTHS) == x[:, :1]).all()
    assert (apply("reversed", x, KEYS, LENGTHS) == x[:, ::-1]).all()
    mixed = apply("shuffled", x, KEYS, LENGTHS)
    for one, other in zip(x, mixed, strict=True):
        assert sorted(f.tobytes() for f in one) == sorted(f.tobytes() for f in other)


def test_a_clip_is_mixed_alike_whatever_stands_beside_it():
    x = clips()
    alone = apply("shuffled", x[2:3], KEYS[2:3], LENGTHS[2:3])
    assert (alone == apply("shuffled", x, KEYS, LENGTHS)[2:3]).all()


def test_the_mask_leaves_the_corners_alone():
    """The crop hugs the face: its outline lies near the middle of every side."""
    mask = face_mask(64, 64)
    assert mask[0, 16:48].all() and mask[-1, 16:48].all()
    assert mask[20:44, 0].all() and mask[20:44, -1].all()
    assert not mask[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    x = clips()
    found = apply("masked", x, KEYS, LENGTHS)
    assert (found[:, :, 8, 8] == 0).all() and (found[:, :, 0, 0] == x[:, :, 0, 0]).all()


@pytest.mark.parametrize(
    ("control", "groups"), [("dataset-only", [0, 0, 1, 1, 2, 2]), ("length-only", range(6))]
)
def test_one_grey_level_stands_for_what_is_left(control, groups):
    found = apply(control, clips(), KEYS, LENGTHS)
    levels = found[:, 0, 0, 0, 0]
    assert (found == levels[:, None, None, None, None]).all()
    for one, level in zip(groups, levels, strict=True):
        for other, another in zip(groups, levels, strict=True):
            assert (level == another) == (one == other) or {one, other} == {4, 5}


@pytest.mark.parametrize("control", ["reversed", "shuffled"])
def test_flow_is_turned_round_and_its_strain_stays_a_size(control):
    flow = np.random.default_rng(1).normal(0, 1, (len(KEYS), 6, 6, 3)).astype(np.float16)
    seen = apply(control, flow, KEYS, LENGTHS)
    assert (seen[..., :2] == -flow[..., :2]).all() and (seen[..., 2] == flow[..., 2]).all()
    assert seen.dtype == np.float16


def test_flow_pictures_without_a_zero_are_reversed_around_the_middle_of_their_range():
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    keys = [ClipKey("d", "s", str(i)) for i in range(3)]
    back = apply("reversed", x, keys, [1] * 3)
    assert back.dtype == np.uint8
    assert np.array_equal(back[..., :2], 255 - x[..., :2]), "a sign changed before the stretch"
    assert np.array_equal(back[..., 2], x[..., 2])
    assert not apply("frozen", x, keys, [1] * 3).any()
