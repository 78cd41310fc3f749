"""System B's CNN + LSTM: the same small 2D CNN on every frame, then an LSTM over the frames.

Source: Joshi, public code of 2021 (MIT); see `joshi_3dcnn` on its figures and on
corrections outside the network. The many-class form differs in its last dropout, .3 for .35.

What the released code does: a rectified LSTM with an unbounded state. On nine frames scaled to
deviation 1 it trains; for long clips use `lstm_activation: tanh`.

Input: (T, H, W, C) frames. At (9, 128, 128, 1): 7,396,682 parameters for two classes.
"""

from typing import Literal

import keras
from keras import layers

from merflow.models.layers.blocks import Tensor, head, per_frame

SMALLEST = (1, 10, 10, 1)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    lstm_activation: Literal["relu", "tanh"] = "relu",
) -> keras.Model:
    """Build the network. lstm_activation: relu as released, or tanh."""
    inputs = keras.Input(shape)
    x = per_frame(inputs, _frame_features)
    x = layers.Dropout(0.3)(x)
    x = layers.LSTM(32, activation=lstm_activation, dropout=0.4)(x)
    x = layers.Dense(24, activation="relu")(x)
    x = layers.Dropout(0.35 if classes == 2 else 0.3)(x)
    return keras.Model(inputs, head(x, classes), name="joshi_cnn_lstm")


def _frame_features(x: Tensor) -> Tensor:
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    return layers.Flatten()(x)
