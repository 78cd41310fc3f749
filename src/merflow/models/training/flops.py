"""Operations (FLOPs) of one forward pass of a network on one clip.

Counted are convolutions, dense and recurrent layers, which do nearly all of them; a multiplication
and its addition are two operations. Normalisation, activations, pooling and the products of
attention are not counted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import keras
import numpy as np

from merflow.models.training.leaf_layers import leaf_layers


def forward_flops(model: keras.Model, shape: tuple[int, ...]) -> int:
    """Return the operations of one clip of `shape`, counted layer by layer while one runs."""
    total: list[int] = []
    with _watched(model, total):
        model(keras.ops.zeros((1, *shape), "float32"), training=False)
    return sum(total)


def _conv(layer: Any, given: tuple[int, ...], out: tuple[int, ...]) -> int:  # noqa: ANN401
    return 2 * prod(out) * prod(layer.kernel_size) * given[-1] // layer.groups


def _dense(layer: Any, given: tuple[int, ...], out: tuple[int, ...]) -> int:  # noqa: ANN401
    return 2 * prod(out) * given[-1]


def _recurrent(layer: Any, given: tuple[int, ...], out: tuple[int, ...]) -> int:  # noqa: ANN401
    gates = 3 if isinstance(layer, keras.layers.GRU) else 4
    rows, steps, features = given
    return 2 * rows * steps * gates * layer.units * (features + layer.units)


def _conv_recurrent(layer: Any, given: tuple[int, ...], out: tuple[int, ...]) -> int:  # noqa: ANN401
    rows, steps = given[:2]
    places = prod(out[-3:-1])
    kernel = prod(layer.cell.kernel_size)
    return 2 * rows * steps * places * 4 * layer.filters * kernel * (given[-1] + layer.filters)


COUNTED: tuple[tuple[tuple[type, ...], Callable[..., int]], ...] = (
    ((keras.layers.Conv2D, keras.layers.Conv3D), _conv),
    ((keras.layers.Dense,), _dense),
    ((keras.layers.GRU, keras.layers.LSTM), _recurrent),
    ((keras.layers.ConvLSTM2D,), _conv_recurrent),
)


@contextmanager
def _watched(model: keras.Model, total: list[int]) -> Iterator[None]:
    """Make every counted layer add its operations to `total` when it is called."""
    changed = []
    for layer in leaf_layers(model):
        for kinds, count in COUNTED:
            if isinstance(layer, kinds):
                _watch(layer, count, total)
                changed.append(layer)
    try:
        yield
    finally:
        for layer in changed:
            del layer.__dict__["call"]


def _watch(layer: Any, count: Callable[..., int], total: list[int]) -> None:  # noqa: ANN401
    plain = layer.call

    def call(x: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        out = plain(x, *rest, **named)
        total.append(count(layer, tuple(np.shape(x)), tuple(np.shape(out))))
        return out

    # Bypasses Keras' attribute tracking: the layer itself does not change.
    layer.__dict__["call"] = call
