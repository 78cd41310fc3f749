"""CapsuleNet, SLSTT and CausalNet: published sizes, and what their parts compute."""

import numpy as np
import pytest
from network_checks import SMALL_SETTINGS, small_network

from merflow.errors import MerflowError
from merflow.models.network_registry import build_network, module, names, needs_gpu
from merflow.models.training import backend


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def without_values(name, shape):
    """The network at its published size; its weights have shapes and no values."""
    import keras

    with keras.StatelessScope(initialize_variables=False):
        return build_network(name, shape, 3)


def small(name, shape, **settings):
    return build_network(name, shape, 3, SMALL_SETTINGS[name] | settings)


def predicted(model, *shape, seed=0):
    x = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    return np.asarray(model(x))


def test_the_published_sizes_to_the_unit():
    import keras

    capsules = without_values("capsulenet", (1, 224, 224, 3))
    assert sum(int(np.prod(w.shape)) for w in capsules.trainable_weights) == 13_842_496
    unused_dense = 768 * 3 + 3  # of the transformer, which SLSTT builds and never calls
    second_bias = 3 * 4 * 512  # PyTorch adds two biases in each gate of the three LSTM layers
    for side, published in ((384, 93_052_934), (224, 92_761_094)):
        here = without_values("slstt", (11, side, side, 3))
        assert here.count_params() + unused_dense + second_bias == published
        encoder = next(part for part in here.layers if part.name == "encoder")
        lstm = sum(p.count_params() for p in here.layers if isinstance(p, keras.layers.LSTM))
        assert lstm + second_bias == 6_828_032
        assert encoder.count_params() + unused_dense == {384: 86_092_803, 224: 85_800_963}[side]
    assert without_values("causalnet", (4, 28, 28, 3)).count_params() == 276_590_089


def test_of_several_labels_a_clip_each_capsule_gives_its_length():
    shape = (1, 24, 24, 1)
    one = small_network("capsulenet", shape)
    many = build_network("capsulenet", shape, 3, SMALL_SETTINGS["capsulenet"], many_labels=True)
    many.set_weights(one.get_weights())
    x = np.random.default_rng(0).normal(0, 1, (2, *shape)).astype(np.float32)
    length = np.asarray(many(x))
    share = length / (1 - length)  # The squared norm before the squashing.
    np.testing.assert_allclose(one(x), share / share.sum(1, keepdims=True), rtol=1e-4)


def test_a_class_capsule_has_its_length_as_sigmoid():
    import keras

    layer = module("capsulenet").ClassCapsules(3, 3)
    x = keras.ops.convert_to_tensor(np.random.default_rng(0).normal(0, 3, (2, 7, 8)), "float32")
    got = np.asarray(keras.ops.sigmoid(layer(x)))
    # Routing by agreement, written out for one clip and in double precision.
    kernel, votes = np.asarray(layer.kernel, float), np.zeros((3, 7, 16))
    for k in range(3):
        for i in range(7):
            votes[k, i] = kernel[k, i] @ np.asarray(x, float)[1, i]
    scores = np.zeros((3, 7))
    for step in range(3):
        shares = np.exp(scores) / np.exp(scores).sum(0)
        total = (shares[:, :, None] * votes).sum(1)
        square = (total**2).sum(1)
        capsule = total * (square / (1 + square) / np.sqrt(square))[:, None]
        if step < 2:
            scores += np.einsum("ko,kio->ki", capsule, votes)
    np.testing.assert_allclose(got[1], np.linalg.norm(capsule, axis=1), rtol=1e-4)


def test_routing_changes_the_capsules_and_one_step_is_a_plain_mean():
    import keras

    layer, once = module("capsulenet").ClassCapsules(2, 3), module("capsulenet").ClassCapsules(2, 1)
    x = keras.ops.convert_to_tensor(np.random.default_rng(1).normal(0, 9, (1, 5, 8)), "float32")
    three = np.asarray(layer(x))
    once(x)
    once.set_weights(layer.get_weights())
    mean = np.einsum("kiod,nid->nko", layer.get_weights()[0], np.asarray(x)) / 2
    np.testing.assert_allclose(np.asarray(once(x)), np.log((mean**2).sum(-1)), atol=1e-4)
    assert not np.allclose(three, np.asarray(once(x)))


def test_capsulenet_looks_at_the_frame_it_names():
    x = np.random.default_rng(0).integers(0, 255, (1, 5, 24, 24, 1)).astype(np.float32)
    for frame, at in (("last", 4), ("middle", 2)):
        model = small("capsulenet", (5, 24, 24, 1), frame=frame)
        other, same = x.copy(), x.copy()
        other[:, at] = 0
        same[:, [i for i in range(5) if i != at]] = 0
        assert np.array_equal(model(x), model(same))
        assert not np.array_equal(model(x), model(other))


