"""MMNet: the frames it uses, its maps of attention, and the branch on the onset frame."""

import numpy as np
import pytest

from merflow.models.network_registry import build_network
from merflow.models.training import backend

SHAPE = (4, 24, 24, 3)
SMALL = {"filters": 32}


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def clip(shape=SHAPE):
    return np.random.default_rng(0).normal(0, 1, (1, *shape)).astype(np.float32)


def test_it_looks_at_the_first_and_the_last_frame_only():
    model, x = build_network("mmnet", SHAPE, 3, SMALL), clip()
    before = np.asarray(model(x))
    for frame in range(4):
        changed = x.copy()
        changed[:, frame] += np.random.default_rng(1).normal(0, 1, SHAPE[1:])
        assert np.array_equal(np.asarray(model(changed)), before) == (frame in (1, 2))


def test_a_clip_that_does_not_move_is_judged_by_its_onset_frame_alone():
    """The convolutions see the difference of the two frames: nothing of what both share."""
    import keras

    model, x = build_network("mmnet", (2, 24, 24, 3), 3, SMALL), clip((2, 24, 24, 3))
    motion = next(layer for layer in model.layers if isinstance(layer, keras.layers.Subtract))
    seen = keras.Model(model.inputs, motion.output)
    np.testing.assert_allclose(np.asarray(seen(x)), x[:, 1] - x[:, 0], atol=1e-6)
    np.testing.assert_allclose(np.asarray(seen(x + 1)), np.asarray(seen(x)), atol=1e-6)


def test_every_map_of_attention_stays_below_the_one_before():
    import keras

    model = build_network("mmnet", (2, 48, 48, 3), 3, SMALL)
    products = [layer for layer in model.layers if isinstance(layer, keras.layers.Multiply)]
    maps = [layer.output for layer in products if layer.output.shape[-1] == 1]
    pools = [layer.output for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert [tuple(m.shape[1:3]) for m in maps] == [(12, 12), (6, 6), (3, 3)]
    found = keras.Model(model.inputs, [*maps, *pools])(clip((2, 48, 48, 3)))
    found = [np.asarray(one) for one in found]
    for limit, here in zip(found[3:], found[:3], strict=True):
        assert (here > 0).all() and (here <= limit).all() and (here < limit).any()


def test_branches_of_the_transformer_are_left_out_more_often_with_depth():
    import keras

    model = build_network("mmnet", (2, 24, 24, 3), 3, SMALL | {"depth": 3, "drop_path": 0.3})
    drops = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert drops == pytest.approx([0, 0, 0.15, 0.15, 0.3, 0.3])
