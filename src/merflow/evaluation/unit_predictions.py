"""Predictions of action units: any number of classes a clip, in the files of other predictions.

Fold file: `dataset,subject,clip,p_<class>...` with one probability for each unit, which need not
sum to 1. Pooled file: the same with `fold`, `truth` and `predicted`, labels such as `AU4+AU12`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.datasets.unit_labels import NONE, decode, encode, is_class
from merflow.errors import MerflowError
from merflow.evaluation.columns import UNIT_POOLED, chances
from merflow.evaluation.prediction_columns import probabilities, probability_columns
from merflow.evaluation.predictions import (
    KEY,
    Predictions,
    clip_columns,
    one_of_each,
    read_keys,
)
from merflow.evaluation.unit_metrics import unit_counts
from merflow.io.csv_table import CsvTable, read_csv

FORM = "write labels as AU4+AU12, AU14? for a unit that is unclear, or none"


@dataclass(frozen=True)
class UnitTable(Predictions):
    """All predictions of a run and the truth; frame: as in UNIT_POOLED, with `p_` columns."""

    @classmethod
    def of(
        cls,
        keys: Sequence[ClipKey],
        classes: Sequence[str],
        truth: np.ndarray,
        predicted: np.ndarray,
        folds: Sequence[str],
        probabilities: np.ndarray | None = None,
    ) -> "UnitTable":
        """Return a table.

        truth: (N, K) 1, 0, NaN where unclear; predicted: (N, K) bool; probabilities: (N, K).
        """
        columns = clip_columns(keys, classes, probabilities)
        columns |= {"fold": list(folds), "truth": encode(truth, classes)}
        columns["predicted"] = encode(predicted.astype(np.float32), classes)
        more = () if probabilities is None else chances(classes)
        return cls(UNIT_POOLED.plus(*more).build(columns), tuple(classes))

    @cached_property
    def truth(self) -> np.ndarray:
        """(N, K) float32: 1, 0, NaN where unclear."""
        return decode(self.frame["truth"].tolist(), self.classes)

    @cached_property
    def predicted(self) -> np.ndarray:
        """(N, K) bool."""
        return decode(self.frame["predicted"].tolist(), self.classes) > 0

    @cached_property
    def folds(self) -> tuple[str, ...]:
        """Fold names (N)."""
        return tuple(self.frame["fold"].tolist())

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The datasets in the table, sorted."""
        return tuple(sorted(set(self.frame["dataset"])))

    def part(self, dataset: str) -> "UnitTable":
        """Return the rows of one dataset; `full` is the table itself."""
        if dataset == "full":
            return self
        return UnitTable(self.frame[self.frame["dataset"] == dataset], self.classes)

    def grouped(self, group: np.ndarray) -> np.ndarray:
        """Return (G, K, 2, 2) counts; group: (N,) numbers from 0."""
        groups = int(group.max()) + 1 if len(group) else 0
        return unit_counts(self.truth, self.predicted, group, groups)

    def comparable(self) -> "UnitTable":
        """Return the table as it is: its classes have one order."""
        return self


def write_pooled(path: Path | str, table: UnitTable) -> None:
    """Write a pooled table, rows sorted."""
    more = () if table.probabilities is None else chances(table.classes)
    UNIT_POOLED.plus(*more).write(path, table.in_order().frame)


def read_fold_units(path: Path | str, classes: Sequence[str]) -> tuple[list[ClipKey], np.ndarray]:
    """Read a fold's predictions: the clips, and (N, K) probabilities in the order of `classes`."""
    sheet = read_csv(path, KEY, may_be_empty=True)
    names = probability_columns(sheet, classes)
    return list(read_keys(sheet)), probabilities(sheet, names, exclusive=False)


def read_pooled(path: Path | str, *, classes: Sequence[str] | None = None) -> UnitTable:
    """Read and check a table with truth.

    Without `classes` they are its `p_` columns, or else the units found in it.
    """
    sheet = read_csv(path, KEY)
    sheet.need("truth", "predicted")
    with_chances = probability_columns(sheet, classes)
    names = tuple(classes or with_chances or _units_in(sheet))
    values = probabilities(sheet, names, exclusive=False) if with_chances else None
    found = {column: _labels(sheet, column, names) for column in ("truth", "predicted")}
    fold = list(sheet["fold"]) if "fold" in sheet.columns else [""] * len(sheet.rows)
    keys = read_keys(sheet)
    return UnitTable.of(
        keys, names, found["truth"], found["predicted"] > 0, fold, values
    ).in_order()


def _labels(sheet: CsvTable, column: str, names: Sequence[str]) -> np.ndarray:
    """Return a column of labels as (N, K) values; a label that cannot be read is named by row."""
    rows = []
    for number, cell in enumerate(sheet[column]):
        try:
            rows.append(decode([cell.strip()], names)[0])
        except MerflowError as error:
            where = f"{sheet.where(number)}, column {column}"
            raise MerflowError(where, error.found, error.expected, FORM) from None
    return np.array(rows, np.float32).reshape(-1, len(names))


def _units_in(sheet: CsvTable) -> list[str]:
    """Return the units in the labels of a table, by number; a word that is no unit is refused."""
    found = set()
    for column in ("truth", "predicted"):
        for number, cell in enumerate(sheet[column]):
            for word in cell.strip().split("+") if cell.strip() != NONE else ():
                if not is_class(unit := word.removesuffix("?")):
                    where = f"{sheet.where(number)}, column {column}"
                    raise MerflowError(where, f"no unit: {word!r}", "AU4, AD38 or M57", FORM)
                found.add(unit)
    return sorted(found, key=lambda name: (len(name), name))


def pool(
    parts: Sequence[tuple[str, Sequence[ClipKey], np.ndarray, np.ndarray]],
    truth: Mapping[ClipKey, str],
    classes: Sequence[str],
) -> UnitTable:
    """Join the folds' predictions with the truth: each clip of `truth` once, none beside.

    parts: fold name, its clips (N), their (N, K) probabilities, the fold's (K,) thresholds.
    """
    fold_of = one_of_each([(name, keys) for name, keys, _, _ in parts], truth)
    values = np.concatenate([p for _, _, p, _ in parts])
    present = np.concatenate([p > np.asarray(limits) for _, _, p, limits in parts])
    keys = list(fold_of)
    truths = decode([truth[key] for key in keys], classes)
    return UnitTable.of(keys, classes, truths, present, list(fold_of.values()), values).in_order()
