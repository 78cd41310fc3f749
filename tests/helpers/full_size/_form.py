"""What a full-size look-alike consists of: workbooks, folders, and what they should read as."""

import os
from dataclasses import dataclass
from pathlib import Path

from merflow.clip import Interval
from merflow.synthetic.sheets import Book, Cell, Rows, single, write_book

__all__ = ["Book", "Cell", "Expected", "FullSize", "Item", "Rows"]
__all__ += ["deal", "single", "spread", "write_book"]


@dataclass(frozen=True, slots=True)
class Expected:
    """The fields that a reader must find for one clip, in merflow's words."""

    subject: str
    clip: str
    emotion: str
    numbers: tuple[int, ...]
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    action_units: str = ""
    objective: str = ""
    intervals: tuple[Interval, ...] | None = None
    fps: float = 0
    """0: the rate of the variant."""


@dataclass(frozen=True, slots=True)
class Item:
    """A folder with the names of its files; `expected` is empty for what must not be read."""

    folder: str
    names: tuple[str, ...]
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class FullSize:
    """One full-size look-alike. `tree_is_annotation`: the labels are the names of folders."""

    dataset: str
    variant: str
    items: tuple[Item, ...]
    books: tuple[Book, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    tree_is_annotation: bool = False

    @property
    def expected(self) -> list[Expected]:
        """The clips a reader must find, in the order of their keys."""
        found = [item.expected for item in self.items if item.expected]
        return sorted(found, key=lambda e: (e.subject, e.clip))

    @property
    def in_sheets(self) -> list[Expected]:
        """Of these, what sheets alone show: not the recordings in which nothing is annotated."""
        return [one for one in self.expected if one.intervals != ()]


def write(root: Path, planned: FullSize, frames: bool = True) -> None:
    """Write sheets, and with `frames` an empty file in place of every picture.

    Without frames the folders are still made where they are the only annotation.
    """
    root.mkdir(parents=True, exist_ok=True)
    for book in planned.books:
        write_book(root, book)
    for name, text in planned.texts:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    if not frames and not planned.tree_is_annotation:
        return
    made: set[Path] = set()
    for item in planned.items:
        folder = root / item.folder
        if folder not in made:
            folder.mkdir(parents=True, exist_ok=True)
            made.add(folder)
        for name in item.names if frames else ():
            # Tens of thousands of files: one call each, where Path.touch makes three.
            os.close(os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY, 0o644))


def deal(totals: dict[str, int], sizes: list[int]) -> list[list[str]]:
    """Return rows of different codes, each code as often as `totals` says.

    sizes: the number of codes of each row, largest first.
    """
    codes = sorted(totals, key=lambda code: -totals[code])
    tokens = iter([code for code in codes for _ in range(totals[code])])
    rows: list[list[str]] = [[] for _ in sizes]
    for place in range(max(sizes)):
        for row, size in zip(rows, sizes, strict=True):
            if size > place:
                row.append(next(tokens))
    if sizes != sorted(sizes, reverse=True) or any(len({*row}) < len(row) for row in rows):
        raise ValueError("these codes cannot be dealt so")
    return rows


def spread(totals: dict[str, int], places: int) -> list[str]:
    """Return `places` words, each as often as `totals` says, evenly mixed, the same every time."""
    if sum(totals.values()) != places:
        raise ValueError(f"{sum(totals.values())} words for {places} places")
    at = [((i + 0.5) / n, word) for word, n in totals.items() for i in range(n)]
    return [word for _, word in sorted(at)]
