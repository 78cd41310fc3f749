"""Many steps in one call: those of Keras' own `train_on_batch`, one after the other."""

import keras
import numpy as np
import pytest

from merflow.models.training import backend


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def network():
    backend.reset(3, mixed_precision=False, device="cpu")
    x = inputs = keras.Input((6,))
    x = keras.layers.Dropout(0.3)(keras.layers.Dense(8, activation="relu")(x))
    x = keras.layers.BatchNormalization()(x)
    outputs = keras.layers.Dense(3, activation="softmax", kernel_regularizer="l2")(x)
    model = keras.Model(inputs, outputs)
    metrics = [keras.metrics.CategoricalAccuracy("accuracy")]
    model.compile(backend.adam("adam")(0.01), "categorical_crossentropy", metrics=metrics)
    model.optimizer.build(model.trainable_variables)
    return model


def batches(steps, seed):
    rng = np.random.default_rng(seed)
    y = np.eye(3, dtype=np.float32)[rng.integers(3, size=(steps, 4))]
    weights = rng.uniform(0.5, 2, (steps, 4)).astype(np.float32)
    return rng.integers(0, 9, (steps, 4, 6)).astype(np.uint8), y, weights


def test_calls_of_any_length_give_the_steps_of_keras_dropout_included():
    looped, plain = network(), network()
    run = backend.steps(looped)
    for steps, seed in ((5, 0), (2, 1), (1, 2)):
        given = batches(steps, seed)
        logs = [plain.train_on_batch(*one, return_dict=True) for one in zip(*given, strict=True)]
        expected = [(row["loss"], row["accuracy"]) for row in logs]
        np.testing.assert_allclose(run(*given), expected, rtol=1e-5)
    for a, b in zip(looped.variables, plain.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5, atol=1e-7)
