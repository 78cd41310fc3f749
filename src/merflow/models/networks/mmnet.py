"""MMNet: convolutions on the apex frame minus the onset frame, a transformer on the onset frame.

Source: Li, Sui, Zhu, Zhao, "MMNet: muscle motion-guided network for micro-expression recognition"
(IJCAI 2022), by the authors' public code. Its figures are for single datasets, not the composite,
and take for every subject the highest accuracy and, apart from it, the highest F1 of about 100 test
epochs, which is impossible here. A user reports that it does not work on SAMM.

What the released code does: the script for three classes cannot be built (its first convolution
splits three colours into two groups) and has five outputs; that for five classes runs. It builds
9,974,531 parameters, of which 9,442,425 get a gradient. The others are never used and left out
here: a head for action units, embeddings of time, a third branch on the onset frame, and the
transformer's class token and heads.

What differs: the onset frame is reduced to 14 x 14 by area, and pixels are scaled by the training
fold instead of ImageNet's figures.

Prepare it with `select: {frames: onset-apex}`, `interpolate: {length: 2, size: 224}` and without
`difference`: then the first frame is the onset and the last the apex. Of more frames the first and
the last are used.

Input: (T, H, W, C) frames; (2, 224, 224, 3) there. 9,442,425 trained parameters with five classes,
9,241,719 with three.
"""

import keras
from keras import layers

from merflow.models.layers.attention import attend
from merflow.models.layers.blocks import Tensor, adaptive_mean, channel_maps, head

SMALLEST = (2, 16, 16, 1)


class Shrink(layers.Layer):
    """Mean over cells, (N, H, W, C) to (N, *size, C)."""

    def __init__(self, size: tuple[int, int], **settings: object) -> None:
        super().__init__(**settings)
        self.size = size

    def call(self, x: Tensor) -> Tensor:
        """Return the means."""
        return adaptive_mean(x, self.size)


class Places(layers.Layer):
    """Adds one learned vector per position to x, (N, P, D)."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the vectors, (P, D)."""
        self.vectors = self.add_weight(
            shape=shape[1:],
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            name="vectors",
        )

    def call(self, x: Tensor) -> Tensor:
        """Return the sum."""
        return x + self.vectors


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    filters: int = 128,
    depth: int = 3,
    heads: int = 4,
    drop_path: float = 0.3,
) -> keras.Model:
    """Build the network.

    filters: of the first two blocks, 2 and 4 times as many in the others; depth: transformer blocks
    on the onset frame; heads: of each; drop_path: share of clips for which a branch of the last
    transformer block is left out in training, falling to 0 at the first.
    """
    inputs = keras.Input(shape)
    onset, apex = inputs[:, 0], inputs[:, -1]
    x = _convolve(layers.Subtract()([apex, onset]), 45 * filters // 32, 3, 2)
    x = _convolve(x, filters, 3)
    x, attention = _block(x, None, filters)
    for width in (filters, 2 * filters, 4 * filters):
        x, attention = _block(x, attention, width, stride=2)
    places = _of_onset(onset, x.shape[1:], depth, heads, drop_path)
    x = layers.Flatten()(layers.Add()([x, places]))
    return keras.Model(inputs, head(x, classes), name="mmnet")


def _convolve(
    x: Tensor, filters: int, kernel: int, stride: int = 1, rectify: bool = True
) -> Tensor:
    """Return a convolution, padded on both sides as in PyTorch, and its normalisation."""
    x = layers.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
    x = layers.Conv2D(
        filters, kernel, strides=stride, use_bias=False, kernel_initializer="he_normal"
    )(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return layers.ReLU()(x) if rectify else x


def _block(
    x: Tensor, before: Tensor | None, filters: int, stride: int = 1
) -> tuple[Tensor, Tensor]:
    """Return a residual block weighted by a map of attention, and this map, (N, H, W, 1).

    before: the map of the block before, at the size of x; it multiplies this one.
    """
    y = _convolve(_convolve(x, filters, 3, stride), filters, 1, rectify=False)
    if stride > 1 or x.shape[-1] != filters:
        x = _convolve(x, filters, 1, stride, rectify=False)
    x = layers.ReLU()(layers.Add()([x, y]))
    found = layers.Activation("sigmoid")(_convolve(channel_maps(x), 1, 1, rectify=False))
    if before is not None:
        # A sigmoid is above 0, so zeros around it are never the largest.
        before = layers.MaxPooling2D(3, stride)(layers.ZeroPadding2D(1)(before))
        found = layers.Multiply()([before, found])
    return layers.Multiply()([x, found]), found


def _of_onset(
    onset: Tensor, size: tuple[int, int, int], depth: int, heads: int, drop_path: float
) -> Tensor:
    """Return what a transformer makes of the onset frame at H x W positions, (N, *size)."""
    height, across, width = size
    x = Shrink((height, across))(onset)
    x = layers.Dense(width)(layers.Reshape((height * across, onset.shape[-1]))(x))
    x = Places()(x)
    for number in range(depth):
        x = _transformer_block(x, heads, drop_path * number / max(1, depth - 1))
    return layers.Reshape(size)(layers.LayerNormalization(epsilon=1e-6)(x))


def _transformer_block(x: Tensor, heads: int, drop_path: float) -> Tensor:
    """Return x, (N, P, D), plus attention, plus two dense layers, each left out for some clips."""
    width = x.shape[-1]
    dropped = {"rate": drop_path, "noise_shape": (None, 1, 1)}
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    q, k, v = (layers.Dense(width)(y) for _ in range(3))
    y = layers.Dense(width)(attend(q, k, v, heads))
    x = layers.Add()([x, layers.Dropout(**dropped)(y)])
    y = layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization(epsilon=1e-6)(x))
    return layers.Add()([x, layers.Dropout(**dropped)(layers.Dense(width)(y))])
