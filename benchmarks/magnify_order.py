"""Magnify and then interpolate, or interpolate frames and motion and then magnify: which ghosts?

Blending two frames in which the same edge lies pixels apart shows it twice. Blending the motion
fields and the frames as they were, in which it lies fractions of a pixel apart, does not.
`python benchmarks/magnify_order.py`
"""

from merflow.config.settings import Magnify
from merflow.stages.interpolate import interpolate_frames, positions, tim_matrix
from merflow.stages.magnification.flicker import global_light
from merflow.stages.magnification.lagrangian import move_frames
from merflow.stages.magnification.luma import luma_of, steady_luma
from merflow.stages.magnification.motion import motion_fields
from merflow.stages.magnification.motion_share import filter_in_time
from merflow.stages.magnification.temporal import low_pass
from merflow.stages.magnify import magnify_frames

import numpy as np
from motion_truth import MovingTexture, bump, luma, ssim, texture

AMPLITUDE, NOISE = 0.3, 1.5


def interpolated_first(frames: np.ndarray, fps: float, factor: float, length: int) -> np.ndarray:
    """Return (length, H, W, C): the Lagrangian method with frames and motion interpolated."""
    count = len(frames)
    light = global_light(luma_of(frames), count, 0)
    motion = motion_fields(steady_luma(frames, light, 0), count, 0)
    motion = filter_in_time(motion, low_pass(count, fps, min(15.0, 0.4 * fps)), 0)
    fewer = np.tensordot(tim_matrix(count, length).T.astype(np.float32), motion, 1)
    return move_frames(interpolate_frames(frames, length, "tim"), fewer, factor - 1)[0]


def main() -> None:
    """Print SSIM against the truth at the new frames' own times, for both orders."""
    picture = texture(256)
    print("| frames | at | factor | method | magnify, interpolate | interpolate, magnify |")
    print("|---|---|---|---|---|---|")
    for count, fps, length in ((64, 100.0, 10), (16, 25.0, 30), (16, 25.0, 10)):
        truth = MovingTexture(picture, AMPLITUDE, bump(count))
        frames = truth.clip(NOISE)
        share = positions(count, length) / (count - 1)
        fine = np.interp(share, np.linspace(0, 1, 2001), bump(2001))
        near = truth.moving

        def quality(clip: np.ndarray, factor: float, fine=fine, truth=truth, near=near) -> float:
            scores = [
                ssim(luma(truth.frame(factor * AMPLITUDE * at)), luma(frame), near)
                for at, frame in zip(fine, clip, strict=True)
            ]
            return float(np.mean(scores[1:]))

        for factor in (10.0, 25.0, 50.0):
            for method in ("phase", "lagrangian"):
                made, _ = magnify_frames(frames, fps, factor, Magnify(method=method))
                last = quality(interpolate_frames(made, length, "tim"), factor)
                first = ""
                if method == "lagrangian":
                    first = (
                        f"{quality(interpolated_first(frames, fps, factor, length), factor):.3f}"
                    )
                print(
                    f"| {count} to {length} | {fps:g} Hz | x{factor:g} | {method} "
                    f"| {last:.3f} | {first} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
