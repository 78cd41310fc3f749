"""MMNet: convolutions on the apex frame minus the onset frame, a transformer on the onset frame.

Source: Li, Sui, Zhu, Zhao, "MMNet: muscle motion-guided network for micro-expression recognition"
(IJCAI 2022), by the authors' public code. Its figures are for single datasets (none composite) and
take, for every subject, the highest accuracy and, apart from it, the highest F1 of 100 test epochs,
which is impossible here; users report that it does not work on SAMM.

What the released code does: the script for three classes cannot be built (it splits the three
colours into two groups), and it has five outputs; the one for five classes runs. It builds
9,974,531 parameters, of which 9,442,425 get a gradient; the others (a head for action units,
embeddings of time, a second head and a class token of the transformer) are never used and are left
out here.

What differs: the onset frame is reduced to 14 x 14 by area, and pixels are scaled by the training
fold instead of ImageNet's figures.

Prepare it with `select: {frames: onset-apex}`, `interpolate: {length: 2, size: 224}` and no
`difference`, so that the first frame is the onset and the last the apex; of more frames the first
and the last are used.

Input: (T, H, W, C) frames; (2, 224, 224, 3) there. 9,442,425 trained parameters with five classes,
9,241,719 with three.
"""

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor, adaptive_mean, channel_maps, head
from merflow.models.layers.transformer import Positions, transformer_block

SMALLEST = (2, 16, 16, 1)


class Shrink(layers.Layer):
    """Mean over cells, (N, H, W, C) to (N, *size, C)."""

    def __init__(self, size: tuple[int, int], **settings: object) -> None:
        super().__init__(**settings)
        self.size = size

    def call(self, x: Tensor) -> Tensor:
        """Return the means."""
        return adaptive_mean(x, self.size)


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
    x = _convolve(x, filters, 3, 1)
    attention = None
    for width, stride in zip(
        (filters, filters, 2 * filters, 4 * filters), (1, 2, 2, 2), strict=True
    ):
        x, attention = _attended(x, attention, width, stride)
    places = _places(onset, x.shape[1:3], 4 * filters, depth, heads, drop_path)
    x = layers.Flatten()(layers.Add()([x, places]))
    return keras.Model(inputs, head(x, classes), name="mmnet")


def _convolve(x: Tensor, filters: int, kernel: int, stride: int, rectify: bool = True) -> Tensor:
    """Return a convolution, padded on both sides as in PyTorch, and its normalisation."""
    x = layers.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
    x = layers.Conv2D(
        filters, kernel, strides=stride, use_bias=False, kernel_initializer="he_normal"
    )(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return layers.ReLU()(x) if rectify else x


def _attended(x: Tensor, before: Tensor | None, filters: int, stride: int) -> tuple[Tensor, Tensor]:
    """Return a residual block weighted by a map of attention, and the map, (N, H, W, 1).

    before: the map of the block before, which limits this one.
    """
    y = _convolve(_convolve(x, filters, 3, stride), filters, 1, 1, rectify=False)
    if stride > 1 or x.shape[-1] != filters:
        x = _convolve(x, filters, 1, stride, rectify=False)
    x = layers.ReLU()(layers.Add()([x, y]))
    found = layers.Activation("sigmoid")(_convolve(channel_maps(x), 1, 1, 1, rectify=False))
    if before is not None:
        # Zeros at the border are never the maximum: a sigmoid is above them.
        before = layers.MaxPooling2D(3, stride)(layers.ZeroPadding2D(1)(before))
        found = layers.Multiply()([before, found])
    return layers.Multiply()([x, found]), found


def _places(
    onset: Tensor, size: tuple[int, int], width: int, depth: int, heads: int, drop_path: float
) -> Tensor:
    """Return what a transformer makes of the onset frame, (N, *size, width)."""
    x = layers.Dense(width)(
        ops.reshape(Shrink(size)(onset), (-1, size[0] * size[1], onset.shape[-1]))
    )
    x = Positions(per_channel=True)(x)
    for number in range(depth):
        share = drop_path * number / max(1, depth - 1)
        x = transformer_block(x, heads, f"onset{number}", ratio=2, epsilon=1e-6, drop_path=share)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    return layers.Reshape((*size, width))(x)
