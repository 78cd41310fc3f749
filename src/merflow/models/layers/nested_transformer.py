"""A nested transformer: attention inside blocks of a picture, then larger blocks, three levels."""

from collections.abc import Callable

import keras
from keras import layers, ops

from merflow.models.layers.attention import attend
from merflow.models.layers.blocks import Tensor

LEVELS = 3


class Positions(layers.Layer):
    """One learned number per position of a block, added to all channels: (N, P, D)."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make one number per position."""
        self.numbers = self.add_weight(
            shape=(shape[1],), initializer=keras.initializers.RandomNormal(), name="numbers"
        )

    def call(self, x: Tensor) -> Tensor:
        """Return the sum."""
        return x + ops.cast(self.numbers, x.dtype)[:, None]


def nested_transformer(
    shape: tuple[int, int, int], cells: int, width: int, heads: int, blocks: tuple[int, ...]
) -> keras.Model:
    """Return the network from a picture, (H, W, C), to its last map, (cells/4, cells/4, 4 * width).

    cells: patches along a side, a multiple of 4; blocks: transformer blocks of each level. A level
    cuts its map into 4 x 4, 2 x 2 and 1 x 1 blocks; between levels the channels are doubled and the
    map is halved. With 4 cells each block has one position, and its attention cannot do anything.
    """
    inputs = keras.Input(shape)
    x = layers.Dense(width)(patches(inputs, cells))
    for level, depth in enumerate(blocks):
        parts = 1 << (LEVELS - 1 - level)
        x = in_blocks(x, parts, lambda y, n=depth, h=heads << level: _level(y, n, h))
        if level < LEVELS - 1:
            x = _merge(x)
    return keras.Model(inputs, x)


def patches(x: Tensor, cells: int) -> Tensor:
    """Return (N, cells, cells, pixels of a patch); pictures that do not divide get zeros."""
    height, width, channels = x.shape[1:]
    down, across = -(-height // cells), -(-width // cells)
    x = ops.pad(x, ((0, 0), (0, cells * down - height), (0, cells * across - width), (0, 0)))
    x = ops.reshape(x, (-1, cells, down, cells, across, channels))
    return ops.reshape(
        ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, cells, cells, down * across * channels)
    )


def in_blocks(x: Tensor, parts: int, apply: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply layers to the positions of each of parts x parts blocks of a map, (N, S, S, D)."""
    cells, width = x.shape[1:3][0], x.shape[3]
    side = cells // parts
    x = ops.transpose(ops.reshape(x, (-1, parts, side, parts, side, width)), (0, 1, 3, 2, 4, 5))
    x = apply(ops.reshape(x, (-1, side * side, width)))
    x = ops.transpose(ops.reshape(x, (-1, parts, parts, side, side, width)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, cells, cells, width))


def _level(x: Tensor, depth: int, heads: int) -> Tensor:
    width = x.shape[-1]
    inner = width // heads * heads
    x = Positions()(x)
    for _ in range(depth):
        y = layers.Dense(3 * inner, use_bias=False)(layers.LayerNormalization(epsilon=1e-5)(x))
        y = attend(*ops.split(y, 3, axis=-1), heads)
        x = layers.Add()([x, layers.Dense(width)(y)])
        y = widen(layers.LayerNormalization(epsilon=1e-5)(x))
        x = layers.Add()([x, y])
    return x


def widen(x: Tensor) -> Tensor:
    """Return two dense layers with four times the channels between them."""
    return layers.Dense(x.shape[-1])(layers.Dense(4 * x.shape[-1], activation="gelu")(x))


def _merge(x: Tensor) -> Tensor:
    """Return a map of half the side and twice the channels."""
    x = layers.Conv2D(2 * x.shape[-1], 3, padding="same")(x)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-6e4)
    return layers.MaxPooling2D(3, strides=2)(x)
