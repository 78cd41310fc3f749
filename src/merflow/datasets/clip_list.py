"""Read lists of clips and classes in the forms that circulate; docs/interoperability.md.

A list is a table (CSV, XLS, XLSX) with or without a header, a text of names, or a folder of
`<subject>_train.txt` and `<subject>_test.txt`. The form is found from the content.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from merflow.clip import ClipKey
from merflow.datasets.clip_ids import (
    NAMES,
    canonical,
    dataset_by_subject,
    dataset_named,
    key_of_stem,
    of_another_subject,
    smic_class,
)
from merflow.datasets.official_composite import CLASSES
from merflow.errors import MerflowError
from merflow.io.csv_table import read_text
from merflow.io.spreadsheet_formats import Grid, Numbered, read_grids
from merflow.io.spreadsheets import Column, find_table, place_of
from merflow.text import plural

COLUMNS = (
    Column("dataset", ("dataset", "data", "db", "database"), required=False),
    Column("subject", ("subject", "sub")),
    Column("clip", ("clip", "filename", "filename_o")),
    Column("class", ("label", "class", "truth", "emotion", "estimated emotion"), required=False),
)
FORMS = (
    "rows dataset,subject,clip,class, with a header or without, or a folder of "
    "<subject>_train.txt and <subject>_test.txt"
)
MAX_FILES = 10_000


class _Line(NamedTuple):
    """One row of a list as written."""

    where: str
    dataset: str
    subject: str
    clip: str
    label: str


@dataclass(frozen=True, slots=True)
class ClipList:
    """The clips of a list."""

    path: str
    form: str
    """The form that was recognised, for messages."""
    classes: dict[ClipKey, str]
    """Class of each clip, empty where the list has none. Ids of smic, casme2 and samm are in
    the official form, with SAMM's subjects as `006`."""
    notes: tuple[str, ...] = ()
    """What was corrected or ignored while reading."""

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets of the list, sorted."""
        return tuple(sorted({key.dataset for key in self.classes}))

    def only(self, dataset: str) -> "ClipList":
        """Return the list with the clips of one dataset; all clips if it has none of it."""
        classes = {key: name for key, name in self.classes.items() if key.dataset == dataset}
        return replace(self, classes=classes or self.classes)


def read_list(path: Path | str) -> ClipList:
    """Read a list of clips; refuse an unknown form, a clip listed twice and an unknown class."""
    path = Path(path)
    if path.is_dir():
        form, lines, notes = _folder(path)
    else:
        form, lines, notes = _table(path)
    classes, more = _classes(str(path), lines)
    return ClipList(str(path), form, classes, (*notes, *more))


def class_named(text: str, where: str) -> str:
    """Return a class in lower case; 0, 1, 2 are negative, positive, surprise."""
    text = text.strip()
    number = re.fullmatch(r"([0-9]+)(?:\.0+)?", text)
    if number is None and not re.fullmatch(r"[+-]?[0-9.]+", text):
        return text.casefold()
    if number is None or int(number[1]) >= len(CLASSES):
        raise MerflowError(
            where,
            f"class '{text}'",
            ", ".join(f"{i} ({name})" for i, name in enumerate(CLASSES)) + ", or a word",
            "write the classes as words",
        )
    return CLASSES[int(number[1])]


def _classes(path: str, lines: Iterable[_Line]) -> tuple[dict[ClipKey, str], list[str]]:
    """Return clip -> class and notes; every row is one clip."""
    found: dict[ClipKey, str] = {}
    rows: dict[ClipKey, list[str]] = defaultdict(list)
    notes = []
    for line in lines:
        key = _key(line)
        rows[key].append(line.where)
        label = class_named(line.label, line.where)
        named = smic_class(key.clip) if key.dataset == "smic" and label in CLASSES else ""
        if named and named != label:
            notes.append(f"{line.where}: {key} is '{label}' in the list and {named} by its name")
        found[key] = named or label
    if not found:
        raise MerflowError(path, "no clips", FORMS, "check that it is the right file")
    if repeated := [key for key, places in rows.items() if len(places) > 1]:
        first = rows[repeated[0]]
        raise MerflowError(
            path,
            f"{plural(len(repeated), 'clip')} more than once among {sum(map(len, rows.values()))} "
            f"rows, first {repeated[0]} ({first[0]} and {first[1]})",
            "each clip once: copies of one clip on both sides of a split are a leak",
            "take a list with one row for each clip; rows for several frames of a clip do not do",
        )
    return found, notes


def _key(line: _Line) -> ClipKey:
    """Return the canonical key of a row; refuse empty cells and ids that contradict one another."""
    for column in ("subject", "clip"):
        if not getattr(line, column):
            raise MerflowError(line.where, f"no {column}", f"a {column} in every row")
    dataset = dataset_named(line.dataset) or dataset_by_subject(line.subject)
    if not dataset:
        raise MerflowError(
            line.where,
            f"no dataset, and subject '{line.subject}' has the id of none of smic, casme2, samm",
            "a column dataset, or subjects like s01, sub01, 006",
            "add the column dataset",
        )
    key = canonical(ClipKey(dataset, line.subject, line.clip))
    if of_another_subject(key):
        raise MerflowError(
            line.where,
            f"clip '{line.clip}' is not of subject '{line.subject}'",
            f"a clip of {dataset} that begins with its subject",
            "correct the row",
        )
    return key


def _table(path: Path) -> tuple[str, list[_Line], list[str]]:
    grids = read_grids(path)
    if all(not grid.rows for grid in grids):
        raise MerflowError(str(path), "the file is empty", FORMS, "check that it is complete")
    first = next(grid for grid in grids if grid.rows)
    number, cells = next(((n, c) for n, c in first.rows if any(map(str.strip, c))))
    if _without_header(cells):
        lines, blank = _rows(first)
        notes = [f"{plural(blank, 'row')} of commas ignored"] if blank else []
        return "table without header", lines, notes
    if len(cells) == 1 and key_of_stem(cells[0].strip()):
        return "names <subject>_<clip>", [_named(first, row) for row in first.rows], []
    try:
        table = find_table(grids, COLUMNS)
    except MerflowError as error:
        where = place_of(first.file, first.sheet, number)
        shown = ",".join(cells)[:80]
        fix = "name the columns dataset,subject,clip,class in the first row"
        if "appears twice" in error.found:
            raise
        raise MerflowError(
            where, f"no list of clips: it begins with '{shown}'", FORMS, fix
        ) from None
    lines = [
        _Line(
            row.where(),
            *(row.text(name).strip() for name in ("dataset", "subject", "clip", "class")),
        )
        for row in table
    ]
    titles = table.rows[0].titles.values() if table.rows else ()
    return f"table with columns {', '.join(titles)}", lines, []


def _named(grid: Grid, row: Numbered) -> _Line:
    """Return the clip of a row `<subject>_<clip>`, without a class."""
    number, cells = row
    where = place_of(grid.file, grid.sheet, number)
    key = key_of_stem(cells[0].strip()) if len(cells) == 1 else None
    if key is None:
        raise MerflowError(
            where,
            f"'{','.join(cells)[:80]}'",
            "<subject>_<clip> as in the first row, with the ids of smic, casme2 or samm",
            "correct the row",
        )
    return _Line(where, *key, "")


def _without_header(cells: Sequence[str]) -> bool:
    """Return whether a first row is a clip: dataset, subject, clip, class."""
    return len(cells) >= 4 and dataset_named(cells[0]) in NAMES.values()


def _rows(grid: Grid) -> tuple[list[_Line], int]:
    """Return the rows of a table without header, and the number of rows of commas only."""
    lines, last = [], grid.rows[0][0] - 1
    blank = 0
    for number, cells in grid.rows:
        where = place_of(grid.file, grid.sheet, number)
        blank += number - last - 1
        last = number
        filled = [cell.strip() for cell in cells]
        if len(filled) not in (4, 6) or dataset_named(filled[0]) not in NAMES.values():
            raise MerflowError(
                where,
                f"'{','.join(cells)[:80]}'",
                "dataset,subject,clip,class as in the first row (then subject number and "
                "dataset number, or nothing), dataset smic, casme2 or samm",
                "correct the row, or name the columns in a header",
            )
        lines.append(_Line(where, *filled[:4]))
    return lines, blank


def _folder(path: Path) -> tuple[str, list[_Line], list[str]]:
    names = sorted(entry.name for entry in path.iterdir())[: MAX_FILES + 1]
    tests = [name for name in names if name.endswith("_test.txt")]
    if not tests or len(names) > MAX_FILES:
        raise MerflowError(
            str(path),
            "no <subject>_test.txt files" if not tests else f"more than {MAX_FILES} files",
            FORMS,
            "name the file, or the folder that holds the train and test lists",
        )
    lines, notes = [], []
    for name in tests:
        subject = name.removesuffix("_test.txt")
        tested = list(_train_test_lines(path / name))
        lines += tested
        train = path / f"{subject}_train.txt"
        if not train.is_file():
            notes.append(f"{train.name} is missing; only test files make the list")
            continue
        shared = {_key(x) for x in _train_test_lines(train)} & {_key(x) for x in tested}
        if shared:
            clips = plural(len(shared), "clip")
            notes.append(
                f"{train.name} trains on {clips} that its subject is tested on, as {min(shared)}"
            )
    wanted = {f"{name}_test.txt" for name in _listed_subjects(path)}
    if lacking := sorted(wanted - set(tests)):
        raise MerflowError(
            str(path),
            f"no {', '.join(lacking[:5])}" + (" ..." if len(lacking) > 5 else ""),
            "a test file for every subject of the folder's list of subjects",
            "copy the folder again",
        )
    return f"train and test lists of {plural(len(tests), 'subject')}", lines, notes


def _listed_subjects(folder: Path) -> list[str]:
    """Return the subjects in the folder's own list, where it has one."""
    for name in ("video442subName.txt", "subName.txt"):
        if (folder / name).is_file():
            return read_text(folder / name).split()
    return []


def _train_test_lines(path: Path) -> Iterator[_Line]:
    """Yield the lines `path label dbnumber` of a train or test list."""
    for number, text in enumerate(read_text(path).splitlines(), 1):
        if not text.strip():
            continue
        where = f"{path}: row {number}"
        words = text.rsplit(maxsplit=2)
        file = words[0].replace("\\", "/").rstrip("/").split("/")[-1]
        stem = re.sub(r"\.[A-Za-z]{3,4}$", "", file).strip()
        key = key_of_stem(stem) if len(words) == 3 else None
        if key is None:
            raise MerflowError(
                where,
                f"'{text.strip()[:80]}'",
                "'<path> <label> <database number>', the file named <subject>_<clip> after the ids "
                "of smic, casme2 or samm",
                "correct the line",
            )
        yield _Line(where, *key, words[1])
