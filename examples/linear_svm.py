"""An external program of contract 2 with scikit-learn: a linear SVM on pixels, kept and used again.

    experiments:
      svm:
        method: command
        command: python examples/linear_svm.py
        contract: 2

The clips of all folds lie in one file that merflow shares, read-only: `train.csv` and `test.csv`
name rows of it. Steps `train` and `predict` come in one call or in two; what predicting needs goes
to `model/`.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))


def clips(table: str) -> tuple[list[dict[str, str]], np.ndarray]:
    """Return the rows of a table, and the pixels of their clips, (N, F) float32, about 0 to 1."""
    with open(folder / table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    arrays = {
        name: np.memmap(folder / name, at["dtype"], "r", at["offset"], tuple(at["shape"]))
        for name, at in settings["clips"].items()
    }
    x = np.stack([arrays[row["file"]][int(row["row"])] for row in rows])
    return rows, x.reshape(len(x), -1).astype(np.float32) / (255 if x.dtype == np.uint8 else 1)


kept = folder / "model" / "planes.npz"
if "train" in settings["steps"]:
    from sklearn.svm import SVC

    rows, x = clips("train.csv")
    machine = SVC(kernel="linear", decision_function_shape="ovr")
    machine.fit(x, [int(row["y"]) for row in rows])
    kept.parent.mkdir()
    np.savez(kept, normals=machine.coef_, offsets=machine.intercept_)

if "predict" in settings["steps"]:
    planes, classes = np.load(kept), settings["classes"]
    rows, x = clips("test.csv")
    sides = x @ planes["normals"].T + planes["offsets"]
    if len(classes) == 2:
        sides = -sides  # With two classes a positive side means the second.
    pairs = [(i, j) for i in range(len(classes)) for j in range(i + 1, len(classes))]
    votes = np.zeros((len(x), len(classes)))
    for (i, j), side in zip(pairs, sides.T, strict=True):
        votes[:, i] += (side > 0) + np.tanh(side) / 100  # Distances break ties.
        votes[:, j] += (side <= 0) - np.tanh(side) / 100
    with open(folder / "predictions.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["dataset", "subject", "clip", "predicted"])
        for row, one in zip(rows, votes, strict=True):
            out.writerow([row["dataset"], row["subject"], row["clip"], classes[one.argmax()]])
