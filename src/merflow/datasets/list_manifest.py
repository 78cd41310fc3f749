"""Make rows of a manifest from a list of clips and a folder that holds their frames."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from merflow.clip import ClipKey
from merflow.datasets.clip_ids import canonical, key_of_stem
from merflow.datasets.clip_list import ClipList
from merflow.datasets.clip_selection import identity, names_of
from merflow.errors import MerflowError
from merflow.io.frame_folder import image_files
from merflow.io.images import IMAGES, TENSORS, VIDEOS
from merflow.text import plural

MAX_ENTRIES = 200_000
DEPTH = 6


def rows_of_list(
    root: Path, listed: ClipList, fps: float | None = None
) -> tuple[list[tuple[str, ...]], list[ClipKey]]:
    """Return manifest rows for the listed clips below `root`, and the clips that are not there.

    A clip is a folder of frames, a video, an array or an image named after it. Its subject is a
    folder above it or stands in its name: `sub01/EP02_01f`, `sub01_EP02_01f.avi`, `s03_ne_01`.
    """
    wanted = {identity(key): key for key in listed.classes}
    places: dict[ClipKey, list[str]] = {}
    for path in _candidates(root):
        key = _listed(path.relative_to(root), wanted, listed)
        if key is not None:
            places.setdefault(key, []).append(path.relative_to(root).as_posix())
    if not places:
        raise MerflowError(
            str(root),
            f"none of the {plural(len(wanted), 'clip')} of {listed.path} is below it",
            "folders, videos or images named after the clips, below folders of their subjects",
            "name the folder that holds the frames with --frames",
        )
    if double := {key: found for key, found in places.items() if len(found) > 1}:
        first, found = next(iter(sorted(double.items())))
        raise MerflowError(
            str(root),
            f"{plural(len(double), 'clip')} in several places, as {first} in {found[0]} and "
            f"{found[1]}",
            "one place for each clip",
            "name a folder that holds one copy with --frames",
        )
    rate = f"{fps:g}" if fps else ""
    rows = [
        (
            *key,
            found[0],
            "" if Path(found[0]).suffix.lower() in IMAGES else rate,
            listed.classes[key],
        )
        for key, found in sorted(places.items())
    ]
    return rows, sorted(set(listed.classes) - set(places))


def missing_text(missing: list[ClipKey], listed: ClipList) -> str:
    """Return a line about listed clips that were not found; empty if there are none."""
    if not missing:
        return ""
    total = plural(len(listed.classes), "listed clip")
    return f"{len(missing)} of {total} not found: {names_of(missing)}"


def _candidates(root: Path) -> Iterator[Path]:
    """Yield the folders that hold images, and the files that can be clips."""
    seen = 0
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(here.relative_to(root).parts) >= DEPTH:
            folders.clear()
        seen += len(folders) + len(files)
        if seen > MAX_ENTRIES:
            raise MerflowError(
                str(root),
                f"more than {MAX_ENTRIES:,} files and folders",
                "a folder with the frames of one release",
                "name a folder nearer to the clips with --frames",
            )
        yield from (here / name for name in folders if image_files(here / name))
        known = VIDEOS | IMAGES | TENSORS
        yield from (here / name for name in sorted(files) if Path(name).suffix.lower() in known)


def _listed(
    near: Path, wanted: Mapping[tuple[str, ...], ClipKey], listed: ClipList
) -> ClipKey | None:
    """Return the listed clip that a path is named after, or None."""
    stem = (
        near.stem.strip() if near.suffix.lower() in VIDEOS | IMAGES | TENSORS else near.name.strip()
    )
    if (named := key_of_stem(stem)) and identity(named) in wanted:
        return wanted[identity(named)]
    owners = list(reversed(near.parts[:-1]))
    for dataset in listed.datasets:
        # SMIC and SAMM clips begin with their subject.
        for owner in (*owners, stem.split("_")[0]):
            key = canonical(ClipKey(dataset, owner, stem))
            if identity(key) in wanted:
                return wanted[identity(key)]
    return None
