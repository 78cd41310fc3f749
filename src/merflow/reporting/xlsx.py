"""`scores.xlsx`: one sheet a part, one of settings; same rows in, same bytes out."""

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from merflow.evaluation.effects import COLUMNS, Effect
from merflow.io.files import FORMULA, atomic
from merflow.reporting.effects_table import EFFECTS
from merflow.reporting.results_table import BEST, SECOND, Line, Part, Wide
from merflow.reporting.table_text import (
    footnotes,
    literature,
    literature_notes,
    part_name,
    shows_literature,
    title,
)

STAMP = (1980, 1, 1, 0, 0, 0)
MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(<)")
HEADER = (
    *("experiment", "factor", "method", "preparation", "seeds", "clips", "subjects"),
    *(
        "effective subjects",
        "clips of each class",
        "accuracy",
        "UF1",
        "UF1 sd",
        "UF1 low",
        "UF1 high",
    ),
    *("UAR", "UAR sd", "UAR low", "UAR high", "chance p", "note"),
)
UF1_COLUMN, UAR_COLUMN = HEADER.index("UF1") + 1, HEADER.index("UAR") + 1


def write_workbook(
    path: Path | str,
    tables: Sequence[Wide],
    settings: Mapping[str, str],
    effects: Mapping[str, Sequence[Effect]] | None = None,
) -> None:
    """Write the workbook: a sheet for each part, paired effects, literature, settings."""
    book = Workbook()
    book.remove(book.active)
    parts = list(dict.fromkeys(part for table in tables for part in table.parts))
    taken: set[str] = set()
    for part in parts:
        sheet = book.create_sheet(_sheet_name(part_name(part), taken))
        _fill_part(sheet, part, [table for table in tables if part in table.parts])
    for name, rows in (effects or {}).items():
        if rows:
            _fill_effects(book.create_sheet(_sheet_name(name, taken)), rows)
    if any(map(shows_literature, tables)):
        _fill_literature(book.create_sheet(_sheet_name("published", taken)))
    _fill_settings(book.create_sheet(_sheet_name("settings", taken)), settings)
    buffer = io.BytesIO()
    with atomic(path) as made:
        book.save(buffer)  # openpyxl keeps each sheet in a temporary file meanwhile
        made.write_bytes(_still(buffer.getvalue()))


def _fill_part(sheet: Worksheet, part: str, tables: Sequence[Wide]) -> None:
    row = 1
    for table in tables:
        facts = table.parts[part]
        _put(sheet, row, 1, title(table)).font = Font(bold=True, size=12)
        for column, name in enumerate(HEADER, 1):
            cell = _put(sheet, row + 1, column, name)
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6EE")
        row += 2
        for line in table.lines:
            _fill_line(sheet, row, line, part, facts)
            row += 1
        row = _fill_floors(sheet, row, facts)
        for note in footnotes(table):
            _put(sheet, row, 1, note).font = Font(italic=True, color="555555")
            row += 1
        row += 1
    for column, name in enumerate(HEADER, 1):
        width = 28 if name in ("experiment", "note") else max(10, len(name) + 2)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "C1"


def _fill_line(sheet: Worksheet, row: int, line: Line, part: str, facts: Part) -> None:
    c = line.cells[part]
    values = (
        *(line.experiment, line.factor, line.method, line.preparation),
        *(", ".join(map(str, line.seeds)), facts.n, facts.subjects, facts.effective_subjects),
        facts.support,
        *(c.acc, c.uf1, c.uf1_sd, c.uf1_lo, c.uf1_hi),
        *(c.uar, c.uar_sd, c.uar_lo, c.uar_hi, c.chance_p, c.note),
    )
    for column, value in enumerate(values, 1):
        _put(sheet, row, column, value)
    for column, mark in ((UF1_COLUMN, c.uf1_mark), (UAR_COLUMN, c.uar_mark)):
        if mark:
            font = Font(bold=mark == BEST, underline="single" if mark == SECOND else None)
            sheet.cell(row, column).font = font


def _fill_floors(sheet: Worksheet, row: int, facts: Part) -> int:
    lo, hi = facts.guess_uf1_lo, facts.guess_uf1_hi
    for name, uf1, ends in (
        ("largest class", facts.floor_uf1, (None, None)),
        ("guessing by class shares", facts.guess_uf1, (lo, hi)),
    ):
        _put(sheet, row, 1, name).font = Font(italic=True)
        for column, value in ((UF1_COLUMN, uf1), (UAR_COLUMN, facts.floor_uar)):
            _put(sheet, row, column, value)
        for column, value in zip((UF1_COLUMN + 2, UF1_COLUMN + 3), ends, strict=True):
            _put(sheet, row, column, value)
        row += 1
    return row


def _fill_effects(sheet: Worksheet, effects: Sequence[Effect]) -> None:
    for column, name in enumerate(COLUMNS, 1):
        _put(sheet, 1, column, name.replace("_", " ")).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = max(12, len(name) + 2)
    for row, effect in enumerate(effects, 2):
        for column, value in enumerate(astuple(effect), 1):
            _put(sheet, row, column, value)
    _put(sheet, len(effects) + 3, 1, EFFECTS).font = Font(italic=True, color="555555")
    sheet.freeze_panes = "C2"


def _fill_literature(sheet: Worksheet) -> None:
    head, *body = literature()
    for column, name in enumerate(head, 1):
        _put(sheet, 1, column, name).font = Font(bold=True)
    for row, cells in enumerate(body, 2):
        for column, text in enumerate(cells, 1):
            given = head[column - 1].endswith((" UF1", " UAR"))
            value = (None if text == "-" else float(text)) if given else text
            _put(sheet, row, column, value)
    for row, note in enumerate(literature_notes(), len(body) + 3):
        _put(sheet, row, 1, note).font = Font(italic=True, color="555555")
    sheet.column_dimensions["A"].width = 34
    sheet.freeze_panes = "B2"


def _fill_settings(sheet: Worksheet, settings: Mapping[str, str]) -> None:
    for column, name in enumerate(("setting", "value"), 1):
        _put(sheet, 1, column, name).font = Font(bold=True)
    for row, (name, value) in enumerate(settings.items(), 2):
        _put(sheet, row, 1, name)
        _put(sheet, row, 2, value).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 44, 90
    sheet.freeze_panes = "A2"


def _put(sheet: Worksheet, row: int, column: int, value: str | int | float | None) -> SheetCell:
    """Write one cell; text stays text whatever it begins with."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
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


def _still(data: bytes) -> bytes:
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
