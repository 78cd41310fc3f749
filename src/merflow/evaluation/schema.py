"""Schemas: named, typed columns that a DataFrame is checked against, and its CSV form.

pandas is imported inside the functions: importing this module must stay cheap.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.errors import MerflowError, nearest
from merflow.io.csv_table import CsvTable, csv_text, read_csv, safe_cell
from merflow.io.files import write_text

if TYPE_CHECKING:
    from pandas import DataFrame, Series

WIDE, BLOCK, SHEET, PAGE = "wide", "block", "sheet", "page"
LAYOUTS = (WIDE, BLOCK, SHEET, PAGE)
"""Layouts of the results table: parts side by side (Markdown, LaTeX), a block for each part
(terminal), a sheet for each part (xlsx), an HTML table for each part."""
DTYPES = {str: "str", int: "int64", float: "float64", bool: "boolean"}
"""pandas type of each kind of column; a class name is categorical, its categories the classes."""


BOOLS = {"True": True, "False": False, "": None}


class Label(str):
    """Kind of a column of class names."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, kind (str, int, float, bool, Label) and meaning.

    heading: how the results table prints it, empty where it does not. layouts: those that do.
    digits: decimals in print. csv: format of floats in CSV files.
    """

    name: str
    kind: type
    meaning: str
    heading: str = ""
    layouts: tuple[str, ...] = LAYOUTS
    digits: int = 4
    csv: str = ".9g"


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of one table, in the order of its file."""

    table: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def plus(self, *columns: Column) -> "Schema":
        """Return the schema with more columns at its end."""
        return Schema(self.table, (*self.columns, *columns))

    def frame(self, rows: Iterable[Mapping[str, Any]]) -> "DataFrame":
        """Return rows (name -> value) as a checked DataFrame."""
        rows = list(rows)
        self._refuse_names(dict.fromkeys(name for row in rows for name in row) or self.names)
        return self.build({name: [row[name] for row in rows] for name in self.names})

    def build(self, values: Mapping[str, Sequence[Any]]) -> "DataFrame":
        """Return columns (name -> values) as a checked DataFrame."""
        import pandas as pd

        self._refuse_names(values)
        made = {c.name: pd.Series(values[c.name], dtype=DTYPES.get(c.kind)) for c in self.columns}
        return self.check(pd.DataFrame(made))

    def check(self, frame: "DataFrame") -> "DataFrame":
        """Return the frame; unknown, missing or wrongly typed columns are errors."""
        self._refuse_names(frame.columns)
        for column in self.columns:
            dtype = str(frame[column.name].dtype)
            if dtype != DTYPES.get(column.kind, "category"):
                raise MerflowError(
                    f"{self.table}: column '{column.name}'",
                    f"type {dtype}",
                    DTYPES.get(column.kind, "category"),
                )
        return frame[list(self.names)]

    def text(self, frame: "DataFrame") -> str:
        """Return a frame as CSV: NaN is an empty cell, no cell is a formula."""
        cells = [cells_of(self.check(frame)[c.name], c) for c in self.columns]
        return csv_text(self.names, list(zip(*cells, strict=True)))

    def write(self, path: Path | str, frame: "DataFrame") -> None:
        """Write a frame as CSV; see `text`."""
        write_text(path, self.text(frame))

    def read(self, path: Path | str, *, may_be_empty: bool = False) -> "DataFrame":
        """Read a CSV that merflow wrote; a bad cell is named by file, row and column."""
        sheet = read_csv(path, self.names, may_be_empty=may_be_empty)
        self._refuse_names(sheet.columns, f"{path}: row 1")
        return self.build({column.name: _parsed(sheet, column) for column in self.columns})

    def _refuse_names(self, names: Iterable[str], where: str = "") -> None:
        names = list(names)
        for name in names:
            if name not in self.names:
                raise MerflowError(
                    where or self.table,
                    f"unknown column '{name}'{nearest(name, self.names)}",
                    f"columns {', '.join(self.names)}",
                )
        for name in self.names:
            if name not in names:
                raise MerflowError(
                    where or self.table, f"no column '{name}'", ", ".join(self.names)
                )


def cells_of(values: "Series", column: Column) -> list[str]:
    """Return a column as text; control characters become spaces."""
    if column.kind is float:
        return ["" if math.isnan(v) else format(v, column.csv) for v in values.tolist()]
    if column.kind is bool:
        return [str(v) if v in (True, False) else "" for v in values.tolist()]
    if column.kind is int:
        return [str(v) for v in values.tolist()]
    return [
        v if v.isprintable() else "".join(c if c.isprintable() else " " for c in v)
        for v in values.tolist()
    ]


def stacked(frames: Sequence["DataFrame"], schema: Schema) -> "DataFrame":
    """Return frames of one schema below each other, rows numbered from 0."""
    import pandas as pd

    return pd.concat(frames, ignore_index=True) if frames else schema.frame([])


def records(frame: "DataFrame") -> list[Any]:
    """Return the rows of a frame as named tuples."""
    return list(frame.itertuples(index=False, name="Row"))


def _parsed(sheet: CsvTable, column: Column) -> list[Any]:
    cells = sheet[column.name]
    values = []
    for number, cell in enumerate(cells):
        try:
            values.append(_value(cell, column.kind))
        except ValueError as error:
            where = f"{sheet.where(number)}, column '{column.name}'"
            raise MerflowError(where, str(error), "a row merflow wrote") from None
    return values


def _value(cell: str, kind: type) -> Any:  # noqa: ANN401
    if kind is float:
        return float(cell) if cell else math.nan
    if kind is int:
        return int(cell)
    if kind is bool:
        if cell not in BOOLS:
            raise ValueError(f"not True or False: {cell!r}")
        return BOOLS[cell]
    guarded = cell[:1] == "'" and safe_cell(cell[1:]) == cell
    return cell[1:] if guarded else cell
