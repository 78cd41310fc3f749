"""The raw frames of one subject as one file, for machines that do not see the dataset.

A tar archive: folder number k of the subject's clips, in the order of their paths, is the folder
`k`, with the files of its clips and its SHA256SUMS.
"""

import contextlib
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from os.path import isdir
from pathlib import Path

from merflow.clip import Clip
from merflow.errors import FAILED, MerflowError
from merflow.io.files import atomic, temporary_folder
from merflow.io.sha256sums import NAME


def write_archive(path: Path, clips: Sequence[Clip]) -> int:
    """Write the files of clips into an archive; return their number. Absent files are left out."""
    if lost := sorted(clip.folder for clip in clips if clip.folder and not isdir(clip.folder)):
        raise MerflowError(
            lost[0],
            "no such folder",
            "the frames of a clip",
            "write the archive on a machine that sees the dataset",
        )
    count = 0
    with atomic(path) as part, tarfile.open(part, "w", dereference=True) as archive:
        for folder, name, member in _members(clips):
            with contextlib.suppress(FileNotFoundError):
                archive.add(os.path.join(folder, name), member, recursive=False)
                count += 1
    return count


@contextlib.contextmanager
def unpacked(archives: Iterable[Path], clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Yield the clips with their files in a temporary folder, unpacked from the archives.

    archives: of a subject each, named `<dataset>/<subject>.tar`; without any the clips stay as they
    are.
    """
    known = {(path.parent.name, path.stem): path for path in archives}
    if not known:
        yield [*clips]
        return
    with temporary_folder() as root:
        found: dict[tuple[str, ...], list[Clip]] = {}
        for clip in clips:
            found.setdefault(clip.key.subject_key, []).append(clip)
        moved = {}
        for owner, own in found.items():
            if owner in known:
                place = root / str(len(moved))
                moved |= {clip.key: clip for clip in _unpack(known[owner], own, place)}
        yield [moved.get(clip.key, clip) for clip in clips]


def _members(clips: Sequence[Clip]) -> Iterator[tuple[str, str, str]]:
    """Yield folder, file name and name in the archive of every file, each once."""
    numbers = _numbers(clips)
    seen = {(clip.folder, name) for clip in clips for name in (*clip.files, NAME) if clip.folder}
    for folder, name in sorted(seen):
        yield folder, name, f"{numbers[folder]}/{name}"


def _numbers(clips: Sequence[Clip]) -> dict[str, int]:
    return {folder: k for k, folder in enumerate(sorted({clip.folder for clip in clips}))}


def _unpack(path: Path, clips: Sequence[Clip], place: Path) -> list[Clip]:
    """Unpack the files of clips, and nothing else; return the clips with their new folders."""
    wanted = {member for _, _, member in _members(clips)}
    try:
        with tarfile.open(path, "r:") as archive:
            chosen = [one for one in archive if one.name in wanted and one.isreg()]
            archive.extractall(place, chosen, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise MerflowError(
            str(path),
            f"cannot be unpacked ({error})",
            "the archive that `merflow archive` wrote",
            "call `merflow run` again",
            code=FAILED,
        ) from None
    numbers = _numbers(clips)
    return [replace(clip, folder=str(place / str(numbers[clip.folder]))) for clip in clips]
