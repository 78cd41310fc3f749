"""Statistics of batch normalisation at the end of a training."""

import numpy as np
import pytest

from merflow.models.training import backend


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def test_a_layer_applied_at_two_places_has_the_mean_over_both():
    import keras

    from merflow.models.training import batch_norm

    norm = keras.layers.BatchNormalization(momentum=0.9, center=False, scale=False)
    inputs = keras.Input((2,))
    first = norm(inputs)
    model = keras.Model(inputs, norm(keras.layers.Rescaling(2.0, 5.0)(first)))
    x = np.random.default_rng(0).normal(3, 2, (12, 2)).astype(np.float32)
    batch_norm.settle(model, x, 4)
    # Behind the first place every batch has mean 0 and variance 1, behind the scaling 5 and 4.
    batches = x.reshape(3, 4, 2)
    np.testing.assert_allclose(norm.moving_mean, (batches.mean(1).mean(0) + 5) / 2, atol=1e-2)
    np.testing.assert_allclose(norm.moving_variance, (batches.var(1).mean(0) + 4) / 2, rtol=1e-2)
    assert norm.momentum == 0.9 and "call" not in vars(norm)
