"""Peak memory and time of the stages between align and pack, as clips grow in length and size.

`python benchmarks/stage_memory.py`; docs/cluster.md has the results. Linux only: each process
reads its own peak from the kernel. For clips of thousands of frames: benchmarks/clip_length.py.
"""

from merflow.clip import ClipArrays, ClipKey
from merflow.io.clip_store import write_store

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

CHILD = """
import resource, sys
from merflow.cli import build
try:
    build()(sys.argv[1:])
except SystemExit as end:
    if end.code:
        raise
lines = open("/proc/self/status").read().splitlines()
peak = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
used = resource.getrusage(resource.RUSAGE_SELF)
print("PEAK", peak, used.ru_utime + used.ru_stime)
"""
EYES_AND_NOSE = np.array([[0.65, 0.4], [0.75, 0.4], [0.35, 0.4], [0.25, 0.4], [0.5, 0.6]])
ALIGNED = [(2, 30, 600), (2, 120, 600), (6, 30, 600), (1, 120, 1200)]
CROPPED = [(2, 30, 256, 1), (2, 150, 256, 1), (6, 60, 256, 1), (2, 60, 256, 3), (2, 60, 512, 1)]


def run(*words: object) -> tuple[float, float]:
    """Run a merflow command; return its peak memory (MB) and CPU seconds."""
    command = [sys.executable, "-c", CHILD, *map(str, words)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    peak, seconds = next(line.split()[1:] for line in out.splitlines() if line.startswith("PEAK"))
    return int(peak) / 1024, float(seconds)


def frames(count: int, side: int, channels: int) -> np.ndarray:
    """Return a swaying noisy texture, (count, side, side, channels) uint8."""
    random = np.random.default_rng(0)
    still = random.normal(0, 60, (side, side, channels)).astype(np.float32)
    still = cv2.GaussianBlur(still, (0, 0), 3).reshape(still.shape)
    still = 128 + 40 * still / still.std()
    turns = [np.roll(still, int(3 * np.sin(i / 9)), 1) for i in range(count)]
    noisy = [turn + random.normal(0, 2, turn.shape) for turn in turns]
    return np.stack([np.clip(one, 0, 255).astype(np.uint8) for one in noisy])


def write(path: Path, made_by: str, clips: int, count: int, side: int, channels: int) -> float:
    """Write a store of equal clips; return the MB of one clip's pixels."""
    pixels = frames(count, side, channels)
    points = (EYES_AND_NOSE * side).astype(np.float32)
    keys = [ClipKey("d", "s", f"c{i}") for i in range(clips)]
    numbers, last = np.arange(count), count - 1
    rows = [ClipArrays(k, pixels, 100.0, numbers, 0, count // 2, last, points) for k in keys]
    write_store(path, made_by, rows, {}, {})
    return pixels.nbytes / 1e6


def main() -> None:
    """Print one line for each stage and size."""
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name, "in.h5"), Path(name, "out.h5")
        sizes = [(("crop",), (*size, 3)) for size in ALIGNED]
        more = ("magnify", "--factor", "10"), ("interpolate",), ("flow",)
        sizes += [(stage, size) for size in CROPPED for stage in more]
        for (stage, *options), size in sizes:
            held = write(source, "align" if stage == "crop" else "crop", *size)
            peak, seconds = run(stage, source, out, *options)
            shape = "{} clips of {} frames, {} px, {} channels".format(*size)
            print(
                f"{stage:<12} {shape}: {held:6.1f} MB a clip, peak {peak:5.0f} MB, {seconds:.2f} s"
            )


if __name__ == "__main__":
    main()
