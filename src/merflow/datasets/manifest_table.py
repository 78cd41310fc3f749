"""A manifest as a table that is edited: every column kept, also those that no reader knows.

Clips found on disk are added to it; what a person wrote in it stays.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from merflow.datasets.clip_ids import dataset_named
from merflow.datasets.readers.manifest import COLUMNS
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text, read_csv
from merflow.io.files import write_text
from merflow.io.spreadsheets import plain

NAME = "manifest.csv"
TITLES = {column.name: column.titles[0] for column in COLUMNS}
"""Field -> the title that merflow writes."""
Fields = Mapping[str, str]
"""Field -> cell of one clip."""


@dataclass(frozen=True, slots=True)
class ManifestTable:
    """Titles and rows of a manifest, all cells as text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def places(self) -> dict[str, int]:
        """Field -> its column."""
        return places_of(self.header)

    def cells(self, field: str) -> list[str]:
        """Return the cells of a field; empty ones where the table has no such column."""
        at = self.places.get(field)
        return ["" if at is None else row[at] for row in self.rows]

    @property
    def extra(self) -> list[str]:
        """Titles of columns that merflow does not know."""
        known = set(self.places.values())
        return [title for at, title in enumerate(self.header) if at not in known]


def places_of(header: Sequence[str]) -> dict[str, int]:
    """Return field -> column of a header; the usual title of a field counts before others."""
    shown = [plain(title) for title in header]
    found = {}
    for column in COLUMNS:
        titles = [plain(title) for title in column.titles]
        places = [shown.index(title) for title in titles if title in shown]
        if places:
            found[column.name] = places[0]
    return found


def read_manifest_table(path: Path) -> ManifestTable:
    """Read a manifest; its first row is the header."""
    sheet = read_csv(path, (), may_be_empty=True)
    places = places_of(sheet.columns)
    for field in ("subject", "clip"):
        if field not in places:
            raise MerflowError(
                f"{path}: row 1",
                f"no column '{TITLES[field]}'",
                "the titles of the columns in the first row",
                "add the column, or move the file away",
            )
    return ManifestTable(tuple(sheet.columns), tuple(tuple(cells) for _, cells in sheet.rows))


def clip_keys(table: ManifestTable) -> list[tuple[str, str, str]]:
    """Return dataset, subject and clip of each row, as they are compared: the case does not count.

    A row without a dataset belongs to the only one that the others name.
    """
    fields = (table.cells(field) for field in ("dataset", "subject", "clip"))
    names = {dataset_named(name).casefold() for name in table.cells("dataset")} - {""}
    usual = min(names) if len(names) == 1 else ""
    return [
        (
            dataset_named(name).casefold() or usual,
            subject.strip().casefold(),
            clip.strip().casefold(),
        )
        for name, subject, clip in zip(*fields, strict=True)
    ]


def table_of(clips: Sequence[Fields], fields: Sequence[str]) -> ManifestTable:
    """Return a new table with columns for `fields`."""
    header = tuple(TITLES[field] for field in fields)
    return ManifestTable(
        header, tuple(tuple(clip.get(field, "") for field in fields) for clip in clips)
    )


def write_manifest_table(path: Path, table: ManifestTable, kept: int = 0) -> None:
    """Write a manifest; its first `kept` rows as they were read from a manifest."""
    write_text(path, csv_text(table.header, table.rows, kept))


