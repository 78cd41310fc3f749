"""What every reader of table files shares: the grid of text cells, limits, guarded parsing."""

import datetime
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError

MAX_ROWS = 100_000
MAX_COLUMNS = 256
MAX_CELL = 20_000


class Uncomputed(str):
    """A formula whose result the file does not hold; the text is the formula."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: `(row number, cells)` of the rows that are not blank, in order."""

    file: str
    sheet: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def refuse(path: Path, found: str, expected: str = "", fix: str = "") -> MerflowError:
    """Return the error for a file as a whole."""
    return MerflowError(str(path), found, expected, fix)


def collect(path: Path, sheet: str, rows: Iterator[tuple[int, tuple[str, ...]]]) -> Grid:
    """Return the rows that are not blank; refuse a sheet that is too long."""
    kept = []
    for number, cells in rows:
        if number > MAX_ROWS:
            raise MerflowError(
                f"{path}" + (f", sheet '{sheet}'" if sheet else ""),
                f"more than {MAX_ROWS:,} rows",
                f"at most {MAX_ROWS:,} rows",
                "delete the rows below the table (empty ones count), or split the file",
            )
        if any(cell and not cell.isspace() for cell in cells):
            for index, cell in enumerate(cells):
                if len(cell) > MAX_CELL:
                    raise MerflowError(
                        f"{path}, row {number}, column {index + 1}",
                        f"a cell of {len(cell):,} characters",
                        f"at most {MAX_CELL:,}",
                        "shorten the cell",
                    )
            kept.append((number, cells))
    return Grid(str(path), sheet, tuple(kept))


def guarded(path: Path, work: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Run a parser on bytes from outside; whatever it trips over becomes one message."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()
    except MerflowError:
        raise
    except Exception as error:
        # The parsers raise KeyError, ValueError, struct.error and more on damaged files.
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise refuse(
            path,
            f"the workbook is damaged or locked ({reason})",
            "a workbook that a spreadsheet program opens without a password",
            "open it and save it again, or fetch it again",
        ) from error


def text_of(value: object) -> str:
    """Return a cell's value as text: whole numbers without a point, dates in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)
