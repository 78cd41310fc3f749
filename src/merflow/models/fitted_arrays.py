"""What is fitted in one step and kept as arrays: SVMs, and the linear probe."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from merflow.config.settings import Training
from merflow.models.weights_file import write_arrays
from merflow.paths import WEIGHTS


@dataclass
class FittedArrays:
    """A fitted method: its arrays, with the scaling of the features among them, and its facts."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]
    training: Training
    clip_hashes: Sequence[str]
    history: list[dict[str, Any]] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write the arrays and what describes them, atomically."""
        kept = {**self.facts, "prints": list(self.clip_hashes)}
        write_arrays(Path(folder) / WEIGHTS, self.arrays, kept)


def one_epoch(p: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Return the row of the history of a method without epochs; p: (N, K); y: (N,) classes."""
    true_class = np.maximum(p[np.arange(len(p)), y], 1e-7)
    right = p.argmax(1) == y
    return {"epoch": 1, "loss": float(-np.log(true_class).mean()), "accuracy": float(right.mean())}
