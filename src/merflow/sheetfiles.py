"""The guarded readers behind `sheets`: bytes of a table file in, text cells out.

A workbook is a zip of XML: it is measured before it is parsed, so that a small file that unfolds
into gigabytes, or declares entities, is refused in well under a second.
"""

import csv
import datetime
import io
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError

MAX_FILE = 32 * 2**20
MAX_UNPACKED = 48 * 2**20
MAX_RATIO = 150
MAX_TAGS = 3_000_000
MAX_PARTS = 500
MAX_ROWS = 100_000
MAX_COLUMNS = 256
MAX_CELL = 20_000

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Uncomputed(str):
    """A formula whose result the file does not hold; the text is the formula."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: `(row number, cells)` of the rows that are not blank, in order."""

    file: str
    sheet: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_grids(path: Path) -> tuple[Grid, ...]:
    """Return the sheets of a file. Its kind is told by its bytes, not by its name."""
    data = _bytes(path)
    if data.startswith(ZIP):
        return _xlsx(path, data)
    if data.startswith(OLE):
        return _xls(path, data)
    if path.suffix.lower() in {".xls", ".xlsx", ".xlsm"}:
        kind = "a web page" if data.lstrip()[:1] == b"<" else "something else"
        raise _refuse(
            path,
            f"the file is called {path.suffix} but holds {kind if data else 'nothing'}",
            "a workbook",
            "open it in a spreadsheet program and save it as .xlsx, or fetch it again",
        )
    return (_csv(path, data),)


def _refuse(path: Path, found: str, expected: str = "", fix: str = "") -> MerflowError:
    return MerflowError(str(path), found, expected, fix)


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise _refuse(
                path,
                f"{size / 2**20:.0f} MiB",
                f"an annotation file of at most {MAX_FILE // 2**20} MiB",
                "keep only the table in the file",
            )
        return path.read_bytes()
    except OSError as error:
        raise _refuse(
            path,
            f"cannot be read ({error.strerror or error})",
            "a readable annotation file",
            "check the path and the permissions",
        ) from error


def _collect(path: Path, sheet: str, rows: Iterator[tuple[int, tuple[str, ...]]]) -> Grid:
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


# --- CSV ---------------------------------------------------------------------------------------


