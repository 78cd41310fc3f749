"""Tables as a workbook: one sheet for each name; the same tables give the same bytes."""

import io
import math
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from merflow.io.files import FORMULA, atomic, temporary_files_removed
from merflow.reporting.table import BEST, SECOND, Cell, Table, Value

STAMP = (1980, 1, 1, 0, 0, 0)
MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(<)")
FONTS = {BEST: Font(bold=True), SECOND: Font(underline="single")}
WRAPPED = 60
"""Columns at least this wide wrap their text."""


def write_workbook(path: Path | str, sheets: Sequence[tuple[str, Sequence[Table]]]) -> None:
    """Write a workbook; the tables of a sheet stand below each other."""
    book = Workbook()
    book.remove(book.active)
    taken: set[str] = set()
    for name, tables in sheets:
        sheet = book.create_sheet(_sheet_name(name, taken))
        row = 1
        for table in tables:
            row = _fill(sheet, row, table)
        sheet.freeze_panes = "C1" if tables[0].title else "B2"
    buffer = io.BytesIO()
    # openpyxl keeps each sheet in a temporary file meanwhile.
    with atomic(path) as made, temporary_files_removed():
        book.save(buffer)
        made.write_bytes(_without_times(buffer.getvalue()))


def _fill(sheet: Worksheet, row: int, table: Table) -> int:
    """Write a table from a row on; return the row below it and one empty row."""
    if table.title:
        _put(sheet, row, 1, table.title).font = Font(bold=True, size=12)
        row += 1
    for column, heading in enumerate(table.columns, 1):
        cell = _put(sheet, row, column, heading.whole)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6EE")
        width = heading.width or max(10, len(heading.whole) + 2)
        sheet.column_dimensions[get_column_letter(column)].width = width
    for cells in (*table.rows, *table.foot):
        row += 1
        for column, (cell, heading) in enumerate(zip(cells, table.columns, strict=True), 1):
            put = _put(sheet, row, column, cell.value if isinstance(cell, Cell) else cell)
            if isinstance(cell, Cell) and cell.mark:
                put.font = FONTS[cell.mark]
            if heading.width >= WRAPPED:
                put.alignment = Alignment(wrap_text=True, vertical="top")
    row += 1 if table.title else 2
    for place, note in enumerate(table.notes):
        _put(sheet, row + place, 1, note).font = Font(italic=True, color="555555")
    return row + len(table.notes) + 1


def _put(sheet: Worksheet, row: int, column: int, value: Value) -> SheetCell:
    """Write one cell; text stays text whatever it begins with."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        if not value:
            return cell
        cell.value = "".join(c if c.isprintable() else " " for c in value)[:32767]
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in FORMULA
    elif isinstance(value, int):
        cell.value = value
    elif value is not None and not math.isnan(value):
        cell.value = round(value, 9)
        cell.number_format = "0.0000"
    return cell


def _sheet_name(name: str, taken: set[str]) -> str:
    """Return a name Excel takes (31 characters, some forbidden) that no other sheet has."""
    base = re.sub(r"[\[\]:*?/\\']", "_", name)[:28] or "part"
    made, count = base, 1
    while made.lower() in taken or made.lower() == "history":
        count += 1
        made = f"{base}_{count}"
    taken.add(made.lower())
    return made


def _without_times(data: bytes) -> bytes:
    """Return the same workbook without the time it was saved at, in the archive or the text."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = MODIFIED.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", content)
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            new.writestr(info, content)
    return made.getvalue()
