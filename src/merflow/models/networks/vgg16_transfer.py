"""System D's VGG16: a network for photographs, applied to single frames of an expression.

Source: MagnifyMe (three public notebooks, 2025), in PyTorch: VGG16 with ImageNet weights, trained
on posed macro-expressions (JAFFE, KTFE), then its convolutions frozen and the dense layers trained
on frames of SAMM, two classes.

What the released code does: 2,700 single frames split at random, so frames of one clip, and its
copies from a learned magnifier (not the Eulerian one of its description), are on both sides; the
same random changes are applied to validation; frames are sorted by their names as text before
magnification. Its 96.54 % is a validation accuracy of several epochs; there is no test. Not
comparable with anything here. Corrected outside the network: folds by subject, frame order. A
setting chooses the frame: the middle, the last (the apex, with `select: onset-apex`), or the mean
over the features of all frames.

Weights: `none` is random initialisation; `imagenet` loads Keras' own file and stops when it cannot;
`given` loads nothing but scales the input for them, for `training.start_weights`: a file of merflow
trained from them, or a copy of Keras' own (`..._notop.h5`), its SHA-256 checked.

Input: (T, H, W, C) frames, C 1 or 3; 224 x 224 there. 134,268,738 parameters for two classes,
for any frame size: features are pooled to 7 x 7 as in torchvision.
"""

from typing import Literal

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Tensor, adaptive_mean, head

SMALLEST = (1, 32, 32, 1)
OWN_SCALING = True

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of convolutions of each block."""

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Frame(layers.Layer):
    """One frame of the clip: (N, T, H, W, C) to (N, 1, H, W, C)."""

    def __init__(self, which: str, **settings: object) -> None:
        super().__init__(**settings)
        self.which = which

    def call(self, x: Tensor) -> Tensor:
        """Return the middle or the last frame."""
        at = x.shape[1] - 1 if self.which == "last" else x.shape[1] // 2
        return x[:, at : at + 1]


class SevenBySeven(layers.Layer):
    """Mean over 7 x 7 cells: (N, H, W, C) to (N, 7, 7, C)."""

    def call(self, x: Tensor) -> Tensor:
        """Return the means."""
        return adaptive_mean(x, (7, 7))


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    frames: Literal["middle", "last", "mean"] = "middle",
    weights: Literal["none", "imagenet", "given"] = "none",
    freeze: bool = False,
    dropout: float = 0.5,
    units: int = 4096,
) -> keras.Model:
    """Build the network.

    frames: input of the convolutions; weights: none, imagenet, or given; freeze:
    leave the convolutions as loaded; dropout: after each of the two wide dense
    layers; units: of these.
    """
    inputs = keras.Input(shape)
    x = inputs if frames == "mean" else Frame(frames)(inputs)
    steps = x.shape[1]
    x = ops.reshape(_scaled(x, weights != "none"), (-1, *shape[1:3], 3))
    features = vgg_features((*shape[1:3], 3))
    if weights == "imagenet":
        features.set_weights(_imagenet((*shape[1:3], 3)))
    features.trainable = not freeze
    x = SevenBySeven()(features(x))
    x = ops.mean(ops.reshape(x, (-1, steps, *x.shape[1:])), axis=1)
    x = layers.Flatten()(x)
    for name in ("fc1", "fc2"):
        x = layers.Dropout(dropout)(layers.Dense(units, activation="relu", name=name)(x))
    return keras.Model(inputs, head(x, classes), name="vgg16_transfer")


def vgg_features(shape: tuple[int, int, int]) -> keras.Model:
    """Return the thirteen convolutions; layers are named as in Keras' own VGG16."""
    inputs = x = keras.Input(shape)
    for block, (filters, count) in enumerate(BLOCKS, 1):
        for number in range(1, count + 1):
            x = layers.Conv2D(
                filters,
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name=f"block{block}_conv{number}",
            )(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return keras.Model(inputs, x, name="features")


def _imagenet(shape: tuple[int, int, int]) -> list:
    """Return Keras' own ImageNet weights, from its cache or downloaded into it by Keras."""
    try:
        found = keras.applications.VGG16(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:
        name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
        raise OSError(f"{name}: {error}") from error
    return found.get_weights()


def _scaled(x: Tensor, as_keras: bool) -> Tensor:
    """Return pixels 0..255, grey or RGB, as three channels scaled by ImageNet's figures.

    as_keras: as for Keras' own file, BGR with the mean subtracted and no division.
    """
    if x.shape[-1] == 1:
        x = layers.Concatenate()([x, x, x])
    if as_keras:
        return layers.Rescaling(1.0, [-255 * m for m in reversed(IMAGENET_MEAN)])(x[..., ::-1])
    pairs = list(zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True))
    return layers.Rescaling([1 / (255 * d) for _, d in pairs], [-m / d for m, d in pairs])(x)