def redrawn(model, part):
    """Draw the query and key weights of the encoders again; return how many numbers changed."""
    import keras

    rng, count = np.random.default_rng(3), 0
    for encoder in (layer for layer in model.layers if isinstance(layer, keras.Model)):
        for layer in encoder.layers:
            dense = isinstance(layer, keras.layers.Dense) and not layer.use_bias
            if dense:
                (kernel,) = layer.get_weights()
                third = kernel.shape[1] // 3
                kernel[:, part * third : (part + 1) * third] = rng.normal(
                    0, 1, (len(kernel), third)
                )
                layer.set_weights([kernel])
                count += kernel.shape[0] * third
    return count


@pytest.mark.parametrize("part", [0, 1], ids=["queries", "keys"])
def test_query_and_key_weights_of_causalnet_do_nothing_at_its_published_cells(part):
    """One position a block: bit-equal predictions. With 8 cells a block has 2 x 2 positions."""
    model = small("causalnet", (4, 28, 28, 3))
    before = predicted(model, 2, 4, 28, 28, 3)
    assert redrawn(model, part) > 10_000
    assert predicted(model, 2, 4, 28, 28, 3).tobytes() == before.tobytes()
    repaired = small("causalnet", (4, 32, 32, 3), cells=8)
    before = predicted(repaired, 2, 4, 32, 32, 3)
    redrawn(repaired, part)
    assert not np.allclose(predicted(repaired, 2, 4, 32, 32, 3), before)


def test_value_weights_of_causalnet_count():
    model = small("causalnet", (4, 28, 28, 3))
    before = predicted(model, 1, 4, 28, 28, 3)
    redrawn(model, 2)
    assert not np.allclose(predicted(model, 1, 4, 28, 28, 3), before)


def test_causalnet_takes_four_pictures_at_equal_distances():
    model = small("causalnet", (7, 8, 8, 1))
    x = np.random.default_rng(0).normal(0, 1, (1, 7, 8, 8, 1)).astype(np.float32)
    for at in range(7):
        changed = x.copy()
        changed[:, at] = 0
        assert np.array_equal(model(x), model(changed)) == (at % 2 == 1), at


def attend(*given, **settings):
    from merflow.models.layers import attention

    return attention.attend(*given, **settings)


def test_positions_across_the_diagonal_have_no_weight_in_causalnet():
    q, k, v = np.random.default_rng(0).normal(0, 1, (3, 1, 4, 8)).astype(np.float32)
    causalnet = module("causalnet")
    settings = {"mask": causalnet.NEAR, "bias": causalnet._penalty(0.5)}
    got = np.asarray(attend(q, k, v, 2, **settings))
    far = v.copy()
    far[:, 3] += 100
    changed = np.asarray(attend(q, k, far, 2, **settings))
    assert np.array_equal(got[:, 0], changed[:, 0])
    assert not np.allclose(got[:, 1:], changed[:, 1:])
    assert causalnet._penalty(0.5) == [
        [0, 0, 0, -2],
        [0, 0, -1.5, 0],
        [0, -1, 0, 0],
        [-0.5, 0, 0, 0],
    ]


def test_attention_is_the_softmax_of_scaled_products():
    q, k, v = np.random.default_rng(0).normal(0, 1, (3, 2, 5, 6)).astype(np.float32)
    got = np.asarray(attend(q, k, v, 2))
    for head in range(2):
        part = slice(3 * head, 3 * head + 3)
        scores = q[..., part] @ k[..., part].transpose(0, 2, 1) / np.sqrt(3)
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        np.testing.assert_allclose(got[..., part], weights @ v[..., part], atol=1e-5)


@pytest.mark.parametrize("wrong", [{"cells": 6}, {"width": 20}, {"blocks": [1, 1]}])
def test_causalnet_refuses_sizes_that_do_not_go_together(wrong):
    with pytest.raises(MerflowError, match="cells is 4 or 8, width a multiple of 8"):
        small("causalnet", (4, 28, 28, 3), **wrong)


def test_slstt_sees_the_order_of_pictures_and_can_be_frozen():
    model = small("slstt", (5, 24, 24, 1), freeze=True)
    x = np.random.default_rng(0).normal(0, 1, (1, 5, 24, 24, 1)).astype(np.float32)
    assert not np.allclose(model(x), model(x[:, ::-1]), atol=1e-6)
    free = small("slstt", (5, 24, 24, 1))
    encoder = next(part for part in free.layers if part.name == "encoder")
    lost = len(free.trainable_weights) - len(model.trainable_weights)
    assert lost == len(encoder.weights)


def test_a_network_needs_a_gpu_unless_a_setting_makes_it_small():
    assert {name for name in names() if needs_gpu(name, {})} == {"causalnet", "slstt"}
    assert needs_gpu("slstt", {"dropout": 0.2})
    assert not needs_gpu("slstt", {"depth": 2})
    assert not needs_gpu("causalnet", {"width": 24})
