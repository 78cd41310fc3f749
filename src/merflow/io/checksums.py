"""SHA256SUMS beside the frames: a picture or video that was damaged or changed is then refused.

JPEG, BMP and most videos carry no checksum of their own: a flipped byte decodes to other pixels
without a word. A `SHA256SUMS` file in a clip's folder, as `sha256sum` writes it, closes that gap.
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
    """Return file name -> SHA-256 of a folder's list, or None where there is no list."""
    path = os.path.join(folder, NAME)
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise MerflowError(path, "more than 64 MiB", "a line for each file of the folder")
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MerflowError(path, f"cannot be read ({error})", "what sha256sum writes") from None
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = LINE.fullmatch(line)
        if not match:
            raise MerflowError(
                f"{path}, row {number}",
                "not a SHA-256 and a file name",
                "lines as sha256sum writes them",
                f"write it again: merflow checksums {folder}",
            )
        found[match[2]] = match[1]
    return found


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the list of a folder's files."""
    lines = [f"{file_digest(folder / name)}  {name}\n" for name in sorted(names)]
    write_text(folder / NAME, "".join(lines))
