"""ResNet18, the network for photographs, on flow.

Source: torchvision's `resnet18` (He, Zhang, Ren, Sun, "Deep residual learning for image
recognition", CVPR 2016), as MEB uses it on flow of 112 px with ImageNet weights (Varanka, Li, Peng,
Zhao 2023; arXiv 2211.11425). MEB trains for a fixed number of epochs without a look at the test (50
for action units, 200 for emotions): binary F1 .372 on 12 action units, six datasets, each left out
once. There is no published UF1 on the composite. On five objective classes of CASME II and SAMM it
got .632 when trained on six datasets and .499 on these two alone.

What differs: the channels are merflow's u, v and strain, scaled by the training fold.

Weights: random initialisation, unless `training.start_weights` names a converted torchvision file
(see `merflow.models.training.torchvision_weights`) or the experiment a pretraining. merflow ships
none, and MEB's figures are with ImageNet's.

Input: (H, W, 3) flow; (112, 112, 3) there. 11,178,051 trained parameters with three classes,
11,182,668 with 12 action units; they do not depend on the size of the picture.
"""

import keras
from keras import layers

from merflow.models.layers.blocks import Tensor, head

SMALLEST = (4, 4, 1)


def build(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 64,
) -> keras.Model:
    """Build the network.

    filters: of the first layer, doubled by each of the last three (published weights need 64).
    """
    inputs = keras.Input(shape)
    x = layers.ReLU()(_normalise(_conv(inputs, filters, 7, 2, "conv1"), "bn1"))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))  # never below 0, so 0 is a border
    for number in range(1, 5):
        for block in range(2):
            stride = 2 if number > 1 and block == 0 else 1
            x = _block(x, filters << (number - 1), stride, f"layer{number}_{block}")
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, head(x, classes, name="fc"), name="resnet18_flow")


def _conv(x: Tensor, filters: int, kernel: int, stride: int, name: str) -> Tensor:
    """Return a convolution padded by half its kernel on both sides, as in PyTorch; no bias."""
    x = layers.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
    return layers.Conv2D(
        filters, kernel, strides=stride, use_bias=False, kernel_initializer="he_normal", name=name
    )(x)


def _normalise(x: Tensor, name: str) -> Tensor:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)


def _block(x: Tensor, filters: int, stride: int, name: str) -> Tensor:
    """Return a residual block; layers have torchvision's names with `_` for `.`."""
    y = layers.ReLU()(_normalise(_conv(x, filters, 3, stride, f"{name}_conv1"), f"{name}_bn1"))
    y = _normalise(_conv(y, filters, 3, 1, f"{name}_conv2"), f"{name}_bn2")
    if stride > 1 or x.shape[-1] != filters:
        x = _conv(x, filters, 1, stride, f"{name}_downsample_0")
        x = _normalise(x, f"{name}_downsample_1")
    return layers.ReLU()(layers.Add()([x, y]))
