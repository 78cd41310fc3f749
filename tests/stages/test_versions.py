"""A stage with changed output for the same input must raise its version, or nothing reruns.

The golden file keeps what every stage and one fold made. A difference that another processor can
make is a warning that asks for a report; `make golden-check` compares to the bit. After a change
that is meant: raise the stage's version in `stage_table.STAGES`, then `make golden`.
"""

import warnings

import digests
import numpy as np
import pytest
from cases import CASES

from merflow import arithmetic
from merflow.config.fingerprints import STAGE_VERSION

KEPT = digests.read()["cases"]


@pytest.mark.parametrize("name", CASES)
def test_an_output_changes_only_with_its_stages_version(name):
    stage, make = CASES[name]
    assert STAGE_VERSION.get(stage) == KEPT[name]["version"], "`make golden` writes it again"
    apart = digests.difference(KEPT[name], make())
    if apart is None:
        return
    fix = f"raise STAGE_VERSION[{stage!r}], then" if stage else "if it is meant,"
    assert apart.small, f"{name} changed: {apart}; {fix} `make golden`"
    warnings.warn(
        f"{name}: {apart}. Please report this with your processor: {arithmetic.processor_name()}, "
        f"{arithmetic.processor_level()}, arithmetic {arithmetic.level()}",
        stacklevel=1,
    )


@pytest.fixture
def frames():
    return np.random.default_rng(1).integers(0, 250, (4, 96, 96, 1)).astype(np.uint8)


def test_the_same_bytes_are_no_difference(frames):
    assert digests.difference(digests.described(frames), frames.copy()) is None


def test_what_a_processor_can_make_is_a_small_difference(frames):
    other = frames + (np.random.default_rng(2).random(frames.shape) < 0.02).astype(np.uint8)
    apart = digests.difference(digests.described(frames), other)
    assert apart.small
    assert 0 < apart.share < 0.05


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f + (np.indices(f.shape).sum(0) % 2).astype(np.uint8),
        lambda f: np.where(np.arange(96)[:, None, None] < 8, f + 2, f).astype(np.uint8),
        lambda f: np.roll(f, 1, axis=2),
        lambda f: f[:3],
        lambda f: f.astype(np.float32),
    ],
)
def test_what_a_changed_stage_makes_is_not_small(frames, change):
    assert not digests.difference(digests.described(frames), change(frames)).small


def test_floats_are_compared_by_their_values():
    weights = np.linspace(-1, 1, 5000, dtype=np.float32)
    kept = digests.described(weights)
    assert digests.difference(kept, weights + np.float32(4e-6)).small
    assert not digests.difference(kept, weights * np.float32(1.01)).small
