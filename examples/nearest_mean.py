"""An external program in numpy: predicts the class with the nearest mean training clip.

    experiments:
      mine:
        method: command
        command: python examples/nearest_mean.py

merflow calls it once for every fold with one argument, a folder with `train.npz`, `test.npz` and
`settings.json`, and reads the `predictions.csv` that it writes there.
"""

import csv
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
train, test = np.load(folder / "train.npz"), np.load(folder / "test.npz")
classes = train["classes"]

# Motion, not appearance: the difference from the first frame (flow has none: unchanged).
motion = [x.astype(np.float32) if x.ndim == 4 else x[:, 1:] - x[:, :1].astype(np.float32)
         for x in (train["x"], test["x"])]  # fmt: skip
known, new = (x.reshape(len(x), -1) for x in motion)
means = np.stack([known[train["y"] == k].mean(0) for k in range(len(classes))])

far = ((new[:, None] - means) ** 2).mean(-1)
scores = -far / max(far.mean(), 1e-9)  # the maximum allows clips without motion
probabilities = np.exp(scores - scores.max(1, keepdims=True))
probabilities /= probabilities.sum(1, keepdims=True)

with open(folder / "predictions.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["dataset", "subject", "clip", *(f"p_{name}" for name in classes)])
    for key, row in zip(test["keys"], probabilities, strict=True):
        table.writerow([*key, *(f"{p:.9g}" for p in row)])
