"""Prediction tables: `predictions.csv` of one fold, `pooled.csv` of a whole run, ours or not.

Fold file: `dataset,subject,clip,p_<class>...`, no truth in it. Pooled file:
`dataset,subject,clip,fold,truth,predicted,p_<class>...`. Rows sorted by clip key, floats as
`%.9g`. A table made elsewhere may leave out `fold`, and either `predicted` or the `p_` columns.
Every malformed table is an error that names the file and the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.prediction_columns import (
    SUM_TOLERANCE,
    check_agree,
    class_numbers,
    class_words,
    probabilities,
    probability_columns,
)
from merflow.io.csv_table import CsvTable, csv_text, read_csv
from merflow.io.files import write_text
from merflow.text import plural

KEY = ("dataset", "subject", "clip")


@dataclass(frozen=True, slots=True)
class Predictions:
    """One fold's answers: keys (N), class names (C), probabilities (N, C) float64 in [0, 1]."""

    keys: tuple[ClipKey, ...]
    classes: tuple[str, ...]
    probabilities: np.ndarray


@dataclass(frozen=True, slots=True)
class Pooled:
    """A whole run's answers beside the truth, one row a clip, sorted by key.

    truth, predicted: (N,) int64 positions in `classes`; probabilities: (N, C) float64 or None
    when the table has none; folds: (N) fold names, empty strings when unknown.
    """

    keys: tuple[ClipKey, ...]
    classes: tuple[str, ...]
    truth: np.ndarray
    predicted: np.ndarray
    folds: tuple[str, ...]
    probabilities: np.ndarray | None = None

    def part(self, dataset: str) -> "Pooled":
        """Return the rows of one dataset; `full` is the table itself."""
        if dataset == "full":
            return self
        return self.take([i for i, k in enumerate(self.keys) if k.dataset == dataset])

    def take(self, rows: Sequence[int]) -> "Pooled":
        """Return some rows, in the order given."""
        index = np.asarray(rows, np.int64)
        return Pooled(
            tuple(self.keys[i] for i in index),
            self.classes,
            self.truth[index],
            self.predicted[index],
            tuple(self.folds[i] for i in index),
            None if self.probabilities is None else self.probabilities[index],
        )

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets in the table, sorted."""
        return tuple(sorted({k.dataset for k in self.keys}))


def write_predictions(path: Path | str, table: Predictions) -> None:
    """Write a fold's predictions; see `predictions_text`."""
    write_text(path, predictions_text(table.keys, table.probabilities, table.classes))


def predictions_text(
    keys: Sequence[ClipKey], probabilities: np.ndarray, classes: Sequence[str]
) -> str:
    """Return a fold's CSV: rows sorted, keys and probabilities (N, C), nothing else."""
    _check_probabilities("predictions", probabilities, len(keys), len(classes))
    order = sorted(range(len(keys)), key=lambda i: keys[i])
    rows = [(*keys[i], *_numbers(probabilities[i])) for i in order]
    return csv_text((*KEY, *(f"p_{c}" for c in classes)), rows)


def write_pooled(path: Path | str, table: Pooled) -> None:
    """Write a pooled table, rows sorted."""
    names = table.classes
    order = sorted(range(len(table.keys)), key=lambda i: table.keys[i])
    header = (*KEY, "fold", "truth", "predicted")
    if table.probabilities is not None:
        header = (*header, *(f"p_{c}" for c in names))
    rows = []
    for i in order:
        cells = (*table.keys[i], table.folds[i], names[table.truth[i]], names[table.predicted[i]])
        chances = () if table.probabilities is None else _numbers(table.probabilities[i])
        rows.append((*cells, *chances))
    write_text(path, csv_text(header, rows))


def read_predictions(
    path: Path | str,
    *,
    classes: Sequence[str] | None = None,
    expected: Sequence[ClipKey] | None = None,
) -> Predictions:
    """Read and check a fold's predictions; a fold whose clips were all skipped has no rows.

    `classes`: the scheme's, in order; the columns may stand in any order but must be these.
    `expected`: the clips that must be there, no fewer, no more.
    """
    sheet = read_csv(path, KEY, may_be_empty=True)
    names = probability_columns(sheet, classes)
    if not names:
        raise MerflowError(
            f"{path}: row 1", "no probability columns", "one column p_<class> for each class"
        )
    keys = _keys(sheet, expected)
    return Predictions(keys, names, probabilities(sheet, names))


