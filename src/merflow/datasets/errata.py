"""Corrections to published annotations, each with its source, in `config/errata/<dataset>.csv`.

A correction applies where the sheet has the old value, does nothing where it has the new one, and
is an error for any other value, which means an unknown revision of the sheet.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from merflow.errors import unknown
from merflow.io.spreadsheets import Column, Row, read_table

COLUMNS = tuple(Column(n, (n,)) for n in ("subject", "clip", "field", "was", "is", "source"))
FIELDS = ("onset", "apex", "offset", "emotion", "action_units", "objective")


@dataclass(frozen=True, slots=True)
class Correction:
    """One cell: its published value, the correct value and the source of the correction."""

    field: str
    was: str
    now: str
    source: str
    where: str


@dataclass(frozen=True, slots=True)
class Errata:
    """All corrections of a dataset, by subject and clip."""

    corrections: dict[tuple[str, str], tuple[Correction, ...]] = dataclasses.field(
        default_factory=dict
    )

    def apply(self, row: Row, subject: str, clip: str) -> Row:
        """Return the row with its corrections applied."""
        cells = dict(row.cells)
        for one in self.corrections.get((subject, clip), ()):
            if one.field not in cells:
                continue
            shown = row.text(one.field)
            if shown.casefold() == one.was.casefold():
                cells[one.field] = one.now
            elif shown.casefold() != one.now.casefold():
                raise row.error(
                    one.field,
                    f"'{shown}' is neither what {one.where} corrects ('{one.was}') nor what it "
                    f"corrects it to ('{one.now}')",
                    "the published sheet",
                    "check the clip, then correct the sheet or the line of the errata file",
                )
        return dataclasses.replace(row, cells=cells) if cells != row.cells else row


def folder() -> Path:
    """Return the folder of errata files: in the working folder, else beside the package."""
    here = Path("config/errata")
    return here if here.is_dir() else Path(__file__).resolve().parents[3] / here


def load(dataset: str, root: Path | None = None) -> Errata:
    """Return the corrections of a dataset; empty without an errata file."""
    path = (root or folder()) / f"{dataset}.csv"
    if not path.is_file():
        return Errata()
    found: dict[tuple[str, str], tuple[Correction, ...]] = {}
    for row in read_table(path, COLUMNS, may_be_empty=True):
        field = row.text("field")
        if field not in FIELDS:
            raise unknown(row.where("field"), "field", field, FIELDS)
        key = (row.text("subject"), row.text("clip"))
        if any(one.field == field for one in found.get(key, ())):
            raise row.error(
                "",
                f"{field} of {'/'.join(key)} is corrected twice",
                "one line per clip and field",
                "delete one of the two lines",
            )
        one = Correction(field, row.text("was"), row.text("is"), row.text("source"), row.where())
        found[key] = (*found.get(key, ()), one)
    return Errata(found)
