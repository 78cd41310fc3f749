"""Folders of a dataset: roots found one or two levels deeper, sheets found, frames matched."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from merflow.clip import Clip, ClipKey
from merflow.datasets.spec import Source, Variant
from merflow.errors import MerflowError, nearest
from merflow.io.files import safe_join
from merflow.io.frame_folder import Listing, scan, span

SHEETS = (".xlsx", ".xls", ".csv")
DEPTH = 3
MAX_LOOKED = 4000


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in `folder`, sorted, hidden ones left out."""
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    except OSError:
        return []


def find_folders(
    root: Path, fits: Callable[[Path, list[str]], bool], depth: int = DEPTH + 1
) -> list[Path]:
    """Return the folders at or below `root` that `fits`, nearest first; none below another."""
    level, found, looked = [root], [], 0
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            names = subfolders(folder)
            looked += 1
            if fits(folder, names):
                found.append(folder)
            elif looked < MAX_LOOKED:
                below += [folder / name for name in names]
        level = below
    return found


def no_tree(source: Source) -> MerflowError:
    """Return the error for a root that holds the sheet but no frames."""
    return MerflowError(
        str(source.root),
        "no folders of frames"
        + (f" of variant '{source.entry.variant}'" if source.entry.variant else ""),
        source.spec.layout,
        "unpack the pictures there; `merflow check --annotations-only` reads the sheet alone",
    )


def any_name(pattern: str) -> Callable[[Path, list[str]], bool]:
    """Return a test: some subfolder's whole name matches `pattern`, whatever the case."""
    regex = re.compile(pattern, re.IGNORECASE)
    return lambda _, names: any(regex.fullmatch(name) for name in names)


