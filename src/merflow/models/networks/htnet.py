"""HTNet: published as a hierarchical transformer over four crops of a flow picture.

Source: Wang, Zhang, Luo, Sankaranarayana, "HTNet for micro-expression recognition" (2024), by the
authors' public PyTorch code. It prints UF1 .8603, UAR .8475 on the MEGC2019 composite: for every
subject the predictions of the last epoch with its best test accuracy among 800, which is impossible
here. Users who ran the code report .6484, .6456 and .6552, .6521.

**With the published settings its attention sees one position.** 28 px in patches of 7 are 4 x 4
positions, cut into 4 x 4 blocks of one; the next levels have 2 x 2 blocks of one and one block of
one. A softmax over one number is 1, so the 22,195,200 weights of query and key have no effect on
any output, bit for bit (a test draws all of them again), and what remains is a residual network of
dense layers on patches, with two 3 x 3 convolutions. `patch_size: 2` is the repaired variant: 28 px
are padded to 32, and every block of every level has 4 x 4 positions.

What differs: the released crops lie around landmarks that a face detector finds on the apex frame
of 28 px (x is taken as the row and y as the column); here all clips have the crops around the
landmarks that its code falls back to, at any size, or the whole picture. The crop of the nose is
unused there too. Its pixels are bytes 0..255, unscaled; merflow's flow is scaled by the training
fold. Training there: Adam 5e-5, batch 256, clips never shuffled.

Input: (H, W, 3) flow; published as (28, 28, 3). 139,582,982 parameters there with three classes
(blocks 2, 2, 10), 114,429,446 with the other released blocks (2, 2, 8).
"""

from typing import Literal

import keras
from keras import layers

from merflow.models.layers.blocks import Tensor, head
from merflow.models.layers.nested_transformer import nested_transformer

SMALLEST = (8, 8, 1)

CENTRES = (((9, 11), (21, 10)), ((10, 22), (20, 22)))
"""Row and column of the centre of each crop, in a picture of 28 px, as they lie in the mosaic:
left eye, mouth below it; right eye, mouth below it."""
SIDE = 28


def build(
    shape: tuple[int, int, int],
    classes: int,
    *,
    patch_size: int = 7,
    blocks: tuple[int, int, int] = (2, 2, 10),
    width: int = 256,
    heads: int = 3,
    picture: Literal["mosaic", "whole"] = "mosaic",
) -> keras.Model:
    """Build the network.

    patch_size: side (px) of a patch, one position; blocks: number at each of the three levels, each
    twice as wide as the one before with half its positions along a side; width, heads: of the first
    level; picture: four crops beside each other, or the whole.
    """
    inputs = keras.Input(shape)
    x = mosaic(inputs) if picture == "mosaic" else inputs
    cells = 4 * -(-max(x.shape[1:3]) // (4 * patch_size))
    x = _padded(x, cells * patch_size)
    x = nested_transformer(x.shape[1:], cells, width, heads, blocks)(x)
    x = layers.GlobalAveragePooling2D()(layers.LayerNormalization(epsilon=1e-5)(x))
    return keras.Model(inputs, head(x, classes), name="htnet")


def mosaic(x: Tensor) -> Tensor:
    """Return four overlapping crops of half the size, two above two, of pictures (N, H, W, C)."""
    sides = x.shape[1] // 2, x.shape[2] // 2
    rows = [layers.Concatenate(axis=2)([_crop(x, c, sides) for c in row]) for row in CENTRES]
    return layers.Concatenate(axis=1)(rows)


def _crop(x: Tensor, centre: tuple[int, int], sides: tuple[int, int]) -> Tensor:
    """Return the crop around a centre, moved inside the picture where it would leave it."""
    top, left = (
        min(max(at * whole // SIDE - side // 2, 0), whole - side)
        for at, whole, side in zip(centre, x.shape[1:3], sides, strict=True)
    )
    return x[:, top : top + sides[0], left : left + sides[1]]


def _padded(x: Tensor, side: int) -> Tensor:
    """Return square pictures with zeros around them, so that the middle stays in the middle."""
    missing = [side - given for given in x.shape[1:3]]
    return layers.ZeroPadding2D([(n // 2, n - n // 2) for n in missing])(x)
