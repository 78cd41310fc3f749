"""Networks of flow, spotting and frame pairs have as many trained parameters as published."""

from pathlib import Path

import numpy as np
import pytest

from merflow.models.network_registry import module
from merflow.models.training import backend

PAGE = (Path(__file__).parents[3] / "docs" / "networks.md").read_text(encoding="utf-8")
TRAINED = [
    ("resnet18_flow", (112, 112, 3), 3, {}, 11_178_051),
    ("resnet18_flow", (112, 112, 3), 12, {}, 11_182_668),
    ("sssnet", (64, 64, 3), 3, {}, 1_349_251),
    ("sssnet", (64, 64, 3), 12, {}, 1_351_564),
    ("rcn_a", (60, 60, 3), 3, {}, 51_139),
    ("rcn_a", (60, 60, 3), 12, {}, 65_548),
    ("htnet", (28, 28, 3), 3, {}, 139_582_982),
    ("htnet", (28, 28, 3), 3, {"blocks": (2, 2, 8)}, 114_429_446),
    ("softnet", (42, 42, 3), 1, {}, 314_817),
    ("softnet", (42, 42, 3), 2, {}, 315_218),
    ("mmnet", (2, 224, 224, 3), 5, {}, 9_442_425),
    ("mmnet", (2, 224, 224, 3), 3, {}, 9_241_719),
]
"""PyTorch and the papers count trained parameters, without moving statistics."""


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


@pytest.mark.parametrize(("name", "shape", "classes", "settings", "parameters"), TRAINED)
def test_it_trains_as_many_parameters_as_published(name, shape, classes, settings, parameters):
    import keras

    # Real shapes without values: a network of 140 million weights is counted in half a second.
    with keras.StatelessScope(initialize_variables=False):
        model = module(name).build(shape, classes, **settings)
        weights = [tuple(weight.shape) for weight in model.trainable_weights]
    assert sum(int(np.prod(shape)) for shape in weights) == parameters


@pytest.mark.parametrize("name", sorted({row[0] for row in TRAINED}))
def test_the_page_and_the_docstring_have_the_counts(name):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    for count in (f"{entry[-1]:,}" for entry in TRAINED if entry[0] == name):
        assert count in row
        assert count in module(name).__doc__
