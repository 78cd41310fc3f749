"""The 18-layer video ResNets of Tran et al. 2018 with system A's options; layers as torchvision's.

Padding is explicit: PyTorch pads both sides of a strided convolution, Keras' `same` only the far
side of an even frame, and converted weights must give the same numbers.
"""

from typing import Literal

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor, adaptive_mean, channel_gate, channel_maps, head

ChannelAttention = Literal["none", "map", "pooled"]

_SA, _CA = {"spatial_attention": True}, {"channel_attention": "map"}
_MASK = {"outline_mask": True}
CONFIGURATIONS = {
    "baseline": {},
    "drop0.2+SA+mask": {"dropout": 0.2} | _SA | _MASK,
    "drop0.3+SA+mask": {"dropout": 0.3} | _SA | _MASK,
    "drop0.3+CA+mask": {"dropout": 0.3} | _CA | _MASK,
    "drop0.2+SA+CA+mask": {"dropout": 0.2} | _SA | _CA | _MASK,
    "drop0.3+SA+CA+mask": {"dropout": 0.3} | _SA | _CA | _MASK,
}
"""System A's six named configurations; with both networks its twelve."""

KINETICS_MEAN, KINETICS_DEVIATION = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)


class Outline(layers.Layer):
    """Mask of the face: 1 inside its outline, 0 in the black outside, at the feature's size.

    Reads the black pixels of `crop.hull_mask`; (N, T, H, W, C) pixels 0..255 to (N, 1, h, w, 1),
    the share of each cell that is face in at least one frame.
    """

    black = 4.0
    """Interpolation and magnification make black pixels slightly brighter."""

    def __init__(self, size: tuple[int, int], **settings: object) -> None:
        super().__init__(**settings)
        self.size = size

    def call(self, pixels: Tensor) -> Tensor:
        """Return the mask."""
        face = ops.cast(ops.max(pixels, axis=(1, 4)) > self.black, "float32")
        return ops.expand_dims(adaptive_mean(face[..., None], self.size), 1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the mask's shape."""
        return (shape[0], 1, *self.size, 1)


def conv(
    x: Tensor,
    filters: int,
    kernel: tuple[int, int, int],
    strides: tuple[int, int, int],
    name: str,
) -> Tensor:
    """Return a convolution padded by half its kernel on both sides, no bias."""
    x = layers.ZeroPadding3D(tuple(side // 2 for side in kernel))(x)
    return layers.Conv3D(
        filters, kernel, strides=strides, use_bias=False, kernel_initializer="he_normal", name=name
    )(x)


def normalise(x: Tensor, name: str) -> Tensor:
    """Return batch normalisation with PyTorch's constants."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)


def _stem(x: Tensor, kind: str, filters: int) -> Tensor:
    """Return the first convolution, 3 x 7 x 7; in R(2+1)D one over space, then one over time."""
    if kind == "r3d18":
        x = conv(x, filters, (3, 7, 7), (1, 2, 2), "stem_0")
        return layers.ReLU()(normalise(x, "stem_1"))
    x = conv(x, 45 * filters // 64, (1, 7, 7), (1, 2, 2), "stem_0")
    x = layers.ReLU()(normalise(x, "stem_1"))
    return layers.ReLU()(normalise(conv(x, filters, (3, 1, 1), (1, 1, 1), "stem_3"), "stem_4"))


def _block(x: Tensor, kind: str, filters: int, stride: int, name: str) -> Tensor:
    """Return a residual block; layers carry torchvision's names with `_` for `.`."""
    middle = (x.shape[-1] * filters * 27) // (x.shape[-1] * 9 + 3 * filters)

    def convolve(y: Tensor, stride: int, name: str) -> Tensor:
        if kind == "r3d18":
            return conv(y, filters, (3, 3, 3), (stride,) * 3, name)
        y = conv(y, middle, (1, 3, 3), (1, stride, stride), f"{name}_0")
        y = layers.ReLU()(normalise(y, f"{name}_1"))
        return conv(y, filters, (3, 1, 1), (stride, 1, 1), f"{name}_3")

    y = convolve(x, stride, f"{name}_conv1_0")
    y = layers.ReLU()(normalise(y, f"{name}_conv1_1"))
    y = normalise(convolve(y, 1, f"{name}_conv2_0"), f"{name}_conv2_1")
    if stride > 1 or x.shape[-1] != filters:
        x = conv(x, filters, (1, 1, 1), (stride,) * 3, f"{name}_downsample_0")
        x = normalise(x, f"{name}_downsample_1")
    return layers.ReLU()(layers.Add()([x, y]))


# PyTorch as a backend refuses a `.` in a name. Layers that torchvision's network lacks are named
# `added`: with converted weights they keep their random initialisation.


def build_resnet(
    kind: Literal["r3d18", "r2plus1d18"],
    shape: tuple[int, int, int, int],
    classes: int,
    dropout: float,
    spatial_attention: bool,
    channel_attention: ChannelAttention,
    outline_mask: bool,
    stem_pool: bool,
    filters: int,
) -> keras.Model:
    """Build either network; the settings are described in their files."""
    inputs = keras.Input(shape)
    x = _stem(_kinetics_scale(inputs), kind, filters)
    if stem_pool:
        x = layers.MaxPooling3D((1, 2, 2))(x)
    if outline_mask:
        x = layers.Multiply()([x, Outline(x.shape[2:4], dtype="float32")(inputs)])
    for number in range(1, 5):
        for block in range(2):
            stride = 2 if number > 1 and block == 0 else 1
            x = _block(x, kind, filters << (number - 1), stride, f"layer{number}_{block}")
        x = layers.SpatialDropout3D(dropout)(x)
        if number == 3 and spatial_attention:
            x = _weigh_places(x)
    if channel_attention == "map":
        x = channel_gate(x, _channel_scores(x, pooled=False))
    x = layers.GlobalAveragePooling3D()(x)
    if channel_attention == "pooled":
        x = layers.Multiply()([x, _channel_scores(x, pooled=True)])
    return keras.Model(inputs, head(x, classes, name="fc"), name=kind)


def _kinetics_scale(x: Tensor) -> Tensor:
    """Return pixels 0..255 scaled as in Kinetics-400; grey by the mean of the three channels."""
    mean, deviation = KINETICS_MEAN, KINETICS_DEVIATION
    if x.shape[-1] != 3:
        mean, deviation = (sum(mean) / 3,), (sum(deviation) / 3,)
    scale = [1 / (255 * d) for d in deviation]
    offset = [-m / d for m, d in zip(mean, deviation, strict=True)]
    return layers.Rescaling(scale, offset)(x)


def _weigh_places(x: Tensor) -> Tensor:
    weights = layers.Conv3D(
        1, 7, padding="same", use_bias=False, activation="sigmoid", name="added_places"
    )
    return layers.Multiply()([x, weights(channel_maps(x))])


def _channel_scores(x: Tensor, pooled: bool) -> Tensor:
    """Return (N, C) weights of the channels from their mean and maximum, one shared MLP.

    pooled: x is (N, C) already, so mean and maximum are the same, as in the released code.
    """
    squeeze = layers.Dense(
        max(1, x.shape[-1] // 16), activation="relu", use_bias=False, name="added_squeeze"
    )
    widen = layers.Dense(x.shape[-1], use_bias=False, name="added_widen")
    views = (
        [x, x] if pooled else [layers.GlobalAveragePooling3D()(x), layers.GlobalMaxPooling3D()(x)]
    )
    total = layers.Add()([widen(squeeze(view)) for view in views])
    return layers.Activation("sigmoid")(total)
