"""OFF-ApexNet: two streams, horizontal and vertical flow from onset to apex.

Source: Gan, Liong, Yau, Huang, Tan, "OFF-ApexNet on micro-expression recognition system" (2019), by
the layers and the size (2.66 million) that public re-implementations give; the authors' code was
not read. Published composite UF1 .7196, UAR .7096. Re-runs of it rise from UF1 .7032 to .8390 when
the epoch is chosen on each test subject, which is impossible here.

Uncertain: whether its convolutions are rectified; here they are. The dropout of .5 is that
of the re-implementations.

Input: (H, W, 3) flow, of which horizontal and vertical are used and strain is not; published as
28 x 28. 2,664,475 parameters there.
"""

import keras
from keras import layers

from merflow.models.layers.blocks import Tensor, head

SMALLEST = (4, 4, 2)


def build(shape: tuple[int, int, int], classes: int, *, dropout: float = 0.5) -> keras.Model:
    """Build the network. dropout: after each dense layer."""
    inputs = keras.Input(shape)
    x = layers.Concatenate()([_stream(inputs[..., :1]), _stream(inputs[..., 1:2])])
    for _ in range(2):
        x = layers.Dropout(dropout)(layers.Dense(1024, activation="relu")(x))
    return keras.Model(inputs, head(x, classes), name="off_apexnet")


def _stream(x: Tensor) -> Tensor:
    for filters in (6, 16):
        x = layers.Conv2D(filters, 5, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    return layers.Flatten()(x)
