"""Part B: recordings without labels. Its sheet has what people say they felt, which is no label.

The sheet gives a subject's id once, above 13 rows, one for each stimulus.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from merflow.clip import Clip
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.folders import Folders, find_sheets, nearest_first, preferred_sheet
from merflow.datasets.readers.casme3.naming import subject_id
from merflow.datasets.spec import Annotation, Source, Variant
from merflow.errors import MerflowError
from merflow.io.spreadsheet_formats import Grid, read_grids
from merflow.io.spreadsheets import place_of, plain

ORDER = "video order"
STIMULI = 13
"""Recordings of each subject."""


class Report(NamedTuple):
    """A self-report: subject, order of the stimulus, and where it stands."""

    subject: str
    order: str
    where: str


def read(source: Source, variant: Variant, folders: Folders) -> list[Clip]:
    """Return a clip without labels for each self-report: one recording of a subject."""
    found = find_sheets(source, r"part_?b.*self.?report", 4)
    usual = "part_B_self_report_by_subjects_per_video.xlsx"
    path = preferred_sheet(source, found, nearest_first, usual)
    source.sheets.append(source.relative(path))
    reports: dict[str, list[tuple[str, str]]] = {}
    for one in _reports(source, path):
        reports.setdefault(one.subject, []).append((one.order, one.where))
    for subject, rows in reports.items():
        if len(rows) != STIMULI:
            text = f"{subject} has {len(rows)} self-reports"
            source.warn(rows[0][1], text, f"{STIMULI}, one for each stimulus")
    source.warn(
        source.relative(path),
        "self-reports are no labels: the recordings are read without any, and cannot be trained on",
    )
    return [
        _clip(source, variant, folders, subject, number, order, where)
        for subject, rows in reports.items()
        for number, (order, where) in enumerate(rows)
    ]


def _reports(source: Source, path: Path) -> list[Report]:
    """Return every self-report of every sheet; a subject of two sheets is read in the first."""
    tables = [(grid, at) for grid in read_grids(path) if (at := _header(grid)) is not None]
    if not tables:
        raise MerflowError(
            str(path),
            f"no column '{ORDER}'",
            f"the self-reports of part B: a row of titles with '{ORDER}'",
            "check that this is the dataset's sheet",
        )
    found: list[Report] = []
    seen: dict[str, str] = {}
    for grid, (header, column) in tables:
        subject, lost, again = "", False, set()
        for number, cells in grid.rows:
            if number <= header or not any(cell.strip() for cell in cells):
                continue
            if shown := next((cell.strip() for cell in cells[:column] if cell.strip()), ""):
                subject, lost = subject_id(shown) or "", False
            if lost:  # the error at the id holds for all of its rows
                continue
            where, lost = place_of(grid.file, grid.sheet, number), not subject
            with source.collect_errors():
                report = _report(subject, shown, cells[column:], where)
                if seen.setdefault(subject, grid.sheet) == grid.sheet:
                    found.append(report)
                elif subject not in again:
                    again.add(subject)
                    source.warn(where, f"{subject} is also in sheet '{seen[subject]}'; read there")
    return found


def _report(subject: str, shown: str, cells: Sequence[str], where: str) -> Report:
    """Return a row's report. shown: the text in place of an id; cells: from the order on."""
    if not subject:
        text = f"'{shown}' is not a subject id" if shown else "no subject id in or above this row"
        raise MerflowError(where, text, "spNo.<number>, such as spNo.18", "correct the cell")
    order = cells[0].strip() if cells else ""
    if not order:
        raise MerflowError(where, f"no {ORDER}", "the number of the stimulus", "fill the cell in")
    return Report(subject, order, where)


def _header(grid: Grid) -> tuple[int, int] | None:
    """Return the row of the titles and the index of the column of the order."""
    for number, cells in grid.rows[:30]:
        for index, cell in enumerate(cells):
            if plain(cell) == plain(ORDER):
                return number, index
    return None


def _clip(
    source: Source,
    variant: Variant,
    folders: Folders,
    subject: str,
    number: int,
    order: str,
    where: str,
) -> Clip:
    """Return one recording; its folder is a letter or the number of the stimulus."""
    letter = "abcdefghijklm"[number % STIMULI]
    named = re.sub(r"\.0+$", "", order)
    places = [(subject, name, *level) for name in (letter, named) for level in (("color",), ())]
    frames = next(filter(None, (folders.frames(*parts) for parts in places)), None)
    return make_clip(
        source,
        variant,
        source.key(subject, letter, where),
        Annotation(None, None, None, ""),
        frames,
        where=where,
        absent=f"no folder {subject}/{letter}/color",
        whole_recording=True,
    )