def _csv(path: Path, data: bytes) -> Grid:
    text = _decode(path, data)
    sample = text[:4096].splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=sample.count)

    def rows() -> Iterator[tuple[int, tuple[str, ...]]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        last = 0
        try:
            for cells in reader:
                # A quoted cell may span lines: a row is named by the line it starts on.
                number, last = last + 1, reader.line_num
                yield number, tuple(cells[:MAX_COLUMNS])
        except csv.Error as error:
            raise MerflowError(
                f"{path}, row {last + 1}",
                f"broken CSV ({error})",
                "one record a line, quotes closed",
                "correct the line, or save the table again as CSV UTF-8",
            ) from error

    return _collect(path, "", rows())


def _decode(path: Path, data: bytes) -> str:
    encoding = next((name for mark, name in BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MerflowError(
            f"{path}, row {line}",
            f"bytes that are not {encoding.removesuffix('-sig').upper()} text",
            "a CSV file in UTF-8 (or UTF-16 with a byte order mark)",
            "save the table again as CSV UTF-8",
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise MerflowError(
            f"{path}, row {line}",
            "a NUL character",
            "a text file (UTF-16 needs its byte order mark)",
            "save the table again as CSV UTF-8",
        )
    return text


# --- XLSX --------------------------------------------------------------------------------------


def _xlsx(path: Path, data: bytes) -> tuple[Grid, ...]:
    _measure(path, data)
    stored, formulas = _workbook(path, data, values=True), _workbook(path, data, values=False)
    return tuple(
        _guarded(path, lambda s=stored[n], f=formulas[n], n=n: _collect(path, n, _sheet_rows(s, f)))
        for n in stored.sheetnames
        if hasattr(stored[n], "reset_dimensions")  # chart sheets hold no cells
    )


def _measure(path: Path, data: bytes) -> None:
    """Refuse a zip that unfolds too far, before anything parses it."""

    def check() -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            total = sum(part.file_size for part in parts)
            ratio = max((p.file_size / max(p.compress_size, 1) for p in parts), default=0)
            if len(parts) > MAX_PARTS or total > MAX_UNPACKED or (ratio > MAX_RATIO):
                raise _refuse(
                    path,
                    f"a workbook of {len(parts)} parts that unfolds to {total / 2**20:.0f} MiB "
                    f"(ratio {ratio:.0f})",
                    f"at most {MAX_PARTS} parts, {MAX_UNPACKED // 2**20} MiB, ratio {MAX_RATIO}",
                    "save only the table, as .xlsx or .csv",
                )
            tags = 0
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    body = archive.read(part)
                    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
                        raise _refuse(
                            path,
                            f"{part.filename} declares entities",
                            "a workbook as spreadsheet programs write it",
                            "do not use this file; fetch the sheet from its owners",
                        )
                    tags += body.count(b"<")
            if tags > MAX_TAGS:
                raise _refuse(
                    path,
                    f"a workbook with {tags:,} XML tags",
                    f"at most {MAX_TAGS:,}",
                    "delete the empty rows and columns round the table, or save it as .csv",
                )

    _guarded(path, check)


def _workbook(path: Path, data: bytes, *, values: bool) -> Any:  # noqa: ANN401
    import openpyxl

    def load() -> Any:  # noqa: ANN401
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=values, keep_links=False
            )

    return _guarded(path, load)


def _guarded(path: Path, work: Callable[[], Any]) -> Any:  # noqa: ANN401
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
        raise _refuse(
            path,
            f"the workbook is damaged or locked ({reason})",
            "a workbook that a spreadsheet program opens without a password",
            "open it and save it again, or fetch it again",
        ) from error


def _sheet_rows(stored: Any, formulas: Any) -> Iterator[tuple[int, tuple[str, ...]]]:  # noqa: ANN401
    """Yield `(number, cells)`; a formula gives its stored value or an `Uncomputed`."""
    # Files exist whose declared size is the whole 1,048,576 x 16,384 sheet.
    stored.reset_dimensions()
    formulas.reset_dimensions()
    pairs = zip(
        stored.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True
    )
    for number, (values, written) in enumerate(pairs, 1):
        cells = [_text(value) for value in values[:MAX_COLUMNS]]
        for index, formula in enumerate(written[:MAX_COLUMNS]):
            if not cells[index] and formula is not None and values[index] is None:
                cells[index] = Uncomputed(getattr(formula, "text", None) or str(formula))
        yield number, tuple(cells)


def _text(value: object) -> str:
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


# --- XLS ---------------------------------------------------------------------------------------


def _xls(path: Path, data: bytes) -> tuple[Grid, ...]:
    import xlrd

    def load() -> tuple[Grid, ...]:
        with xlrd.open_workbook(file_contents=data, logfile=io.StringIO()) as book:
            return tuple(
                _collect(path, sheet.name, _xls_rows(sheet, book.datemode))
                for sheet in book.sheets()
            )

    return _guarded(path, load)


def _xls_rows(sheet: Any, datemode: int) -> Iterator[tuple[int, tuple[str, ...]]]:  # noqa: ANN401
    import xlrd

    def text(cell: Any) -> str:  # noqa: ANN401
        if cell.ctype == xlrd.XL_CELL_DATE:
            try:
                return xlrd.xldate_as_datetime(cell.value, datemode).isoformat()
            except (ValueError, OverflowError):
                return _text(cell.value)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return _text(bool(cell.value))
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
        return _text(cell.value)

    for index in range(sheet.nrows):
        yield index + 1, tuple(text(cell) for cell in sheet.row(index)[:MAX_COLUMNS])
