"""Dual-Inception: an inception network on the horizontal flow, one on the vertical.

Source: Zhou, Mao, Xue, "Dual-Inception network for cross-database micro-expression recognition"
(FG 2019, MEGC2019), by its public code. Published composite UF1 .7322, UAR .7278.

What the released code does: each flow component is a three-channel image; batch 3, 40 epochs, Adam
1e-4, the epoch chosen on a validation subject from the training part; one hundred runs over all
folds, all scores listed. Its class weights (`auto`) are no value of Keras. Different here: a
component is one channel, not an image of it.

Input: (H, W, 3) flow, of which horizontal and vertical are used and strain is not; published as
28 x 28. 6,449,867 parameters there.
"""

import keras
from keras import layers

from merflow.models.layers.blocks import Tensor, head

SMALLEST = (4, 4, 2)


def build(shape: tuple[int, int, int], classes: int, *, units: int = 1024) -> keras.Model:
    """Build the network. units: of the dense layer."""
    inputs = keras.Input(shape)
    x = layers.Concatenate()([_stream(inputs[..., :1]), _stream(inputs[..., 1:2])])
    x = layers.Dense(units, activation="relu")(x)
    return keras.Model(inputs, head(x, classes), name="dual_inception")


def _stream(x: Tensor) -> Tensor:
    for filters in (6, 16):
        x = layers.MaxPooling2D(2)(_inception(x, filters))
    return layers.Flatten()(x)


def _inception(x: Tensor, filters: int) -> Tensor:
    """Return four views, concatenated: 1 x 1, 3 x 3, 5 x 5 and pooled, `filters` channels each."""

    def conv(y: Tensor, kernel: int) -> Tensor:
        return layers.Conv2D(filters, kernel, padding="same", activation="relu")(y)

    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    views = [conv(x, 1), conv(conv(x, 1), 3), conv(conv(x, 1), 5), conv(pooled, 1)]
    return layers.Concatenate()(views)
