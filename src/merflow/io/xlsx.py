"""The guarded reader of .xlsx: a zip of XML is measured before anything parses it.

So a small file that unfolds into gigabytes, or declares entities, is refused at once.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from merflow.io.sheet_cells import MAX_COLUMNS, Grid, Uncomputed, collect, guarded, refuse, text_of

MAX_UNPACKED = 48 * 2**20
MAX_RATIO = 150
MAX_TAGS = 1_000_000
MAX_PARTS = 500
BLOCK = 1 << 20


def read_xlsx(path: Path, data: bytes) -> tuple[Grid, ...]:
    """Return the sheets of a workbook; formulas give their stored values."""
    has_formulas = guarded(path, lambda: measure(path, data))
    stored = _workbook(path, data, values=True)
    # Where nothing is calculated one reading is enough.
    written = _workbook(path, data, values=False) if has_formulas else stored
    return tuple(
        guarded(path, lambda n=n: collect(path, n, _rows(stored[n], written[n])))
        for n in stored.sheetnames
        if hasattr(stored[n], "reset_dimensions")  # chart sheets hold no cells
    )


def measure(path: Path, data: bytes) -> bool:
    """Refuse a zip that unfolds too far; tell whether any cell holds a formula."""
    tags, formulas = 0, False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        total = sum(part.file_size for part in parts)
        ratio = max((p.file_size / max(p.compress_size, 1) for p in parts), default=0)
        if len(parts) > MAX_PARTS or total > MAX_UNPACKED or ratio > MAX_RATIO:
            raise refuse(
                path,
                f"a workbook of {len(parts)} parts that unfolds to {total / 2**20:.0f} MiB "
                f"(ratio {ratio:.0f})",
                f"at most {MAX_PARTS} parts, {MAX_UNPACKED // 2**20} MiB, ratio {MAX_RATIO}",
                "save only the table, as .xlsx or .csv",
            )
        for part in parts:
            body = _unpacked(archive, part)
            if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
                raise refuse(
                    path,
                    f"{part.filename} declares entities",
                    "a workbook as spreadsheet programs write it",
                    "do not use this file; fetch the sheet from its owners",
                )
            if part.filename.endswith((".xml", ".rels")):
                tags += body.count(b"<")
                formulas = formulas or b"<f" in body
    if tags > MAX_TAGS:
        raise refuse(
            path,
            f"a workbook with {tags:,} XML tags",
            f"at most {MAX_TAGS:,}",
            "delete the empty rows and columns round the table, or save it as .csv",
        )
    return formulas


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """Return a part, unpacked block by block: one that lies about its size ends at that size."""
    with archive.open(part) as handle:
        return b"".join(iter(lambda: handle.read(BLOCK), b""))


def _workbook(path: Path, data: bytes, *, values: bool) -> Any:  # noqa: ANN401
    import openpyxl

    return guarded(
        path,
        lambda: openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=values, keep_links=False
        ),
    )


def _rows(stored: Any, written: Any) -> Iterator[tuple[int, tuple[str, ...]]]:  # noqa: ANN401
    """Yield `(number, cells)`; a formula gives its stored value or an `Uncomputed`."""
    # Files exist whose declared size is the whole 1,048,576 x 16,384 sheet.
    stored.reset_dimensions()
    if written is stored:
        for number, values in enumerate(stored.iter_rows(values_only=True), 1):
            yield number, tuple(map(text_of, values[:MAX_COLUMNS]))
        return
    written.reset_dimensions()
    pairs = zip(
        stored.iter_rows(values_only=True), written.iter_rows(values_only=True), strict=True
    )
    for number, (values, formulas) in enumerate(pairs, 1):
        cells = [text_of(value) for value in values[:MAX_COLUMNS]]
        for index, formula in enumerate(formulas[:MAX_COLUMNS]):
            if formula is not None and values[index] is None:
                cells[index] = Uncomputed(getattr(formula, "text", None) or str(formula))
        yield number, tuple(cells)
