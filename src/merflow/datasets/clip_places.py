"""Find clips below a dataset's root by their names, whatever the folders between are called.

For datasets that users rename or unpack in several ways, and for tables without a column of paths.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from merflow.datasets.folders import MAX_FOLDERS, no_frames
from merflow.datasets.spec import Source, Variant, unpadded
from merflow.io.files import safe_join
from merflow.io.frame_folder import Listing, scan
from merflow.io.images import TENSORS, VIDEOS

DEPTH = 5
FILES = VIDEOS | TENSORS
"""Not images: a frame `1.jpg` is not the clip `1`."""

SKIPPED = (".", "__MACOSX")

Keep = Callable[[str], bool]
"""Whether a path below the root, in lower case, belongs to the wanted variant."""


class ClipPlaces:
    """The folder, video or array of each clip, by its name and its subject's folder.

    clips: (subject, clip) of every row. Only annotations: nothing is searched.
    """

    def __init__(
        self, source: Source, clips: Iterable[tuple[str, str]], keep: Keep = lambda _: True
    ) -> None:
        self.source = source
        self._subjects: dict[str, set[str]] = defaultdict(set)
        for subject, clip in clips:
            self._subjects[clip.casefold()].add(unpadded(subject))
        self._everyone = set[str]().union(*self._subjects.values())
        self._found = {} if source.annotations_only else self._search(keep)
        self._warned = False

    def __bool__(self) -> bool:
        return bool(self._found)

    def find(self, subject: str, clip: str, where: str) -> Path | None:
        """Return the place of a clip, or None; refuse one outside the root.

        A place below another subject's folder is not the clip's. Of several one without `crop` in
        its path, then the one nearest the root is read, with a warning.
        """
        root, own = self.source.root, unpadded(subject)
        inside: list[Path] = []
        for place in self._found.get(clip.casefold(), ()):
            above = {unpadded(part) for part in place.relative_to(root).parts[:-1]}
            shared = len(self._subjects[clip.casefold()]) > 1
            if own in above or not (shared or above & (self._everyone - {own})):
                inside.append(place)
        if not inside:
            return None
        first, *others = sorted(inside, key=lambda p: "crop" in p.relative_to(root).as_posix())
        if others and not self._warned:
            self._warned = True
            self.source.warn(
                where,
                f"{self.source.relative(others[0])} has the same name as "
                f"{self.source.relative(first)}, which is read for this and every such clip",
                "each clip once below the root",
                f"set datasets.{self.source.name}.root to the folder that should be read",
            )
        return safe_join(root, *first.relative_to(root).parts, where=where)

    def frames(self, subject: str, clip: str, where: str) -> Listing | None:
        """Return the frames of a clip's folder, or None without one; see `find`."""
        place = self.find(subject, clip, where)
        return scan(place, self.source.root) if place is not None and place.is_dir() else None

    def _search(self, keep: Keep) -> dict[str, list[Path]]:
        """Return clip name in lower case -> its places, nearest the root first."""
        found: dict[str, list[Path]] = defaultdict(list)
        level, visited = [self.source.root], 0
        for _ in range(DEPTH + 1):
            below: list[Path] = []
            for folder in level[: MAX_FOLDERS - visited]:
                visited += 1
                for name, is_folder in _entries(folder):
                    stem, suffix = os.path.splitext(name)
                    called = name if is_folder else stem if suffix.lower() in FILES else ""
                    if called.casefold() in self._subjects:
                        near = (folder / name).relative_to(self.source.root).as_posix()
                        found[called.casefold()] += [folder / name] if keep(near.lower()) else []
                    elif is_folder:
                        below.append(folder / name)
            level = below
        return {name: places for name, places in found.items() if places}


def choose_places(
    source: Source, clips: Iterable[tuple[str, str]], keeps: Mapping[str, Keep]
) -> tuple[Variant, ClipPlaces]:
    """Return the configured variant, or the first one on disk, and the places of its clips.

    keeps: variant -> the paths that belong to it.
    """
    listed, wanted = list(clips), source.entry.variant
    for name in [wanted] if wanted else keeps:
        places = ClipPlaces(source, listed, keeps[name])
        if places or source.annotations_only:
            return source.spec.variant(name), places
    raise no_frames(source)


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """Return (name, whether it is a folder) of the entries of a folder, sorted, none hidden."""
    try:
        with os.scandir(folder) as entries:
            return sorted((e.name, e.is_dir()) for e in entries if not e.name.startswith(SKIPPED))
    except OSError:
        return []
