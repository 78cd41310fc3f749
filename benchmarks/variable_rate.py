"""Frames at variable times, made constant in three ways, then magnified: against the truth.

A portrait of benchmarks/real_faces.py makes an expression of half a second, filmed at 30 frames per
second with a fifth of the frames missing, with a second half at a lower rate, or at jittered times.
`blend` is what merflow does (io/video_timing.py); `nearest` takes the frame nearest in time;
`ignored` takes the frames as if their rate were constant. Score: SSIM of the moving region to the
true magnified frames, mean over the clip.

`python benchmarks/variable_rate.py [--faces astronaut biden obama]`; about one minute per face.
"""

from merflow.config.settings import Magnify
from merflow.io.video_timing import Timing, blend_at, source_positions
from merflow.stages.magnify import magnify_frames

import argparse
from functools import cache

import cv2
import numpy as np
from motion_truth import ssim
from real_faces import FACES, moving, moving_portrait

FPS, SECONDS, NOISE = 30.0, 0.5, 1.5
COUNT = int(FPS * SECONDS) + 1
CELLS = ((0.2, 10), (0.5, 25), (1.5, 5))
"""Displacement (px at 256 px) and factor."""
WAYS = ("ignored", "nearest", "blend")


def frame_times(kind: str) -> np.ndarray:
    """Return the times of the frames in intervals of the usual rate; the last at the offset."""
    rng, every = np.random.default_rng(0), np.arange(COUNT)
    if kind == "missing":
        return np.delete(every, rng.choice(every[2:-2], COUNT // 5, replace=False)).astype(float)
    if kind == "slower":
        early = every[: COUNT // 2]
        return np.concatenate([early, np.arange(early[-1] + 1.6, COUNT - 0.9, 1.6)])
    return np.sort(every + rng.uniform(-0.6, 0.6, COUNT) * (every % (COUNT - 1) > 0))


@cache
def luma_at(face: str, px: float) -> np.ndarray:
    """Return the true (256, 256) luma moved by `px`."""
    return moving_portrait(face).luma(px)


def drawn(face: str, px: float, times: np.ndarray) -> list[np.ndarray]:
    """Return the true frames at times in intervals."""
    share = np.sin(np.pi * np.clip(times / (COUNT - 1), 0, 1)) ** 2
    return [luma_at(face, round(float(px * s), 4)) for s in share]


def made_constant(frames: np.ndarray, times: np.ndarray, way: str) -> np.ndarray:
    """Return (T', H, W, 1) uint8 frames, one an interval (`ignored`: the frames themselves)."""
    if way == "ignored":
        return frames
    places, _ = source_positions(Timing(FPS, times - times[0]), None, None)
    if way == "blend":
        return np.stack(list(blend_at(iter(frames), places)))
    return frames[np.floor(places + 0.5).astype(int)]


def scores(face: str, kind: str, px: float, factor: float, method: str) -> dict[str, float]:
    """Return the mean SSIM of each way."""
    times, rng = frame_times(kind), np.random.default_rng(1)
    clean = np.stack(drawn(face, px, times))[..., None]
    frames = np.clip(np.rint(clean + rng.normal(0, NOISE, clean.shape)), 0, 255).astype(np.uint8)
    found = {}
    for way in WAYS:
        given = made_constant(frames, times, way)
        made, _ = magnify_frames(given, FPS, factor, Magnify(method=method), measured=False)
        # What the viewer sees at a time: a frame an interval, or the clip stretched to its length.
        shown = np.linspace(0, times[-1] - times[0], len(made)) if way == "ignored" else None
        at = np.arange(len(made)) if shown is None else shown
        wanted = drawn(face, px * factor, times[0] + at)
        pairs = zip(wanted, made[..., 0].astype(float), strict=True)
        found[way] = float(np.mean([ssim(a, b, moving()) for a, b in pairs]))
    return found


def main() -> None:
    """Print a row per cell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--faces", nargs="+", default=FACES, choices=FACES)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    gains = {"ignored": [], "nearest": []}
    print("| face | times | px | factor | method | " + " | ".join(WAYS) + " |\n|" + "---|" * 8)
    for face in chosen.faces:
        for kind in ("missing", "slower", "jittered"):
            for px, factor in CELLS:
                for method in ("phase", "lagrangian"):
                    found = scores(face, kind, px, factor, method)
                    for way, values in gains.items():
                        values.append(found["blend"] - found[way])
                    shown = " | ".join(f"{found[way]:.3f}" for way in WAYS)
                    print(
                        f"| {face} | {kind} | {px} | x{factor} | {method} | {shown} |", flush=True
                    )
    for way, values in gains.items():
        print(f"blend over {way}: {min(values):+.3f} to {max(values):+.3f}, {len(values)} cells")


if __name__ == "__main__":
    main()
