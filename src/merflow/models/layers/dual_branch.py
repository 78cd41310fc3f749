"""Stages that system C's two networks share."""

from keras import layers, regularizers

from merflow.models.layers.blocks import Tensor


def branch(x: Tensor, filters: int, kernel: int, pool: int) -> Tensor:
    """Apply convolution, leaky rectifier and pooling; each axis shrinks to ceil(side / pool)."""
    x = layers.Conv3D(filters, kernel, padding="same", kernel_initializer="he_normal")(x)
    return layers.MaxPooling3D(pool, padding="same")(layers.LeakyReLU(0.2)(x))


def frame_vectors(x: Tensor, dropout: float, l2: float) -> Tensor:
    """Return (N, T, 64): each time step flattened and passed through two dense layers."""
    x = layers.Reshape((x.shape[1], -1))(x)
    for width in (128, 64):
        x = layers.Dense(
            width, kernel_initializer="he_normal", kernel_regularizer=regularizers.L2(l2)
        )(layers.Dropout(dropout)(x))
        x = layers.LeakyReLU(0.2)(x)
    return x
