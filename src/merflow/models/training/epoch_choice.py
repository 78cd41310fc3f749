"""How many epochs to train, found on folds of the training subjects alone.

The test subject has no part in it: inner folds hold out some training subjects each, the epoch
with the lowest loss on them is noted, and the median over the folds is what all training subjects
are then fitted for.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from merflow.models.fold_data import TrainingData
from merflow.models.training import batch_norm
from merflow.models.training.predict import probabilities


@dataclass(frozen=True)
class Validation:
    """Scores a model on held-out training subjects after each epoch."""

    train_x: np.ndarray
    held: TrainingData
    batch: int

    def __call__(self, model: keras.Model) -> dict[str, float]:
        """Return the loss and accuracy on the held-out clips, every class weighing the same."""
        batch_norm.settle(model, self.train_x, self.batch)
        p = probabilities(model, self.held.x, self.batch)
        y = self.held.y
        own = p[np.arange(len(y)), y].astype(np.float64)
        losses, hits = -np.log(np.maximum(own, 1e-7)), p.argmax(1) == y
        present = np.unique(y)
        return {
            "val_loss": float(np.mean([losses[y == k].mean() for k in present])),
            "val_accuracy": float(np.mean([hits[y == k].mean() for k in present])),
        }


def chosen_epoch(curves: list[list[dict[str, Any]]]) -> tuple[int, list[int]]:
    """Return the median of the folds' best epochs, and these: the lowest loss, the first of equals.

    The lower of two middle epochs: fewer steps when in doubt.
    """
    best = [1 + int(np.argmin([row["val_loss"] for row in curve])) for curve in curves]
    return sorted(best)[(len(best) - 1) // 2], best
