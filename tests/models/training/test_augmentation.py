"""Random changes of training clips: one draw a clip, for all its frames, and flow stays flow."""

import numpy as np
import pytest

from merflow.config.settings import Augment
from merflow.errors import MerflowError
from merflow.models.training import augmentation
from merflow.stages.flow_picture import flow_picture

RNG = np.random.default_rng


def still(count=8, frames=5, side=16):
    """Clips whose frames are all alike, each clip its own picture."""
    pictures = RNG(3).uniform(60, 200, (count, 1, side, side, 1))
    return np.repeat(pictures, frames, axis=1).astype(np.uint8)


@pytest.mark.parametrize(
    "settings",
    [
        {"flip": True},
        {"shift": 0.2},
        {"rotate": 20},
        {"brightness": 0.3},
        {"noise": 5},
        {"half_face": True},
    ],
    ids=str,
)
def test_all_frames_of_a_clip_are_changed_alike_and_clips_differently(settings):
    x = still()
    out = augmentation.changed(RNG(0), x, Augment(**settings))
    assert out.shape == x.shape
    assert out.dtype == np.float32
    assert (out == out[:, :1]).all(), "a change per frame would be motion that was never there"
    changes = out[:, 0] - x[:, 0]
    assert np.abs(changes).max() > 1
    kinds = {np.round(c, 3).tobytes() for c in changes / np.maximum(x[:, 0], 1.0)}
    assert len(kinds) > 2


def test_nothing_is_changed_when_nothing_is_on():
    assert (augmentation.changed(RNG(0), still(), Augment()) == still()).all()


def test_flip_mirrors_about_half_of_the_clips():
    x = still(200)
    out = augmentation.changed(RNG(0), x, Augment(flip=True))
    mirrored = [(o == c[:, :, ::-1]).all() for o, c in zip(out, x, strict=True)]
    same = [(o == c).all() for o, c in zip(out, x, strict=True)]
    assert sum(mirrored) + sum(same) == 200
    assert 75 < sum(mirrored) < 125


def test_half_face_makes_a_symmetric_face_of_either_half():
    x = still(60)
    out = augmentation.changed(RNG(0), x, Augment(half_face=True))
    left = right = 0
    for o, c in zip(out, x, strict=True):
        if (o == c).all():
            continue
        assert (o == o[:, :, ::-1]).all()
        left += bool((o[:, :, :8] == c[:, :, :8]).all())
        right += bool((o[:, :, 8:] == c[:, :, 8:]).all())
    assert left > 5
    assert right > 5


def test_jitter_moves_the_clip_in_time_and_repeats_its_ends():
    x = np.broadcast_to(np.arange(10.0)[None, :, None, None, None], (40, 10, 4, 4, 1))
    out = augmentation.changed(RNG(0), x, Augment(jitter=3))[:, :, 0, 0, 0]
    lags = {int(np.round(5 - clip[5])) for clip in out}
    assert lags == {-3, -2, -1, 0, 1, 2, 3}
    for clip in out:
        lag = int(5 - clip[5])
        assert clip.tolist() == np.clip(np.arange(10) - lag, 0, 9).tolist()


def test_a_shift_of_whole_pixels_moves_the_picture_by_them():
    x = still(1)[0].astype(np.float32)
    out = augmentation.moved(x, 3, -2, 0, flow=False)
    np.testing.assert_allclose(out[:, :-2, 3:], x[:, 2:, :-3], atol=1e-3)


def test_a_shift_stays_within_its_share_of_the_side():
    x = np.zeros((200, 1, 21, 21, 1), np.uint8)
    x[:, :, 10, 10] = 200
    out = augmentation.changed(RNG(0), x, Augment(shift=0.2))[:, 0, :, :, 0]
    grid = np.arange(21)
    rows = (out.sum(2) * grid).sum(1) / out.sum((1, 2)) - 10
    assert np.abs(rows).max() <= 0.2 * 21 + 1e-3
    assert np.abs(rows).max() > 3


def test_brightness_and_noise_stay_within_grey_levels():
    x = np.full((20, 2, 8, 8, 1), 250, np.uint8)
    out = augmentation.changed(RNG(0), x, Augment(brightness=0.5, noise=10))
    assert out.max() <= 255
    assert out.min() >= 0


def flow_of(matrix, side=17):
    """A linear flow field about the centre: u, v = matrix @ (x, y); strain 1."""
    at = np.arange(side) - (side - 1) / 2
    x, y = np.meshgrid(at, at)
    vectors = np.stack([x, y], -1) @ np.asarray(matrix, float).T
    return np.concatenate([vectors, np.ones((side, side, 1))], -1)[None].astype(np.float32)


def test_mirrored_flow_turns_its_horizontal_part_round():
    field = flow_of([[1, 0], [0, 1]])
    assert np.allclose(augmentation.mirrored(field, flow=True), field), (
        "growth is growth in a mirror"
    )
    spin = flow_of([[0, -1], [1, 0]])
    mirrored = augmentation.mirrored(spin, flow=True)
    assert np.allclose(mirrored[..., :2], -spin[..., :2]), "a spin turns the other way"
    assert np.allclose(mirrored[..., 2], 1)


def test_rotated_flow_turns_its_vectors_with_the_picture():
    field = flow_of([[1, 0], [0, -1]])
    inner = (slice(None), slice(4, 13), slice(4, 13))
    out = augmentation.moved(field, 0, 0, 90, flow=True)
    assert np.allclose(out[inner], flow_of([[-1, 0], [0, 1]])[inner], atol=0.05)
    uniform = np.zeros((1, 9, 9, 3), np.float32)
    uniform[..., 0] = 1
    turned = augmentation.moved(uniform, 0, 0, 90, flow=True)
    assert np.allclose(turned[..., :2], [0, -1], atol=1e-5), "right becomes up"


@pytest.mark.parametrize("key", ["brightness", "noise", "jitter"])
def test_changes_that_mean_nothing_for_flow_are_refused(key):
    settings = Augment(**{key: 1})
    augmentation.check(settings, "frames")
    with pytest.raises(MerflowError, match=rf"augment\.{key}"):
        augmentation.check(settings, "flow")


def test_a_mirrored_flow_picture_is_that_of_the_mirrored_motion():
    signed = RNG(5).normal(0, 1, (6, 12, 12, 3))
    pictures = np.stack([flow_picture(image) for image in signed])
    turned = signed[:, :, ::-1] * [-1, 1, 1]
    wanted = np.stack([flow_picture(image) for image in turned]).astype(np.float32)
    out = augmentation.changed(RNG(0), pictures, Augment(flip=True))
    mirrored = ~(out == pictures).all((1, 2, 3))
    assert 0 < mirrored.sum() < 6
    assert np.abs(out[mirrored] - wanted[mirrored]).max() <= 1
