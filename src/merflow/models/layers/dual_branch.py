"""Stages and attention that system C's two networks share."""

from collections.abc import Callable
from typing import Literal

from keras import layers, regularizers

from merflow.models.layers.blocks import Tensor, channel_gate, channel_maps

Kind = Literal["none", "cbam", "difference"]


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


def attention(x: Tensor, kind: Kind, reduction: int, l2: float) -> Tensor:
    """Return x, (N, T, H, W, C), weighted by channel and position.

    difference: the released form. Two separate MLPs on the channels' maximum and mean, the
    sigmoid of half their difference; a spatial map for every channel; both computed from x.
    cbam: one shared MLP, the sum; then one spatial map of the weighted channels.
    """
    if kind == "none":
        return x
    mean = layers.GlobalAveragePooling3D()(x)
    peak = layers.GlobalMaxPooling3D()(x)
    if kind == "difference":
        scores = [_mlp(x.shape[-1], reduction, l2)(v) for v in (peak, mean)]
        half = layers.Rescaling(0.5)(layers.Subtract()(scores))
        weighed = channel_gate(x, layers.Activation("sigmoid")(half))
        return layers.Multiply()([weighed, _place(x, x.shape[-1], 3)])
    shared = _mlp(x.shape[-1], reduction, l2)
    weighed = channel_gate(
        x, layers.Activation("sigmoid")(layers.Add()([shared(peak), shared(mean)]))
    )
    return layers.Multiply()([weighed, _place(weighed, 1, 7)])


def _mlp(channels: int, reduction: int, l2: float) -> Callable[[Tensor], Tensor]:
    """Return two dense layers, callable more than once with the same weights."""
    penalty = regularizers.L2(l2) if l2 else None
    squeeze = layers.Dense(
        channels // reduction, kernel_initializer="he_normal", kernel_regularizer=penalty
    )
    rectify = layers.LeakyReLU(0.2)
    widen = layers.Dense(channels, kernel_initializer="he_normal")
    return lambda x: widen(rectify(squeeze(x)))


def _place(x: Tensor, filters: int, kernel: int) -> Tensor:
    """Return spatial maps, (N, T, H, W, filters), from maximum and mean over channels."""
    return layers.Conv3D(
        filters, kernel, padding="same", activation="sigmoid", kernel_initializer="he_normal"
    )(channel_maps(x))
