"""Text in an image's metadata (EXIF, comments, PNG text), read without decoding the image."""

import os
import re

HEAD = 65_536
"""Bytes at the start of a file that are read."""
_PRINTABLE = re.compile(rb"[\x20-\x7e]{3,}")
_TEXT_CHUNKS = (b"tEXt", b"iTXt", b"eXIf")


def image_text(path: str | os.PathLike[str]) -> str:
    """Return the printable text in the metadata of a JPEG, PNG or TIFF; empty: none."""
    try:
        with open(path, "rb") as handle:
            head = handle.read(HEAD)
    except OSError:
        return ""
    if head.startswith(b"\xff\xd8"):
        found = _of_jpeg(head)
    elif head.startswith(b"\x89PNG"):
        found = _of_png(head)
    else:
        found = head[8:4096] if head[:4] in (b"II*\0", b"MM\0*") else b""
    return b" ".join(_PRINTABLE.findall(found)).decode("ascii")


def _of_jpeg(data: bytes) -> bytes:
    """Return the application segments and comments before the image."""
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if kind == 0xDA or length < 2:
            break
        if kind == 0xFE or 0xE1 <= kind <= 0xEF:
            found.append(data[at + 4 : at + 2 + length])
        at += 2 + length
    return b" ".join(found)


def _of_png(data: bytes) -> bytes:
    """Return the text chunks before the image; compressed text is not read."""
    found, at = [], 8
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"IDAT":
            break
        if kind in _TEXT_CHUNKS:
            found.append(data[at + 8 : at + 8 + length].replace(b"\0", b" "))
        at += 12 + length
    return b" ".join(found)
