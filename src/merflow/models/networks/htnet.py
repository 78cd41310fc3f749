"""HTNet: published as a hierarchical transformer over four crops of a flow picture.

Source: Wang, Zhang, Luo, Sankaranarayana, "HTNet for micro-expression recognition" (2024), by the
authors' public PyTorch code. It prints UF1 .8603, UAR .8475 on the MEGC2019 composite: for every
subject the predictions of its last epoch with the best test accuracy among 800, which is
impossible here. Users who ran the code report .6484, .6456 and .6552, .6521.

**With the published settings its attention sees one position.** 28 px in patches of 7 are 4 x 4
positions, cut into 4 x 4 blocks of one; the next levels have 2 x 2 blocks of one and one block of
one. A softmax over one number is 1, so the 22,195,200 weights of query and key have no effect on
any output, bit for bit (a test redraws them all), and what remains is a residual network of dense
layers on patches, with two 3 x 3 convolutions. `patch_size: 2` is the repaired variant: 28 px are
padded to 32, and every block of every level has 4 x 4 positions.

What differs: the released crops are placed by landmarks of a face detector on the apex frame of
28 px (x taken as the row, y as the column, so the lower left crop is that of the right eye's
position); here all clips have the crops of the landmarks that its code falls back to, at any size,
or the whole picture. Its pixels are bytes 0..255, unscaled; merflow's flow is scaled by the
training fold. Training there: Adam 5e-5, batch 256, clips never shuffled.

Input: (H, W, 3) flow; published as (28, 28, 3). 139,582,982 parameters there with three classes
(blocks 2, 2, 10), 114,429,446 with the other released blocks (2, 2, 8).
"""

from typing import Literal

import keras
from keras import layers, ops

from merflow.models.layers.blocks import Border, Tensor, head
from merflow.models.layers.transformer import Positions, transformer_block

SMALLEST = (8, 8, 1)

CENTRES = (((9, 11), (21, 10)), ((10, 22), (20, 22)))
"""Row and column of the centre of each crop, in a picture of 28 px, as they lie in the mosaic."""
SIDE = 28


def build(
    shape: tuple[int, int, int],
    classes: int,
    *,
    patch_size: int = 7,
    blocks: tuple[int, ...] = (2, 2, 10),
    width: int = 256,
    heads: int = 3,
    picture: Literal["mosaic", "whole"] = "mosaic",
) -> keras.Model:
    """Build the network.

    patch_size: side (px) of a patch, one position; blocks: number at each level, each level twice
    as wide with half the positions a side; width: at the first level; heads: at the first level,
    doubled like the width; picture: four crops beside each other, or the whole.
    """
    inputs = keras.Input(shape)
    x = _padded(mosaic(inputs) if picture == "mosaic" else inputs, patch_size << len(blocks) - 1)
    x = layers.Conv2D(width, patch_size, strides=patch_size)(x)
    for level, count in enumerate(blocks):
        if level:
            x = layers.Conv2D(width << level, 3, padding="same")(x)
            x = layers.MaxPooling2D(3, 2)(Border()(layers.LayerNormalization(epsilon=1e-5)(x)))
        x = _level(x, level, 1 << len(blocks) - 1 - level, count, heads << level)
    x = layers.GlobalAveragePooling2D()(layers.LayerNormalization(epsilon=1e-5)(x))
    return keras.Model(inputs, head(x, classes), name="htnet")


def mosaic(x: Tensor) -> Tensor:
    """Return four overlapping crops of half the size, two above two, of pictures (N, H, W, C)."""
    sides = x.shape[1] // 2, x.shape[2] // 2
    rows = [layers.Concatenate(axis=2)([_crop(x, c, sides) for c in row]) for row in CENTRES]
    return layers.Concatenate(axis=1)(rows)


def _crop(x: Tensor, centre: tuple[int, int], sides: tuple[int, int]) -> Tensor:
    """Return the crop around a centre, moved inside the picture where it would leave it."""
    starts = [
        min(max(at * whole // SIDE - side // 2, 0), whole - side)
        for at, whole, side in zip(centre, x.shape[1:3], sides, strict=True)
    ]
    top, left = starts
    return x[:, top : top + sides[0], left : left + sides[1]]


def _padded(x: Tensor, unit: int) -> Tensor:
    """Return pictures with zeros on all sides, up to a multiple of `unit`."""
    missing = [-side % unit for side in x.shape[1:3]]
    return layers.ZeroPadding2D([(n // 2, n - n // 2) for n in missing])(x)


def _level(x: Tensor, level: int, cells: int, count: int, heads: int) -> Tensor:
    """Return x, (N, H, W, C), after transformer blocks inside each of cells x cells parts."""
    height, width, channels = x.shape[1] // cells, x.shape[2] // cells, x.shape[3]
    x = ops.reshape(x, (-1, cells, height, cells, width, channels))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, height * width, channels))
    x = Positions(per_channel=False)(x)
    for number in range(count):
        x = transformer_block(x, heads, f"level{level}_block{number}", bias=False)
    x = ops.reshape(x, (-1, cells, cells, height, width, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, cells * height, cells * width, channels))
