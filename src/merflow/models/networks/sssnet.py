"""SSSNet: two convolutions and a dense layer over flow.

Source: the network of that name in MEB (Varanka, Li, Peng, Zhao, "Data leakage and evaluation
issues in micro-expression analysis", 2023; arXiv 2211.11425, and its public code). It trains for a
fixed 200 epochs (Adam 1e-4), without a look at the test: pooled macro F1 .739 on the composite,
and the best of its table on 12 action units, binary F1 .405 (mean of units, six datasets, each left
out once). Number of epochs and learning rate were set by authors who knew these datasets.

What differs: flow is that of merflow (u, v, strain, scaled by the training fold).

Input: (H, W, 3) flow; published as (64, 64, 3). 1,349,251 trained parameters there with three
classes, 1,351,564 with 12 action units.
"""

import keras
from keras import layers

from merflow.models.layers.blocks import head

SMALLEST = (16, 16, 1)


def build(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: tuple[int, int] = (32, 64),
    units: int = 256,
    dropout: float = 0.5,
) -> keras.Model:
    """Build the network.

    filters: of the two convolutions; units: of the dense layer; dropout: of whole channels after
    each convolution, and after the dense layer.
    """
    x = inputs = keras.Input(shape)
    for width, kernel, pool in zip(filters, (5, 3), (3, 2), strict=True):
        x = layers.MaxPooling2D(pool)(layers.Conv2D(width, kernel, activation="relu")(x))
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
        x = layers.SpatialDropout2D(dropout)(x)
    x = layers.Dense(units, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, head(x, classes), name="sssnet")
