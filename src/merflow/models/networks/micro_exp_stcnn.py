"""MicroExpSTCNN: one 3D convolution over many frames, then dense layers.

Source: Reddy, Karri, Dubey, Mukherjee, "Spontaneous facial micro-expression recognition using 3D
spatiotemporal convolutional neural networks" (IJCNN 2019); ancestor of systems C and E, which
have it in comments.

What the released code does: clips of three classes in folders, split at random (clip level), scaled
by the mean and maximum of all clips, the test clips included. Corrected outside the network.
The kernel spans 15 frames, and a shorter clip was an error: here it spans the clip at most.

Input: (T, H, W, C) frames. 3,281,667 parameters at (20, 64, 64, 1) and three classes.
"""

import keras
from keras import layers

from merflow.models.layers.blocks import head, pool_size

SMALLEST = (1, 3, 3, 1)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    time_kernel: int = 15,
    dropout: float = 0.5,
) -> keras.Model:
    """Build the network.

    time_kernel: frames the convolution spans, cut to the clip's length; dropout: after the pool and
    after the dense layer.
    """
    inputs = keras.Input(shape)
    x = layers.Conv3D(32, (min(time_kernel, shape[0]), 3, 3), activation="relu")(inputs)
    x = layers.MaxPooling3D(pool_size(x, (3, 3, 3)))(x)
    x = layers.Flatten()(layers.Dropout(dropout)(x))
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, head(x, classes), name="micro_exp_stcnn")
