"""Small layers that several networks share. Keras only: they run on every backend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras
from keras import layers, ops

Tensor = keras.KerasTensor
_MANY: ContextVar[bool] = ContextVar("many", default=False)


@contextmanager
def many_labels(many: bool) -> Iterator[None]:
    """Have the networks built inside predict any number of classes a clip, if `many`."""
    token = _MANY.set(many)
    try:
        yield
    finally:
        _MANY.reset(token)


def has_many_labels() -> bool:
    """Return whether the network being built predicts any number of classes a clip."""
    return _MANY.get()


def output_activation() -> str:
    """Return the last activation of a network: softmax, or sigmoid where classes are many."""
    return "sigmoid" if _MANY.get() else "softmax"


def classifier(classes: int, **settings: object) -> layers.Dense:
    """Return the last layer of a network, for one that also uses its weights elsewhere."""
    return layers.Dense(classes, activation=output_activation(), dtype="float32", **settings)


def head(x: Tensor, classes: int, **settings: object) -> Tensor:
    """Return class probabilities (..., classes), in float32 even under mixed precision.

    They sum to 1 unless a clip may have several classes (`many_labels`).
    """
    return classifier(classes, **settings)(x)


def per_frame(x: Tensor, apply: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply 2D layers to every frame of x, (N, T, ...), with one set of weights; (N, T, ...) again.

    The frames become rows of a batch: one large step instead of T small ones, and batch
    normalisation covers all frames at once.
    """
    frames = apply(ops.reshape(x, (-1, *x.shape[2:])))
    return ops.reshape(frames, (-1, x.shape[1], *frames.shape[1:]))


def pool_size(x: Tensor, size: tuple[int, ...]) -> tuple[int, ...]:
    """Return `size`, limited to the axes of x, (N, *axes, C)."""
    return tuple(min(a, b) for a, b in zip(size, x.shape[1:-1], strict=True))


def channel_gate(x: Tensor, gate: Tensor) -> Tensor:
    """Multiply x, (N, *axes, C), with one number per clip and channel, gate (N, C)."""
    ones = (1,) * (len(x.shape) - 2)
    return layers.Multiply()([x, layers.Reshape((*ones, x.shape[-1]))(gate)])


class ChannelMean(layers.Layer):
    """Mean over the channels, (N, ..., C) to (N, ..., 1)."""

    def call(self, x: Tensor) -> Tensor:
        """Return the mean."""
        return ops.mean(x, axis=-1, keepdims=True)


class ChannelMax(layers.Layer):
    """Largest of the channels, (N, ..., C) to (N, ..., 1)."""

    def call(self, x: Tensor) -> Tensor:
        """Return the maximum."""
        return ops.max(x, axis=-1, keepdims=True)


def channel_maps(x: Tensor) -> Tensor:
    """Return maximum and mean over the channels, stacked: (N, ..., 2)."""
    return layers.Concatenate()([ChannelMax()(x), ChannelMean()(x)])


def bins(side: int, cells: int) -> list[list[float]]:
    """Return the (cells, side) matrix that averages a side into cells, as PyTorch's adaptive pool.

    Cells overlap if the side is no multiple of their number, and repeat if it is shorter.
    """
    rows = []
    for cell in range(cells):
        start, stop = cell * side // cells, -(-(cell + 1) * side // cells)
        rows.append([1 / (stop - start) if start <= i < stop else 0.0 for i in range(side)])
    return rows


def adaptive_mean(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Return images x, (N, H, W, C), averaged into `size` cells, for any H and W.

    Two small matrix products: Keras' own layer fails on TensorFlow if a side is shorter than the
    cells.
    """
    down = ops.convert_to_tensor(bins(x.shape[1], size[0]), dtype=x.dtype)
    across = ops.convert_to_tensor(bins(x.shape[2], size[1]), dtype=x.dtype)
    return ops.einsum("ah,nhwc,bw->nabc", down, x, across)
