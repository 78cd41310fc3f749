"""`merflow checksums`: write SHA256SUMS beside frames and videos to detect damage."""

import os
from pathlib import Path

from merflow.errors import FAILED, MerflowError
from merflow.io.files import file_digest
from merflow.io.images import IMAGES, TENSORS, VIDEOS
from merflow.io.sha256sums import NAME, read_sums, write_sums
from merflow.progress import track
from merflow.text import plural


def checksums(root: Path, *, verify: bool = False) -> None:
    """Write SHA256SUMS into every folder below ROOT that holds images, videos or arrays.

    After that, a clip with a changed or added file is skipped, with the reason. JPEG, BMP and video
    files contain no checksum, and a damaged one may decode to other pixels without an error.
    `sha256sum -c SHA256SUMS` reads the same files.

    Examples:
        merflow checksums /data/CASME2
        merflow checksums /data/CASME2 --verify

    Args:
        root: Dataset root.
        verify: Write nothing; compare every file with the existing SHA256SUMS.
    """
    if not root.is_dir():
        raise MerflowError(str(root), "no such folder", "a dataset root")
    kinds = IMAGES | VIDEOS | TENSORS
    folders = []
    for folder, _, names in os.walk(root):
        held = [n for n in names if Path(n).suffix.lower() in kinds and not n.startswith(".")]
        if held or (verify and NAME in names):
            folders.append((Path(folder), held))
    if not folders:
        raise MerflowError(str(root), "no images, videos or arrays below it", "a dataset root")
    if verify and not any((folder / NAME).exists() for folder, _ in folders):
        raise MerflowError(
            str(root),
            f"no {NAME} below it",
            "a list to compare with",
            f"merflow checksums {root}",
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
            str(root), f"{plural(len(changed), 'file')} not as in {NAME}", code=FAILED
        )
    files = sum(len(names) for _, names in folders)
    done = "checked, no change" if verify else "listed"
    print(f"{plural(files, 'file')} in {plural(len(folders), 'folder')}: {done}")


def _changed(folder: Path, names: list[str]) -> list[str]:
    """Return a line for each file that differs from the checksums of its folder."""
    sums = read_sums(str(folder))
    if sums is None:
        return [f"{folder}: no {NAME}"]
    gone = sorted(sums.keys() - set(names))
    lines = [f"{folder / name}: listed, but missing" for name in gone]
    for name in sorted(names):
        if name not in sums:
            lines.append(f"{folder / name}: not listed")
        elif file_digest(folder / name) != sums[name]:
            lines.append(f"{folder / name}: changed")
    return lines
