"""Annotation tables read as text: .xlsx, .xls and .csv become rows of strings, nothing guessed.

`006` stays `006`, `NA` stays `NA`, a whole number reads `12` whether the file kept it as text, as
an integer or as a float. Every row knows its file, sheet and number, so a message can name them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from merflow.errors import MerflowError, nearest
from merflow.io import sheet_formats
from merflow.io.sheet_formats import Grid, Uncomputed

HEADER_WITHIN = 30
"""The header is looked for in this many first rows of a sheet."""

__all__ = ["Column", "Grid", "Row", "Table", "find_table", "read_grids", "read_table", "rows_of"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column an adapter wants: its own name for it, and the titles it goes by in sheets."""

    name: str
    titles: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. `number` counts from 1 as spreadsheet programs show it."""

    file: str
    sheet: str
    number: int
    cells: dict[str, str]
    titles: dict[str, str]

    def __contains__(self, column: str) -> bool:
        return column in self.cells

    def raw(self, column: str) -> str:
        """Return a cell as it stands; empty when the sheet has no such column."""
        value = self.cells.get(column, "")
        if isinstance(value, Uncomputed):
            raise MerflowError(
                self.where(column),
                f"the formula {value} has no stored value",
                "a value, or a formula whose result is kept in the file",
                "open the sheet in a spreadsheet program and save it, or type the value in",
            )
        return value

    def text(self, column: str) -> str:
        """Return a cell without the blanks around it."""
        return self.raw(column).strip()

    def where(self, column: str = "") -> str:
        """Name this row, and one of its columns, as a person would look it up."""
        place = place_of(self.file, self.sheet, self.number)
        return f"{place}, column '{self.titles.get(column, column)}'" if column else place


@dataclass(frozen=True, slots=True)
class Table:
    """The rows below a header. `columns` are the wanted columns that are there."""

    file: str
    sheet: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    also: tuple[str, ...] = ()
    """Other sheets of the file that hold a table of the same kind and were not read."""

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def read_grids(path: Path | str) -> tuple[Grid, ...]:
    """Return every sheet of a file as text cells; a CSV file has one sheet without a name."""
    return sheet_formats.read_grids(Path(path))


def read_table(
    path: Path | str, columns: Sequence[Column], sheet: str = "", *, may_be_empty: bool = False
) -> Table:
    """Read the table of `columns` from `path`; the header may stand in any of the first rows."""
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
    """Return the first sheet (a sheet named `sheet` first) that has all required columns."""
    ordered = sorted(grids, key=lambda g: plain(g.sheet) != plain(sheet)) if sheet else grids
    found = [(grid, header) for grid in ordered if (header := _header(grid, columns)) is not None]
    if not found:
        raise _no_header(grids, columns)
    grid, (number, cells) = found[0]
    at = _places(grid, number, cells, columns)
    titles = {name: cells[index].strip() for name, index in at.items()}
    rows = tuple(rows_of(grid, at, titles, after=number))
    also = tuple(other.sheet for other, _ in found[1:])
    return Table(grid.file, grid.sheet, tuple(at), rows, also)


def rows_of(
    grid: Grid, at: dict[str, int], titles: dict[str, str], after: int = 0
) -> Iterator[Row]:
    """Yield the rows below row `after` in which any of the wanted columns is filled."""
    for number, cells in grid.rows:
        if number <= after:
            continue
        values = {name: cells[i] if i < len(cells) else "" for name, i in at.items()}
        if any(value.strip() for value in values.values()):
            yield Row(grid.file, grid.sheet, number, values, titles)


def _header(grid: Grid, columns: Sequence[Column]) -> tuple[int, tuple[str, ...]] | None:
    """Return the number and the cells of the first row that holds every required title."""
    wanted = [{plain(t) for t in column.titles} for column in columns if column.required]
    for number, cells in grid.rows[:HEADER_WITHIN]:
        titles = {plain(cell) for cell in cells if cell.strip()}
        if all(titles & names for names in wanted):
            return number, cells
    return None


def _places(
    grid: Grid, number: int, cells: tuple[str, ...], columns: Sequence[Column]
) -> dict[str, int]:
    """Return column name -> index; refuse a title that stands twice."""
    at: dict[str, int] = {}
    shown = [plain(cell) for cell in cells]
    for column in columns:
        for title in map(plain, column.titles):
            indices = [i for i, cell in enumerate(shown) if cell == title]
            if len(indices) > 1:
                raise MerflowError(
                    place_of(grid.file, grid.sheet, number),
                    f"the column '{cells[indices[0]].strip()}' stands twice",
                    "every column once",
                    "delete or rename one of the two columns",
                )
            if indices:
                at[column.name] = indices[0]
                break
    return at


def _no_header(grids: Sequence[Grid], columns: Sequence[Column]) -> MerflowError:
    """Return the error that names the row that comes nearest to a header and what it lacks."""
    required = [column for column in columns if column.required]
    expected = "columns " + ", ".join(column.titles[0] for column in required)
    best: tuple[int, Grid, int, tuple[str, ...]] | None = None
    for grid in grids:
        for number, cells in grid.rows[:HEADER_WITHIN]:
            shown = {plain(cell) for cell in cells}
            hits = sum(bool(shown & {plain(t) for t in c.titles}) for c in required)
            if best is None or hits > best[0]:
                best = (hits, grid, number, cells)
    file = grids[0].file if grids else "sheet"
    if best is None:
        return MerflowError(
            file, "the file is empty", expected, "look whether it is the right file, and whole"
        )
    hits, grid, number, cells = best
    if hits == 0:
        sheets = ", ".join(repr(g.sheet) for g in grids if g.sheet)
        return MerflowError(
            place_of(file, "" if sheets else grid.sheet, number),
            "no header row" + (f" in the sheets {sheets}" if sheets else ""),
            expected + f" within the first {HEADER_WITHIN} rows",
            "check that this is the dataset's annotation sheet",
        )
    shown = {plain(cell) for cell in cells}
    lacking = [c.titles[0] for c in required if not shown & {plain(t) for t in c.titles}]
    here = [cell.strip() for cell in cells if cell.strip()]
    return MerflowError(
        place_of(file, grid.sheet, number),
        f"no column '{lacking[0]}'{nearest(lacking[0], here)}"
        + (f", nor {', '.join(repr(name) for name in lacking[1:])}" if lacking[1:] else "")
        + f"; this row has {', '.join(here)[:200]}",
        expected,
        "give the column this title, or name the right file",
    )
