"""Read .xlsx, .xls and .csv files as text cells, with limits; the bytes tell the format.

An .xlsx is a zip of XML: its unpacked size is checked before parsing, so a small file that
unpacks to gigabytes or declares entities is refused.
"""

import csv
import datetime
import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError

MAX_FILE = 32 * 2**20
MAX_ROWS = 100_000
MAX_COLUMNS = 256
MAX_CELL = 20_000
MAX_UNPACKED = 48 * 2**20
MAX_RATIO = 150
MAX_TAGS = 1_000_000
MAX_PARTS = 500
BLOCK = 1 << 20
SAVE_AGAIN = "save the table again as CSV UTF-8"
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

Numbered = tuple[int, tuple[str, ...]]
"""A row's number, counted from 1, and its cells."""


class Uncomputed(str):
    """A formula without a stored result; the text is the formula."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: the rows that are not blank, in order."""

    file: str
    sheet: str
    rows: tuple[Numbered, ...]


def read_grids(path: Path | str) -> tuple[Grid, ...]:
    """Return every sheet of a file as text cells; a CSV file has one sheet without a name."""
    path = Path(path)
    data = _bytes(path)
    for mark, read in ((ZIP, _xlsx), (OLE, _xls)):
        if data.startswith(mark):
            with _guarded(path):
                return read(path, data)
    if path.suffix.lower() in {".xls", ".xlsx", ".xlsm"}:
        kind = "a web page" if data.lstrip()[:1] == b"<" else "something else"
        raise MerflowError(
            str(path),
            f"the file is called {path.suffix} but holds {kind if data else 'nothing'}",
            "a workbook",
            "open it in a spreadsheet program and save it as .xlsx, or fetch it again",
        )
    return (_csv(path, data),)


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise MerflowError(
                str(path),
                f"{size / 2**20:.0f} MiB",
                f"an annotation file of at most {MAX_FILE // 2**20} MiB",
                "keep only the table in the file",
            )
        return path.read_bytes()
    except OSError as error:
        raise MerflowError(
            str(path),
            f"cannot be read ({error.strerror or error})",
            "a readable annotation file",
            "check the path and the permissions",
        ) from error


def _grid(path: Path, sheet: str, rows: Iterator[Numbered]) -> Grid:
    """Return the rows that are not blank; refuse a sheet or cell that is too long."""
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


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Turn any failure of a parser on untrusted bytes into one message."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MerflowError:
        raise
    except Exception as error:
        # The parsers raise KeyError, ValueError, struct.error and more on damaged files.
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise MerflowError(
            str(path),
            f"the workbook is damaged or locked ({reason})",
            "a workbook that a spreadsheet program opens without a password",
            "open it and save it again, or fetch it again",
        ) from error


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


def _csv(path: Path, data: bytes) -> Grid:
    text = _decode(path, data)
    sample = text[:4096].splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=sample.count)

    def rows() -> Iterator[Numbered]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        last = 0
        try:
            for cells in reader:
                # A quoted cell may span lines: a row has the number of its first line.
                number, last = last + 1, reader.line_num
                yield number, tuple(cells[:MAX_COLUMNS])
        except csv.Error as error:
            expected = "one record per line, quotes closed"
            fix = f"correct the line, or {SAVE_AGAIN}"
            where = f"{path}, row {last + 1}"
            raise MerflowError(where, f"broken CSV ({error})", expected, fix) from error

    return _grid(path, "", rows())


def _decode(path: Path, data: bytes) -> str:
    encoding = next((name for mark, name in BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"bytes that are not {encoding.removesuffix('-sig').upper()} text"
        expected = "a CSV file in UTF-8 (or UTF-16 with a byte order mark)"
        raise MerflowError(f"{path}, row {line}", found, expected, SAVE_AGAIN) from error
    before, nul, _ = text.partition("\0")
    if nul:
        line = before.count("\n") + 1
        expected = "a text file (UTF-16 needs its byte order mark)"
        raise MerflowError(f"{path}, row {line}", "a NUL character", expected, SAVE_AGAIN)
    return text


def _xls(path: Path, data: bytes) -> tuple[Grid, ...]:
    import xlrd

    with xlrd.open_workbook(file_contents=data, logfile=io.StringIO()) as book:
        return tuple(
            _grid(path, sheet.name, _xls_rows(sheet, book.datemode)) for sheet in book.sheets()
        )


def _xls_rows(sheet: Any, datemode: int) -> Iterator[Numbered]:  # noqa: ANN401
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


def _xlsx(path: Path, data: bytes) -> tuple[Grid, ...]:
    """Return the sheets of a workbook; formulas give their stored results."""
    import openpyxl

    def load(values: bool) -> openpyxl.Workbook:
        return openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=values, keep_links=False
        )

    has_formulas = _check_zip(path, data)
    stored = load(values=True)
    written = load(values=False) if has_formulas else stored
    return tuple(
        _grid(path, n, _xlsx_rows(stored[n], written[n]))
        for n in stored.sheetnames
        if hasattr(stored[n], "reset_dimensions")  # chart sheets hold no cells
    )


def _check_zip(path: Path, data: bytes) -> bool:
    """Refuse a zip that unpacks too large; return whether any cell holds a formula."""
    tags, formulas = 0, False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        total = sum(part.file_size for part in parts)
        ratio = max((p.file_size / max(p.compress_size, 1) for p in parts), default=0)
        if len(parts) > MAX_PARTS or total > MAX_UNPACKED or ratio > MAX_RATIO:
            raise MerflowError(
                str(path),
                f"a workbook of {len(parts)} parts that unpacks to {total / 2**20:.0f} MiB "
                f"(ratio {ratio:.0f})",
                f"at most {MAX_PARTS} parts, {MAX_UNPACKED // 2**20} MiB, ratio {MAX_RATIO}",
                "save only the table, as .xlsx or .csv",
            )
        for part in parts:
            with archive.open(part) as handle:
                # In blocks: reading stops at the declared size even if the part is longer.
                body = b"".join(iter(lambda: handle.read(BLOCK), b""))
            if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
                raise MerflowError(
                    str(path),
                    f"{part.filename} declares entities",
                    "a workbook as spreadsheet programs write it",
                    "do not use this file; fetch the sheet from its owners",
                )
            if part.filename.endswith((".xml", ".rels")):
                tags += body.count(b"<")
                formulas = formulas or b"<f" in body
    if tags > MAX_TAGS:
        raise MerflowError(
            str(path),
            f"a workbook with {tags:,} XML tags",
            f"at most {MAX_TAGS:,}",
            "delete the empty rows and columns round the table, or save it as .csv",
        )
    return formulas


def _xlsx_rows(stored: Any, written: Any) -> Iterator[Numbered]:  # noqa: ANN401
    """Yield rows; a formula gives its stored result or an `Uncomputed`."""
    # Some files declare the whole 1,048,576 x 16,384 sheet as their size.
    stored.reset_dimensions()
    if written is stored:
        for number, values in enumerate(stored.iter_rows(values_only=True), 1):
            yield number, tuple(map(_text, values[:MAX_COLUMNS]))
        return
    written.reset_dimensions()
    pairs = zip(
        stored.iter_rows(values_only=True), written.iter_rows(values_only=True), strict=True
    )
    for number, (values, formulas) in enumerate(pairs, 1):
        cells = [_text(value) for value in values[:MAX_COLUMNS]]
        for index, formula in enumerate(formulas[:MAX_COLUMNS]):
            if formula is not None and values[index] is None:
                cells[index] = Uncomputed(getattr(formula, "text", None) or str(formula))
        yield number, tuple(cells)
