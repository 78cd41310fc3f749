"""RCN-A: attention from the last layer's weights, and a convolution that is applied twice."""

import numpy as np
import pytest

from merflow.models.network_registry import build_network, module
from merflow.models.training import backend


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def test_the_map_of_a_class_is_its_weights_times_the_features_scaled_to_0_and_1():
    from keras import layers

    last = layers.Dense(2)
    last.build((None, 3 * 3 * 4))
    maps = module("rcn_a").ClassMaps(last)
    x = np.random.default_rng(0).normal(0, 1, (2, 3, 3, 4)).astype(np.float32)
    kernel = np.asarray(last.kernel)
    expected = np.zeros((2, 3, 3, 1))
    for k in range(2):
        found = (x * kernel[:, k].reshape(3, 3, 4)).mean(-1, keepdims=True)
        found -= found.min((1, 2), keepdims=True)
        expected += found / found.max((1, 2), keepdims=True) / 2
    np.testing.assert_allclose(np.asarray(maps(x)), expected, atol=1e-5)
    assert (
        np.asarray(maps(np.zeros((1, 3, 3, 4), np.float32))).tolist()
        == np.zeros((1, 3, 3, 1)).tolist()
    )


def test_the_weights_of_the_last_layer_are_its_own_and_are_counted_once():
    model = build_network("rcn_a", (16, 16, 3), 3, {"filters": 8})
    owners = [layer.name for layer in model.layers if layer.weights]
    assert owners[-1] == model.layers[-1].name
    assert not [name for name in owners if "class_maps" in name]
    assert len({w.path for w in model.weights}) == len(model.weights)


def test_attention_follows_the_weights_of_the_last_layer():
    """Features before the last layer change with its weights."""
    import keras

    model = build_network("rcn_a", (16, 16, 3), 3, {"filters": 8})
    before_last = keras.Model(model.inputs, model.layers[-1].input)
    x = np.random.default_rng(0).normal(0, 1, (1, 16, 16, 3)).astype(np.float32)
    first = np.asarray(before_last(x))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel[::-1], bias])
    assert not np.allclose(np.asarray(before_last(x)), first)


def test_one_convolution_is_applied_twice():
    model = build_network("rcn_a", (16, 16, 3), 3, {"filters": 8})
    shared = [layer.name for layer in model.layers if len(layer._inbound_nodes) > 1]
    kinds = sorted(type(model.get_layer(name)).__name__ for name in shared)
    assert kinds == ["BatchNormalization", "Conv2D"]
