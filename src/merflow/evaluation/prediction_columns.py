"""The cells of prediction tables as arrays; whatever is wrong is named by its row."""

from collections.abc import Sequence

import numpy as np

from merflow.errors import MerflowError, nearest
from merflow.io.csv_table import CsvTable

SUM_TOLERANCE = 2e-3
"""How far a row of probabilities may be from 1: covers tables printed with three digits."""


def probability_columns(sheet: CsvTable, classes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the classes of the `p_` columns, in the scheme's order where `classes` gives it."""
    found = tuple(c[2:] for c in sheet.columns if c.startswith("p_"))
    if not found or classes is None:
        return found
    for name in found:
        if name not in classes:
            raise MerflowError(
                f"{sheet.path}: row 1",
                f"unknown class in column 'p_{name}'{nearest(name, classes)}",
                f"the scheme's classes: {', '.join(classes)}",
                "choose the table's own scheme, or predict again with this one",
            )
    sheet.need(*(f"p_{c}" for c in classes))
    return tuple(classes)


def probabilities(sheet: CsvTable, names: Sequence[str], *, exclusive: bool = True) -> np.ndarray:
    """Return (N, C) float64 probabilities; exclusive: each row sums to 1."""
    values = np.empty((len(sheet.rows), len(names)))
    for column, name in enumerate(names):
        for number, cell in enumerate(sheet[f"p_{name}"]):
            try:
                values[number, column] = float(cell)
            except ValueError:
                values[number, column] = np.nan
            if not 0 <= values[number, column] <= 1:
                raise MerflowError(
                    sheet.where(number), f"p_{name} is {cell!r}", "a number from 0 to 1"
                )
    if not exclusive:
        return values
    sums = values.sum(1)
    off = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE)
    if len(off):
        raise MerflowError(
            sheet.where(int(off[0])),
            f"the probabilities sum to {sums[off[0]]:.6g}",
            "a sum of 1",
            "give probabilities (softmax), not scores",
        )
    return values


def class_words(sheet: CsvTable, column: str) -> list[str]:
    """Return a column's class names (N) without blanks round them; an empty cell is a fault."""
    words = [cell.strip() for cell in sheet[column]]
    if "" in words:
        raise MerflowError(
            sheet.where(words.index("")),
            f"{column} is empty",
            "a class in every row",
            "fill the cell, or leave the clip out of the table and say so",
        )
    return words


def class_numbers(sheet: CsvTable, column: str, names: Sequence[str]) -> np.ndarray:
    """Return (N,) int64 positions in `names` of a column's words."""
    place = {name: i for i, name in enumerate(names)}
    words = class_words(sheet, column)
    for number, cell in enumerate(words):
        if cell not in place:
            raise MerflowError(
                sheet.where(number),
                f"unknown class '{cell}' in column '{column}'{nearest(cell, names)}",
                f"one of {', '.join(names)}",
                "all rows and columns must be of one scheme",
            )
    return np.array([place[cell] for cell in words], np.int64)


def check_agree(
    sheet: CsvTable, predicted: np.ndarray, chances: np.ndarray | None, names: Sequence[str]
) -> None:
    """Refuse rows whose predicted class is not that of the largest probability."""
    if chances is None:
        return
    rows = np.arange(len(predicted))
    off = np.flatnonzero(chances.max(1) - chances[rows, predicted] > SUM_TOLERANCE)
    if len(off):
        first = int(off[0])
        raise MerflowError(
            sheet.where(first),
            f"predicted is '{names[predicted[first]]}' but the largest probability is "
            f"p_{names[int(chances[first].argmax())]}",
            "predicted is the class of the largest probability",
            "leave out the column that does not count",
        )
