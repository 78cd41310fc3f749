"""Operations (FLOPs) of one forward pass of a network on one clip.

Counted are convolutions, dense and recurrent layers, which do nearly all of them; a multiplication
and its addition are two operations. Normalisation, activations, pooling and the products of
attention are not counted.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import keras
import numpy as np

from merflow.models.training.nested_layers import leaf_layers


def forward_flops(model: keras.Model, shape: tuple[int, ...]) -> int:
    """Return the operations of one clip of `shape`, counted layer by layer while one runs."""
    counts: list[int] = []
    counted = [
        (layer, count)
        for layer in leaf_layers(model)
        for kinds, count in COUNTED.items()
        if isinstance(layer, kinds)
    ]
    for layer, count in counted:
        # Bypasses Keras' attribute tracking: the layer itself does not change.
        layer.__dict__["call"] = _counting(layer, count, counts)
    try:
        model(keras.ops.zeros((1, *shape), "float32"), training=False)
    finally:
        for layer, _ in counted:
            del layer.__dict__["call"]
    return sum(counts)


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


COUNTED: dict[tuple[type, ...], Callable[..., int]] = {
    (keras.layers.Conv2D, keras.layers.Conv3D): _conv,
    (keras.layers.Dense,): _dense,
    (keras.layers.GRU, keras.layers.LSTM): _recurrent,
    (keras.layers.ConvLSTM2D,): _conv_recurrent,
}


def _counting(layer: Any, count: Callable[..., int], counts: list[int]) -> Callable:  # noqa: ANN401
    """Return the layer's `call`, which now adds its operations to `counts`."""
    plain = layer.call

    def call(x: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        out = plain(x, *rest, **named)
        counts.append(count(layer, tuple(np.shape(x)), tuple(np.shape(out))))
        return out

    return call
