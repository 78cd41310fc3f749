"""Clips that a simple external program can learn, with the folder of the examples."""

from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.models.factory import TrainingData

CLASSES = ("negative", "positive", "surprise")
EXAMPLES = Path(__file__).parents[2] / "examples"


def clips(count=18, seed=0):
    """Clips in which one third of the picture grows brighter; which one is the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    x = np.repeat(rng.integers(50, 150, (count, 1, 24, 24, 1)), 4, axis=1)
    for row, k in enumerate(y):
        x[row, :, 8 * k : 8 * k + 8] += np.arange(4)[:, None, None, None] * 10
    keys = tuple(ClipKey("demo", f"s{i % 4}", f"c{i} é") for i in range(count))
    return TrainingData((x + rng.normal(0, 2, x.shape)).astype(np.uint8), y, keys)
