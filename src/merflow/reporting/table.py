"""A printed table, independent of its form: headings, cells, notes. `render` has the forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

BEST, SECOND = "best", "second"
Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its heading, the group it stands under (a part), and whether it holds numbers.

    detail: what follows the heading where there is room. width: of the column in a workbook, 0 to
    fit the heading. spare: left out where a page is too narrow. about: what the notes say about
    this column alone.
    """

    text: str
    number: bool = True
    group: str = ""
    detail: str = ""
    width: int = 0
    spare: bool = False
    about: str = ""

    @property
    def whole(self) -> str:
        """The heading with its group and detail."""
        return " ".join(filter(None, (self.group, self.text, self.detail)))


class Cell(NamedTuple):
    """A figure: as text, as the value a workbook stores, its mark (best, second), and what follows
    the marked text (spread, interval).
    """

    text: str
    value: Value = None
    mark: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings, rows that stand apart below them (baselines), and notes.

    A cell that is plain text is escaped by every form. level: depth of the title in Markdown.
    anchor: name in LaTeX's references. In LaTeX a row of one cell is a heading over all columns, an
    empty row a small space.
    """

    title: str
    columns: Sequence[Heading]
    rows: Sequence[Sequence[str | Cell]]
    foot: Sequence[Sequence[str | Cell]] = ()
    notes: Sequence[str] = ()
    level: int = 3
    anchor: str = ""


def words(cell: str | Cell) -> str:
    """Return a cell as plain text, without its mark."""
    return cell if isinstance(cell, str) else cell.text + cell.rest
