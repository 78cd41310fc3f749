"""System B's "3D" CNN: convolutions over each frame, time mixed by the first dense layer only.

Source: Joshi, "Facial Microexpression Recognition using Spatio-Temporal CNNs", public code of
2021 (MIT). Two forms, by number of classes: binary (64 and 96 filters, no batch normalisation)
and many (32 and 64, with it).

What the released code does: nine frames of 128 x 128 grey, values left at 0..255, learning rate
.003; copies of a clip made before a clip-level k-fold; the same model object fitted on through all
folds, so that later folds had seen their test data; the epoch with the best test accuracy kept.
Its figure (66 % accuracy, CASME II, two classes) comes from this procedure and is not comparable.
Corrected here, outside this file: subject-wise folds, a new network for each, scaled input.
Kept: the kernels span one frame (`time_kernel: 1`), so no convolution detects motion; `3` spans
three frames.

Input: (T, H, W, C) frames. At (9, 128, 128, 1): 18,718,506 parameters for two classes,
16,608,391 for seven.
"""

from typing import Literal

import keras
from keras import layers

from merflow.models.layers.blocks import Tensor, head

SMALLEST = (1, 10, 10, 1)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    form: Literal["auto", "binary", "many"] = "auto",
    time_kernel: Literal[1, 3] = 1,
) -> keras.Model:
    """Build the network.

    form: auto is `binary` for two classes, `many` for more; time_kernel: frames a
    convolution spans (1 as released).
    """
    binary = form == "binary" or (form == "auto" and classes == 2)
    inputs = keras.Input(shape)
    x = _stage(inputs, 64 if binary else 32, time_kernel, not binary)
    x = _stage(x, 96 if binary else 64, time_kernel, not binary)
    x = layers.Flatten()(x)
    x = layers.Dense(24 if binary else 32, activation="relu", kernel_initializer="he_uniform")(x)
    x = layers.Dropout(0.35 if binary else 0.27)(x)
    if not binary:
        x = layers.BatchNormalization()(x)
    return keras.Model(inputs, head(x, classes), name="joshi_3dcnn")


def _stage(x: Tensor, filters: int, time_kernel: int, normalise: bool) -> Tensor:
    if time_kernel == 3:
        x = layers.ZeroPadding3D((1, 0, 0))(x)
    x = layers.Conv3D(
        filters, (time_kernel, 3, 3), activation="relu", kernel_initializer="he_uniform"
    )(x)
    x = layers.MaxPooling3D((1, 2, 2))(x)
    return layers.BatchNormalization()(x) if normalise else x
