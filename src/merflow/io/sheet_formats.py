"""The bytes of a table file become text cells: its kind is told by its bytes, not its name."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError
from merflow.io.sheet_cells import MAX_COLUMNS, Grid, Uncomputed, collect, guarded, refuse, text_of
from merflow.io.xlsx import read_xlsx

__all__ = ["Grid", "Uncomputed", "read_grids"]

MAX_FILE = 32 * 2**20
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_grids(path: Path) -> tuple[Grid, ...]:
    """Return the sheets of a file as text."""
    data = _bytes(path)
    if data.startswith(ZIP):
        return read_xlsx(path, data)
    if data.startswith(OLE):
        return _xls(path, data)
    if path.suffix.lower() in {".xls", ".xlsx", ".xlsm"}:
        kind = "a web page" if data.lstrip()[:1] == b"<" else "something else"
        raise refuse(
            path,
            f"the file is called {path.suffix} but holds {kind if data else 'nothing'}",
            "a workbook",
            "open it in a spreadsheet program and save it as .xlsx, or fetch it again",
        )
    return (_csv(path, data),)


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise refuse(
                path,
                f"{size / 2**20:.0f} MiB",
                f"an annotation file of at most {MAX_FILE // 2**20} MiB",
                "keep only the table in the file",
            )
        return path.read_bytes()
    except OSError as error:
        raise refuse(
            path,
            f"cannot be read ({error.strerror or error})",
            "a readable annotation file",
            "check the path and the permissions",
        ) from error


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

    return collect(path, "", rows())


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


def _xls(path: Path, data: bytes) -> tuple[Grid, ...]:
    import xlrd

    def load() -> tuple[Grid, ...]:
        with xlrd.open_workbook(file_contents=data, logfile=io.StringIO()) as book:
            return tuple(
                collect(path, sheet.name, _xls_rows(sheet, book.datemode))
                for sheet in book.sheets()
            )

    return guarded(path, load)


def _xls_rows(sheet: Any, datemode: int) -> Iterator[tuple[int, tuple[str, ...]]]:  # noqa: ANN401
    import xlrd

    def text(cell: Any) -> str:  # noqa: ANN401
        if cell.ctype == xlrd.XL_CELL_DATE:
            try:
                return xlrd.xldate_as_datetime(cell.value, datemode).isoformat()
            except (ValueError, OverflowError):
                return text_of(cell.value)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return text_of(bool(cell.value))
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
        return text_of(cell.value)

    for index in range(sheet.nrows):
        yield index + 1, tuple(text(cell) for cell in sheet.row(index)[:MAX_COLUMNS])
