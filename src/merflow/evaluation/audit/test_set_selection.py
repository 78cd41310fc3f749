"""Scores of a run under forbidden rules of selection, kept apart from all results.

The input is the predictions for the test clips after every epoch, recorded by a separate process
after training. Each rule uses test labels to choose, or averages what must be pooled; each occurs
in public code of the field. The first rule is the correct one, for comparison.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from merflow.errors import MerflowError
from merflow.evaluation.fold import Fold
from merflow.evaluation.metrics import accuracy, grouped_confusion, uar, uf1
from merflow.evaluation.predictions import KEY, Pooled
from merflow.evaluation.score_table import parts_of
from merflow.io.csv_table import csv_text, read_csv
from merflow.io.files import write_text

WARNING = "FORBIDDEN RULES: none of these figures is a result. They use the test labels."


@dataclass(frozen=True, slots=True)
class Epochs:
    """Predictions after every epoch: `table` holds keys, folds and truth of N clips; predictions
    is (E, N) int64 class numbers, epochs in order.
    """

    table: Pooled
    predictions: np.ndarray

    def part(self, name: str) -> "Epochs":
        """Return the clips of one dataset."""
        rows = [i for i, k in enumerate(self.table.keys) if name in ("full", k.dataset)]
        return Epochs(self.table.take(rows), self.predictions[:, rows])

    def matrices(self) -> np.ndarray:
        """Return the confusion matrix of every epoch and fold, (E, F, C, C), folds sorted."""
        folds = {name: i for i, name in enumerate(sorted(set(self.table.folds)))}
        fold_of = np.array([folds[name] for name in self.table.folds])
        classes = len(self.table.classes)
        return np.stack(
            [grouped_confusion(self.table.truth, p, fold_of, classes) for p in self.predictions]
        )


Pair = tuple[float, float]


def honest(matrices: np.ndarray) -> Pair:
    """Last epoch, all folds pooled, as merflow reports."""
    pooled = matrices[-1].sum(0)
    return float(uf1(pooled)), float(uar(pooled))


def mean_of_folds(matrices: np.ndarray) -> Pair:
    """Last epoch, mean of the folds' scores; a class absent from a fold counts as 0."""
    return float(uf1(matrices[-1]).mean()), float(uar(matrices[-1]).mean())


def best_common_epoch(matrices: np.ndarray) -> Pair:
    """The epoch with the best pooled test score, the same in all folds."""
    pooled = matrices.sum(1)
    best = int(np.argmax(uf1(pooled)))
    return float(uf1(pooled[best])), float(uar(pooled[best]))


def best_epoch_per_fold(matrices: np.ndarray) -> Pair:
    """In every fold the epoch with the best accuracy on the test subject, then pooled."""
    pooled = _picked(matrices, accuracy(matrices)).sum(0)
    return float(uf1(pooled)), float(uar(pooled))


def best_epoch_then_mean(matrices: np.ndarray) -> Pair:
    """In every fold the epoch with its best UF1, then the mean of the folds' scores.

    As in public code, a fold without an error scores 1, even if it lacks classes.
    """
    perfect = accuracy(matrices) == 1
    f1 = np.where(perfect, 1.0, uf1(matrices))
    recall = np.where(perfect, 1.0, uar(matrices))
    best = np.argmax(f1, axis=0)
    folds = np.arange(matrices.shape[1])
    return float(f1[best, folds].mean()), float(recall[best, folds].mean())


RULES: dict[str, Callable[[np.ndarray], Pair]] = {
    "honest": honest,
    "mean of folds": mean_of_folds,
    "best epoch, one for all folds": best_common_epoch,
    "best epoch of each fold, pooled": best_epoch_per_fold,
    "best epoch of each fold, mean of folds": best_epoch_then_mean,
}


def oracle_rows(run: Epochs) -> list[tuple[str, str, float, float]]:
    """Return (rule, part, UF1, UAR) for every rule and part."""
    parts = {part: run.part(part).matrices() for part in parts_of(run.table)}
    return [
        (rule, part, *score(matrices))
        for rule, score in RULES.items()
        for part, matrices in parts.items()
    ]


def write_oracle(path: Path | str, rows: Sequence[tuple[str, str, float, float]]) -> None:
    """Write the oracle table, with a warning in its first line."""
    cells = [(rule, part, f"{f:.9g}", f"{r:.9g}") for rule, part, f, r in rows]
    write_text(path, f"# {WARNING}\n" + csv_text(("rule", "part", "uf1", "uar"), cells))


def render_oracle(rows: Sequence[tuple[str, str, float, float]]) -> str:
    """Return the oracle table for a terminal."""
    width = max(len(rule) for rule in RULES)
    lines = [
        f"  {rule.ljust(width)}  {part:8} UF1 {f:.3f}  UAR {r:.3f}" for rule, part, f, r in rows
    ]
    return "\n".join([WARNING, *lines]) + "\n"


def clip_folds(count: int, folds: int, seed: int) -> list[Fold]:
    """Return a random split by clip, as leaking studies use: subjects on both sides.

    Only for the oracle: no protocol uses it, and `protocols.check_disjoint` refuses it.
    """
    order = np.random.default_rng([seed, count]).permutation(count)
    parts = np.array_split(order, folds)
    everyone = np.arange(count)
    return [Fold(f"clips{k + 1}", everyone, np.sort(part)) for k, part in enumerate(parts)]


def read_epochs(path: Path | str, table: Pooled) -> Epochs:
    """Read `dataset,subject,clip,epoch,predicted` rows: every clip of `table` in every epoch."""
    sheet = read_csv(path, (*KEY, "epoch", "predicted"))
    place = {key: i for i, key in enumerate(table.keys)}
    numbers = {name: i for i, name in enumerate(table.classes)}
    try:
        epochs = [int(cell) for cell in sheet["epoch"]]
    except ValueError as error:
        raise MerflowError(str(path), f"epoch is not a number ({error})", "1, 2, 3, ...") from None
    order = {epoch: i for i, epoch in enumerate(sorted(set(epochs)))}
    predictions = np.full((len(order), len(table.keys)), -1, np.int64)
    columns = zip(*(sheet[c] for c in (*KEY, "predicted")), strict=True)
    for number, (epoch, (*key, label)) in enumerate(zip(epochs, columns, strict=True)):
        if tuple(key) not in place or label not in numbers:
            raise MerflowError(
                sheet.where(number),
                f"clip {'/'.join(key)} predicted as '{label}'",
                f"clips of the table, predicted as one of {', '.join(table.classes)}",
            )
        predictions[order[epoch], place[tuple(key)]] = numbers[label]
    missing = np.argwhere(predictions < 0)
    if len(missing):
        epoch, clip = missing[0]
        raise MerflowError(
            str(path),
            f"no prediction for {table.keys[clip]} in epoch {sorted(order)[epoch]}",
            "every clip in every epoch",
        )
    return Epochs(table, predictions)


def _picked(matrices: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return each fold's matrix at its best epoch; of equal ones the last, as in public code."""
    best = len(by) - 1 - np.argmax(by[::-1], axis=0)
    return matrices[best, np.arange(matrices.shape[1])]
