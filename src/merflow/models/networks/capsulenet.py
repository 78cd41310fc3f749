"""CapsuleNet: the first three stages of ResNet18 on one frame, then capsules with routing.

Source: Quang, Chun, Tokuyama, "CapsuleNet for micro-expression recognition" (FG 2019), the layers
of the authors' public code (davidnvq/me_recognition): ResNet18 without its first pooling and its
last stage, two 9 x 9 convolutions, 32 maps of capsules with 8 numbers, one capsule of 16 numbers
per class, three steps of routing. MEGC2019 composite: UF1 .6520, UAR .6506.

How the published figure was chosen: 30 epochs, of which each test subject's best by UF1 is kept;
the log is the mean over subjects, and its predictions pooled over 435 clips give .652 and .651.
That is an oracle epoch: merflow fixes the epochs or chooses them on training subjects.

What differs: the code starts from ImageNet weights and its margin loss needs the length of each
class capsule. Here initialisation is random unless start weights are given, and the last layer is
an activation on ln(s2), where s2 is the squared norm of a class capsule before it is squashed. Its
sigmoid, for several labels a clip, is the length of the squashed capsule, s2 / (1 + s2); its
softmax, the share of s2, lets all losses of merflow train it. No dense layer follows the capsules.

Input: (T, H, W, C) frames, of which one is used; (1, 224, 224, 3), the apex, there. 13,846,976
parameters there with three classes, 13,842,496 of them trained. For a smaller frame the 9 x 9
kernels are cut to the size of the maps.
"""

from typing import Literal

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor, output_activation

SMALLEST = (1, 8, 8, 1)

PRIMARY, CLASS = 8, 16
"""Numbers in a primary capsule and in a class capsule."""


class ClassCapsules(layers.Layer):
    """From primary capsules, (N, I, 8), to ln of the squared norm of each class capsule, (N, K)."""

    def __init__(self, classes: int, routing: int, **settings: object) -> None:
        super().__init__(**settings)
        self.classes, self.routing = classes, routing

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make one matrix per class and primary capsule."""
        self.kernel = self.add_weight(
            shape=(self.classes, shape[1], CLASS, shape[2]),
            initializer=keras.initializers.RandomNormal(stddev=0.01),
            name="kernel",
        )

    def call(self, x: Tensor) -> Tensor:
        """Route by agreement; only the last step has a gradient."""
        votes = ops.einsum("kiod,nid->nkio", self.kernel, x)
        fixed = ops.stop_gradient(votes)
        scores = ops.zeros_like(fixed[..., 0])
        for _ in range(self.routing - 1):
            found = squash(_weighted_sum(scores, fixed))
            scores = scores + ops.einsum("nko,nkio->nki", found, fixed)
        total = _weighted_sum(scores, votes)
        return ops.log(ops.sum(ops.square(total), axis=-1) + 1e-7)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return one number per class."""
        return (shape[0], self.classes)


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    frame: Literal["last", "middle"] = "last",
    filters: int = 64,
    capsules: int = 32,
    routing: int = 3,
) -> keras.Model:
    """Build the network.

    frame: last (the apex, with `select: onset-apex`) or middle; filters: of the first layer, the
    third stage has four times as many; capsules: maps of primary capsules; routing: steps.
    """
    inputs = keras.Input(shape)
    at = shape[0] - 1 if frame == "last" else shape[0] // 2
    x = _stages(inputs[:, at], filters)
    x = layers.Conv2D(4 * filters, _kernel(x), activation="relu")(x)
    x = layers.Conv2D(PRIMARY * capsules, _kernel(x), strides=2)(x)
    x = layers.Reshape((-1, PRIMARY), dtype="float32")(x)
    x = ClassCapsules(classes, routing, dtype="float32")(squash(x))
    outputs = layers.Activation(output_activation(), dtype="float32")(x)
    return keras.Model(inputs, outputs, name="capsulenet")


def squash(x: Tensor) -> Tensor:
    """Return vectors (..., D) in their direction, with norm s2 / (1 + s2) instead of sqrt(s2)."""
    square = ops.sum(ops.square(x), axis=-1, keepdims=True)
    return x * (square / (1 + square) * ops.rsqrt(square + 1e-12))


def _weighted_sum(scores: Tensor, votes: Tensor) -> Tensor:
    """Return (N, K, 16): each primary capsule shares its vote between the classes."""
    return ops.einsum("nki,nkio->nko", ops.softmax(scores, axis=1), votes)


def _kernel(x: Tensor) -> tuple[int, int]:
    return (min(9, x.shape[1]), min(9, x.shape[2]))


def _stages(x: Tensor, filters: int) -> Tensor:
    """Return ResNet18's first convolution and three stages; the sides shrink to an eighth."""
    x = _conv(x, filters, 7, 2)
    for stage in range(3):
        for block in range(2):
            x = _residual(x, filters << stage, 2 if stage and not block else 1)
    return x


def _residual(x: Tensor, filters: int, stride: int) -> Tensor:
    y = _conv(_conv(x, filters, 3, stride), filters, 3, 1, rectify=False)
    if stride > 1:
        x = _conv(x, filters, 1, stride, rectify=False)
    return layers.ReLU()(layers.Add()([x, y]))


def _conv(x: Tensor, filters: int, kernel: int, stride: int, rectify: bool = True) -> Tensor:
    """Return a convolution, padded by half its kernel, and batch normalisation."""
    x = layers.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
    x = layers.Conv2D(
        filters, kernel, strides=stride, use_bias=False, kernel_initializer="he_normal"
    )(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return layers.ReLU()(x) if rectify else x
