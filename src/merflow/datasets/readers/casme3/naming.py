"""Names of subjects, stimuli and folders in CAS(ME)3, and the trees of its parts."""

import re
from pathlib import Path

from merflow.datasets.cells import name
from merflow.datasets.folders import Folders, find_folders
from merflow.datasets.spec import Source, unpadded
from merflow.io.spreadsheets import Row

DEPTH = 5
SUBJECTS = "spNO.1 to spNO.219"


def subject_id(text: str) -> str | None:
    """Return a subject in padded form, or None; the dot is missing in some copies.

    >>> subject_id("spNo.1"), subject_id("spNO.216"), subject_id("spNO210")
    ('spNO.001', 'spNO.216', 'spNO.210')
    """
    found = re.fullmatch(r"spno\.?0*([0-9]{1,3})", text, re.IGNORECASE)
    return f"spNO.{int(found[1]):03d}" if found else None


def normalised(folder: str) -> str:
    """Return a folder's name as it is compared: no case, padding or missing dot.

    >>> normalised("spNO210"), normalised("spNo.001_e_62")
    ('spno.210', 'spno.1_e_62')
    """
    return re.sub(r"^spno\.?0*(?=[0-9])", "spno.", unpadded(folder))


def letter_of(row: Row, source: Source) -> str:
    """Return the stimulus of a row, a lower-case letter."""
    letter = name(row, "clip", source).casefold()
    if not re.fullmatch(r"[a-z]", letter):
        raise row.error("clip", f"'{letter}' is not a stimulus", "one letter, a to m")
    return letter


def is_clip(folder: str) -> bool:
    """Return whether a folder is that of one expression, `spNO.1_e_62`."""
    return re.fullmatch(r"spno\.?[0-9]+_[a-z]_[0-9]+", folder, re.IGNORECASE) is not None


def part_a_trees(source: Source) -> dict[str, Folders]:
    """Return the trees of part A: `clips` and `long` in colour, and the same with `_depth`."""
    trees: dict[str, Folders] = {}
    for folder in find_folders(source.root, _holds_subjects, DEPTH):
        kind = folder.name.lower()
        if kind == "video" or _is_part(source, folder, "b"):
            continue
        if any(is_clip(name) for name in Folders(folder).children(folder)):
            trees.setdefault("clips_depth" if kind == "depth" else "clips", _in(folder))
        elif kind != "depth":
            trees.setdefault("long", _in(folder))
            trees.setdefault("long_depth", _in(folder))
    return trees


def part_b_tree(source: Source) -> dict[str, Folders]:
    """Return the tree of part B, if it is there."""
    found = find_folders(source.root, _holds_subjects, DEPTH)
    named = [folder for folder in found if _is_part(source, folder, "b")]
    return {"part_b": _in((named or found)[0])} if found else {}


def part_c_tree(source: Source) -> dict[str, Folders]:
    """Return the tree of part C, if it is there: folders `01` to `31` with a folder `a`."""
    found = find_folders(source.root, _holds_numbers, DEPTH)
    return {name: _in(found[0]) for name in ("part_c", "part_c_spotting") if found}


def _in(folder: Path) -> Folders:
    return Folders(folder, normalised)


def _is_part(source: Source, folder: Path, letter: str) -> bool:
    parts = (source.root.name, *folder.relative_to(source.root).parts)
    return any(re.fullmatch(rf"part_?{letter}", part, re.IGNORECASE) for part in parts)


def _holds_subjects(_: Path, names: list[str]) -> bool:
    return any(is_clip(name) or subject_id(name) for name in names)


def _holds_numbers(folder: Path, names: list[str]) -> bool:
    numbers = [name for name in names if re.fullmatch(r"[0-9]{1,2}", name)]
    return any((folder / name / "a").is_dir() for name in numbers)
