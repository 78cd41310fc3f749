"""Small 3D convolutional network: the default, a few seconds a fold on two cores.

Source: merflow's own pilot on generated clips. Three convolutions over time and space, each
halving all three axes, then one dense layer over all positions. Group normalisation, because a fold
has a few hundred updates: with batch normalisation at Keras' momentum of .99 the moving statistics
had covered a third of the way, and the test output was noise while the training accuracy was 1.

Input: (T, H, W, C) frames. 54,355 parameters at (10, 64, 64, 1) and three classes.
"""

import keras
from keras import layers

from merflow.models.layers.blocks import head
from merflow.models.layers.group_normalization import GroupNormalization

SMALLEST = (1, 8, 8, 1)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    filters: tuple[int, ...] = (16, 32, 32),
    groups: int = 8,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the network.

    filters: channels of each convolution; groups: of the group normalisation, a divisor of every
    number of filters; dropout: share of features dropped before the dense layer.
    """
    inputs = x = keras.Input(shape)
    for width in filters:
        x = layers.Conv3D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = GroupNormalization(groups)(x)
        x = layers.ReLU()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, head(x, classes), name="cnn3d")
