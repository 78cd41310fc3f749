"""Prediction tables: `predictions.csv` of a fold, `pooled.csv` of a run, or made elsewhere.

Fold file: `dataset,subject,clip,p_<class>...`, no truth in it. Pooled file:
`dataset,subject,clip,fold,truth,predicted,p_<class>...`. Rows sorted by clip key, floats as
`%.9g`. A table made elsewhere may leave out `fold`, and either `predicted` or the `p_` columns.
Every malformed table is an error that names the file and the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.columns import POOLED, PREDICTIONS, chances
from merflow.evaluation.metrics import confusion, grouped_confusion
from merflow.evaluation.prediction_columns import (
    SUM_TOLERANCE,
    check_agree,
    class_numbers,
    class_words,
    probabilities,
    probability_columns,
)
from merflow.io.csv_table import CsvTable, read_csv
from merflow.io.files import write_text
from merflow.text import plural

if TYPE_CHECKING:
    from pandas import DataFrame

KEY = ("dataset", "subject", "clip")


@dataclass(frozen=True)
class Predictions:
    """Predicted probabilities of clips.

    frame: columns dataset, subject, clip and p_<class>; classes: the scheme's, in order.
    """

    frame: "DataFrame"
    classes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        keys: Sequence[ClipKey],
        classes: Sequence[str],
        probabilities: np.ndarray,
        exclusive: bool = True,
    ) -> "Predictions":
        """Return a table of keys (N) and probabilities (N, C) float64 in [0, 1].

        exclusive: a clip is of one class, so its probabilities sum to 1.
        """
        good = probabilities.shape == (len(keys), len(classes)) and np.isfinite(probabilities).all()
        off = probabilities > 1
        if exclusive:
            off = np.abs(probabilities.sum(-1) - 1) > SUM_TOLERANCE
        if not good or off.any() or (probabilities < 0).any():
            raise MerflowError(
                "predictions",
                "probabilities that are not finite, not from 0 to 1, or do not sum to 1",
                f"{len(keys)} rows of {len(classes)} probabilities",
                "look for a NaN loss in the fold's history.csv",
                code=3,
            )
        columns = clip_columns(keys, classes, probabilities)
        return cls(PREDICTIONS.plus(*chances(classes)).build(columns), tuple(classes))

    @cached_property
    def keys(self) -> tuple[ClipKey, ...]:
        """The clips (N)."""
        return tuple(map(ClipKey, *(self.frame[name].tolist() for name in KEY)))

    @cached_property
    def probabilities(self) -> np.ndarray | None:
        """(N, C) float64, or None for a pooled table without probabilities."""
        names = [f"p_{name}" for name in self.classes]
        return self.frame[names].to_numpy(np.float64) if names[0] in self.frame else None

    def take(self, rows: Sequence[int]) -> Self:
        """Return some rows, in the order given."""
        return type(self)(self.frame.iloc[np.asarray(rows, np.int64)], self.classes)

    def in_order(self) -> Self:
        """Return the rows sorted by clip."""
        return self.take(sorted(range(len(self.keys)), key=self.keys.__getitem__))


@dataclass(frozen=True)
class Pooled(Predictions):
    """All predictions of a run and the truth, one row for each clip.

    frame: as in POOLED, with `p_` columns where the table has probabilities.
    """

    @classmethod
    def of(
        cls,
        keys: Sequence[ClipKey],
        classes: Sequence[str],
        truth: np.ndarray,
        predicted: np.ndarray,
        folds: Sequence[str],
        probabilities: np.ndarray | None = None,
    ) -> "Pooled":
        """Return a table; truth, predicted: (N,) positions in `classes`; folds: (N) names."""
        from pandas import Categorical

        labels = {
            name: Categorical.from_codes(codes, categories=list(classes))
            for name, codes in (("truth", truth), ("predicted", predicted))
        }
        columns = clip_columns(keys, classes, probabilities) | {"fold": list(folds)} | labels
        schema = POOLED if probabilities is None else POOLED.plus(*chances(classes))
        return cls(schema.build(columns), tuple(classes))

    @cached_property
    def truth(self) -> np.ndarray:
        """(N,) int64 positions in `classes`."""
        return self.frame["truth"].cat.codes.to_numpy(np.int64)

    @cached_property
    def predicted(self) -> np.ndarray:
        """(N,) int64 positions in `classes`."""
        return self.frame["predicted"].cat.codes.to_numpy(np.int64)

    @cached_property
    def folds(self) -> tuple[str, ...]:
        """Fold names (N), empty where unknown."""
        return tuple(self.frame["fold"].tolist())

    def changed(self, **fields: object) -> "Pooled":
        """Return the table with some of keys, classes, truth, predicted, folds, probabilities
        replaced.
        """
        names = ("keys", "classes", "truth", "predicted", "folds", "probabilities")
        return Pooled.of(**{name: fields.get(name, getattr(self, name)) for name in names})

    @cached_property
    def matrix(self) -> np.ndarray:
        """Confusion matrix, (C, C) int64, rows truth."""
        return confusion(self.truth, self.predicted, len(self.classes))

    def grouped(self, group: np.ndarray) -> np.ndarray:
        """Return one confusion matrix per group, (G, C, C); group: (N,) numbers from 0."""
        return grouped_confusion(self.truth, self.predicted, group, len(self.classes))

    def comparable(self) -> "Pooled":
        """Return the table with its classes sorted by name and without probabilities."""
        order = sorted(range(len(self.classes)), key=lambda k: self.classes[k])
        place = np.argsort(order)
        return self.changed(
            classes=tuple(self.classes[k] for k in order),
            truth=place[self.truth],
            predicted=place[self.predicted],
            probabilities=None,
        )

    def part(self, dataset: str) -> "Pooled":
        """Return the rows of one dataset; `full` is the table itself."""
        if dataset == "full":
            return self
        return Pooled(self.frame[self.frame["dataset"] == dataset], self.classes)

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The datasets in the table, sorted."""
        return tuple(sorted(set(self.frame["dataset"])))


