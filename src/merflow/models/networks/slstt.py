"""SLSTT: a vision transformer on every picture of a clip, and an LSTM over the pictures.

Source: Zhang, Hong, Arandjelovic, Zhao, "Short and long range relation based spatio-temporal
transformer for micro-expression recognition" (IEEE TAFFC 2022), the layers of the authors' public
code: ViT-B/16 (its class token), three LSTM layers of 512 units, a dense layer of 256. Input there
are 11 pictures of long-range flow from the onset, 384 x 384, of frames that RIFE interpolated.
Composite UF1 .816, UAR .790.

How the published figure was chosen: the epoch with the best accuracy on the left-out subject, an
oracle epoch; training stops when it is 100 %. Truth and prediction are swapped in the confusion
matrices of the paper, as the code's own README says.

What differs: in the code, the transformer runs without gradients, so that only LSTM and dense
layers learn, on features of ImageNet weights; here all layers learn from random initialisation
(`freeze` as there, which only makes sense with start weights). merflow's flow is one picture a
clip: give flow pictures as the frames of prepared clips, or frames with `difference: onset`.

Input: (T, H, W, C) frames or pictures, any T. Published: 93,052,934 parameters at 384 x 384 x 3
with three classes, 92,761,094 at 224. Here 8,451 fewer, 93,044,483 and 92,752,643: Keras adds one
bias in a gate of an LSTM, PyTorch two (6,144), and the transformer's own dense layer, which the
code builds and never uses (2,307), is left out. Needs a GPU at these sizes.
"""

import keras
from keras import layers, ops

from merflow.models.layers.attention import attend
from merflow.models.layers.blocks import Tensor, head, per_frame

SMALLEST = (1, 16, 16, 1)
NEEDS_GPU = ("width", "depth")


class Tokens(layers.Layer):
    """A learned class token before the patches, (N, P, D) to (N, 1 + P, D), and positions."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the token and one position vector for each patch and the token."""
        self.token = self.add_weight(shape=(1, 1, shape[2]), initializer="zeros", name="token")
        self.positions = self.add_weight(
            shape=(1, shape[1] + 1, shape[2]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="positions",
        )

    def call(self, x: Tensor) -> Tensor:
        """Return the tokens."""
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[2]))
        return ops.concatenate([ops.cast(token, x.dtype), x], axis=1) + self.positions

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape with one token more."""
        return (shape[0], shape[1] + 1, shape[2])


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    patch: int = 16,
    width: int = 768,
    heads: int = 12,
    depth: int = 12,
    units: int = 512,
    lstm_layers: int = 3,
    dropout: float = 0.1,
    freeze: bool = False,
) -> keras.Model:
    """Build the network.

    patch: side of a patch (px); width, heads, depth: of the transformer; units: of each of the
    lstm_layers; dropout: in the transformer; freeze: leave the transformer as loaded.
    """
    inputs = keras.Input(shape)
    encoder = _encoder(shape[1:], patch, width, heads, depth, dropout)
    encoder.trainable = not freeze
    x = per_frame(inputs, encoder)
    for number in range(1, lstm_layers + 1):
        x = layers.LSTM(units, return_sequences=number < lstm_layers)(x)
    x = layers.Dense(units // 2, activation="relu")(x)
    return keras.Model(inputs, head(x, classes), name="slstt")


def _encoder(
    shape: tuple[int, ...], patch: int, width: int, heads: int, depth: int, dropout: float
) -> keras.Model:
    """Return the vision transformer, from a picture (H, W, C) to its class token, (width,)."""
    inputs = keras.Input(shape)
    x = layers.Conv2D(width, patch, strides=patch)(inputs)
    x = Tokens()(layers.Reshape((-1, width))(x))
    for _ in range(depth):
        x = _block(x, width, heads, dropout)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    return keras.Model(inputs, x[:, 0], name="encoder")


def _block(x: Tensor, width: int, heads: int, dropout: float) -> Tensor:
    """Return attention and two dense layers, each normalised before and added to its input."""
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    q, k, v = (layers.Dense(width)(y) for _ in range(3))
    y = layers.Dense(width)(attend(q, k, v, heads))
    x = layers.Add()([x, layers.Dropout(dropout)(y)])
    y = layers.Dense(4 * width)(layers.LayerNormalization(epsilon=1e-6)(x))
    y = layers.Dense(width)(ops.gelu(y, approximate=True))
    return layers.Add()([x, layers.Dropout(dropout)(y)])
