"""System C's extended network: the whole face in one branch, a region in the other.

Heads of several widths follow the GRU's states.

Source: the public code of Fang, Liu, Liu, "dual-branch 3DCNN network with novel attention
mechanism".

What the released code does: the input of the second branch is the part of the face with the
annotated action units of the clip, also of the test clip, and action units nearly name the class.
Its own ablation shows the effect: SAMM .720/.744 without, .860/.885 with. Corrected: the region is
fixed (`region`: eyes with brows, mouth, or the whole face) and independent of labels. As in
`dual_branch_gru` the labels were repeated over a wrong number of time steps; here the number comes
from the shape and steps that remain are averaged.

Attention over time, per head: scores are max-pooled over the query axis in tens before the
softmax, so up to ten time steps give one.

Input: (T, H, W, C) frames; released with (30, 128, 128, 3). 3,817,055 parameters there; the
repository says 3.8 million. Dropout was .5, .3 on SAMM; pool 3, and 2 on CAS(ME)2 and CAS(ME)3,
where a dropout of .3 follows the dense layers (`head_dropout`).
"""

from typing import Literal

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor
from merflow.models.layers.blocks import head as softmax
from merflow.models.layers.dual_branch import Kind, branch, frame_vectors
from merflow.models.layers.dual_branch import attention as attend

SMALLEST = (1, 8, 8, 1)

BOXES = {
    "whole": (0.0, 1.0, 0.0, 1.0),
    "eyes": (0.1, 0.5, 0.0, 1.0),
    "mouth": (0.55, 1.0, 0.2, 0.8),
}
"""Top, bottom, left, right of a region, as shares of the side of the face square."""


class Region(layers.Layer):
    """Crop a fixed box from every frame and resize it to the size of the frame."""

    def __init__(self, region: str, **settings: object) -> None:
        super().__init__(**settings)
        self.box = BOXES[region]

    def call(self, x: Tensor) -> Tensor:
        """Return the region of x, (N, T, H, W, C), in the same shape."""
        steps, height, width, channels = x.shape[1:]
        top, bottom, left, right = self.box
        rows = slice(round(top * height), round(bottom * height))
        columns = slice(round(left * width), round(right * width))
        frames = ops.reshape(
            x[:, :, rows, columns],
            (-1, rows.stop - rows.start, columns.stop - columns.start, channels),
        )
        frames = ops.image.resize(
            frames, (height, width), interpolation="bilinear", data_format="channels_last"
        )
        return ops.reshape(frames, (-1, steps, height, width, channels))


class Scores(layers.Layer):
    """Attention of one head: softmax(pool(q k / sqrt(d))) v; (N, T, d) thrice to (N, T', d)."""

    def call(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Return the weighted values; T' = ceil(T / 10)."""
        scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / (q.shape[-1] ** 0.5)
        pooled = ops.max_pool(scores, 10, 10, padding="same", data_format="channels_last")
        # A softmax over one step is 1, and Keras would warn of it at every build.
        shares = ops.softmax(pooled, axis=-1) if pooled.shape[-1] > 1 else ops.ones_like(pooled)
        return ops.matmul(shares, v)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    region: Literal["eyes", "mouth", "whole"] = "eyes",
    attention: Kind = "difference",
    pool: Literal[2, 3] = 3,
    dropout: float = 0.5,
    head_dropout: float = 0.0,
    units: int = 512,
    l2: float = 0.01,
) -> keras.Model:
    """Build the network.

    region: input of the second branch; attention: as in dual_branch_gru; pool: of both stages;
    dropout: before the dense layers; l2: penalty on their weights;
    head_dropout: after the dense layers; units: of the GRU, heads are units / 2, / 4, ... wide.
    """
    inputs = keras.Input(shape)
    part = inputs if region == "whole" else Region(region)(inputs)
    x = layers.Concatenate()([branch(inputs, 32, 5, pool), branch(part, 32, 3, pool)])
    x = attend(branch(x, 64, 3, pool), attention, 8, l2)
    x = frame_vectors(x, dropout, l2)
    x = layers.GRU(units, return_sequences=True)(x)
    x = _heads(x, units)
    for width in (128, 64):
        x = layers.Dense(width, kernel_initializer="he_normal")(x)
        x = layers.Dropout(head_dropout)(layers.LeakyReLU(0.2)(x))
    outputs = layers.GlobalAveragePooling1D(dtype="float32")(softmax(x, classes))
    return keras.Model(inputs, outputs, name="dual_branch_region")


def _heads(x: Tensor, units: int) -> Tensor:
    """Return (N, T', sum of widths): single heads of width units / 2, / 4, ... down to 2."""
    found, width = [], units // 2
    while width >= 2:
        q, k, v = (layers.Dense(width)(x) for _ in range(3))
        found.append(layers.Dense(width)(Scores()(q, k, v)))
        width //= 2
    return layers.Concatenate()(found)
