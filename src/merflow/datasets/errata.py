"""Corrections to annotations, each with its source, in `config/errata/<dataset>.csv`.

A correction applies where the sheet has the old value and does nothing where it has the new one.
Another apex inside onset..offset is read, with a warning: of some apexes several values are in
circulation. Any other value is an error, which means an unknown revision of the sheet.
"""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from merflow.errors import unknown
from merflow.io.spreadsheets import Column, Row, read_table
from merflow.shipped import shipped

COLUMNS = (
    *(Column(n, (n,)) for n in ("subject", "clip", "field", "was", "is", "source")),
    Column("also", ("also",), required=False),
)
FIELDS = ("onset", "apex", "offset", "emotion", "action_units", "objective")


@dataclass(frozen=True, slots=True)
class Correction:
    """One cell: its published value, the correct value and the source of the correction.

    also: further values that copies of the sheet have.
    """

    field: str
    was: str
    now: str
    source: str
    where: str
    also: tuple[str, ...] = ()

    @property
    def values(self) -> str:
        """All known values, `1103, 1113 and 1143`."""
        *most, last = sorted({self.was, self.now, *self.also}, key=lambda v: (len(v), v))
        return f"{', '.join(most)} and {last}"


Warn = Callable[[str, str], None]
"""Called with a place and what was found there."""


@dataclass(frozen=True, slots=True)
class Errata:
    """All corrections of a dataset, by subject and clip."""

    corrections: dict[tuple[str, str], tuple[Correction, ...]] = dataclasses.field(
        default_factory=dict
    )

    def apply(self, row: Row, subject: str, clip: str, warn: Warn = lambda *_: None) -> Row:
        """Return the row with its corrections applied; warn of other values that are read."""
        cells = dict(row.cells)
        for one in self.corrections.get((subject, clip), ()):
            if one.field not in cells:
                continue
            shown = row.text(one.field)
            if shown.casefold() == one.was.casefold():
                cells[one.field] = one.now
            elif shown.casefold() == one.now.casefold():
                continue
            elif one.field == "apex" and _is_inside(row, shown):
                text = f"apex {shown} is read; copies of the sheet have {one.values} here"
                warn(row.where("apex"), text)
            else:
                raise row.error(
                    one.field,
                    f"'{shown}' is neither what {one.where} corrects ('{one.was}') nor what it "
                    f"corrects it to ('{one.now}')",
                    "the published sheet",
                    "check the clip, then correct the sheet or the line of the errata file",
                )
        return dataclasses.replace(row, cells=cells) if cells != row.cells else row


def _is_inside(row: Row, apex: str) -> bool:
    """Return whether an apex is inside the onset and offset of its row."""
    span = [row.text(column) for column in ("onset", "offset")]
    if not all(re.fullmatch(r"[0-9]{1,9}", text) for text in (apex, *span)):
        return False
    return int(span[0]) <= int(apex) <= int(span[1])


FOLDER = Path("config/errata")
GENERATED = "generated"
"""Folder in it with the corrections of generated clips, which share names with published ones."""
KEY_FRAMES = ("onset", "apex", "offset")


def file_of(dataset: str) -> Path:
    """Return the errata file of a dataset: that of the project, else the one merflow comes with."""
    own = FOLDER / f"{dataset}.csv"
    return own if own.is_file() else shipped(str(own))


def of_dataset(name: str, reader: str, generated: bool, folder: Path = FOLDER) -> Errata:
    """Return the corrections of a configured dataset.

    Those of its reader's published dataset, and those in the file of its own name in the config,
    which take precedence. Generated clips have a file of their own.
    """
    if generated:
        return load(name, folder / GENERATED)
    own = folder / f"{name}.csv"
    if reader == "manifest" or name == reader:
        return load(name, folder) if own.is_file() else load(name)
    published, here = load(reader), load(name, folder) if own.is_file() else Errata()
    found = dict(published.corrections)
    for key, lines in here.corrections.items():
        fields = {one.field for one in lines}
        kept = (one for one in found.get(key, ()) if one.field not in fields)
        found[key] = (*kept, *lines)
    return Errata(found)


def load(dataset: str, root: Path | None = None) -> Errata:
    """Return the corrections of a dataset; empty without an errata file."""
    path = root / f"{dataset}.csv" if root else file_of(dataset)
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
        values = [row.text(column) for column in ("was", "is", "source")]
        one = Correction(field, *values, row.where(), tuple(row.text("also").split()))
        found[key] = (*found.get(key, ()), one)
    return Errata(found)
