"""Speed of reading a packed file of 10,000 clips: whole with checksum, clip by clip, as bytes.

The file comes from the page cache, so the figures exclude the disk: a disk slower than the printed
MB/s is the limit.

`python benchmarks/packed_reading.py [--clips 10000] [--rounds 5] [--folder DIR]`
"""

from merflow.clip import ClipArrays, ClipKey
from merflow.io.clip_store import write_store
from merflow.io.hdf5 import open_hdf5
from merflow.io.packed import KIND, read_packed, survey, write_packed

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

PER_STORE = 100
SHAPE = (10, 64, 64, 1)


def write(folder: Path, clips: int) -> Path:
    """Write stores of a hundred clips each and pack them; return the packed file."""
    noise = np.random.default_rng(0).integers(0, 256, (PER_STORE + 1, *SHAPE), np.uint8)
    stores = []
    for first in range(0, clips, PER_STORE):
        made = (_clip(n, noise[n % PER_STORE]) for n in range(first, min(clips, first + PER_STORE)))
        stores.append(folder / f"s{first:06d}.h5")
        write_store(stores[-1], "interpolate", made, {}, {})
    write_packed(folder / "packed.h5", survey(stores), {})
    return folder / "packed.h5"


def _clip(number: int, frames: np.ndarray) -> ClipArrays:
    key = ClipKey("mine", f"p{number // PER_STORE:04d}", f"c{number:05d}")
    return ClipArrays(key, frames, 100.0, np.arange(len(frames)), 0, None, len(frames) - 1)


def plain(path: Path) -> np.ndarray:
    """Read the file's bytes into memory, as they lie on disk."""
    return np.fromfile(path, np.uint8)


def clip_by_clip(path: Path) -> None:
    """Read every clip by itself, in random order."""
    with open_hdf5(path, KIND) as handle:
        for row in np.random.default_rng(1).permutation(len(handle["x"])):
            handle["x"][row]


def cost(read: Callable[[Path], object], path: Path) -> float:
    """Return the CPU seconds of one reading: a busy machine stretches only the clock."""
    started = time.process_time()
    read(path)
    return time.process_time() - started


def main() -> None:
    """Print MB a CPU second of each way, best of alternating rounds, and the ratio to plain."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    ways = {"plain file": plain, "packed, whole": read_packed, "clip by clip": clip_by_clip}
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        path = write(Path(folder), chosen.clips)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = path.stat().st_size / 2**20
        print(f"{chosen.clips} clips, {size:.0f} MB; packing needed {peak:.0f} MB of memory")
        took = dict.fromkeys(ways, np.inf)
        for _ in range(chosen.rounds):
            for name, read in ways.items():
                took[name] = min(took[name], cost(read, path))
        for name, seconds in took.items():
            times = seconds / took["plain file"]
            print(f"{name:<14} {size / seconds:7.0f} MB a CPU second, {times:.1f} x plain")


if __name__ == "__main__":
    main()