def clip_columns(
    keys: Sequence[ClipKey], classes: Sequence[str], probabilities: np.ndarray | None
) -> dict[str, Sequence]:
    """Return the columns that name clips, and one for each class of (N, C) probabilities."""
    columns: dict[str, Sequence] = {name: [getattr(key, name) for key in keys] for name in KEY}
    if probabilities is not None:
        columns |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(classes)}
    return columns


def write_predictions(path: Path | str, table: Predictions) -> None:
    """Write a fold's predictions: rows sorted, keys and probabilities, nothing else."""
    write_text(path, PREDICTIONS.plus(*chances(table.classes)).text(table.in_order().frame))


def predictions_text(
    keys: Sequence[ClipKey], probabilities: np.ndarray, classes: Sequence[str]
) -> str:
    """Return a fold's CSV: rows sorted, keys and probabilities (N, C), nothing else."""
    table = Predictions.of(keys, classes, probabilities).in_order()
    return PREDICTIONS.plus(*chances(classes)).text(table.frame)


def write_pooled(path: Path | str, table: Pooled) -> None:
    """Write a pooled table, rows sorted."""
    more = () if table.probabilities is None else chances(table.classes)
    POOLED.plus(*more).write(path, table.in_order().frame)


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
    keys = read_keys(sheet, expected)
    return Predictions.of(keys, names, probabilities(sheet, names))


def read_pooled(
    path: Path | str,
    *,
    classes: Sequence[str] | None = None,
    expected: Sequence[ClipKey] | None = None,
) -> Pooled:
    """Read and check a table with truth; rows come back sorted by key.

    `classes`: the scheme's, in order. Without it: the `p_` columns in their order, else the
    sorted labels of truth and predicted.
    """
    sheet = read_csv(path, KEY)
    sheet.need("truth")
    with_chances = probability_columns(sheet, classes)
    if not with_chances:
        sheet.need("predicted")
    names = tuple(classes or with_chances or ())
    if not names:
        names = tuple(sorted({*class_words(sheet, "truth"), *class_words(sheet, "predicted")}))
    keys = read_keys(sheet, expected)
    values = probabilities(sheet, names) if with_chances else None
    truth = class_numbers(sheet, "truth", names)
    if "predicted" in sheet.columns:
        predicted = class_numbers(sheet, "predicted", names)
        check_agree(sheet, predicted, values, names)
    else:
        predicted = values.argmax(1)
    fold = tuple(sheet["fold"]) if "fold" in sheet.columns else ("",) * len(keys)
    return Pooled.of(keys, names, truth, predicted, fold, values).in_order()


def pool(
    parts: Sequence[tuple[str, Predictions]], truth: Mapping[ClipKey, str], classes: Sequence[str]
) -> Pooled:
    """Join the folds' predictions with the truth: each clip of `truth` once, none beside.

    parts: (fold name, its predictions); truth: class name of every clip that is to be scored.
    """
    for fold, part in parts:
        if set(part.classes) != set(classes):
            raise MerflowError(
                f"fold {fold}",
                f"predictions of classes {', '.join(part.classes)}",
                f"the scheme's classes {', '.join(classes)} in every fold",
                "train the fold again: its predictions belong to another scheme",
            )
    fold_of = one_of_each([(fold, part.keys) for fold, part in parts], truth)
    names = [f"p_{name}" for name in classes]
    values = np.concatenate([part.frame[names].to_numpy(np.float64) for _, part in parts])
    truths = np.array([classes.index(truth[key]) for key in fold_of], np.int64)
    folds = list(fold_of.values())
    return Pooled.of(list(fold_of), classes, truths, values.argmax(1), folds, values).in_order()


def one_of_each(
    parts: Sequence[tuple[str, Sequence[ClipKey]]], truth: Mapping[ClipKey, str]
) -> dict[ClipKey, str]:
    """Return the fold of each clip; refuse a clip of two folds, of no fold, or not in `truth`."""
    fold_of: dict[ClipKey, str] = {}
    for fold, keys in parts:
        for key in keys:
            if key in fold_of:
                raise MerflowError(
                    f"fold {fold}", f"clip {key} is also in fold {fold_of[key]}", "each clip once"
                )
            fold_of[key] = fold
    _check_expected("pooled predictions", list(fold_of), truth)
    return fold_of


def read_keys(sheet: CsvTable, expected: Sequence[ClipKey] | None = None) -> tuple[ClipKey, ...]:
    """Return the clips of a table's rows, each once; `expected`: no fewer, no more."""
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
    if expected is not None:
        _check_expected(sheet.path, list(seen), expected)
    return tuple(seen)


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
