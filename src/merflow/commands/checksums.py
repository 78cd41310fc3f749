"""`merflow checksums`: writes SHA256SUMS beside frames and videos, so that damage is found."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from merflow.errors import FAILED, MerflowError
from merflow.io.checksums import NAME, read_sums, write_sums
from merflow.io.files import file_digest
from merflow.io.images import IMAGES, TENSORS, VIDEOS
from merflow.progress import track


def checksums(root: Path, *, verify: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Write SHA256SUMS into every folder below ROOT that holds pictures, videos or arrays.

    From then on a file that changed, or was added, skips its clip with the reason: JPEG, BMP and
    video files have no checksum of their own, and a damaged one may decode to other pixels.
    `sha256sum -c SHA256SUMS` reads the same files.

    Examples
    --------
    merflow checksums /data/CASME2
    merflow checksums /data/CASME2 --verify

    Parameters
    ----------
    root
        A dataset's root.
    verify
        Write nothing; compare every file with the lists that are there.
    """
    if not root.is_dir():
        raise MerflowError(str(root), "no such folder", "a dataset's root")
    kinds = IMAGES | VIDEOS | TENSORS
    folders = []
    for folder, _, names in os.walk(root):
        held = [n for n in names if Path(n).suffix.lower() in kinds and not n.startswith(".")]
        if held or (verify and NAME in names):
            folders.append((Path(folder), held))
    if not folders:
        raise MerflowError(str(root), "no pictures, videos or arrays below it", "a dataset's root")
    if verify and not any((folder / NAME).exists() for folder, _ in folders):
        raise MerflowError(
            str(root), f"no {NAME} below it", "lists to compare with", f"merflow checksums {root}"
        )
    changed: list[str] = []
    for folder, names in track(folders, "checksums"):
        if verify:
            changed += _changed(folder, names)
        else:
            write_sums(folder, names)
    for line in changed:
        print(line)
    if changed:
        raise MerflowError(
            str(root), f"{len(changed)} files differ from their checksums", code=FAILED
        )
    files = sum(len(names) for _, names in folders)
    print(f"{files} files in {len(folders)} folders {'are as listed' if verify else 'listed'}")


def _changed(folder: Path, names: list[str]) -> list[str]:
    """Return a line for each file that is not as its folder's list says."""
    sums = read_sums(str(folder))
    if sums is None:
        return [f"{folder}: no {NAME}"]
    gone = sorted(sums.keys() - set(names))
    lines = [f"{folder / name}: listed, and not there" for name in gone]
    for name in sorted(names):
        if name not in sums:
            lines.append(f"{folder / name}: not listed")
        elif file_digest(folder / name) != sums[name]:
            lines.append(f"{folder / name}: changed")
    return lines