def digest_of(path: Path) -> str:
    """Return a checksum of a manifest's bytes, by which a change elsewhere is noticed."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


@dataclass(frozen=True, slots=True)
class Merged:
    """A manifest with the clips found on disk.

    added: rows that are new; differ: rows kept with other cells than were found; gone: rows with
    paths that were not found. All as positions in the table.
    """

    table: ManifestTable
    added: tuple[int, ...]
    differ: tuple[int, ...]
    gone: tuple[int, ...]

    @property
    def kept(self) -> int:
        """The number of rows kept as they were."""
        return len(self.table.rows) - len(self.added)


def merge(old: ManifestTable, clips: Sequence[Fields]) -> Merged:
    """Add clips to a table; rows with the path of a clip, and all other rows, stay as they are.

    Several rows may have one path: segments of a long recording. A clip with an onset is such a
    segment, and is the same as a row with its path and name.
    """
    needed = [f for f in TITLES if f not in old.places and any(clip.get(f) for clip in clips)]
    header = (*old.header, *(TITLES[field] for field in needed))
    rows = [(*row, *[""] * len(needed)) for row in old.rows]
    table = ManifestTable(header, tuple(rows))
    places, at_path = table.places, defaultdict(list)
    for number, path in enumerate(table.cells("path")):
        at_path[_same(path)].append(number)
    names = table.cells("clip")
    added, differ = [], []
    for clip in clips:
        known = at_path.get(_same(clip["path"]), [])
        if clip.get("onset"):
            known = [number for number in known if names[number] == clip["clip"]]
        if not known:
            added.append(len(rows))
            rows.append(tuple(_cells(clip, places, len(header))))
        elif len(known) == 1 and any(
            field in places and value and rows[known[0]][places[field]] != value
            for field, value in clip.items()
            if field != "path"
        ):
            differ.append(known[0])
    found = {_same(clip["path"]) for clip in clips}
    gone = [n for path, numbers in at_path.items() if path not in found for n in numbers]
    merged = ManifestTable(header, tuple(rows))
    return Merged(merged, tuple(added), tuple(differ), tuple(sorted(gone)))


def _cells(clip: Fields, places: Mapping[str, int], count: int) -> list[str]:
    cells = [""] * count
    for field, at in places.items():
        cells[at] = clip.get(field, "")
    return cells


def _same(path: str) -> str:
    return path.replace("\\", "/").strip().removeprefix("./").rstrip("/")


@dataclass(frozen=True, slots=True)
class Difference:
    """What saving a table would change in the file.

    changed: clip, column, cell in the file, cell in the new table.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, str, str, str], ...]
    new_columns: tuple[str, ...]
    lost_columns: tuple[str, ...]

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.changed, self.new_columns, self.lost_columns))


def compare(old: ManifestTable, new: ManifestTable) -> Difference:
    """Return the rows and cells in which two tables differ; rows are matched by path and clip."""
    pairs, added, removed = _matched(old, new)
    titles = [title for title in new.header if title in old.header]
    at_old, at_new = old.header.index, new.header.index
    changed = []
    for one, two in pairs:
        for title in titles:
            was, now = old.rows[one][at_old(title)], new.rows[two][at_new(title)]
            if was != now:
                changed.append((_label(new, two), title, was, now))
        for title in new.header:
            if title not in old.header and new.rows[two][at_new(title)]:
                changed.append((_label(new, two), title, "", new.rows[two][at_new(title)]))
    return Difference(
        tuple(_label(new, n) for n in added),
        tuple(_label(old, n) for n in removed),
        tuple(changed),
        tuple(title for title in new.header if title not in old.header),
        tuple(title for title in old.header if title not in new.header),
    )


def _matched(
    old: ManifestTable, new: ManifestTable
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Return pairs of rows of one clip, new rows alone, old rows alone."""
    free_old, free_new = list(range(len(old.rows))), list(range(len(new.rows)))
    pairs: list[tuple[int, int]] = []
    for fields in (("path", "clip", "onset"), ("path", "clip"), ("path",)):
        keys = _keys(old, fields, free_old)
        for number in list(free_new):
            key = _keys(new, fields, [number])
            (name,) = key
            if keys.get(name):
                pairs.append((keys[name].pop(0), number))
                free_new.remove(number)
        taken = {one for one, _ in pairs}
        free_old = [number for number in free_old if number not in taken]
        if not free_old or not free_new:
            break
    return sorted(pairs, key=lambda pair: pair[1]), free_new, free_old


def _keys(
    table: ManifestTable, fields: Iterable[str], numbers: Sequence[int]
) -> dict[tuple[str, ...], list[int]]:
    places = table.places
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number in numbers:
        row = table.rows[number]
        found[tuple(row[places[f]] if f in places else "" for f in fields)].append(number)
    return found


def _label(table: ManifestTable, number: int) -> str:
    places, row = table.places, table.rows[number]
    return "/".join(row[places[field]] for field in ("subject", "clip") if field in places)
