"""STSTNet: three shallow streams over optical flow and strain.

Source: Liong, Gan, See, Khor, Huang, "Shallow triple stream three-dimensional CNN" (FG 2019), the
layers of the authors' own PyTorch port. The paper prints UF1 .7353, UAR .7605 (composite); the
port gives .7209, .7250 at its last of 800 epochs (Adam, 5e-5, batch 256), and with the epoch
chosen on each test subject .7740: such a choice is impossible here.

What differs: the port scales every clip's flow to its own range, merflow by the training fold
(`flow.scale: clip` of the preparation does the same as the port).

Input: (H, W, 3) flow: horizontal, vertical, strain; released as (28, 28, 3). 1,715 parameters
there, 1,683 of them trained.
"""

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor, head

SMALLEST = (3, 3, 1)


class Border(layers.Layer):
    """A border of one pixel with the lowest value, as PyTorch's pooling with padding has."""

    lowest = -6e4
    """Within the range of 16-bit floats."""

    def call(self, x: Tensor) -> Tensor:
        """Return x, (N, H, W, C), one pixel wider on each side."""
        return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=self.lowest)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the padded shape."""
        return (shape[0], shape[1] + 2, shape[2] + 2, shape[3])


def build(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: tuple[int, ...] = (3, 5, 8),
    dropout: float = 0.5,
) -> keras.Model:
    """Build the network. filters: of each stream; dropout: in each stream."""
    inputs = keras.Input(shape)
    streams = []
    for width in filters:
        x = layers.Conv2D(width, 3, activation="relu")(layers.ZeroPadding2D(2)(inputs))
        x = layers.MaxPooling2D(3)(Border()(layers.BatchNormalization(epsilon=1e-5)(x)))
        streams.append(layers.Dropout(dropout)(x))
    x = layers.AveragePooling2D(2)(layers.Concatenate()(streams))
    return keras.Model(inputs, head(layers.Flatten()(x), classes), name="ststnet")
