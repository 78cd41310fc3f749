"""Folders that the page may look into: below the browse folder and the open project, no others.

A path is resolved, links included, before it is compared. Hidden folders are left out.
"""

import contextlib
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from merflow.errors import MerflowError
from merflow.io.images import IMAGES, VIDEOS
from merflow.studio.routing import Missing
from merflow.text import is_text

FOLDERS_LIMIT, FILES_LIMIT = 1000, 1000
"""Most folders and most files listed."""
PATH_LIMIT = 4000
"""Longest path (characters)."""
COUNT_SECONDS = 0.5
"""Longest time for counting what the listed folders hold (s)."""
COUNT_LIMIT = 5000
"""Most entries of a folder that are counted."""


class Counts(NamedTuple):
    """What a folder holds directly. more: it has more entries than were counted."""

    videos: int = 0
    images: int = 0
    folders: int = 0
    more: bool = False


class Browse:
    """Folders below `roots`, which are resolved; the first one is shown first."""

    def __init__(self, *roots: Path) -> None:
        self.roots = tuple(dict.fromkeys(Path(os.path.realpath(root)) for root in roots))

    def path(self, text: object, where: str = "request: path") -> Path:
        """Return an existing path below a root, links resolved; refuse any other."""
        if not isinstance(text, str) or not text or len(text) > PATH_LIMIT:
            raise MerflowError(where, "no path", "an absolute path")
        bad = not is_text(text) or any(ord(sign) < 32 for sign in text)
        if bad or not os.path.isabs(text) or ".." in Path(text).parts:
            raise MerflowError(where, f"{text[:80]!r}", "an absolute path without '..'")
        try:
            found = Path(os.path.realpath(text))
            if not self.roots_of(found):
                raise self._outside(text, where)
            if not found.exists():
                raise Missing(where, f"there is nothing at {text[:200]}")
        except OSError as error:
            found_text = f"{text[:80]!r} ({error.strerror})"
            raise MerflowError(where, found_text, "a readable path") from None
        return found

    def folder(self, text: object, where: str = "request: folder") -> Path:
        """Return a folder below a root, links resolved; an empty path is the first root."""
        found = self.roots[0] if text == "" else self.path(text, where)
        if not found.is_dir():
            raise Missing(where, f"{str(text)[:200]} is not a folder")
        return found

    def holds(self, path: Path) -> bool:
        """Return whether a path, links resolved, can be asked for: see `roots_of`."""
        return bool(self.roots_of(Path(os.path.realpath(path))))

    def roots_of(self, path: Path) -> list[Path]:
        """Return the roots below which a resolved path lies without a hidden folder between."""
        return [
            root for root in self.roots
            if path.is_relative_to(root)
            and not any(part.startswith(".") for part in path.relative_to(root).parts)
        ]  # fmt: skip

    def listing(self, folder: Path, suffixes: Collection[str] = ()) -> dict[str, Any]:
        """Return the folders of a folder, each with what it holds, and its files of `suffixes`."""
        root = min(self.roots_of(folder), key=lambda one: len(one.parts))
        names, files, own = self._entries(folder, frozenset(suffixes))
        end = time.monotonic() + COUNT_SECONDS
        rows = []
        for name in names[:FOLDERS_LIMIT]:
            counted = _counts(folder / name) if time.monotonic() < end else None
            rows.append(
                {
                    "name": name,
                    "path": str(folder / name),
                    "readable": os.access(folder / name, os.R_OK | os.X_OK),
                    "project": is_project(folder / name),
                    "holds": counted._asdict() if counted else None,
                }
            )
        return {
            "at": str(folder),
            "roots": [str(root) for root in self.roots],
            "up": str(folder.parent) if folder != root else "",
            "crumbs": [
                {"name": one.name or "/", "path": str(one)}
                for one in (*reversed(folder.parents), folder)
                if one.is_relative_to(root)
            ],
            "project": is_project(folder),
            "writable": os.access(folder, os.W_OK | os.X_OK),
            "holds": own._asdict(),
            "folders": rows,
            "files": files[:FILES_LIMIT],
            "more": max(0, len(names) - FOLDERS_LIMIT) + max(0, len(files) - FILES_LIMIT),
        }

    def _entries(
        self, folder: Path, suffixes: frozenset[str]
    ) -> tuple[list[str], list[dict[str, Any]], Counts]:
        """Return the folders, the files of `suffixes`, and the counts of a folder."""
        folders, files, videos, images = [], [], 0, 0
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    # A link that leads out is left out, and so is a name that no request can give.
                    if entry.name.startswith(".") or not is_text(entry.name):
                        continue
                    if entry.is_symlink() and not self.holds(Path(entry.path)):
                        continue
                    suffix = os.path.splitext(entry.name)[1].lower()
                    videos, images = videos + (suffix in VIDEOS), images + (suffix in IMAGES)
                    if entry.is_dir():
                        folders.append(entry.name)
                    elif suffix in suffixes:
                        # A broken link has no size, and nothing that could be opened.
                        with contextlib.suppress(OSError):
                            size = entry.stat().st_size
                            files.append({"name": entry.name, "path": entry.path, "bytes": size})
        except OSError as error:
            raise MerflowError(
                str(folder), f"cannot be listed ({error.strerror or error})", "a readable folder"
            ) from None
        folders.sort(key=_natural)
        files.sort(key=lambda file: _natural(file["name"]))
        return folders, files, Counts(videos, images, len(folders))

    def _outside(self, text: str, where: str) -> MerflowError:
        allowed = " and ".join(map(str, self.roots)) or "no folder"
        return MerflowError(
            where,
            f"{text[:200]} is outside of what the studio may read",
            f"a path below {allowed}, no hidden one",
            "start `merflow studio --browse DIR` with a folder that contains it",
        )


def is_project(folder: Path) -> bool:
    """Return whether a folder is a project: it has config/config.yaml."""
    try:
        return (folder / "config/config.yaml").is_file()
    except OSError:
        return False


def _counts(folder: Path) -> Counts | None:
    """Return what a folder holds directly, up to COUNT_LIMIT entries; None if it is unreadable."""
    videos = images = folders = 0
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number == COUNT_LIMIT:
                    return Counts(videos, images, folders, True)
                if entry.name.startswith("."):
                    continue
                suffix = os.path.splitext(entry.name)[1].lower()
                if suffix in VIDEOS:
                    videos += 1
                elif suffix in IMAGES:
                    images += 1
                elif entry.is_dir(follow_symlinks=False):
                    folders += 1
    except OSError:
        return None
    return Counts(videos, images, folders)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key by which `clip2` comes before `clip10`."""
    key: list[tuple[int, int, str]] = []
    digits = ""
    for sign in f"{name.casefold()} ":
        if sign.isascii() and sign.isdigit():
            digits += sign
            continue
        if digits:
            key.append((0, int(digits[:18]), digits))
            digits = ""
        key.append((1, 0, sign))
    return key
