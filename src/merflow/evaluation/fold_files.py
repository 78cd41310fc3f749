"""Fold files: training clips with labels, test clips without; the truth in a separate file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.fold import Fold
from merflow.evaluation.protocols import check_disjoint
from merflow.io.csv_table import csv_text, read_csv

COLUMNS = ["dataset", "subject", "clip", "side", "label"]


@dataclass(frozen=True)
class FoldFile:
    """One fold as a training job reads it: `labels` belong to `train`, test clips have none."""

    name: str
    train: list[ClipKey]
    labels: list[str]
    test: list[ClipKey]


def permuted(keys: list[ClipKey], labels: list[str], seed: int) -> list[str]:
    """Return labels permuted among the clips of each dataset, across its subjects.

    Shuffling within subjects would leave most labels in place; this keeps only the class shares
    of each dataset.
    """
    shuffled = np.array(labels, dtype=object)
    rng = np.random.default_rng(seed)
    for dataset in sorted({key.dataset for key in keys}):
        rows = np.array([i for i, key in enumerate(keys) if key.dataset == dataset])
        shuffled[rows] = shuffled[rng.permutation(rows)]
    return [str(label) for label in shuffled]


def fold_text(fold: Fold, keys: list[ClipKey], labels: list[str]) -> str:
    """Return the text of a fold file; it holds no label of a test clip."""
    rows = [(*keys[i], "train", labels[i]) for i in fold.train]
    rows += [(*keys[i], "test", "") for i in fold.test]
    return csv_text(COLUMNS, sorted(rows))


def truth_text(folds: list[Fold], keys: list[ClipKey], labels: list[str]) -> str:
    """Return the true label and the fold of every test clip; only scoring reads it."""
    rows = [(*keys[i], fold.name, labels[i]) for fold in folds for i in fold.test]
    return csv_text(["dataset", "subject", "clip", "fold", "truth"], sorted(rows))


def read_fold(path: Path) -> FoldFile:
    """Read a fold file; refuse one with a test label or with a subject on both sides."""
    if not path.exists():
        raise MerflowError(str(path), "no such fold file", fix="call `merflow run`")
    sheet = read_csv(path, COLUMNS)
    train, labels, test = [], [], []
    for number, cells in sheet.rows:
        row = dict(zip(sheet.columns, cells, strict=True))
        if list(row) != COLUMNS or row["side"] not in ("train", "test"):
            raise MerflowError(f"{path}, row {number}", f"{row}", f"columns {', '.join(COLUMNS)}")
        key = ClipKey(row["dataset"], row["subject"], row["clip"])
        if row["side"] == "train":
            train.append(key)
            labels.append(row["label"])
        else:
            test.append(key)
        if (row["side"] == "train") != bool(row["label"]):
            raise MerflowError(
                f"{path}, row {number}",
                f"a {row['side']} clip with label {row['label']!r}",
                "a label on training clips, none on test clips",
                "delete the file and run again: test labels must not reach training",
            )
    check_disjoint(path.stem, train, test)
    return FoldFile(path.stem, train, labels, test)
