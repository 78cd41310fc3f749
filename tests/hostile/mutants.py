"""Valid files with 1 to 64 bytes flipped, cut out or zeroed, and what their readers make of them.

`python tests/hostile/mutants.py 200` tries so many of each kind and prints a table.
"""

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import openpyxl

from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.settings import Training
from merflow.errors import MerflowError
from merflow.io import video
from merflow.io.clip_store import Store, write_store
from merflow.io.images import read_frames
from merflow.io.packed import read_packed, survey, write_packed
from merflow.io.sha256sums import write_sums
from merflow.io.spreadsheet_formats import read_grids
from merflow.models import weights_file
from merflow.models.factory import load

SAME, REFUSED, OTHER = "same", "refused", "other data"


class Kind(NamedTuple):
    """make(path) writes a valid file; read(path) gives what it holds as bytes."""

    name: str
    make: Callable[[Path], object]
    read: Callable[[Path], bytes]
    listed: bool = False
    """A SHA256SUMS lies beside it."""


def frames(count: int = 8) -> np.ndarray:
    rng = np.random.default_rng(0)
    still = cv2.GaussianBlur(rng.integers(0, 255, (48, 64, 3), np.uint8), (0, 0), 2)
    return np.stack([np.roll(still, shift, 1) for shift in range(count)])


def clip(name: str = "c1") -> ClipArrays:
    key = ClipKey("smic", "s01", name)
    marks = np.arange(10, dtype=np.float32).reshape(5, 2)
    return ClipArrays(key, frames(), 100.0, np.arange(8), 0, 3, 7, marks, facts={"a": [1, 2.5]})


def make_store(path: Path) -> None:
    write_store(path, "align", [clip("c1"), clip("c2")], {"align": {"version": 1}}, {"x": "y"})


def read_store(path: Path) -> bytes:
    with Store(path) as store:
        return repr([(c, c.frames.tobytes(), c.landmarks.tobytes()) for c in store]).encode()


def make_packed(path: Path) -> None:
    source = path.with_name("source.h5")
    make_store(source)
    write_packed(path, survey([source]), {"pack": 1})


def packed(path: Path) -> bytes:
    found = read_packed(path)
    return repr((found, found.x.tobytes())).encode()


def make_svm(path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {"mean": rng.normal(size=9), "deviation": rng.random(9) + 1}
    arrays |= {"normals": rng.normal(size=(3, 9)), "offsets": rng.normal(size=3)}
    svm = Training().svm.model_dump(mode="json")
    about = {"kind": "svm", "method": "lbptop_svm", "classes": ["a", "b", "c"], "svm": svm}
    weights_file.write_arrays(path, arrays, about)


def svm(path: Path) -> bytes:
    found = load(path)
    return repr((found.facts, {k: v.tobytes() for k, v in found.arrays.items()})).encode()


def make_network(path: Path) -> None:
    """Write a network's weights as a training does."""
    from merflow.models.training import backend

    backend.prepare_once()
    from merflow.models.training.input_scaling import scaled_network

    shape = (4, 16, 16, 1)
    model = scaled_network("cnn3d", {"filters": [8]}, shape, 3, (np.zeros(1), np.ones(1)))
    about = {"network": "cnn3d", "settings": {"filters": [8]}, "shape": list(shape)}
    weights_file.write_network(path, model, {**about, "classes": ["a", "b", "c"], "batch_size": 4})


def network(path: Path) -> bytes:
    found = load(path)
    return repr((found.facts, [w.tobytes() for w in found.model.get_weights()])).encode()


def make_sheet(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Subject", "Filename", "OnsetFrame"])
    for number in range(60):
        book.active.append([f"{number:03d}", f"EP{number}", number * 7])
    book.save(path)


def sheet(path: Path) -> bytes:
    return repr([(grid.sheet, grid.rows) for grid in read_grids(path)]).encode()


def make_picture(path: Path) -> None:
    cv2.imwrite(str(path), frames()[0])


def make_video(path: Path) -> None:
    video.write(path, frames(), 30, range(8))


def pixels(path: Path) -> bytes:
    key = ClipKey("d", "s", "c")
    found = read_frames(Clip(key, str(path.parent), (path.name,), (), 30.0, "x"))
    return repr(found.shape).encode() + found.tobytes()


KINDS = (
    Kind("store.h5", make_store, read_store),
    Kind("packed.h5", make_packed, packed),
    Kind("svm.weights.h5", make_svm, svm),
    Kind("net.weights.h5", make_network, network),
    Kind("sheet.xlsx", make_sheet, sheet),
    Kind("picture.png", make_picture, pixels),
    Kind("video.mp4", make_video, pixels, listed=True),
    Kind("picture.jpg", make_picture, pixels, listed=True),
    Kind("picture.bmp", make_picture, pixels, listed=True),
)
BARE = tuple(kind._replace(listed=False) for kind in KINDS if kind.listed)
"""The same without a list of checksums: these formats have none of their own."""


def mutants(whole: bytes, count: int, seed: str) -> Iterator[bytes]:
    """Yield so many changed copies of a file's bytes."""
    rng = random.Random(seed)
    while count:
        data = bytearray(whole)
        how, place, length = rng.choice("fcz"), rng.randrange(len(data)), rng.randint(1, 64)
        if how == "c":
            del data[place : place + length]
        for index in range(place, min(place + length, len(data))) if how != "c" else ():
            data[index] = 0 if how == "z" else data[index] ^ (1 << rng.randrange(8))
        if data != whole:
            count -= 1
            yield bytes(data)


def outcomes(kind: Kind, folder: Path, count: int) -> Counter[str]:
    """Return how reading so many mutants of one kind ended; any other error is let through."""
    path = folder / kind.name
    kind.make(path)
    whole = path.read_bytes()
    if kind.listed:
        write_sums(folder, [kind.name])
    want = kind.read(path)
    found: Counter[str] = Counter()
    for data in mutants(whole, count, kind.name):
        path.write_bytes(data)
        try:
            found[SAME if kind.read(path) == want else OTHER] += 1
        except MerflowError as error:
            assert str(error).strip()
            found[REFUSED] += 1
    return found


def main(count: int) -> None:
    """Print a line for each kind."""
    for kind in (*KINDS, *BARE):
        with tempfile.TemporaryDirectory() as folder:
            found = outcomes(kind, Path(folder), count)
        said = ", ".join(f"{found[word]} {word}" for word in (REFUSED, SAME, OTHER))
        lone = " (without SHA256SUMS)" if kind in BARE else ""
        print(f"{kind.name}{lone}: {count} mutants: {said}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
