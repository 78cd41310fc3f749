"""Time and memory of magnification and interpolation against the baselines, in one run.

Rounds alternate between all methods, so that a busy machine slows all of them alike; the best
round of each counts. "measured": with what it delivered measured on the result, as the workflow
does; the baselines measure nothing.

`python benchmarks/magnify_speed.py [--rounds 5] [--sizes 128 256 400] [--threads 1]`; one thread,
as a job of the workflow has it, for the baselines as well. `--primitives` prints the cost of calls
that the linear method cannot do without, alone and with buffers in place.
"""

from merflow.config.settings import Magnify
from merflow.stages.interpolate import interpolate_frames
from merflow.stages.magnify import magnify_frames

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from baselines import linear_baseline, riesz_baseline, tim_baseline
from motion_truth import MovingTexture, bump, texture

LENGTH, FPS, FACTOR = 64, 100.0, 10.0


def clip_of(size: int) -> np.ndarray:
    """Return the (64, size, size, 3) uint8 clip that is magnified: 0.2 px, sensor noise 1.5."""
    few = MovingTexture(texture(size), 0.2, bump(8)).clip()
    clip = np.repeat(few.astype(np.float32), LENGTH // 8, axis=0)
    clip += np.random.default_rng(0).normal(0, 1.5, clip.shape).astype(np.float32)
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)


def jobs() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return every method that is timed, by name."""

    def ours(method: str, measured: bool = False) -> Callable[[np.ndarray], np.ndarray]:
        settings = Magnify(method=method)
        return lambda v: magnify_frames(v, FPS, FACTOR, settings, measured=measured)[0]

    return {
        "linear baseline": lambda frames: linear_baseline(frames, FACTOR - 1),
        "linear": ours("linear"),
        "Riesz baseline": lambda frames: riesz_baseline(frames, FACTOR - 1, FPS),
        "phase": ours("phase"),
        "lagrangian": ours("lagrangian"),
        "linear, measured": ours("linear", measured=True),
        "phase, measured": ours("phase", measured=True),
        "lagrangian, measured": ours("lagrangian", measured=True),
        "TIM baseline (64 to 10)": lambda frames: tim_baseline(frames, 10),
        "TIM (64 to 10)": lambda frames: interpolate_frames(frames, 10, "tim"),
    }


def peak_extra(name: str, size: int) -> float:
    """Return the MB of memory (result included) that a method needs beside its input.

    In a process of its own, with freed memory given back at once, so that none is used again.
    """
    plain = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, __file__, "--peak", name, "--sizes", str(size)]
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=True)
    return float(done.stdout)


def print_peak(name: str, size: int) -> None:
    """Print the MB between this process's memory before one job and its peak within it."""
    frames, job = clip_of(size), jobs()[name]
    job(clip_of(64)[:6])
    before = _kilobytes("VmRSS")
    with open("/proc/self/clear_refs", "w") as handle:
        handle.write("5")
    job(frames)
    print((_kilobytes("VmHWM") - before) / 1024)


def _kilobytes(name: str) -> int:
    with open("/proc/self/status") as handle:
        return next(int(line.split()[1]) for line in handle if line.startswith(name))


def primitives(size: int) -> dict[str, Callable[[], object]]:
    """Return the calls of one frame of the linear method, each writing into a buffer it reuses."""
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (size, size, 3), np.uint8)
    colours, out = np.empty(frame.shape, np.float32), frame.copy()
    grey = rng.normal(0, 5, (size, size)).astype(np.float32)
    half, quarter = cv2.pyrDown(grey), cv2.pyrDown(cv2.pyrDown(grey))
    amount, spread = cv2.convertScaleAbs(grey), frame.reshape(size, -1).copy()
    flat, result, mask = frame.reshape(size, -1), out.reshape(size, -1), np.empty_like(amount)
    matrix = rng.normal(size=(LENGTH, LENGTH)).astype(np.float32)
    planes = rng.normal(size=(LENGTH, half.size // LENGTH)).astype(np.float32)
    return {
        "bytes to floats": lambda: np.copyto(colours, frame),
        "colours to grey": lambda: cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY, dst=grey),
        "half size": lambda: cv2.pyrDown(grey, dst=half),
        "filter in time (its share)": lambda: np.matmul(matrix, planes),
        "pyramid of the half size, down": lambda: cv2.pyrDown(half, dst=quarter),
        "pyramid of the half size, up": lambda: cv2.pyrUp(quarter, dst=half),
        "full size": lambda: cv2.pyrUp(half, dst=grey),
        "change to bytes": lambda: cv2.convertScaleAbs(grey, dst=amount),
        "its sign": lambda: cv2.compare(grey, 0.0, cv2.CMP_GT, dst=mask),
        "change for three colours, up and down": lambda: [
            cv2.cvtColor(amount, cv2.COLOR_GRAY2RGB, dst=out) for _ in "+-"
        ],
        "add and subtract, saturated": lambda: [
            cv2.add(flat, spread, dst=result),
            cv2.subtract(flat, spread, dst=result),
        ],
        "count clipped values": lambda: [
            cv2.absdiff(flat, spread, dst=result),
            cv2.bitwise_xor(flat, spread, dst=result),
            cv2.countNonZero(result),
        ],
    }


def print_primitives(size: int, rounds: int) -> None:
    """Print the CPU ms of each primitive, the lowest of some rounds, and their sum."""
    print(f"\n{size} x {size}, one frame of `linear`\n\n| primitive | CPU ms |\n|---|---|")
    total = 0.0
    for name, call in primitives(size).items():
        least = np.inf
        for _ in range(4 * rounds):
            start = time.process_time()
            for _ in range(50):
                call()
            least = min(least, (time.process_time() - start) / 50)
        total += least
        print(f"| {name} | {1000 * least:.3f} |")
    print(f"| all | {1000 * total:.3f} |")


def main() -> None:
    """Print one table a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 400])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--primitives", action="store_true")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        return print_peak(options.peak, options.sizes[0])
    cv2.setNumThreads(options.threads)
    print(f"OpenCV threads: {cv2.getNumThreads()}; {LENGTH} frames, colour, x{FACTOR:g}")
    if options.primitives:
        for size in options.sizes:
            print_primitives(size, options.rounds)
        return None
    for size in options.sizes:
        frames, named = clip_of(size), jobs()
        memory = {name: peak_extra(name, size) for name in named}
        wall, cpu = ({name: [] for name in named} for _ in "wc")
        for _ in range(options.rounds):
            for name, job in named.items():
                start, spent = time.perf_counter(), time.process_time()
                job(frames)
                wall[name].append(time.perf_counter() - start)
                cpu[name].append(time.process_time() - spent)
        print(f"\n{size} x {size}\n\n| | ms a frame | CPU ms a frame | MB extra |")
        print("|---|---|---|---|")
        for name in named:
            best, least = (1000 * min(seen[name]) / LENGTH for seen in (wall, cpu))
            print(f"| {name} | {best:.2f} | {least:.2f} | {memory[name]:.0f} |")
        for one, two in (
            ("linear baseline", "linear"),
            ("Riesz baseline", "phase"),
            ("Riesz baseline", "lagrangian"),
            ("TIM baseline (64 to 10)", "TIM (64 to 10)"),
        ):
            print(f"{two}: {min(wall[one]) / min(wall[two]):.1f} times as fast as the {one}"
                  f" ({min(cpu[one]) / min(cpu[two]):.1f} in CPU time)")  # fmt: skip
        sys.stdout.flush()


if __name__ == "__main__":
    main()
