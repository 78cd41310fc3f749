"""System B's 2D CNN: every frame is classified, and the frames vote on the clip.

Source: Joshi, public code of 2021 (MIT); see `joshi_3dcnn` on its figures.

What the released code does: frames are single training examples, with a clip's frames split over
train and validation; at the end a clip counts as right when at least five of its nine frames are,
which is no vote among several classes. Corrected: all frames of a clip train together, with the
clip's label (the loss is that of the frames' probabilities multiplied and normalised), and the
prediction is the modal class over the frames: its probabilities are the shares of votes. Ties are
broken by the frames' mean probability.

Input: (T, H, W, C) frames. Two forms, by number of classes: binary (32 and 64 filters) and many
(64, 128, 256). At (9, 128, 128, 1): 3,706,050 parameters for two classes, 19,678,983 for seven.
"""

from typing import Literal

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor, has_many_labels, head, per_frame

SMALLEST = (1, 10, 10, 1)
"""Of the binary form; the form for many classes takes 22 x 22 pixels at least."""

FORMS = {
    "binary": ((32, 64), ((64, 0.3),)),
    "many": ((64, 128, 256), ((384, 0.42), (96, 0.25))),
}
"""Filters of the convolutions; width and dropout of the dense layers."""


class Vote(layers.Layer):
    """From probabilities of frames to those of the clip, (N, T, K) to (N, K)."""

    tie_share = 1e-3
    """Weight of the mean probability: below the share of any one frame of up to 300, so it
    only breaks ties."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.many = has_many_labels()

    def call(self, p: Tensor, training: bool | None = None) -> Tensor:
        """Return the normalised product of the frames while training, the votes otherwise."""
        if self.many:
            return self._each_class(p, training)
        if training:
            logs = ops.mean(ops.log(ops.clip(p, 1e-7, 1.0)), axis=1)
            return ops.softmax(logs, axis=-1)
        votes = ops.mean(ops.one_hot(ops.argmax(p, axis=-1), p.shape[-1]), axis=1)
        return (1 - self.tie_share) * votes + self.tie_share * ops.mean(p, axis=1)

    def _each_class(self, p: Tensor, training: bool | None) -> Tensor:
        """Return the same for classes that do not exclude each other: frames vote on each alone."""
        p = ops.clip(p, 1e-7, 1 - 1e-7)
        if training:
            return ops.sigmoid(ops.mean(ops.log(p / (1 - p)), axis=1))
        votes = ops.mean(ops.cast(p > 0.5, p.dtype), axis=1)
        return (1 - self.tie_share) * votes + self.tie_share * ops.mean(p, axis=1)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    form: Literal["auto", "binary", "many"] = "auto",
) -> keras.Model:
    """Build the network. form: auto is `binary` for two classes, `many` for more."""
    if form == "auto":
        form = "binary" if classes == 2 else "many"
    filters, dense = FORMS[form]

    def frame(x: Tensor) -> Tensor:
        for width in filters:
            x = layers.Conv2D(width, 3, activation="relu", kernel_initializer="he_uniform")(x)
            x = layers.MaxPooling2D(2)(x)
            x = layers.BatchNormalization()(x)
        x = layers.Flatten()(x)
        for width, dropout in dense:
            x = layers.Dense(width, activation="relu", kernel_initializer="he_uniform")(x)
            x = layers.Dropout(dropout)(x)
            x = layers.BatchNormalization()(x)
        return head(x, classes)

    inputs = keras.Input(shape)
    outputs = Vote(dtype="float32")(per_frame(inputs, frame))
    return keras.Model(inputs, outputs, name="joshi_2dcnn_vote")
