"""How many epochs to train, found on folds of the training subjects alone.

The test subject has no part in it: inner folds hold out some training subjects each, the epoch
with the lowest loss on them is noted, and the median over the folds is what all training subjects
are then fitted for.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from merflow.errors import MerflowError
from merflow.methods.data import TrainingData
from merflow.training import batchnorm
from merflow.training.predict import probabilities


@dataclass(frozen=True)
class Validation:
    """Scores a model on held-out training subjects after each epoch."""

    train_x: np.ndarray
    held: TrainingData
    batch: int

    def __call__(self, model: keras.Model) -> dict[str, float]:
        """Return the loss and accuracy on the held-out clips, every class weighing the same."""
        batchnorm.settle(model, self.train_x, self.batch)
        p = probabilities(model, self.held.x, self.batch)
        y = self.held.y
        own = p[np.arange(len(y)), y].astype(np.float64)
        losses, hits = -np.log(np.maximum(own, 1e-7)), p.argmax(1) == y
        present = np.unique(y)
        return {
            "val_loss": float(np.mean([losses[y == k].mean() for k in present])),
            "val_accuracy": float(np.mean([hits[y == k].mean() for k in present])),
        }


def folds(data: TrainingData, count: int, support: int) -> np.ndarray:
    """Return (N,) int64, the inner fold that holds each row out.

    Subjects stay whole, with all copies of their clips. Largest subjects first, each goes where
    it leaves datasets and classes most evenly spread; names decide between equals, so the answer
    depends on the data alone.
    """
    groups = [key.subject_key for key in data.keys]
    strata = [(key.dataset, int(k)) for key, k in zip(data.keys, data.y, strict=True)]
    columns = {stratum: i for i, stratum in enumerate(sorted(set(strata)))}
    table: dict[tuple[str, str], np.ndarray] = {}
    for group, stratum in zip(groups, strata, strict=True):
        table.setdefault(group, np.zeros(len(columns)))[columns[stratum]] += 1
    total = sum(table.values())
    filled, place = np.zeros((count, len(columns))), {}
    for group in sorted(table, key=lambda g: (-table[g].sum(), g)):
        after = filled + table[group]
        # Squared overshoot of the shares: rare classes weigh as much as common ones.
        cost = ((after / total) ** 2).sum(1) - ((filled / total) ** 2).sum(1)
        place[group] = int(np.lexsort((filled.sum(1), cost))[0])
        filled[place[group]] += table[group]
    held = np.array([place[group] for group in groups], np.int64)
    _check_support(data, held, count, support)
    return held


def chosen_epoch(curves: list[list[dict[str, Any]]]) -> tuple[int, list[int]]:
    """Return the median of the folds' best epochs, and these: the lowest loss, the first of equals.

    The lower of two middle epochs: fewer steps when in doubt.
    """
    best = [1 + int(np.argmin([row["val_loss"] for row in curve])) for curve in curves]
    return sorted(best)[(len(best) - 1) // 2], best


def _check_support(data: TrainingData, held: np.ndarray, count: int, support: int) -> None:
    for fold in range(count):
        for side, rows in (("held out", held == fold), ("left to train", held != fold)):
            found = Counter(data.y[rows].tolist())
            short = [k for k in np.unique(data.y).tolist() if found[k] < support]
            if short:
                raise MerflowError(
                    f"training.stopping: inner, inner fold {fold + 1} of {count}",
                    f"{found[short[0]]} clips of class number {short[0] + 1} are {side}",
                    f"at least {support} of every class on either side (training.inner_support)",
                    "fewer inner_folds, a smaller inner_support, or `stopping: fixed`",
                )
