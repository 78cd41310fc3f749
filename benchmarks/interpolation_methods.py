"""TIM, linear interpolation and `auto` on real faces, by motion from frame to frame.

The motion of benchmarks/real_faces.py, drawn at any amplitude (as after magnification) and taken
at 64, 32, 16 and 8 frames, is brought to 10 frames; the truth at their times is drawn from the
portrait. Score: SSIM of the moving region, mean over the 10 frames. Last: how much worse `auto` is
than the better of the two, at most.

`python benchmarks/interpolation_methods.py [--faces astronaut biden obama] [--sizes 256 128 64]`;
about one minute per face and size.
"""

from merflow.stages.interpolate import interpolate_frames, method_for, positions, resized

import argparse
from functools import cache

import cv2
import numpy as np
from motion_truth import ssim
from real_faces import APEX, FACES, LENGTH, moving, moving_portrait

AMPLITUDES = (0.5, 2.0, 5.0, 12.0, 25.0, 50.0)
COUNTS = (64, 32, 16, 8)
SHORT, NOISE = 10, 1.5
METHODS = ("tim", "linear")


def course(times: np.ndarray) -> np.ndarray:
    """Return the share of the motion, 0..1, at fractional frames of the portrait's clip."""
    rise, fall = times / APEX, (LENGTH - 1 - times) / (LENGTH - 1 - APEX)
    return np.sin(np.pi / 2 * np.minimum(rise, fall)) ** 2


@cache
def truth(face: str, shift: float) -> np.ndarray:
    """Return the true (256, 256) luma."""
    return moving_portrait(face).luma(shift)


def drawn(face: str, px: float, times: np.ndarray) -> list[np.ndarray]:
    """Return true frames at some times."""
    return [truth(face, round(float(px * share), 3)) for share in course(times)]


def cell(face: str, px: float, count: int, size: int) -> tuple[float, dict[str, float], str]:
    """Return the true largest motion between frames (px of `size`), scores, and auto's choice."""
    times = np.linspace(0, LENGTH - 1, count)
    rng = np.random.default_rng(0)
    clean = np.stack(drawn(face, px, times))
    noisy = np.clip(np.rint(clean + rng.normal(0, NOISE, clean.shape)), 0, 255).astype(np.uint8)
    given = np.asarray(resized(noisy[..., None], size))
    wanted = drawn(face, px, np.interp(positions(count, SHORT), np.arange(count), times))
    wanted = np.asarray(resized(np.stack(wanted)[..., None], size))[..., 0].astype(float)
    where = cv2.resize(moving().astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST) > 0
    scores = {}
    for method in METHODS:
        made = interpolate_frames(given, SHORT, method)[..., 0].astype(float)
        scores[method] = float(
            np.mean([ssim(a, b, where) for a, b in zip(wanted, made, strict=True)])
        )
    step = float(np.abs(np.diff(px * course(times))).max()) * size / 256
    return step, scores, method_for(given, "auto")[0]


def main() -> None:
    """Print a row per cell and the largest loss of `auto`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--faces", nargs="+", default=FACES, choices=FACES)
    parser.add_argument("--sizes", nargs="+", type=int, default=(256, 128, 64))
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    losses = []
    print("| face | px | frames | size | step px | tim | linear | auto |\n|" + "---|" * 8)
    for size in chosen.sizes:
        for face in chosen.faces:
            for px in AMPLITUDES:
                for count in COUNTS:
                    step, scores, auto = cell(face, px, count, size)
                    losses.append(max(scores.values()) - scores[auto])
                    shown = " | ".join(f"{scores[m]:.4f}" for m in METHODS)
                    row = f"| {face} | {px:g} | {count} | {size} | {step:.2f} | {shown} | {auto} |"
                    print(row, flush=True)
    print(f"\nauto is at most {max(losses):.4f} worse than the better of the two")


if __name__ == "__main__":
    main()
