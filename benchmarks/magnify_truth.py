"""Delivered magnification on textures with known motion.

`python benchmarks/magnify_truth.py [--size 256] [--amplitudes 0.1 0.2 0.5 1 2]
[--factors 10 25 50] [--noise 0 1.5]`; about 5 s per cell.
"""

from merflow.config.settings import Magnify
from merflow.stages.magnify import magnify_frames

import argparse

import numpy as np
from motion_truth import MovingTexture, bump, luma, score, texture

METHODS = ("linear", "phase", "lagrangian")
LENGTH, FPS = 64, 100.0


def noise_only(size: int, noise: float, factors: list[float]) -> None:
    """Print the noise of a still clip after magnification, relative to its input."""
    still = texture(size)
    frames = np.repeat(still[None], LENGTH, axis=0)
    frames += np.random.default_rng(0).normal(0, noise, frames.shape)
    frames = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    print(f"\nA still clip, noise {noise:g}: RMS error against the true image, out / in\n")
    print("| method |" + "".join(f" x{factor:g} |" for factor in factors))
    print("|---|" + "---|" * len(factors))

    def spread(clip: np.ndarray) -> float:
        return float(np.sqrt(np.mean((luma(clip[1:]) - luma(still)) ** 2)))

    for method in METHODS:
        made = [magnify_frames(frames, FPS, f, Magnify(method=method))[0] for f in factors]
        print(f"| {method} |" + "".join(f" {spread(out) / spread(frames):.2f} |" for out in made))


def main() -> None:
    """Print one table a noise level, one row a motion, method and factor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--amplitudes", type=float, nargs="+", default=[0.1, 0.2, 0.5, 1, 2])
    parser.add_argument("--factors", type=float, nargs="+", default=[10, 25, 50])
    parser.add_argument("--noise", type=float, nargs="+", default=[0, 1.5])
    options = parser.parse_args()
    picture = texture(options.size)
    for noise in options.noise:
        print(f"\nNoise {noise:g} grey levels, {LENGTH} frames of {options.size} px\n")
        print("| px | factor | method | gain | error | SSIM | PSNR | noise | said | credible |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for amplitude in options.amplitudes:
            truth = MovingTexture(picture, amplitude, bump(LENGTH))
            frames = truth.clip(noise)
            for factor in options.factors:
                row(truth, frames, factor, None)
                for method in METHODS:
                    row(truth, frames, factor, method)
    noise_only(options.size, max(options.noise) or 1.5, options.factors)


def row(truth: MovingTexture, frames: np.ndarray, factor: float, method: str | None) -> None:
    """Print one row; without a method, that of the clip left as it is."""
    out, facts = frames, {}
    if method:
        out, facts = magnify_frames(frames, FPS, factor, Magnify(method=method))
    found = score(truth, frames, out, factor)
    said = "" if facts.get("gain") is None else f"{facts['gain']:.2f}"
    credible = {True: "yes", False: "no"}.get(facts.get("credible"), "")
    print(
        f"| {truth.amplitude:g} | x{factor:g} | {method or 'input'} | {found['gain']:.2f} "
        f"| {found['error']:.2f} | {found['ssim']:.3f} | {found['psnr']:.1f} "
        f"| {found['noise']:.2f} | {said} | {credible} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
