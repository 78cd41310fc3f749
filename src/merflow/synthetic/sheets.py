"""Annotation workbooks whose bytes depend on their cells alone, formulas with cached values."""

import io
import re
import zipfile
from pathlib import Path

from openpyxl import Workbook

from merflow.io.files import atomic

_EPOCH = (1980, 1, 1, 0, 0, 0)
_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


def save_workbook(path: Path, book: Workbook, cached: dict[str, float | str] | None = None) -> None:
    """Write `book` atomically; `cached` gives the values of formula cells of its first sheet.

    Spreadsheet programs store what a formula came to beside it, and readers that do not
    calculate rely on it; openpyxl writes formulas without.
    """
    raw = io.BytesIO()
    book.save(raw)
    with (
        atomic(path) as part,
        zipfile.ZipFile(raw) as old,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _TIMES.sub(rb"\g<1>2014-05-08T00:00:00Z\g<2>", data)
            if name == "xl/worksheets/sheet1.xml" and cached:
                data = _with_values(data, cached)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, data)


def _with_values(xml: bytes, cached: dict[str, float | str]) -> bytes:
    for cell, value in cached.items():
        pattern = rf'(<c r="{cell}"[^>]*><f>[^<]*</f>)<v\s*/?>(?:</v>)?'.encode()
        xml, found = re.subn(pattern, rf"\g<1><v>{value}</v>".encode(), xml)
        if found != 1:
            raise ValueError(f"no formula in cell {cell}")
    return xml


def single(cell: str) -> int | str:
    """Return an action-unit cell as the sheets hold it: a number when it is one unit alone."""
    return int(cell) if cell.isdigit() else cell
