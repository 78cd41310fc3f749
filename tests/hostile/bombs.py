"""Small files that say or unfold to far more than they hold: `maker(path)` writes one.

`python tests/hostile/bombs.py` reads each in a process of its own under a memory limit and prints
what it took.
"""

import io
import json
import os
import resource
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import h5py
import numpy as np
import openpyxl

from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.loading import read_yaml
from merflow.errors import MerflowError
from merflow.io import video as media
from merflow.io.clip_store import Store, write_store
from merflow.io.csv_table import read_csv
from merflow.io.hdf5 import append_checksum
from merflow.io.images import read_frames
from merflow.io.spreadsheet_formats import read_grids
from merflow.models.factory import load
from merflow.models.training.torchvision_weights import read_state

LIMIT = 200 * 2**20
"""Memory that a refusal may take above what the process holds at rest (bytes)."""
FAR = 30_000
"""Side of the pictures (pixels)."""


def workbook() -> dict[str, bytes]:
    """Return the parts of a small sound workbook."""
    book = openpyxl.Workbook()
    book.active.append(["Subject", "OnsetFrame"])
    book.active.append(["a", 1])
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


SHEET = "xl/worksheets/sheet1.xml"


def xlsx(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write a workbook whose parts were changed."""
    parts = workbook()
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def rows(parts: dict[str, bytes], body: bytes) -> None:
    """Put rows at the end of the sheet."""
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", body + b"</sheetData>")


def entities(count: int) -> bytes:
    """Return a document type of entities, each ten of the one before."""
    lines = [b'<!ENTITY e0 "lol">']
    lines += [b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, count)]
    return b"<!DOCTYPE x [" + b"".join(lines) + b"]>"


def lying_size(path: Path) -> None:
    """Write a workbook whose directory says that a part is small."""
    xlsx(path, lambda p: p.update({SHEET: p[SHEET] + b" " * 100_000_000}))
    data = bytearray(path.read_bytes())
    at = data.index(SHEET.encode(), data.index(b"PK\x01\x02")) - 46
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(data)


def png(path: Path, width: int, height: int) -> None:
    """Write a PNG of nothing but its head, its size, and a few rows."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000), 9)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    """Return a PNG chunk; length: what it declares, if not the length of its body."""
    size = len(body) if length is None else length
    return struct.pack(">I", size) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def lying_png(path: Path, *planted: bytes) -> None:
    """Write a sound PNG of 64 x 64 with chunks planted before its pixels."""
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(64 * (1 + 3 * 64)), 9))
    parts = (chunk(b"IHDR", head), *planted, pixels, chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


TILES = {322: (4, 8192), 323: (4, 8192), 324: (4, 8), 325: (4, 4096)}


def tiff(path: Path, side: int = FAR, tiles: dict[int, tuple[int, int]] | None = None) -> None:
    """Write a TIFF with a directory that says 30,000 x 30,000, or that its tiles are large."""
    entries = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8)]
    entries += [(277, 3, 1), (278, 4, side), (279, 4, side * side)]
    if tiles:
        entries = [row for row in entries if row[0] not in (273, 278, 279)]
        entries += [(tag, *about) for tag, about in tiles.items()]
    packed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    path.write_bytes(b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(64))


def jpeg(path: Path) -> None:
    """Write a JPEG whose frame head, behind 200 KiB of comments, says 30,000 x 30,000."""
    frame = np.zeros((16, 16, 3), np.uint8)
    data = cv2.imencode(".jpg", frame)[1].tobytes()
    at = data.index(b"\xff\xc0")
    size = struct.pack(">HH", FAR, FAR)
    comments = (b"\xff\xfe" + struct.pack(">H", 65535) + bytes(65533)) * 3
    path.write_bytes(data[:2] + comments + data[2 : at + 5] + size + data[at + 9 :])


def video(path: Path, change: Callable[[bytearray], None]) -> None:
    """Write a small video and change its bytes."""
    frames = np.zeros((5, 64, 64, 3), np.uint8)
    media.write(path, frames, 30, range(5))
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def many_frames(data: bytearray) -> None:
    """Say that the video has 10^7 frames of one size."""
    at = data.index(b"stsz")
    data[at + 8 : at + 16] = struct.pack(">II", 700, 10_000_000)
    at = data.index(b"stts")
    data[at + 8 : at + 16] = struct.pack(">II", 1, 10_000_000)


def large_frames(data: bytearray, side: int = FAR) -> None:
    """Say in the head of a motion JPEG and in each of its frames that they are large."""
    for sign, at_size, form in (
        (b"strf", 12, "<ii"),
        (b"avih", 40, "<ii"),
        (b"\xff\xc0", 5, ">HH"),
    ):
        at = data.find(sign)
        while at >= 0:
            data[at + at_size : at + at_size + struct.calcsize(form)] = struct.pack(
                form, side, side
            )
            at = data.find(sign, at + 1)


def store(path: Path, plant: Callable[[h5py.File], object]) -> None:
    """Write a clip store and plant something in it."""
    clip = ClipArrays(
        ClipKey("d", "s", "c"), np.zeros((2, 4, 4, 3), np.uint8), 1.0, np.arange(2), 0, None, 1
    )
    write_store(path, "align", [clip], {}, {})
    with h5py.File(path, "r+") as handle:
        plant(handle)
    append_checksum(path)


def weights(path: Path, about: dict) -> None:
    """Write a weights file of a description alone."""
    with h5py.File(path, "w") as handle:
        handle.attrs["format"] = "merflow-weights"
        handle["merflow"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    append_checksum(path)


def squeezed(path: Path, names: list[str]) -> None:
    """Write a zip of 512 MiB of zeros a part."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, bytes(2**28))


def npy(path: Path) -> None:
    """Write the head of an array of 1 TiB."""
    with open(path, "wb") as handle:
        shape = {"shape": (2**20, 1024, 1024), "fortran_order": False, "descr": "|u1"}
        np.lib.format.write_array_header_1_0(handle, shape)
        handle.write(bytes(1000))


NETWORK = {"kind": "network", "network": "cnn3d", "settings": {}, "batch_size": 1}
NETWORK |= {"shape": [4, 16, 16, 1], "classes": ["a", "b"]}

BOMBS: dict[str, Callable[[Path], object]] = {
    "spaces.xlsx": lambda p: xlsx(p, lambda q: q.update({SHEET: q[SHEET] + b" " * 60_000_000})),
    "ratio.xlsx": lambda p: xlsx(p, lambda q: q.update({"xl/x.bin": bytes(30_000_000)})),
    "parts.xlsx": lambda p: xlsx(p, lambda q: q.update({f"xl/{i}.xml": b"<a/>" for i in range(900)})),
    "rows.xlsx": lambda p: xlsx(
        p, lambda q: rows(q, b"".join(b'<row r="%d"/>' % i for i in range(3, 1_000_003)))
    ),
    "cells.xlsx": lambda p: xlsx(p, lambda q: rows(q, b"<c/>" * 1_200_000)),
    "far.xlsx": lambda p: xlsx(
        p, lambda q: rows(q, b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')
    ),
    "entities.xlsx": lambda p: xlsx(p, lambda q: q.update({SHEET: entities(12) + q[SHEET]})),
    "style entities.xlsx": lambda p: xlsx(
        p, lambda q: q.update({"xl/styles.xml": entities(12) + q["xl/styles.xml"]})
    ),
    "strings.xlsx": lambda p: xlsx(
        p,
        lambda q: q.update(
            {"xl/sharedStrings.xml": b"<sst>" + b"<si><t>a</t></si>" * 400_000 + b"</sst>"}
        ),
    ),
    "sheets.xlsx": lambda p: xlsx(
        p,
        lambda q: q.update(
            {f"xl/worksheets/sheet{i}.xml": q[SHEET] + b" " * 200_000 for i in range(400)}
        ),
    ),
    "deep.xlsx": lambda p: xlsx(
        p, lambda q: q.update({SHEET: b"<a>" * 600_000 + b"</a>" * 600_000})
    ),
    "long cell.xlsx": lambda p: xlsx(
        p,
        lambda q: rows(
            q, b'<row r="3"><c r="A3" t="inlineStr"><is><t>' + os.urandom(40_000).hex().encode()
            + b"</t></is></c></row>"
        ),
    ),
    "lying.xlsx": lying_size,
    "zeros.csv": lambda p: p.write_bytes(b"a,b\n" + b"1,2\n" * 9_000_000),
    "rows.csv": lambda p: p.write_bytes(b"Subject,Onset\n" + b"a,1\n" * 200_000),
    "wide.png": lambda p: png(p, FAR, FAR),
    "long.png": lambda p: png(p, 1, 2**31 - 1),
    "area.png": lambda p: png(p, 8000, 8000),
    "wide.bmp": lambda p: p.write_bytes(
        b"BM" + struct.pack("<IIIIii", 60, 0, 54, 40, FAR, -FAR) + bytes(40)
    ),
    "wide.jpg": jpeg,
    "wide.tiff": tiff,
    "tiles.tiff": lambda p: tiff(p, 64, TILES),
    "text.png": lambda p: lying_png(p, chunk(b"tEXt", os.urandom(27_000), 2**31 - 1)),
    "wrap.png": lambda p: lying_png(p, chunk(b"tEXt", os.urandom(27_000), 2**32 - 12)),
    "pixels.png": lambda p: lying_png(p, chunk(b"IDAT", os.urandom(27_000), 2**31 - 1)),
    "past.png": lambda p: lying_png(p, chunk(b"tEXt", os.urandom(27_000), 400_000_000)),
    "profile.png": lambda p: lying_png(p, chunk(b"iCCP", b"k\0\0", 2**31 - 1)),
    "kind.png": lambda p: lying_png(p, chunk(b"\0\0\0\0", b"x", 2**31 - 1)),
    "texts.png": lambda p: lying_png(
        p, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(7_900_000), 9))] * 400
    ),
    "wide.pgm": lambda p: p.write_bytes(b"P5\n# x\n30000 30000\n255\n" + bytes(1000)),
    "frames.mp4": lambda p: video(p, many_frames),
    "wide.avi": lambda p: video(p, large_frames),
    "large.avi": lambda p: video(p, lambda data: large_frames(data, 16_000)),
    "array.npy": npy,
    "declared.h5": lambda p: store(p, lambda h: h.create_dataset("x", (2**36,), "u1", chunks=(9,))),
    "gzip.h5": lambda p: store(
        p, lambda h: h.create_dataset("x", data=np.zeros(2**26, "u1"), compression="gzip")
    ),
    "links.h5": lambda p: store(
        p, lambda h: [h.__setitem__(f"x{i}", h5py.SoftLink("/clips")) for i in range(3000)]
    ),
    "attributes.h5": lambda p: store(
        p, lambda h: [h["clips"].attrs.create(f"a{i}", 0) for i in range(3000)]
    ),
    "json.h5": lambda p: store(
        p,
        lambda h: (
            h.__delitem__("skipped"),
            h.create_dataset("skipped", data=np.frombuffer(b"[" * 10**6, np.uint8)),
        ),
    ),
    "model.keras": lambda p: squeezed(p, ["config.json", "model.weights.h5"]),
    "shape.weights.h5": lambda p: weights(p, NETWORK | {"shape": [4096, 4096, 4096, 3]}),
    "layers.weights.h5": lambda p: weights(p, NETWORK | {"settings": {"filters": [10**9]}}),
    "header.safetensors": lambda p: p.write_bytes((90 << 20).to_bytes(8, "little") + b" " * (90 << 20)),
    "shape.safetensors": lambda p: p.write_bytes(
        (83).to_bytes(8, "little")
        + b'{"a": {"dtype": "F32", "shape": [99999999, 99999999, 9], "data_offsets": [0, 9]}}  '
    ),
    "aliases.yaml": lambda p: p.write_text(
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    ),
    "deep.yaml": lambda p: p.write_text("a: " + "[" * 100_000),
    "large.csv table": lambda p: p.write_bytes(b"a,b\n" + b"x" * 300_000_000),
}  # fmt: skip


