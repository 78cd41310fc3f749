"""Find the folders and sheets of a dataset."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from merflow.datasets.spec import Source, Variant
from merflow.errors import MerflowError, nearest
from merflow.io.files import safe_join
from merflow.io.frame_folder import Listing, scan

SHEETS = (".xlsx", ".xls", ".csv")
DEPTH = 3
MAX_FOLDERS = 4000


def subfolders(folder: Path) -> list[str]:
    """Return the sorted names of the folders in `folder`, without hidden ones."""
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    except OSError:
        return []


def find_folders(
    root: Path, fits: Callable[[Path, list[str]], bool], depth: int = DEPTH + 1
) -> list[Path]:
    """Return the folders at or below `root` that fit, nearest first, none inside another."""
    level, found, visited = [root], [], 0
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            names = subfolders(folder)
            visited += 1
            if fits(folder, names):
                found.append(folder)
            elif visited < MAX_FOLDERS:
                below += [folder / name for name in names]
        level = below
    return found


def path_of(root: Path, folder: Path) -> str:
    """Return the path from `root` to `folder`, both names included, in lower case."""
    return "/".join((root.name, *folder.relative_to(root).parts)).lower()


def find_trees(
    source: Source,
    fits: Callable[[Path, list[str]], bool],
    kind_of: Callable[[str], str],
    normalise: Callable[[str], str] = str.casefold,
) -> dict[str, "Folders"]:
    """Return variant -> the folders of the first tree of that variant, nearest the root.

    fits: as in `find_folders`; kind_of: `path_of` a tree -> its variant, or nothing.
    """
    trees: dict[str, Folders] = {}
    for folder in find_folders(source.root, fits):
        if kind := kind_of(path_of(source.root, folder)):
            trees.setdefault(kind, Folders(folder, normalise))
    return trees


def no_frames(source: Source) -> MerflowError:
    """Return the error for a root without folders of frames."""
    return MerflowError(
        str(source.root),
        "no folders of frames"
        + (f" of variant '{source.entry.variant}'" if source.entry.variant else ""),
        source.spec.layout,
        "unpack the frames there; `merflow check --annotations-only` reads the sheet alone",
    )


def choose_variant(
    source: Source, trees: Mapping[str, "Folders"], default: str
) -> tuple[Variant, "Folders"]:
    """Return the configured variant, or the first one on disk, and its folders.

    trees: variant -> folders found; default: the variant when only annotations are read.
    """
    wanted = source.entry.variant
    for variant in source.spec.variants:
        if variant.name in trees and wanted in ("", variant.name):
            return variant, trees[variant.name]
    if not source.annotations_only:
        raise no_frames(source)
    return source.spec.variant(wanted or default), Folders(None)


def find_sheets(source: Source, pattern: str, depth: int = DEPTH) -> list[Path]:
    """Return the annotation files with names that match `pattern`, nearest the root first.

    A sheet named in the config is the only one; a relative path starts at the root.
    """
    if source.entry.sheet:
        path = Path(source.entry.sheet)
        path = path if path.is_absolute() else source.root / path
        if path.is_file():
            return [path]
        raise MerflowError(
            f"datasets.{source.name}.sheet",
            f"no such file: {path}{nearest(path.name, _files(path.parent))}",
            "an annotation file, absolute or below the dataset's root",
            "correct the path in the config",
        )
    found = find_files(source.root, pattern, depth)
    return [p for p in found if p.suffix.lower() in SHEETS and not p.name.startswith("~$")]


def find_files(root: Path, pattern: str, depth: int, skip: tuple[str, ...] = ()) -> list[Path]:
    """Return the files at or below `root` with names that match `pattern`, nearest first.

    skip: folders with names that start like this (lower case) are not searched.
    """
    level, found = [root], []
    for _ in range(depth + 1):
        files = (folder / name for folder in level for name in sorted(_files(folder)))
        found += [file for file in files if re.search(pattern, file.name, re.IGNORECASE)]
        below = (folder / name for folder in level for name in subfolders(folder))
        level = [folder for folder in below if not folder.name.lower().startswith(skip)][:200]
    return found


def find_sheet(source: Source, pattern: str, names: str, fix: str = "") -> Path:
    """Return the sheet nearest the root with a name that matches `pattern`.

    names: usual file names, shown in the error when there is none, with `fix`: what to do then.
    """
    return _sorted_sheets(source, find_sheets(source, pattern), nearest_first, names, fix)[0]


def nearest_first(path: Path) -> tuple[int, str]:
    """Sort key of paths: the nearest to the root first, then by name."""
    return len(path.parts), path.name


def preferred_sheet(
    source: Source, found: list[Path], rank: Callable[[Path], tuple[int, str]], names: str
) -> Path:
    """Return the first sheet by `rank`; warn when there are others. names: as in `find_sheet`."""
    chosen, *others = _sorted_sheets(source, found, rank, names)
    if others:
        source.warn(
            source.relative(chosen),
            f"read in preference to {', '.join(p.name for p in others)}",
            "one annotation sheet, or one named in the config",
            f"set datasets.{source.name}.sheet to choose",
        )
    return chosen


def _files(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [e.name for e in entries if not e.name.startswith(".") and e.is_file()]
    except OSError:
        return []


def _sorted_sheets(
    source: Source,
    found: list[Path],
    rank: Callable[[Path], tuple[int, str]],
    names: str,
    fix: str = "",
) -> list[Path]:
    """Return sheets by `rank`; refuse a root without any."""
    if not found:
        fix = fix or (
            "put the sheet into the dataset's root, or name it with --sheet or as "
            f"datasets.{source.name}.sheet in the config"
        )
        raise MerflowError(str(source.root), "no annotation sheet found", names, fix)
    return sorted(found, key=rank)


class Folders:
    """Folders looked up by the names in sheets; each is listed once.

    Names match exactly, else by `normalise` (ignoring padding and case). Without a root nothing
    is found.
    """

    def __init__(self, root: Path | None, normalise: Callable[[str], str] = str.casefold) -> None:
        self.root, self.normalise = root, normalise
        self._names: dict[Path, dict[str, str]] = {}
        self._listings: dict[Path, Listing] = {}

    def find(self, *parts: str) -> Path | None:
        """Return the folder `root/parts...`, or None; never one outside the root."""
        if self.root is None:
            return None
        folder = self.root
        for part in parts:
            names = self.children(folder)
            found = part if part in names.values() else names.get(self.normalise(part))
            if found is None:
                return None
            folder = folder / found
        if folder.is_symlink() or any(p.is_symlink() for p in folder.parents[: len(parts) - 1]):
            safe_join(self.root, *folder.relative_to(self.root).parts)
        return folder

    def children(self, folder: Path) -> dict[str, str]:
        """Return normalised name -> name of the folders in a folder."""
        if folder not in self._names:
            self._names[folder] = {self.normalise(name): name for name in subfolders(folder)}
        return self._names[folder]

    def nearest(self, *parts: str) -> str:
        """Return a hint with the most similar name of a sibling folder, for messages."""
        parent = self.find(*parts[:-1])
        return nearest(parts[-1], self.children(parent).values()) if parent else ""

    def listing(self, folder: Path | None) -> Listing | None:
        """Return the frames of a folder; None for None."""
        if folder is not None and folder not in self._listings:
            self._listings[folder] = scan(folder, self.root)
        return None if folder is None else self._listings[folder]

    def frames(self, *parts: str) -> Listing | None:
        """Return the frames of the folder `root/parts...`, or None without such a folder."""
        return self.listing(self.find(*parts))
