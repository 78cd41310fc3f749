"""Write annotation workbooks: the same cells, the same bytes; formulas with cached values."""

import datetime
import io
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook

from merflow.io.files import atomic, temporary_files_removed

Cell = str | int | float | datetime.datetime | None
Rows = list[tuple[Cell, ...]]
_EPOCH = (1980, 1, 1, 0, 0, 0)
_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook: its path, `(sheet, rows)` in order, and the values of its formula cells."""

    path: str
    sheets: tuple[tuple[str, Rows], ...]
    cached: dict[str, float | str] = field(default_factory=dict)
    """Values of the first sheet's formula cells: spreadsheet programs store them, openpyxl does
    not, and readers that do not calculate need them."""
    filtered: str = ""
    """Cells of the first sheet with a filter, `A14:L20`."""


def write_book(root: Path, book: Book) -> Path:
    """Write a workbook below `root` and return its path."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, rows in book.sheets:
        page = workbook.create_sheet(title)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                if value is not None:
                    page.cell(number, column, value)
    if book.filtered:
        workbook.worksheets[0].auto_filter.ref = book.filtered
    raw = io.BytesIO()
    with temporary_files_removed():
        workbook.save(raw)
    with (
        atomic(root / book.path) as part,
        zipfile.ZipFile(raw) as old,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _TIMES.sub(rb"\g<1>2014-05-08T00:00:00Z\g<2>", data)
            if name == "xl/worksheets/sheet1.xml":
                data = _with_values(data, book.cached)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, data)
    return root / book.path


def _with_values(xml: bytes, cached: dict[str, float | str]) -> bytes:
    for cell, value in cached.items():
        pattern = rf'(<c r="{cell}"[^>]*><f>[^<]*</f>)<v\s*/?>(?:</v>)?'.encode()
        xml, found = re.subn(pattern, rf"\g<1><v>{value}</v>".encode(), xml)
        if found != 1:
            raise ValueError(f"no formula in cell {cell}")
    return xml


def single(cell: str) -> int | str:
    """Return an action-unit cell as the sheets hold it: a number if it is a single unit."""
    return int(cell) if cell.isdigit() else cell
