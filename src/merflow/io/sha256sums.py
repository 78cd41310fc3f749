"""SHA256SUMS files beside frames, to detect damaged or changed images and videos.

JPEG, BMP and most videos have no checksum: a flipped byte silently decodes to other pixels. A
`SHA256SUMS` file in a clip's folder, in the format of `sha256sum`, detects it.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from merflow.errors import MerflowError
from merflow.io.files import file_digest, write_text

NAME = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
MAX_BYTES = 64 * 2**20


def read_sums(folder: str) -> dict[str, str] | None:
    """Return file name -> SHA-256 from a folder's list, or None when there is no list."""
    path = os.path.join(folder, NAME)
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise MerflowError(path, "more than 64 MiB", "one line per file of the folder")
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MerflowError(
            path, f"cannot be read ({error})", "a file in the format of sha256sum"
        ) from None
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = LINE.fullmatch(line)
        if not match:
            raise MerflowError(
                f"{path}, row {number}",
                "not a SHA-256 and a file name",
                "lines in the format of sha256sum",
                f"write it again: merflow checksums {folder}",
            )
        found[match[2]] = match[1]
    return found


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the list for the named files of a folder."""
    lines = [f"{file_digest(folder / name)}  {name}\n" for name in sorted(names)]
    write_text(folder / NAME, "".join(lines))
