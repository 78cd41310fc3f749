"""RCN-A: one convolution applied twice, and a map of attention from the classifier's own weights.

Source: Xia, Peng, Khor, Feng, Zhao, "Revealing the invisible with model and data shrinking for
composite-database micro-expression recognition" (IEEE TIP 2020), by the copy of its code in MEB
(arXiv 2211.11425). The paper prints UF1 .7432, UAR .7190 on the composite; how its epoch was chosen
is unknown (the authors' own repository was not read). MEB trains for a fixed 500 epochs (SGD 1e-4):
binary F1 .287 on 12 action units, six datasets, each left out once.

The attention has no weights: for every class, the features after the first convolution are
multiplied with that class's weights of the last layer and averaged over channels; the maps, scaled
to 0..1, are averaged over the classes and weigh the features before the classifier.

What differs: a map that is constant gives 0 here, in the copy a division by zero.

Input: (H, W, 3) flow; published as (60, 60, 3). 51,139 trained parameters there with three classes,
65,548 with 12 action units; they do not depend on the size of the picture.
"""

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor, adaptive_mean, classifier

SMALLEST = (8, 8, 1)
CELLS = 5
"""Features are averaged over CELLS x CELLS cells."""


class Cells(layers.Layer):
    """Mean over CELLS x CELLS cells: (N, H, W, C) to (N, CELLS, CELLS, C)."""

    def call(self, x: Tensor) -> Tensor:
        """Return the means."""
        return adaptive_mean(x, (CELLS, CELLS))


class ClassMaps(layers.Layer):
    """Attention from the weights of the last layer, (N, h, w, C) to (N, h, w, 1) in 0..1."""

    def __init__(self, last: layers.Dense, **settings: object) -> None:
        super().__init__(**settings)
        # Bypasses Keras' attribute tracking: the weights belong to the last layer alone, which
        # start weights leave as it is.
        self.__dict__["last"] = last

    def call(self, x: Tensor) -> Tensor:
        """Return the mean of the classes' maps."""
        kernel = ops.cast(ops.reshape(self.last.kernel, (*x.shape[1:], -1)), x.dtype)
        maps = ops.einsum("nhwc,hwck->nhwk", x, kernel) / x.shape[-1]
        maps = maps - ops.min(maps, axis=(1, 2), keepdims=True)
        largest = ops.max(maps, axis=(1, 2), keepdims=True)
        return ops.mean(maps / ops.maximum(largest, 1e-6), axis=-1, keepdims=True)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the map."""
        return (*shape[:-1], 1)


def build(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 64,
    dropout: float = 0.5,
) -> keras.Model:
    """Build the network. filters: of every convolution; dropout: after each of the two pools."""
    inputs = keras.Input(shape)
    x = _normalised(layers.Conv2D(filters, 5, kernel_initializer="he_normal")(inputs))
    first = x = layers.Dropout(dropout)(layers.MaxPooling2D(2)(x))
    last = classifier(classes)
    last.build((None, CELLS * CELLS * filters))
    y = _normalised(layers.Conv2D(filters, 1, kernel_initializer="he_normal")(x))
    convolve = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")
    normalise = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    for _ in range(2):
        y = layers.ReLU()(normalise(convolve(layers.Add()([x, y]))))
    y = layers.Dropout(dropout)(layers.MaxPooling2D(2)(y))
    y = layers.Multiply()([Cells()(y), ClassMaps(last)(Cells()(first))])
    return keras.Model(inputs, last(layers.Flatten()(y)), name="rcn_a")


def _normalised(x: Tensor) -> Tensor:
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