def find_sheet(source: Source, pattern: str, depth: int = DEPTH) -> list[Path]:
    """Return the annotation files whose names match `pattern`, nearest the root first.

    A sheet named in the config is the only one; it is looked for below the root.
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
    regex = re.compile(pattern, re.IGNORECASE)
    level, found = [source.root], []
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            names = sorted(_files(folder))
            found += [
                folder / n
                for n in names
                if n.lower().endswith(SHEETS) and not n.startswith("~$") and regex.search(n)
            ]
            below += [folder / name for name in subfolders(folder)]
        level = below[:200]
    return found


def _files(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [e.name for e in entries if not e.name.startswith(".") and e.is_file()]
    except OSError:
        return []


def missing_sheet(source: Source, names: str) -> MerflowError:
    """Return the error for a root without its annotation sheet."""
    return MerflowError(
        str(source.root),
        "no annotation sheet found",
        names,
        "put the sheet into the dataset's root, or name it with --sheet or as "
        f"datasets.{source.name}.sheet in the config",
    )


@dataclass(frozen=True, slots=True)
class Span:
    """What a sheet says of a clip, apart from its key."""

    onset: int | None
    apex: int | None
    offset: int | None
    emotion: str
    action_units: str = ""
    objective: str = ""


class Folders:
    """Folders looked up by the names sheets give, each listed once.

    Names are matched exactly first, then by `alike` (padding and case aside).
    """

    def __init__(self, root: Path, alike: Callable[[str], str] = str.casefold) -> None:
        self.root, self.alike = root, alike
        self._names: dict[Path, dict[str, str]] = {}
        self._listings: dict[Path, Listing] = {}

    def find(self, *parts: str) -> Path | None:
        """Return the folder `root/parts...`, or None; never one outside the root."""
        folder = self.root
        for part in parts:
            names = self.children(folder)
            found = part if part in names.values() else names.get(self.alike(part))
            if found is None:
                return None
            folder = folder / found
        if folder.is_symlink() or any(p.is_symlink() for p in folder.parents[: len(parts) - 1]):
            safe_join(self.root, *folder.relative_to(self.root).parts)
        return folder

    def children(self, folder: Path) -> dict[str, str]:
        """Return comparable name -> name of the folders in a folder, listed once."""
        if folder not in self._names:
            self._names[folder] = {self.alike(name): name for name in subfolders(folder)}
        return self._names[folder]

    def nearest(self, *parts: str) -> str:
        """Return a hint at the sibling whose name comes closest."""
        parent = self.find(*parts[:-1])
        return nearest(parts[-1], self.children(parent).values()) if parent else ""

    def listing(self, folder: Path) -> Listing:
        """Return the frames of a folder, listed once."""
        if folder not in self._listings:
            self._listings[folder] = scan(folder, self.root)
        return self._listings[folder]


def make_clip(
    source: Source,
    variant: Variant,
    key: ClipKey,
    said: Span,
    folder: Path | None,
    listing: Listing | None,
    *,
    where: str,
    absent: str = "no folder",
    whole_recording: bool = False,
    until: int | None = None,
) -> Clip:
    """Join what the sheet says with what the folder holds.

    Frames onset..offset are the clip's files. What does not agree becomes a warning, and a clip
    without frames says why in `missing`. `whole_recording`: frames outside are to be expected;
    `until`: the last frame to take where the offset is not known.
    """
    files: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    missing = ""
    if folder is None or listing is None:
        missing = "" if source.annotations_only else absent
    else:
        keep = span(listing.numbers, said.onset, until if said.offset is None else said.offset)
        files, numbers = listing.files[keep], listing.numbers[keep]
        if not source.annotations_only:
            missing = _disagreements(source, said, folder, listing, numbers, where, whole_recording)
    if folder is None and not source.annotations_only:
        source.warn(
            where,
            f"{absent}; the clip will be skipped",
            "a folder with its frames",
            "fetch it again",
        )
    return Clip(
        key=key,
        folder="" if folder is None else str(folder),
        files=files,
        numbers=numbers,
        fps=source.fps(variant),
        emotion=said.emotion,
        onset=said.onset,
        apex=said.apex,
        offset=said.offset,
        action_units=said.action_units,
        objective=said.objective,
        enters_at=source.enters_at(variant),
        missing=missing,
    )


def _disagreements(
    source: Source,
    said: Span,
    folder: Path,
    listing: Listing,
    numbers: tuple[int, ...],
    where: str,
    whole_recording: bool,
) -> str:
    """Note where folder and sheet differ; return why the clip cannot be read, or nothing."""
    near = source.near(folder)
    if listing.twice:
        source.warn(near, f"two files for frame {_some(listing.twice)}; the first name is read")
    if not listing.numbers:
        source.warn(
            where,
            f"{near} holds no frames; the clip will be skipped",
            "numbered picture files",
            "fetch the folder again",
        )
        return f"{near} holds no frames"
    if not numbers:
        have = f"{listing.numbers[0]}..{listing.numbers[-1]}"
        source.warn(
            where,
            f"{near} holds frames {have}, none of onset..offset {said.onset}..{said.offset}; "
            "the clip will be skipped",
            "frames numbered as in the sheet",
            "fetch the folder again, or correct the sheet by the dataset's errata file",
        )
        return f"{near} holds none of frames {said.onset}..{said.offset}"
    first = numbers[0] if said.onset is None else said.onset
    last = numbers[-1] if said.offset is None else said.offset
    if last - first + 1 > len(numbers):
        have_set = set(numbers)
        lost = [n for n in range(first, min(last, first + 100_000) + 1) if n not in have_set]
        source.warn(near, f"{len(lost)} frames of {first}..{last} are not there: {_some(lost)}")
    beyond = len(listing.numbers) - len(numbers)
    if beyond and not whole_recording:
        source.warn(where, f"{near} holds {beyond} frames outside onset..offset; they are not read")
    return ""


def _some(numbers: Iterable[int]) -> str:
    listed = list(numbers)
    return ", ".join(map(str, listed[:5])) + (", ..." if len(listed) > 5 else "")
