"""Batch normalisation made fit for short trainings: its statistics taken anew at the end.

Keras moves them by a hundredth a step, so after the hundred steps of a fold they are still a third
of the way from where they began: the training accuracy is 1 and the test output noise. Here they
become what they stand for, the mean over the training clips of each batch's statistics, whatever
the momentum; dropout is off meanwhile, as it will be at the test.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


def settle(model: keras.Model, x: np.ndarray, batch: int) -> None:
    """Recompute the moving statistics of every batch normalisation from the clips x, (N, ...)."""
    layers = list(_layers(model))
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    size = min(batch, len(x))
    order = np.resize(np.arange(len(x)), (-(-len(x) // size), size))
    kept = [norm.momentum for norm in norms]
    with _no_dropout(layers):
        for number, index in enumerate(order):
            for norm in norms:
                # The mean of all batches so far: the n-th counts 1 / n.
                norm.momentum = number / (number + 1)
            model(keras.ops.convert_to_tensor(x[index], "float32"), training=True)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


@contextmanager
def _no_dropout(layers: list[keras.Layer]) -> Iterator[None]:
    dropouts = [layer for layer in layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in dropouts]
    for layer in dropouts:
        layer.rate = 0
    try:
        yield
    finally:
        for layer, rate in zip(dropouts, rates, strict=True):
            layer.rate = rate
