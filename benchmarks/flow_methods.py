"""The flow methods on motion that is known exactly: end-point error, strain, light, time.

A texture of 256 px with a middle that moves by up to a known amplitude (`motion_truth`), sensor
noise of 1.5 grey levels in single frames. "Light" also makes the apex frame 5 % brighter.

    python benchmarks/flow_methods.py
    python benchmarks/flow_methods.py --faces      drawn faces, aligned and cropped
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from merflow.config.settings import Align, Crop, Flow
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.flow import flow_field, flow_image, optical_strain
from merflow.stages.resample import to_luma
from merflow.workflow.face_finder import load_finder

import cv2
import numpy as np
from head_truth import DISGUST, HAPPY, SADNESS, SURPRISE, arrays_of, demo_clip, true_picture
from motion_truth import ANGLE, MovingTexture, texture

METHODS = ("merflow", "tvl1", "farneback", "dis")
AMPLITUDES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
FACE_AMPLITUDES = (0.25, 0.5, 1.0, 2.0)
SIDE, PICTURE, NOISE = 256, 28, 1.5


def small(field: np.ndarray) -> np.ndarray:
    """Return a field at the size of a flow image."""
    return cv2.resize(field.astype(np.float32), (PICTURE, PICTURE), interpolation=cv2.INTER_AREA)


def measured(method: str, truth: MovingTexture, light: float, seed: int) -> tuple[float, ...]:
    """Return end-point error over the amplitude, gain, strain error and seconds of one pair."""
    rng = np.random.default_rng(seed)
    first, last = (
        to_luma(
            np.clip(np.rint(frame + rng.normal(0, NOISE, frame.shape)), 0, 255).astype(np.uint8)
        )
        for frame in (truth.frame(0.0), light * truth.frame(truth.amplitude))
    )
    started = time.perf_counter()
    field = flow_field(np.float32(first), np.float32(last), method)
    seconds = time.perf_counter() - started
    shape = truth.amplitude * truth.shape(truth.y, truth.x)
    true = np.dstack([shape * np.cos(ANGLE), shape * np.sin(ANGLE)])
    away = np.hypot(*np.moveaxis(field - true, 2, 0))[truth.moving].mean() / truth.amplitude
    gain = float((field * true)[truth.moving].sum() / (true * true)[truth.moving].sum())
    seen, asked = (optical_strain(small(one), SIDE / PICTURE) for one in (field, true))
    strain = np.sqrt(((seen - asked) ** 2).sum() / (asked**2).sum())
    return float(away), gain, float(strain), seconds


def on_faces() -> None:
    """Print a row for each amplitude and method: means over four drawn faces, noise 1.5."""
    finder = load_finder(5)
    print("| amplitude, px | method | error | gain | likeness | strain error |")
    print("|---:|---|---:|---:|---:|---:|")
    for amplitude in FACE_AMPLITUDES:
        found: dict[str, list[tuple[float, ...]]] = {method: [] for method in METHODS}
        for units, person in ((HAPPY, 3), (SURPRISE, 27), (SADNESS, 8), (DISGUST, 12)):
            clip = demo_clip(units, person, frames=30, amplitude=amplitude)
            arrays = crop_clip(align_clip(arrays_of(clip), Align(), finder), Crop())
            true = true_picture(clip, arrays, PICTURE)
            asked = optical_strain(np.float32(true * arrays.eye_distance), SIDE / PICTURE)
            for method in METHODS:
                picture = flow_image(arrays, Flow(method=method)).astype(np.float64)
                seen, size = picture[..., :2], (true**2).sum()
                along = (seen * true).sum()
                error = np.sqrt(((seen - true) ** 2).sum() / size)
                likeness = along / np.sqrt((seen**2).sum() * size)
                strain = np.sqrt(((picture[..., 2] - asked) ** 2).sum() / (asked**2).sum())
                found[method].append((error, along / size, likeness, strain))
        for method, rows in found.items():
            error, gain, likeness, strain = np.mean(rows, axis=0)
            cells = f"{error:.0%} | {gain:.2f} | {likeness:.2f} | {strain:.0%}"
            print(f"| {amplitude:g} | `{method}` | {cells} |", flush=True)


def main() -> None:
    """Print a row for each method and amplitude: medians over the textures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--textures", type=int, default=5)
    parser.add_argument("--faces", action="store_true")
    given = parser.parse_args()
    if given.faces:
        on_faces()
        return
    count = given.textures
    print("| amplitude, px | method | end-point error | gain | strain error | light: end-point |")
    print("|---:|---|---:|---:|---:|---:|")
    spent: dict[str, list[float]] = {method: [] for method in METHODS}
    for amplitude in AMPLITUDES:
        truths = [
            MovingTexture(texture(SIDE, seed), amplitude, np.ones(1)) for seed in range(count)
        ]
        for method in METHODS:
            plain, lit = (
                np.array([measured(method, one, light, k) for k, one in enumerate(truths)])
                for light in (1.0, 1.05)
            )
            spent[method] += [*plain[:, 3], *lit[:, 3]]
            away, gain, strain, _ = np.median(plain, axis=0)
            cells = f"{away:.0%} | {gain:.2f} | {strain:.0%} | {np.median(lit[:, 0]):.0%}"
            print(f"| {amplitude:g} | `{method}` | {cells} |", flush=True)
    print("seconds a pair:", ", ".join(f"{m} {np.median(s):.3f}" for m, s in spent.items()))


if __name__ == "__main__":
    main()
