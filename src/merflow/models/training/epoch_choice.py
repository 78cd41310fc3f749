"""Choose the number of epochs on inner folds of the training subjects.

The test subject takes no part: each inner fold holds out some training subjects and finds the epoch
with the lowest loss on them; all training subjects are then fitted for the median of these epochs.
"""

from typing import Any

import keras
import numpy as np

from merflow.models.method_interface import TrainingData
from merflow.models.training import batch_norm
from merflow.models.training.predict import probabilities


def held_out_scores(
    model: keras.Model, train_x: np.ndarray, held: TrainingData, batch: int
) -> dict[str, float]:
    """Return the loss and accuracy on held-out clips, with equal weight for every class."""
    batch_norm.settle(model, train_x, batch)
    p, y = probabilities(model, held.x, batch), held.y
    true_class = p[np.arange(len(y)), y].astype(np.float64)
    losses, hits = -np.log(np.maximum(true_class, 1e-7)), p.argmax(1) == y
    present = np.unique(y)
    return {
        "val_loss": float(np.mean([losses[y == k].mean() for k in present])),
        "val_accuracy": float(np.mean([hits[y == k].mean() for k in present])),
    }


def chosen_epoch(curves: list[list[dict[str, Any]]]) -> tuple[int, list[int]]:
    """Return the median of the folds' best epochs (the first with the lowest loss), and these.

    An even number of folds gives the lower of the two middle epochs.
    """
    best = [1 + int(np.argmin([row["val_loss"] for row in curve])) for curve in curves]
    return sorted(best)[(len(best) - 1) // 2], best
