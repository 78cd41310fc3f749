"""System B's ConvLSTM: an LSTM with convolutions as gates, and its maps of all frames.

Source: Joshi, public code of 2021 (MIT); see `joshi_3dcnn` on its figures and on
corrections outside the network. Nearly all parameters lie in the dense layer after the
flattened maps (54.9 of 54.9 million at the released size), so small frames make it far smaller.

Input: (T, H, W, C) frames. At (9, 128, 128, 1): 54,905,746 parameters for two classes,
73,195,271 for seven.
"""

from typing import Literal

import keras
from keras import layers

from merflow.models.layers.blocks import head

SMALLEST = (1, 4, 4, 1)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    activation: Literal["relu", "tanh"] = "relu",
) -> keras.Model:
    """Build the network. activation: of the ConvLSTM's state, relu as released (no bound)."""
    inputs = keras.Input(shape)
    x = layers.ConvLSTM2D(32, 3, activation=activation, return_sequences=True)(inputs)
    x = layers.MaxPooling3D((1, 2, 2))(x)
    x = layers.Flatten()(x)
    x = layers.Dense(48 if classes == 2 else 64, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(inputs, head(x, classes), name="joshi_convlstm")
