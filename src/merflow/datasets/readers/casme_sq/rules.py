"""Naming rules of participants and videos in CAS(ME)2, from two sheets of the workbook.

For workbooks without those sheets the published rules are listed here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from merflow.datasets.folders import Folders, subfolders
from merflow.errors import nearest
from merflow.io.spreadsheet_formats import Grid
from merflow.io.spreadsheets import Row, plain

_SUBJECTS = (15, 16, *range(19, 28), *range(29, 39), 40)
SUBJECTS = {number: f"s{raw}" for number, raw in enumerate(_SUBJECTS, 1)}
VIDEOS = {
    "disgust1": "0101",
    "disgust2": "0102",
    "anger1": "0401",
    "anger2": "0402",
    "happy1": "0502",
    "happy2": "0503",
    "happy3": "0505",
    "happy4": "0507",
    "happy5": "0508",
}

Recordings = dict[tuple[str, str], Path]


@dataclass(frozen=True, slots=True)
class Rules:
    """participant number -> subject, and video -> code of the stimulus."""

    subjects: dict[int, str]
    videos: dict[str, str]

    def subject(self, participant: int, row: Row) -> str:
        """Return the subject of a participant number."""
        if participant not in self.subjects:
            known = f"1 to {max(self.subjects)}, as 'naming rule1' lists them"
            raise row.error("subject", f"no participant {participant}", known)
        return self.subjects[participant]

    def code(self, video: str, row: Row) -> str:
        """Return the four digits in the name of a video's folder."""
        if video not in self.videos:
            found = f"no video '{video}'{nearest(video, self.videos)}"
            raise row.error("clip", found, f"one of {', '.join(sorted(self.videos))}")
        return self.videos[video]


def read(grids: Sequence[Grid]) -> Rules:
    """Return the workbook's rules, or the published ones where it has none."""
    subjects, videos = dict(SUBJECTS), dict(VIDEOS)
    for grid in grids:
        if plain(grid.sheet) == "namingrule1":
            found = [(c, s) for row in grid.rows if (s := _subject(row[1])) and (c := row[1][2])]
            if found:
                subjects = {int(c): s for c, s in found if re.fullmatch(r"[0-9]{1,3}", c.strip())}
        elif plain(grid.sheet) == "namingrule2":
            pairs = [(c[1].strip(), c[0].strip()) for _, c in grid.rows if len(c) >= 2]
            codes = {v.casefold(): k.zfill(4) for v, k in pairs if re.fullmatch(r"[0-9]{3,4}", k)}
            videos = codes or videos
    return Rules(subjects, videos)


def _subject(cells: Sequence[str]) -> str:
    found = len(cells) >= 3 and re.fullmatch(r"s0*([0-9]+)", cells[1].strip(), re.IGNORECASE)
    return f"s{int(found[1]):02d}" if found else ""


def video_of(written: str, row: Row) -> str:
    """Return the video in a clip's name: `anger1` of `anger1_1`."""
    found = re.fullmatch(r"([a-z]+[0-9]*)_[0-9]+", written, re.IGNORECASE)
    if not found:
        raise row.error("clip", f"'{written}'", "<video>_<k>, such as anger1_1")
    return found[1].casefold()


def recordings(folders: Folders) -> Recordings:
    """Return (subject, code) -> folder of each long recording.

    The folder's name counts, not its parent's: `23_0502funnyerrors` is in `s19`.
    """
    found: Recordings = {}
    if folders.root is None:
        return found
    for parent in subfolders(folders.root):
        for name in subfolders(folders.root / parent):
            parts = re.match(r"0*([0-9]{1,2})_([0-9]{4})", name)
            path = folders.find(parent, name) if parts else None
            if parts and path is not None:
                found.setdefault((f"s{int(parts[1]):02d}", parts[2]), path)
    return found
