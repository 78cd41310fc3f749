"""Recompute the statistics of batch normalisation at the end of a training.

Keras moves them by 1/100 a step, so after the hundred steps of a fold they are still a third of
the way from their initial values: training accuracy is 1 and the test output is noise. Here they
become the mean over the training clips of each batch's statistics, whatever the momentum, with
dropout off as at the test. A layer that is applied at several places gets the mean over these too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import keras
import numpy as np

from merflow.models.training.nested_layers import leaf_layers


def settle(model: keras.Model, x: np.ndarray, batch: int) -> None:
    """Recompute the moving statistics of every batch normalisation from the clips x, (N, ...)."""
    layers = list(leaf_layers(model))
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    size = min(batch, len(x))
    order = np.resize(np.arange(len(x)), (-(-len(x) // size), size))
    dropouts = [layer for layer in layers if isinstance(layer, keras.layers.Dropout)]
    with _kept(norms, "momentum"), _kept(dropouts, "rate"):
        for dropout in dropouts:
            dropout.rate = 0
        for norm in norms:
            # Bypasses Keras' attribute tracking: the layer itself does not change.
            norm.__dict__["call"] = _averaging(norm)
        try:
            for index in order:
                model(keras.ops.convert_to_tensor(x[index], "float32"), training=True)
        finally:
            for norm in norms:
                del norm.__dict__["call"]


def _averaging(norm: keras.layers.BatchNormalization) -> Any:  # noqa: ANN401
    """Return the layer's `call`, whose moving statistics are now the mean over all calls so far."""
    plain, calls = norm.call, count()

    def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        number = next(calls)
        norm.momentum = number / (number + 1)  # the n-th call counts 1 / n
        return plain(*given, **named)

    return call


@contextmanager
def _kept(layers: list[keras.Layer], name: str) -> Iterator[None]:
    """Restore an attribute of the layers at the end."""
    values = [getattr(layer, name) for layer in layers]
    try:
        yield
    finally:
        for layer, value in zip(layers, values, strict=True):
            setattr(layer, name, value)
