"""Group normalisation with few passes: Keras' own layer up to rounding."""

import keras
import numpy as np
import pytest

from merflow.models.training import backend


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


@pytest.mark.parametrize(
    ("shape", "groups"),
    [((3, 5, 7, 6, 16), 8), ((2, 1, 1, 1, 8), 4), ((4, 9, 6), 1), ((2, 3, 6), 6)],
)
def test_outputs_and_gradients_are_those_of_keras(shape, groups):
    import tensorflow as tf

    from merflow.models.layers.group_normalization import GroupNormalization

    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(2, 3, shape), tf.float32)
    weight = tf.constant(rng.normal(size=shape), tf.float32)
    values = [rng.normal(size=shape[-1:]).astype(np.float32) for _ in range(2)]

    def both(layer):
        layer.build(shape)
        layer.set_weights(values)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(y * weight)
        return y, *tape.gradient(loss, [x, *(w.value for w in layer.trainable_weights)])

    ours, theirs = both(GroupNormalization(groups)), both(keras.layers.GroupNormalization(groups))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * max(1, float(np.abs(b).max())))


def test_its_weights_have_the_names_of_keras_own_in_a_weights_file(tmp_path):
    """Weights of earlier versions of the default network still load."""
    from merflow.models.network_registry import build_network

    backend.reset(0, mixed_precision=False, device="cpu")
    ours = build_network("cnn3d", (4, 16, 16, 1), 3, {"filters": (8, 8)})
    backend.reset(1, mixed_precision=False, device="cpu")
    inputs = x = keras.Input((4, 16, 16, 1))
    for width in (8, 8):
        x = keras.layers.Conv3D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.GroupNormalization(8)(x))
    x = keras.layers.Dropout(0.0)(keras.layers.Flatten()(x))
    theirs = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    theirs.save_weights(tmp_path / "w.weights.h5")
    ours.load_weights(tmp_path / "w.weights.h5")
    clips = np.random.default_rng(0).normal(size=(2, 4, 16, 16, 1))
    np.testing.assert_allclose(ours(clips), theirs(clips), atol=1e-5)
