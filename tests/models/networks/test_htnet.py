"""HTNet: its published attention sees one position; the repaired variant sees sixteen."""

from pathlib import Path

import numpy as np
import pytest

from merflow.models.network_registry import build_network, module
from merflow.models.training import backend

SMALL = {"width": 24, "blocks": (1, 1, 2)}
PUBLISHED = (28, 28, 3)


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def built(shape=PUBLISHED, **settings):
    return build_network("htnet", shape, 3, SMALL | settings)


def projections(model):
    """Return the layers of query, key and value together, one of each block."""
    import keras

    nested = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    dense = [layer for layer in nested.layers if isinstance(layer, keras.layers.Dense)]
    return [layer for layer in dense if not layer.use_bias]


def redraw(model, parts):
    """Draw the weights of query (0), key (1) or value (2) again, in every block."""
    rng, found = np.random.default_rng(1), projections(model)
    for layer in found:
        kernel = np.array(layer.kernel)
        third = kernel.shape[1] // 3
        for part in parts:
            columns = slice(part * third, (part + 1) * third)
            kernel[:, columns] = rng.normal(0, 1, (len(kernel), third))
        layer.set_weights([kernel])
    return len(found)


def pictures(shape=PUBLISHED, count=4):
    return np.random.default_rng(0).normal(0, 1, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize("picture", ["mosaic", "whole"])
def test_query_and_key_weights_have_no_effect_on_any_bit(picture):
    model, x = built(picture=picture), pictures()
    before = np.asarray(model(x))
    assert redraw(model, (0, 1)) == sum(SMALL["blocks"])
    assert np.asarray(model(x)).tobytes() == before.tobytes()
    redraw(model, (2,))
    assert not np.allclose(np.asarray(model(x)), before, atol=1e-3)


@pytest.mark.parametrize("part", [0, 1])
def test_with_smaller_patches_query_and_key_weights_matter(part):
    model, x = built(patch_size=2), pictures()
    before = np.asarray(model(x))
    redraw(model, (part,))
    assert not np.allclose(np.asarray(model(x)), before, atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "patch_size", "positions"),
    [(PUBLISHED, 7, 1), (PUBLISHED, 2, 16), (PUBLISHED, 1, 49), ((56, 56, 3), 7, 4)],
)
def test_the_positions_of_a_block_are_the_same_at_every_level(shape, patch_size, positions):
    found = projections(built(shape, patch_size=patch_size))
    assert [layer.input.shape[1] for layer in found] == [positions] * 4


def test_the_page_says_that_attention_sees_one_position():
    page = (Path(__file__).parents[3] / "docs" / "networks.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `htnet` | Wang")]
    for text in ("sees one position", "query and key", "`patch_size: 2`"):
        assert text in row
    assert "sees one position" in module("htnet").__doc__


def test_the_mosaic_has_the_released_crops():
    """Rows and columns from 7 before each centre, kept inside 28 px."""
    import keras

    inputs = keras.Input(PUBLISHED)
    x = pictures(count=1)
    got = np.asarray(keras.Model(inputs, module("htnet").mosaic(inputs))(x))[0]
    tops, lefts = [[2, 14], [3, 13]], [[4, 3], [14, 14]]
    for row in range(2):
        for column in range(2):
            top, left = tops[row][column], lefts[row][column]
            expected = x[0, top : top + 14, left : left + 14]
            tile = got[14 * row : 14 * row + 14, 14 * column : 14 * column + 14]
            np.testing.assert_array_equal(tile, expected)


def test_padding_keeps_the_four_crops_in_their_blocks():
    """A change of one crop alone reaches one quarter of the positions of the first level."""
    import keras

    model = built(patch_size=2, picture="whole")
    nested = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    first = projections(model)[0]
    seen = keras.Model(nested.inputs, first.output)
    padded = next(x for x in model.layers if isinstance(x, keras.layers.ZeroPadding2D))
    x = pictures(count=1)
    changed = x.copy()
    changed[:, :14, :14] += 1
    before, after = (np.asarray(seen(padded(one))) for one in (x, changed))
    # 4 x 4 blocks in order of rows; the changed crop is 2 x 2 of them.
    blocks = (before != after).any(axis=(1, 2)).reshape(4, 4)
    np.testing.assert_array_equal(blocks, np.pad(np.ones((2, 2), bool), ((0, 2), (0, 2))))