def read(path: Path) -> None:
    """Read a file as merflow does."""
    kind = path.suffix
    if kind in (".xlsx", ".csv"):
        read_grids(path)
    elif kind == ".csv table":
        read_csv(path, ("a",))
    elif kind in (".keras",) or path.name.endswith(".weights.h5"):
        load(path)
    elif kind == ".h5":
        with Store(path) as opened:
            list(opened)
    elif kind == ".safetensors":
        read_state(path)
    elif kind == ".yaml":
        read_yaml(path)
    else:
        read_frames(Clip(ClipKey("d", "s", "c"), str(path.parent), (path.name,), (), 30.0, "x"))


def measured(path: Path) -> dict:
    """Read a file in a child whose memory is limited; return how it ended and what it took."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        os.write(into, json.dumps(_limited(path)).encode()[:60_000])
        os._exit(0)
    os.close(into)
    with open(out, "rb") as pipe:
        told = pipe.read()
    _, status, used = os.wait4(child, 0)
    found = json.loads(told) if told else {"ended": f"killed by signal {status & 127}"}
    return found | {"seconds": round(used.ru_utime + used.ru_stime, 2)}


def _limited(path: Path) -> dict:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    try:
        read(path)
        ended = "read"
    except MerflowError as error:
        ended = "refused: " + str(error).splitlines()[0][-150:]
    except BaseException as error:
        ended = f"{type(error).__name__}: {str(error)[:100]}"
    spent = time.process_time() - start
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"ended": ended, "cpu": round(spent, 2), "megabytes": round(used / 1024, 1)}


def warm(folder: Path) -> None:
    """Read sound files, so that the libraries are loaded before anything is measured."""
    xlsx(folder / "warm.xlsx", lambda parts: None)
    read_grids(folder / "warm.xlsx")
    store(folder / "warm.h5", lambda h: None)
    with Store(folder / "warm.h5") as opened:
        list(opened)
    video(folder / "warm.mp4", lambda data: None)
    cv2.imwrite(str(folder / "warm.png"), np.zeros((8, 8, 3), np.uint8))
    for name in ("warm.mp4", "warm.png"):
        read(folder / name)


def main() -> None:
    """Print a line of JSON for each bomb."""
    # OpenCV's threads would not follow into a child.
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warm(folder)
        for bomb, make in BOMBS.items():
            path = folder / bomb
            make(path)
            size = path.stat().st_size
            line = {"bomb": bomb, "bytes": size, **measured(path)}
            path.unlink()
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