def read_pooled(
    path: Path | str,
    *,
    classes: Sequence[str] | None = None,
    expected: Sequence[ClipKey] | None = None,
) -> Pooled:
    """Read and check a table with truth; rows come back sorted by key.

    `classes`: the scheme's, in order. Without it: the `p_` columns in their order, else the
    sorted words of truth and predicted.
    """
    sheet = read_csv(path, KEY)
    sheet.need("truth")
    with_chances = probability_columns(sheet, classes)
    if not with_chances:
        sheet.need("predicted")
    names = tuple(classes or with_chances or ())
    if not names:
        names = tuple(sorted({*class_words(sheet, "truth"), *class_words(sheet, "predicted")}))
    keys = _keys(sheet, expected)
    chances = probabilities(sheet, names) if with_chances else None
    truth = class_numbers(sheet, "truth", names)
    if "predicted" in sheet.columns:
        predicted = class_numbers(sheet, "predicted", names)
        check_agree(sheet, predicted, chances, names)
    else:
        predicted = chances.argmax(1)
    fold = tuple(sheet["fold"]) if "fold" in sheet.columns else ("",) * len(keys)
    order = sorted(range(len(keys)), key=lambda i: keys[i])
    return Pooled(keys, names, truth, predicted, fold, chances).take(order)


def pool(
    parts: Sequence[tuple[str, Predictions]], truth: Mapping[ClipKey, str], classes: Sequence[str]
) -> Pooled:
    """Join the folds' predictions with the truth: each clip of `truth` once, none beside.

    parts: (fold name, its predictions); truth: class name of every clip that is to be scored.
    """
    classes = tuple(classes)
    rows: dict[ClipKey, tuple[str, np.ndarray]] = {}
    for fold, part in parts:
        if set(part.classes) != set(classes):
            raise MerflowError(
                f"fold {fold}",
                f"predictions of classes {', '.join(part.classes)}",
                f"the scheme's classes {', '.join(classes)} in every fold",
                "train the fold again: its predictions belong to another scheme",
            )
        columns = [part.classes.index(c) for c in classes]
        for key, chances in zip(part.keys, part.probabilities[:, columns], strict=True):
            if key in rows:
                raise MerflowError(
                    f"fold {fold}", f"clip {key} is also in fold {rows[key][0]}", "each clip once"
                )
            rows[key] = (fold, chances)
    _check_expected("pooled predictions", list(rows), truth)
    keys = tuple(sorted(rows))
    chances = np.array([rows[k][1] for k in keys])
    place = {c: i for i, c in enumerate(classes)}
    return Pooled(
        keys,
        classes,
        np.array([place[truth[k]] for k in keys], np.int64),
        chances.argmax(1),
        tuple(rows[k][0] for k in keys),
        chances,
    )


def _keys(sheet: CsvTable, expected: Sequence[ClipKey] | None) -> tuple[ClipKey, ...]:
    keys: list[ClipKey] = []
    seen: dict[ClipKey, int] = {}
    for number, cells in enumerate(zip(*(sheet[c] for c in KEY), strict=True)):
        key = ClipKey(*cells)
        for column, cell in zip(KEY, cells, strict=True):
            if not cell or cell != cell.strip() or not cell.isprintable():
                raise MerflowError(sheet.where(number), f"{column} is {cell!r}", "a plain word")
        if key in seen:
            raise MerflowError(
                sheet.where(number),
                f"clip {key} is already in row {sheet.rows[seen[key]][0]}",
                "each clip once",
                "drop the duplicate; a subject's name must be unique in its dataset",
            )
        seen[key] = number
        keys.append(key)
    if expected is not None:
        _check_expected(sheet.path, keys, expected)
    return tuple(keys)


def _check_expected(where: str, keys: Sequence[ClipKey], expected: Sequence[ClipKey]) -> None:
    missing = sorted(set(expected) - set(keys))
    if missing:
        raise MerflowError(
            where,
            f"no prediction for {len(missing)} of {len(expected)} clips, the first is {missing[0]}",
            "a prediction for every clip of the fold",
            "a clip left out would make the score look better than it is",
        )
    extra = sorted(set(keys) - set(expected))
    if extra:
        raise MerflowError(
            where, f"{plural(len(extra), 'clip')} not asked for, the first is {extra[0]}",
            "the clips of the fold and no others",
        )  # fmt: skip


def _check_probabilities(where: str, values: np.ndarray, rows: int, columns: int) -> None:
    good = values.shape == (rows, columns) and np.isfinite(values).all()
    if not good or (np.abs(values.sum(1) - 1) > SUM_TOLERANCE).any() or (values < 0).any():
        raise MerflowError(
            where,
            "probabilities that are not finite, not positive or do not sum to 1",
            f"{rows} rows of {columns} probabilities",
            "look for a NaN loss in the fold's history.csv",
            code=3,
        )


def _numbers(values: np.ndarray) -> list[str]:
    return [f"{value:.9g}" for value in values]
