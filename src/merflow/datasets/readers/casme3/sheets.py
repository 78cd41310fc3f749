"""Annotation files of CAS(ME)3: which is read for what, and which revision it is."""

import re
from dataclasses import replace
from pathlib import Path

from merflow.datasets.folders import find_sheets, preferred_sheet
from merflow.datasets.spec import Source
from merflow.datasets.titles import columns
from merflow.io.spreadsheets import Table

_PLACE = {"subject": "Subject", "clip": "Filename", "onset": "Onset", "offset": "Offset"}
_FACTS = {"apex": "Apex", "action_units": "AU", "objective": "Objective class"}
_OPTIONAL = ("action_units", "objective")

LABELS = columns(
    (*_OPTIONAL, "kind"), **_PLACE, **_FACTS, emotion="emotion", kind="Expression type"
)
"""Columns of the micro-expressions with emotions."""
KINDS = columns(_OPTIONAL, **_PLACE, **_FACTS, kind="Expression type")
"""Columns of the micro- and macro-expressions, which have no emotions."""
BLINKS = columns(**_PLACE)

V2_ROWS, V1_ROWS, EDITED_ROWS = 860, 921, 687
DEPTH = 4


def labels_sheet(source: Source) -> Path:
    """Return the sheet of micro-expressions; prefer version 2, use version 1 last."""
    found = [
        path
        for path in find_sheets(source, r"part_?a.*label|casme3.*(label|table)", DEPTH)
        if source.entry.sheet or not re.search(r"MaE_|wrongly", path.name, re.IGNORECASE)
    ]

    def rank(path: Path) -> tuple[int, str]:
        stem = path.stem.lower()
        if "me_label" not in stem:
            return 3, stem
        return (0 if stem.endswith("_v2") else 2 if stem.endswith("_v1") else 1), stem

    usual = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
    return preferred_sheet(source, found, rank, usual)


def kinds_sheet(source: Source) -> Path:
    """Return the workbook of micro- and macro-expressions and blinks; prefer the last version."""

    def rank(path: Path) -> tuple[int, str]:
        found = re.search(r"_v([0-9])", path.stem, re.IGNORECASE)
        return -int(found[1]) if found else 0, path.name

    found = find_sheets(source, r"part_?a_v\d", DEPTH)
    return preferred_sheet(source, found, rank, "CAS(ME)3_part_A_v2.xls")


def beside(source: Source) -> Source:
    """Return the source without the sheet named in the config, to find the others beside it."""
    return replace(source, entry=source.entry.model_copy(update={"sheet": ""}))


def revision(table: Table) -> str:
    """Return the revision of the sheet of micro-expressions by its rows, or nothing.

    Version 2 has 860 rows; `casme3_table` is version 2 with three corrected cells.
    """
    if len(table) in (V1_ROWS, EDITED_ROWS):
        return "v1" if len(table) == V1_ROWS else "edited list of 687 clips, not the owners'"
    if len(table) != V2_ROWS:
        return ""
    apexes = {
        (row.cells["subject"].strip().casefold(), row.cells["clip"].strip().casefold()): row
        for row in table
    }
    row = apexes.get(("spno.149", "d"))
    apex = row.cells["apex"].strip() if row else ""
    return {"83": "v2", "160": "v2 with three corrected cells (casme3_table)"}.get(apex, "")
