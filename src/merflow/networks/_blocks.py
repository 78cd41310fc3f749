"""Parts that several networks share. Keras only: they run on every backend."""

import keras
from keras import layers


def head(x: keras.KerasTensor, classes: int, **settings: object) -> keras.KerasTensor:
    """Return class probabilities (N, classes), in float32 even under mixed precision."""
    return layers.Dense(classes, activation="softmax", dtype="float32", **settings)(x)
