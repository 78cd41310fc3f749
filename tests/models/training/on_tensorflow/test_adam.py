"""Adam in one operation: the updates of Keras' own."""

import keras
import numpy as np
import pytest

from merflow.models.training import backend


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def trained(optimiser, steps=12):
    """Return two weight arrays after updates with known gradients."""
    rng = np.random.default_rng(0)
    start = [rng.normal(size=size).astype(np.float32) for size in ((5, 3), (7,))]
    variables = [keras.Variable(value) for value in start]
    optimiser.build(variables)
    for _ in range(steps):
        gradients = [rng.normal(size=v.shape).astype(np.float32) for v in variables]
        optimiser.apply([keras.ops.convert_to_tensor(g) for g in gradients])
    return [np.asarray(v) for v in variables], start


@pytest.mark.parametrize("name", ["adam", "adamw"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.1},
        {"gradient_accumulation_steps": 3},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.01, 20)},
    ],
)
def test_its_updates_are_those_of_keras(name, settings):
    settings = {"learning_rate": 0.01, **settings}
    kinds = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    ours, start = trained(backend.adam(name)(**settings))
    theirs, _ = trained(kinds[name](**settings))
    for a, b, first in zip(ours, theirs, start, strict=True):
        assert np.abs(b - first).max() > 0.005
        np.testing.assert_allclose(a, b, rtol=0, atol=5e-6)


def test_it_uses_no_estimates_of_the_processor():
    """Square root and division are exact, so every x86-64 processor gives the same bytes."""
    one = np.float32(1)
    rate, beta1, beta2, epsilon = (np.float32(v) for v in (0.001, 0.9, 0.999, 1e-7))
    rng = np.random.default_rng(1)
    weights, gradient = (rng.uniform(0.1, 9, 4096).astype(np.float32) for _ in range(2))
    variable = keras.Variable(weights)
    optimiser = backend.adam("adam")(0.001)
    optimiser.build([variable])
    optimiser.apply([keras.ops.convert_to_tensor(gradient)])
    m = gradient * (one - beta1)
    v = gradient * gradient * (one - beta2)
    alpha = rate * np.sqrt(one - beta2) / (one - beta1)
    assert (np.asarray(variable) == weights - m * alpha / (np.sqrt(v) + epsilon)).all()
