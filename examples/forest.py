"""An external program with scikit-learn: a random forest on coarse motion maps.

    experiments:
      forest:
        method: command
        command: python examples/forest.py

It writes class names only (`predicted`), and takes its seed from the environment, so that a run can
be repeated.
"""

import csv
import os
import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

CELLS = 8


def features(x: np.ndarray) -> np.ndarray:
    """Return (N, CELLS * CELLS * planes): the mean change since the first frame in each cell."""
    x = x.astype(np.float32)
    planes = x if x.ndim == 4 else (x - x[:, :1]).mean(1)
    side = planes.shape[1] // CELLS * CELLS
    cells = planes[:, :side, :side].reshape(len(x), CELLS, side // CELLS, CELLS, side // CELLS, -1)
    return cells.mean((2, 4)).reshape(len(x), -1)


folder = Path(sys.argv[1])
train, test = np.load(folder / "train.npz"), np.load(folder / "test.npz")
seed = int(os.environ["MERFLOW_SEED"])
forest = RandomForestClassifier(200, class_weight="balanced", random_state=seed)
forest.fit(features(train["x"]), train["y"])
predicted = train["classes"][forest.predict(features(test["x"]))]

with open(folder / "predictions.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["dataset", "subject", "clip", "predicted"])
    table.writerows([*key, label] for key, label in zip(test["keys"], predicted, strict=True))
