"""System E's squeeze-and-excitation DenseNet in three dimensions.

Source: the public code of LinKekni, "3D-DAT-DenseNet / T3D" (2024, MIT), after Cai, Li, Dong, Fang
2022 (apex selection, Eulerian magnification and a 3D SE-DenseNet).

What the released code does: channel attention only. A spatial and a combined block are defined
but never used, so the "dual attention" of its README is not in the network: `attention: combined`
builds it, to test the claim. Its SMIC set held ten altered copies of each clip, split
at random into train and validation, with the best validation epoch reported; its accuracies (90 to
95 %) are not comparable. Short clips were an error; here a pool never exceeds its axis.

Input: (T, H, W, C) frames, released as (20, 64, 64, 1). 60,519 parameters there (58,623 trained:
batch normalisation keeps the rest).
"""

from typing import Literal

import keras
from keras import layers, regularizers

from merflow.models.layers.blocks import Tensor, channel_gate, head, pool_size

SMALLEST = (1, 4, 4, 1)

Attention = Literal["channel", "spatial", "combined", "none"]


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    attention: Attention = "channel",
    blocks: int = 3,
    growth: int = 12,
    filters: int = 24,
    dropout: float = 0.1,
    l2: float = 0.01,
) -> keras.Model:
    """Build the network.

    attention: channel (released), spatial, combined, none; blocks: dense blocks of one layer;
    growth: channels each adds; filters: of the first convolution; dropout: of
    what a block adds; l2: penalty on weights.
    """
    inputs = keras.Input(shape)
    x = _conv(inputs, filters, 3, l2, strides=2)
    x = layers.ReLU()(_normalise(x))
    x = layers.MaxPooling3D(3, strides=2, padding="same")(x)
    for number in range(blocks):
        if number:
            x = _conv(layers.ReLU()(_normalise(x)), x.shape[-1], 1, l2)
            x = _excite(layers.MaxPooling3D(pool_size(x, (2, 2, 2)))(x), attention)
        x = _excite(_dense_block(x, growth, dropout, l2), attention)
    x = layers.GlobalMaxPooling3D()(layers.ReLU()(_normalise(x)))
    return keras.Model(inputs, head(x, classes), name="se_densenet3d")


def _dense_block(x: Tensor, growth: int, dropout: float, l2: float) -> Tensor:
    """Return x with `growth` channels more, made through a bottleneck of four times as many."""
    new = _conv(layers.ReLU()(_normalise(x)), 4 * growth, 1, l2)
    new = _conv(layers.ReLU()(_normalise(new)), growth, 3, 0)
    return layers.Concatenate()([x, layers.Dropout(dropout)(new)])


def _conv(x: Tensor, filters: int, kernel: int, l2: float, strides: int = 1) -> Tensor:
    return layers.Conv3D(
        filters,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=regularizers.L2(l2) if l2 else None,
    )(x)


def _normalise(x: Tensor) -> Tensor:
    return layers.BatchNormalization(epsilon=1.1e-5)(x)


def _excite(x: Tensor, attention: Attention) -> Tensor:
    """Return x weighted by channel (squeezed by its maximum), by position, or the sum of both."""
    if attention == "none":
        return x
    if attention == "channel":
        return _by_channel(x, max(1, x.shape[-1] // 8))
    place = layers.Conv3D(1, 1, activation="sigmoid", use_bias=False)(x)
    by_place = layers.Multiply()([x, place])
    if attention == "spatial":
        return by_place
    return layers.Add()([_by_channel(x, max(1, x.shape[-1] // 16)), by_place])


def _by_channel(x: Tensor, squeezed: int) -> Tensor:
    gate = layers.GlobalMaxPooling3D()(x)
    for width, activation in ((squeezed, "relu"), (x.shape[-1], "sigmoid")):
        gate = layers.Dense(
            width,
            activation=activation,
            use_bias=False,
            kernel_initializer="variance_scaling",
        )(gate)
    return channel_gate(x, gate)
