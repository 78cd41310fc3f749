"""CausalNet: two nested transformers on four flow pictures of a clip, joined by attention.

Source: Zhang, Tang, Chen, "Rethinking key-frame-based micro-expression recognition" (ICCV 2025,
arXiv 2508.06640), the layers of the authors' public code (tony19980810/CausalNet). Each picture is
HTNet's mosaic of four 14 x 14 crops of flow. Pictures 1 and 2 share a nested transformer, 3 and 4
another; cross attention joins 3 and 4, their sums with 1 and 2 go forwards and backwards in time
through a block of spatial and temporal attention, and two dense layers give the classes. Composite
UF1 .8976, UAR .9020 (accuracy .9118).

How the published figure was chosen: for every test subject the epoch with its best accuracy, and
a grid of 36 pairs of blocks and gamma judged by the same score. An oracle epoch and oracle
settings: an upper bound, also for its table of robustness to key frames.

What the released code does: as in HTNet, 28 / 7 = 4 patches a side are cut into 4 x 4 blocks, so
each block has one position and its attention cannot weigh anything: query and key weights there
have no effect. The four positions of the later attention, with their distances, are four quarters
of the channels of one position. `cells: 8` gives every block and the later attention 2 x 2 true
positions. Landmarks of the crops are the same constant for all clips. Not changed: the block adds
attention to the normalised input, and a key of the cross attention is not normalised.

What differs: merflow's flow is one picture a clip. Give the four pictures as the frames of
prepared clips, or frames with `difference: onset`, of which four are taken at equal distances.

Input: (T, H, W, C) pictures, T at least 4; (4, 28, 28, 3) there. 276,590,089 parameters there with
three classes. Needs a GPU at this size.
"""

from collections.abc import Callable
from math import hypot

import keras
from keras import layers, ops

from merflow.models.layers.attention import attend
from merflow.models.layers.blocks import Tensor, head
from merflow.models.layers.nested_transformer import nested_transformer

SMALLEST = (4, 4, 4, 1)
NEEDS_GPU = ("width",)

PICTURES = 4
PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Row and column of the four positions."""
DISTANCES = [[hypot(a - c, b - d) for c, d in PLACES] for a, b in PLACES]
NEAR = [[float(far <= 1) for far in row] for row in DISTANCES]
"""1 for positions side by side, 0 across the diagonal: these have no weight."""

Pair = tuple[Tensor, Tensor]
Layer = Callable[[Tensor], Tensor]
Projections = tuple[Layer, Layer, Layer]
"""Dense layers: queries; keys and values; output."""


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    blocks: tuple[int, ...] = (3, 3, 9),
    width: int = 256,
    hidden: int = 2048,
    gamma: float = 0.5,
    cells: int = 4,
) -> keras.Model:
    """Build the network.

    blocks: of the three levels, the last also of the cross attention; width: channels of the first
    level, a multiple of 8; hidden: units of the dense layer before the classes; gamma: how much
    less a far position counts; cells: patches along a side, 4 or 8.
    """
    if cells not in (4, 8) or width % 8 or len(blocks) != 3:
        raise ValueError("cells is 4 or 8, width a multiple of 8, blocks has 3 numbers")
    inputs = keras.Input(shape)
    at = [round(i * (shape[0] - 1) / (PICTURES - 1)) for i in range(PICTURES)]
    encoders = [nested_transformer(shape[1:], cells, width, 3, blocks) for _ in range(2)]
    first, second, third, fourth = (
        _four_positions(encoders[i // 2](inputs[:, frame])) for i, frame in enumerate(at)
    )
    third, fourth = _cross(third, fourth, blocks[-1], gamma)
    x = _causal(layers.Add()([first, third]), layers.Add()([second, fourth]), gamma)
    x = layers.Dense(hidden)(layers.Flatten()(x))
    return keras.Model(inputs, head(x, classes), name="causalnet")


def _four_positions(x: Tensor) -> Tensor:
    """Return (N, 4, D) from a map (N, 2, 2, D), or from quarters of the one position of a map."""
    if x.shape[1] == 2:
        return ops.reshape(x, (-1, 4, x.shape[3]))
    # Neighbouring channels become the four positions, as in the released code.
    return ops.transpose(ops.reshape(x, (-1, x.shape[3] // 4, 4)), (0, 2, 1))


def _penalty(gamma: float) -> list[list[float]]:
    return [
        [-(column + 1) * gamma if far > 1 else 0.0 for column, far in enumerate(row)]
        for row in DISTANCES
    ]


def _projections(width: int) -> Projections:
    return layers.Dense(width), layers.Dense(2 * width), layers.Dense(width)


def _near(parts: Projections, x: Tensor, of: Tensor, gamma: float, by: int) -> Tensor:
    """Return attention of x to the positions of another picture; by: channels in the scale."""
    query, key_value, out = parts
    k, v = ops.split(key_value(of), 2, axis=-1)
    found = attend(query(x), k, v, 8, scale=by**-0.5, mask=NEAR, bias=_penalty(gamma))
    return out(found)


def _mlp(width: int) -> Layer:
    wide, narrow = layers.Dense(4 * width, activation="gelu"), layers.Dense(width)
    return lambda x: narrow(wide(x))


def _cross(x: Tensor, y: Tensor, depth: int, gamma: float) -> Pair:
    """Return two pictures after attention to each other."""
    width = x.shape[-1]
    for _ in range(depth):
        norm, parts, mlp = layers.LayerNormalization(epsilon=1e-5), _projections(width), _mlp(width)
        normal_x, normal_y = norm(x), norm(y)
        x = x + _near(parts, normal_x, y, gamma, width)
        y = y + _near(parts, normal_y, x, gamma, width)
        x, y = x + mlp(x), y + mlp(y)
    return x, y


def _causal(x: Tensor, y: Tensor, gamma: float) -> Tensor:
    """Return (N, 12, D): what both directions of time have in common, and each on its own."""
    width = x.shape[-1]
    norm, mlp = layers.LayerNormalization(epsilon=1e-5), _mlp(width)
    space, time = _projections(width), _projections(width)

    def direction(first: Tensor, then: Tensor) -> Pair:
        first, then = norm(first), norm(then)
        first = first + _near(space, first, first, gamma, width // 8)
        then = then + _near(space, then, then, gamma, width // 8)
        then = then + _in_time(time, first, then)
        return first + mlp(first), then + mlp(then)

    (forward, end), (backward, start) = direction(x, y), direction(y, x)
    query, key, value, out = (layers.Dense(width) for _ in range(4))
    both = attend(query(end), key(start), value(start + end), 8)
    return ops.concatenate([out(both + end + start), forward, backward], axis=1)


def _in_time(parts: Projections, first: Tensor, then: Tensor) -> Tensor:
    """Return attention of each position to itself, before and now."""
    query, key_value, out = parts
    width = then.shape[-1]

    def rows(x: Tensor) -> Tensor:
        return ops.reshape(x, (-1, 1, width))

    times = ops.stack([key_value(first), key_value(then)], axis=2)
    k, v = ops.split(ops.reshape(times, (-1, 2, 2 * width)), 2, axis=-1)
    found = attend(rows(query(then)), k, v, 8)
    return out(ops.reshape(found, (-1, 4, width)))
