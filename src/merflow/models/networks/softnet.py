"""SOFTNet: three shallow streams, one for each component of flow; made for spotting.

Source: Liong, See, Wong, "Shallow optical flow three-stream CNN for macro- and micro-expression
spotting from long videos" (ICIP 2021), by the layers of the authors' public code. It scores every
frame of a recording; the published F1 (micro, macro: .0896, .2463 on CAS(ME)2, .1568, .1923 on SAMM
Long Videos) is of its last of 10 epochs, but the threshold of the peaks (p = .55) was chosen on the
reported score, and the mean length of an expression included that of test subjects.

What differs: its pictures are the brows above the mouth, 42 x 21 px each, of the flow from each
frame to one k later, with the motion of the nose removed; here they are those of the preparation.
Its one output is linear, with a squared error; here it has one output for each class (for spotting
two, expression or not) and the loss of the experiment.

Input: (H, W, 3) flow: horizontal, vertical, strain; released as (42, 42, 3). 315,218 parameters
there with two classes; 314,817 with one output, as released.
"""

import keras
from keras import layers

from merflow.models.layers.blocks import head

SMALLEST = (6, 6, 3)


def build(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: tuple[int, int, int] = (3, 5, 8),
    units: int = 400,
) -> keras.Model:
    """Build the network. filters: of the three streams; units: of the dense layer."""
    inputs = keras.Input(shape)
    streams = []
    for channel, width in enumerate(filters):
        x = inputs[..., channel : channel + 1]
        x = layers.Conv2D(width, 5, padding="same", activation="relu")(x)
        streams.append(layers.MaxPooling2D(3)(x))
    x = layers.Flatten()(layers.MaxPooling2D(2)(layers.Concatenate()(streams)))
    x = layers.Dense(units, activation="relu")(x)
    return keras.Model(inputs, head(x, classes), name="softnet")
