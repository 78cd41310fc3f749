"""Read annotation tables from .xlsx, .xls and .csv as text, without guessing types.

`006` stays `006`, `NA` stays `NA`, and a whole number reads `12` whether the file stores text, an
integer or a float. Every row knows its file, sheet and number for error messages.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from merflow.errors import MerflowError, nearest
from merflow.io.spreadsheet_formats import Grid, Uncomputed, read_grids

HEADER_WITHIN = 30
"""Number of first rows of a sheet in which the header is searched."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column to read: its name in merflow, and the titles it has in sheets.

    The first title is the usual one: a sheet that has it may have others too, which are not read.
    """

    name: str
    titles: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table. `number` counts from 1, as spreadsheet programs show it."""

    file: str
    sheet: str
    number: int
    cells: dict[str, str]
    titles: dict[str, str]

    def raw(self, column: str) -> str:
        """Return a cell unchanged; empty when the sheet has no such column."""
        value = self.cells.get(column, "")
        if isinstance(value, Uncomputed):
            raise self.error(
                column,
                f"the formula {value} has no stored value",
                "a value, or a formula with a stored result",
                "open the sheet in a spreadsheet program and save it, or type the value in",
            )
        return value

    def text(self, column: str) -> str:
        """Return a cell without surrounding blanks."""
        return self.raw(column).strip()

    def error(
        self, column: str, found: str, expected: str, fix: str = "correct the cell"
    ) -> MerflowError:
        """Return the error of a cell."""
        return MerflowError(self.where(column), found, expected, fix)

    def where(self, column: str = "") -> str:
        """Return `file, sheet 'x', row 3, column 'y'` for messages."""
        place = place_of(self.file, self.sheet, self.number)
        return f"{place}, column '{self.titles.get(column, column)}'" if column else place


@dataclass(frozen=True, slots=True)
class Table:
    """The rows below a header. `unread`: titles of the columns that were not asked for."""

    file: str
    sheet: str
    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def read_table(
    path: Path | str, columns: Sequence[Column], sheet: str = "", *, may_be_empty: bool = False
) -> Table:
    """Read the table of `columns` from `path`; the header may be in any of the first 30 rows."""
    table = find_table(read_grids(path), columns, sheet)
    if not table.rows and not may_be_empty:
        raise MerflowError(
            place_of(table.file, table.sheet),
            "a header and no rows",
            "one row for each clip",
            "name the sheet that has the rows",
        )
    return table


def place_of(file: str, sheet: str, number: int | None = None) -> str:
    """Return `file, sheet 'x', row 3` with the parts that exist."""
    parts = [file]
    if sheet:
        parts.append(f"sheet '{sheet}'")
    if number is not None:
        parts.append(f"row {number}")
    return ", ".join(parts)


def plain(title: str) -> str:
    """Return a column title as it is compared: lower case letters and digits only."""
    return re.sub(r"[\W_]+", "", title).casefold()


def find_table(grids: Sequence[Grid], columns: Sequence[Column], sheet: str = "") -> Table:
    """Return the table of the first sheet (`sheet` first) that has all required columns."""
    ordered = sorted(grids, key=lambda g: plain(g.sheet) != plain(sheet)) if sheet else grids
    found = ((grid, header) for grid in ordered if (header := _header(grid, columns)) is not None)
    first = next(found, None)
    if first is None:
        raise _no_header(grids, columns)
    grid, (number, cells) = first
    at = _places(grid, number, cells, columns)
    titles = {name: cells[index].strip() for name, index in at.items()}
    unread = (c.strip() for i, c in enumerate(cells) if i not in at.values() and c.strip())
    rows = tuple(rows_of(grid, at, titles, after=number))
    return Table(grid.file, grid.sheet, rows, tuple(dict.fromkeys(unread)))


def rows_of(
    grid: Grid, at: dict[str, int], titles: dict[str, str], after: int = 0
) -> Iterator[Row]:
    """Yield the rows below row `after` in which any requested column is filled."""
    for number, cells in grid.rows:
        if number <= after:
            continue
        values = {name: cells[i] if i < len(cells) else "" for name, i in at.items()}
        if any(value.strip() for value in values.values()):
            yield Row(grid.file, grid.sheet, number, values, titles)


def _header(grid: Grid, columns: Sequence[Column]) -> tuple[int, tuple[str, ...]] | None:
    """Return number and cells of the first row that has every required title."""
    wanted = [{plain(t) for t in column.titles} for column in columns if column.required]
    for number, cells in grid.rows[:HEADER_WITHIN]:
        titles = {plain(cell) for cell in cells if cell.strip()}
        if all(titles & names for names in wanted):
            return number, cells
    return None


def _places(
    grid: Grid, number: int, cells: tuple[str, ...], columns: Sequence[Column]
) -> dict[str, int]:
    """Return column name -> index; refuse a title twice, and two titles of one meaning."""
    at: dict[str, int] = {}
    shown = [plain(cell) for cell in cells]
    for column in columns:
        usual, *others = dict.fromkeys(map(plain, column.titles))
        titles = [usual] if usual in shown else others
        indices = [i for i, cell in enumerate(shown) if cell in titles]
        if len(indices) > 1:
            raise _two_columns(place_of(grid.file, grid.sheet, number), cells, indices, column)
        if indices:
            at[column.name] = indices[0]
    return at


def _two_columns(
    where: str, cells: Sequence[str], indices: Sequence[int], column: Column
) -> MerflowError:
    """Return the error of two columns that could both be read as `column`."""
    one, two = (cells[i].strip() for i in indices[:2])
    if plain(one) == plain(two):
        found = f"the column '{one}' appears twice"
        return MerflowError(
            where, found, "every column once", "delete or rename one of the two columns"
        )
    return MerflowError(
        where,
        f"the columns '{one}' and '{two}' both mean {column.name}",
        f"one column for {column.name}",
        f"give the right one the title '{column.titles[0]}'; the other is then left out",
    )


def _no_header(grids: Sequence[Grid], columns: Sequence[Column]) -> MerflowError:
    """Return the error that names the row most like a header and its missing columns."""
    required = [column for column in columns if column.required]
    expected = "columns " + ", ".join(column.titles[0] for column in required)
    file = grids[0].file if grids else "sheet"
    rows = [(grid, *row) for grid in grids for row in grid.rows[:HEADER_WITHIN]]
    if not rows:
        return MerflowError(
            file, "the file is empty", expected, "check that it is the right file and complete"
        )

    def missing(cells: tuple[str, ...]) -> list[str]:
        shown = {plain(cell) for cell in cells}
        return [c.titles[0] for c in required if not shown & {plain(t) for t in c.titles}]

    grid, number, cells = min(rows, key=lambda row: len(missing(row[2])))
    lacking = missing(cells)
    if len(lacking) == len(required):
        sheets = ", ".join(repr(g.sheet) for g in grids if g.sheet)
        return MerflowError(
            place_of(file, "" if sheets else grid.sheet, number),
            "no header row" + (f" in the sheets {sheets}" if sheets else ""),
            expected + f" within the first {HEADER_WITHIN} rows",
            "check that this is the dataset's annotation sheet",
        )
    here = [cell.strip() for cell in cells if cell.strip()]
    return MerflowError(
        place_of(file, grid.sheet, number),
        f"no column '{lacking[0]}'{nearest(lacking[0], here)}"
        + (f", nor {', '.join(repr(name) for name in lacking[1:])}" if lacking[1:] else "")
        + f"; this row has {', '.join(here)[:200]}",
        expected,
        "give the column this title, or name the right file",
    )
