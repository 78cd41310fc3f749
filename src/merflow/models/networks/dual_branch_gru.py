"""System C's dual-branch 3D CNN with a new attention and a GRU.

Source: the public code of Fang, Liu, Liu, "3DCNN + GRU with new attention" (ICIP 2024).

What the released code does: repeats the label over four time steps, which fits clips of 13 to 16
frames only and stops with a shape error at its own 10 and 30; predicts from the first time step, so
the recurrence of the GRU has no effect; keeps, for every held-out subject, the epoch with the best
test score, and averages over subjects (SMIC UF1 .732, SAMM .701, CASME II .723: a random guess
scored in this way gets more). Corrected: time steps computed from the shape, one label a
clip, `head: last` (the state after the whole clip) or `mean`; `first` is the released form.
The figure in the paper shows a shared MLP and a single spatial map; the code has two MLPs, their
difference, and a map per channel: that is `attention: difference`.

Input: (T, H, W, C) frames; released with (30, 128, 128, 3), 10 frames on SMIC. 7,656,395 parameters
there, for any T. Dropout was .5 on CASME II, .3 on SAMM and SMIC.
"""

from typing import Literal

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor
from merflow.models.layers.blocks import head as softmax
from merflow.models.layers.dual_branch import Kind, branch, frame_vectors
from merflow.models.layers.dual_branch import attention as attend

SMALLEST = (1, 4, 4, 1)


class Step(layers.Layer):
    """Choose among time steps: (N, T, K) to (N, K)."""

    def __init__(self, which: str, **settings: object) -> None:
        super().__init__(**settings)
        self.which = which

    def call(self, x: Tensor) -> Tensor:
        """Return the first or last step, or the mean of all."""
        if self.which == "mean":
            return ops.mean(x, axis=1)
        return x[:, 0] if self.which == "first" else x[:, -1]


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    attention: Kind = "difference",
    head: Literal["last", "mean", "first"] = "last",
    dropout: float = 0.5,
    units: int = 1024,
    l2: float = 0.01,
) -> keras.Model:
    """Build the network.

    attention: none, cbam, or the system's own difference; head: time step of the prediction; units:
    of the GRU; dropout: before the dense layers and the GRU; l2: penalty on the dense layers'
    weights.
    """
    inputs = keras.Input(shape)
    x = layers.Concatenate()([branch(inputs, 32, 5, 2), branch(inputs, 32, 3, 2)])
    x = attend(branch(x, 32, 3, 2), attention, 8, l2)
    x = frame_vectors(x, dropout, l2)
    x = layers.GRU(units, return_sequences=True)(layers.Dropout(dropout)(x))
    x = layers.LeakyReLU(0.2)(layers.Dense(32, kernel_initializer="he_normal")(x))
    outputs = Step(head, dtype="float32")(softmax(x, classes))
    return keras.Model(inputs, outputs, name="dual_branch_gru")
