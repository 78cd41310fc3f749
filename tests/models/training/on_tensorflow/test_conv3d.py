"""Weight gradients of 3D convolutions by frames: those of TensorFlow itself."""

import numpy as np
import pytest

from merflow.models.training import backend


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


SHAPES = [
    # input, kernel, strides, padding
    ((2, 10, 12, 14, 1), (3, 3, 3, 1, 4), (2, 2, 2), "SAME"),
    ((2, 5, 7, 9, 16), (3, 3, 3, 16, 5), (2, 2, 2), "SAME"),
    ((3, 4, 6, 5, 8), (3, 5, 3, 8, 2), (1, 1, 1), "SAME"),
    ((1, 1, 8, 8, 8), (3, 3, 3, 8, 3), (1, 1, 1), "SAME"),
    ((2, 6, 9, 8, 9), (2, 3, 3, 9, 4), (1, 2, 2), "VALID"),
    ((2, 7, 5, 5, 8), (3, 1, 1, 8, 6), (3, 1, 1), "VALID"),
    ((2, 6, 8, 8, 2), (1, 3, 3, 2, 4), (1, 1, 1), "VALID"),
    ((2, 4, 6, 6, 12), (1, 1, 1, 12, 3), (2, 2, 2), "SAME"),
    ((2, 3, 4, 4, 8), (7, 3, 3, 8, 2), (1, 1, 1), "SAME"),
]


@pytest.mark.parametrize(("shape", "kernel", "strides", "padding"), SHAPES)
def test_a_convolution_and_its_gradients_are_those_of_tensorflow(shape, kernel, strides, padding):
    import tensorflow as tf

    from merflow.models.training.on_tensorflow.conv3d import conv3d

    rng = np.random.default_rng(0)
    x, w = (tf.constant(rng.normal(size=size), tf.float32) for size in (shape, kernel))

    def both(convolve):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = convolve()
            # Every output has its own weight, or an error of places would cancel.
            loss = tf.reduce_sum(
                y * tf.reshape(tf.cast(tf.range(tf.size(y)) + 1, y.dtype), y.shape)
            )
        return y, *tape.gradient(loss, [x, w])

    ours = both(lambda: conv3d(x, w, strides, padding))
    theirs = both(lambda: tf.nn.conv3d(x, w, (1, *strides, 1), padding))
    for a, b in zip(ours, theirs, strict=True):
        assert np.abs(b).max() > 0
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * float(np.abs(b).max()))


@pytest.fixture
def counted(monkeypatch):
    from merflow.models.training.on_tensorflow import conv3d

    calls, plain = [], conv3d.kernel_gradient
    monkeypatch.setattr(
        conv3d, "kernel_gradient", lambda *args: calls.append(args[2]) or plain(*args)
    )
    return calls


def weight_gradient(shape, **settings):
    import keras
    import tensorflow as tf

    layer = keras.layers.Conv3D(4, 3, **settings)
    x = tf.ones((2, *shape))
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    return tape.gradient(loss, layer.kernel.value)


def test_keras_layers_use_them_where_they_are_faster(counted):
    assert weight_gradient((5, 6, 6, 8)).shape == (3, 3, 3, 8, 4)
    assert weight_gradient((5, 6, 6, 1), strides=2, padding="same").shape == (3, 3, 3, 1, 4)
    assert len(counted) == 2


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((5, 6, 6, 1), {}),  # few channels at stride 1
        ((5, 7, 7, 8), {"dilation_rate": 2}),
    ],
)
def test_other_convolutions_stay_as_they_are(counted, shape, settings):
    assert weight_gradient(shape, **settings) is not None
    assert counted == []


def test_a_convolution_without_output_is_still_refused():
    with pytest.raises(ValueError, match="ne(gative|ither)|empty|smaller|must be"):
        weight_gradient((2, 6, 6, 8))
