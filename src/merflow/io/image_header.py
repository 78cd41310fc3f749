"""Size and faults of an image from its header, without decoding it."""

import re

PNG = b"\x89PNG\r\n\x1a\n"
COMPRESSED = (b"iCCP", b"iTXt", b"zTXt")
"""PNG chunks that a decoder decompresses, 8 MB each at most."""
MAX_COMPRESSED = 16
MAX_TILE = 2048
"""Longest side of a TIFF tile in an image that is smaller (pixels)."""
PNM = re.compile(rb"P[1-6](?:\s+|#[^\n]*\n)+(\d{1,9})(?:\s+|#[^\n]*\n)+(\d{1,9})\s")


def image_size(data: bytes) -> tuple[int, int] | None:
    """Return the (width, height) that a PNG, BMP, JPEG, TIFF or PNM declares.

    None: another format, or an incomplete header.
    """
    if data.startswith(PNG) and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data.startswith(b"BM") and len(data) >= 26:
        width, height = (int.from_bytes(data[i : i + 4], "little", signed=True) for i in (18, 22))
        return abs(width), abs(height)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _tiff(data)
    found = PNM.match(data[:1024])
    return (int(found[1]), int(found[2])) if found else None


def header_fault(data: bytes) -> str:
    """Return what an image's header declares beyond the file or the image; empty without a fault.

    A decoder allocates what a PNG chunk or a TIFF tile declares before it reads any of it.
    """
    if data.startswith(PNG):
        return _png_fault(data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _tiff_fault(data)
    return ""


def _png_fault(data: bytes) -> str:
    """Follow the chunks to the end mark; each must lie within the file."""
    at, compressed = len(PNG), 0
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        left = len(data) - at - 12
        if not (kind.isalpha() and kind.isascii()):
            return f"no PNG chunk at byte {at:,}"
        if length > left:
            name = kind.decode("ascii")
            return f"its chunk {name} declares {length:,} bytes, and {left:,} are left"
        if kind == b"IEND":
            break
        compressed += kind in COMPRESSED
        if compressed > MAX_COMPRESSED:
            return f"more than {MAX_COMPRESSED} compressed texts and profiles"
        at += 12 + length
    return ""


def _tiff_fault(data: bytes) -> str:
    """Compare the size of a tile with that of the image."""
    tags = _tiff_tags(data)
    for tile, side in ((322, 256), (323, 257)):
        if tags.get(tile, 0) > max(MAX_TILE, tags.get(side, 0)):
            return f"its tiles declare {tags[tile]:,} pixels a side, the image {tags[side]:,}"
    return ""


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Follow the segments to the frame header."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
        elif kind == 0x01 or 0xD0 <= kind <= 0xD8:
            at += 2
        elif 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (5, 7))
            return width, height
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None


def _tiff(data: bytes) -> tuple[int, int] | None:
    """Read ImageWidth (256) and ImageLength (257) of the first directory."""
    found = _tiff_tags(data)
    return (found[256], found[257]) if {256, 257} <= found.keys() else None


def _tiff_tags(data: bytes) -> dict[int, int]:
    """Return tag -> first value of the first directory's short and long numbers."""
    order = "little" if data.startswith(b"II") else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)

    first = number(4, 4)
    found = {}
    for entry in range(number(first, 2)):
        at = first + 2 + 12 * entry
        if at + 12 > len(data):
            break
        kind = number(at + 2, 2)
        if kind in (3, 4):
            found[number(at, 2)] = number(at + 8, 2 if kind == 3 else 4)
    return found
