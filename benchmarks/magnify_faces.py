"""Magnification on drawn faces: the displacement delivered, and what disturbances turn into.

`python benchmarks/magnify_faces.py`; a few minutes.
"""

from merflow.config.settings import Magnify
from merflow.stages.magnify import magnify_frames
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.motion import motion
from merflow.synthetic.render import render_clip

from dataclasses import replace

import numpy as np
from motion_truth import luma
from moving_face import STILL, FaceRuler, face_clip

METHODS = ("linear", "phase", "lagrangian")
NOISE = 1.5
SMILE = (("12", 1.0),)


def frames_of(clip: DemoClip) -> np.ndarray:
    """Return the clip's (T, H, W, 3) uint8 frames."""
    return np.stack(list(render_clip(clip)))


def amplitudes() -> None:
    """Print gain, SSIM and PSNR at the apex for every amplitude, factor and method."""
    print(f"\nA face that smiles and raises its brows, noise {NOISE:g} grey levels\n")
    print("| px | factor | method | gain | SSIM | PSNR | said |\n|---|---|---|---|---|---|---|")
    for amplitude in (0.1, 0.2, 0.5, 1.0):
        clip = face_clip(amplitude, difficulty=replace(STILL, noise=NOISE))
        frames = frames_of(clip)
        for factor in (10, 25, 50):
            ruler = FaceRuler(clip, factor)
            for method in (None, *METHODS):
                out, facts = frames, {}
                if method:
                    out, facts = magnify_frames(frames, clip.fps, factor, Magnify(method=method))
                found = ruler.score(out[clip.apex], factor)
                print(
                    f"| {amplitude:g} | x{factor} | {method or 'input'} | {found['gain']:.2f} | "
                    f"{found['ssim']:.3f} | {found['psnr']:.1f} | {facts.get('gain', '')} |",
                    flush=True,
                )


def light_spot(clip: DemoClip) -> np.ndarray:
    """Return the clip with a spot on the forehead that grows 3 grey levels brighter."""
    frames = frames_of(clip).astype(np.float32)
    y, x = np.mgrid[0 : frames.shape[1], 0 : frames.shape[2]]
    spot = 3 * np.exp(-((x - 128) ** 2 + (y - 60) ** 2) / (2 * 25**2))
    course = motion(clip).course
    lit = frames + course[:, None, None, None] * spot[..., None]
    return np.clip(np.rint(lit), 0, 255).astype(np.uint8)


def with_blink(clip: DemoClip) -> DemoClip:
    """Return the clip with a seed that blinks while the smile is at its apex."""
    blinking = replace(clip, difficulty=replace(clip.difficulty, blink_share=1.0))
    seeds = (replace(blinking, seed=seed) for seed in range(1000))
    return next(c for c in seeds if motion(c).closed[c.apex] > 0.4)


def disturbances(factor: int = 10, amplitude: float = 0.5) -> None:
    """Print what happens to a smile, and to the rest of the face, when something else happens."""
    print(f"\nA smile of {amplitude:g} px at x{factor}, noise {NOISE:g}, and something else\n")
    print("| what else | method | gain of the smile | SSIM | rest of the face (grey levels) |")
    print("|---|---|---|---|---|")
    quiet = face_clip(amplitude, units=SMILE, difficulty=replace(STILL, noise=NOISE))
    turned = replace(STILL, noise=NOISE, turn_degrees=0.12, drift_px=0.2)
    cases = {
        "nothing": (quiet, frames_of(quiet)),
        "a blink at the apex": (with_blink(quiet), None),
        "lips part": (replace(quiet, units=(*SMILE, ("25", 1.0))), None),
        "the head turns 0.12 degrees": (replace(quiet, difficulty=turned), None),
        "light on the forehead, +3": (quiet, light_spot(quiet)),
        "brightness flickers 0.3 %": (
            replace(quiet, difficulty=replace(quiet.difficulty, flicker=0.003)),
            None,
        ),
    }
    for name, (clip, frames) in cases.items():
        frames = frames_of(clip) if frames is None else frames
        ruler = FaceRuler(clip, factor)
        for method in METHODS:
            out, _ = magnify_frames(frames, clip.fps, factor, Magnify(method=method))
            found = ruler.score(out[clip.apex], factor)
            change = luma(out[clip.apex]) - luma(frames[clip.apex])
            rest = float(np.sqrt(np.mean(change[ruler.resting] ** 2)))
            print(
                f"| {name} | {method} | {found['gain']:.2f} | {found['ssim']:.3f} | {rest:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    amplitudes()
    disturbances()
