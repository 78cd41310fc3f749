"""Remaining head motion and expression after alignment, on faces with known motion.

`python benchmarks/align_truth.py [--persons 6]`; about 1 minute per face.
"""

from merflow.config.settings import Align, Crop
from merflow.stages.align import align_clip, clip_views, find_faces, frame_views
from merflow.stages.crop import crop_clip
from merflow.stages.faces import Finder
from merflow.stages.magnification.field import displacement, prepare
from merflow.stages.magnification.luma import luma
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.motion import motion
from merflow.workflow.face_finder import load_finder

import argparse
from dataclasses import replace

import cv2
import numpy as np
from head_truth import (
    DISGUST,
    HAPPY,
    SADNESS,
    SURPRISE,
    arrays_of,
    demo_clip,
    expression_kept,
    rigid_left,
)
from motion_truth import ssim

DRIFT = 1.5
AMPLITUDE = 0.6
CASES = {
    "none": ((), {}),
    "happiness": (HAPPY, {}),
    "surprise": (SURPRISE, {}),
    "sadness": (SADNESS, {}),
    "disgust": (DISGUST, {}),
    "happiness, and a blink, flicker, turns": (
        HAPPY,
        {"blink_share": 1.0, "flicker": 0.01, "turn_degrees": 0.12, "distractors": 2},
    ),
}


def drifting(clip: DemoClip) -> DemoClip:
    """Return the clip with a head that goes exactly DRIFT px from its first place."""
    far = float(np.hypot(*motion(clip).shift.T).max())
    given = clip.difficulty
    return replace(clip, difficulty=replace(given, drift_px=given.drift_px * DRIFT / far))


def strategies(persons: list[int], finder: Finder) -> None:
    """Print what each strategy leaves of the head's motion, and keeps of the expression."""
    print(f"\n{DRIFT:g} px of drift; rms px of rigid motion left, mean (worst) / share kept\n")
    print("| expression | stable | first | frame |\n|---|---|---|---|")
    for name, (units, difficulty) in CASES.items():
        rows = {"stable": [], "first": [], "frame": []}
        for person in persons:
            clip = drifting(demo_clip(units, person, 40, AMPLITUDE, **difficulty))
            arrays = arrays_of(clip)
            for strategy, row in rows.items():
                chosen = Align(strategy=strategy)
                faces = find_faces(arrays, chosen, finder)
                if strategy == "frame":
                    views = frame_views(faces, len(arrays.frames), chosen.reference_frames)[1]
                else:
                    views = clip_views(arrays, chosen, faces, finder)[1]
                kept = expression_kept(clip, views) if units else np.nan
                row.append((rigid_left(clip, views), kept))
        cells = []
        for row in rows.values():
            left, kept = np.array(row).T
            cells.append(f"{left.mean():.3f} ({left.max():.3f})")
            if units:
                cells[-1] += f" / {kept.mean():.2f} ({kept[np.abs(kept - 1).argmax()]:.2f})"
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def untouched(person: int, finder: Finder) -> None:
    """Print what x1 is after align and crop alone, against the face drawn without drift."""
    print("\nx1 through align and crop, surprise: gain / error / SSIM / PSNR at the apex\n")
    print("| px | no noise | noise 1.5 |\n|---|---|---|")
    for amplitude in (0.1, 0.2, 0.5, 1.0, 2.0):
        cells = []
        for noise in (0.0, 1.5):
            clip = drifting(demo_clip(SURPRISE, person, 40, amplitude, noise=noise, flicker=0.0))
            aligned = align_clip(arrays_of(clip), Align(), finder)
            cells.append(compared(clip, aligned, crop_clip(aligned, Crop())))
        print(f"| {amplitude:g} | {cells[0]} | {cells[1]} |", flush=True)


def compared(clip: DemoClip, aligned, cropped) -> str:
    """Return gain, relative error, SSIM and PSNR of the cropped apex against the true one."""
    apex = clip.apex - clip.onset
    quiet = replace(clip.difficulty, drift_px=0.0, roll_degrees=0.0, noise=0.0)
    drawn = arrays_of(replace(clip, difficulty=quiet)).frames[[0, apex]]
    view = cv2.invertAffineTransform(np.array(aligned.facts["align"]["transform"]))
    keys = {"numbers": np.arange(2), "onset": 0, "apex": 1, "offset": 1}
    still = replace(aligned, frames=drawn, views=np.stack([view, view]), **keys)
    true = crop_clip(still, Crop()).frames
    still, wanted = (luma(frame) for frame in true)
    first, seen = (luma(cropped.frames[t]) for t in (0, apex))
    real = displacement(prepare(still), wanted)
    found = displacement(prepare(first), seen)
    size = np.linalg.norm(real, axis=2)
    strong = size > 0.35 * size.max()
    moving = cv2.resize(size, wanted.shape[::-1]) > 0.35 * size.max()
    gain = float((found * real)[strong].sum() / (real**2)[strong].sum())
    error = np.sqrt(((found - real)[strong] ** 2).sum() / (real[strong] ** 2).sum())
    psnr = 10 * np.log10(255**2 / np.mean((wanted - seen)[moving] ** 2))
    alike = ssim(wanted.astype(float), seen.astype(float), moving)
    return f"{gain:.2f} / {error:.2f} / {alike:.3f} / {psnr:.1f}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=6)
    options = parser.parse_args()
    finder = load_finder(5)
    untouched(3, finder)
    strategies(list(range(3, 3 + 4 * options.persons, 4)), finder)


if __name__ == "__main__":
    main()
