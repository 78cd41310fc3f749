"""Shift of the aligned frames when 2e-5 of a clip's values change by one grey level.

Another processor changes decoded or filtered images by about as much. `python
benchmarks/perturbed.py [--count 200]`; about 1.5 s of CPU time per perturbation.
"""

from merflow.clip import ClipArrays, eye_centres
from merflow.config.settings import Align
from merflow.stages.align import clip_views, find_faces
from merflow.stages.faces import READS, Face, Finder
from merflow.stages.geometry import apply, face_frame, invert, transform_points
from merflow.stages.resample import as_grey
from merflow.workflow.face_finder import load_finder

import argparse
from dataclasses import replace

import numpy as np
from head_truth import DISGUST, HAPPY, SADNESS, SURPRISE, arrays_of, demo_clip

SHARE = 2e-5
"""Share of changed values."""
FRAMES = 40
JUMP = 0.01
"""Change of a landmark (px) that counts as a jump."""
CLIPS = tuple(
    (units, person) for person in (3, 11, 27) for units in (HAPPY, SURPRISE, SADNESS, DISGUST)
)
SETTINGS = Align()


def perturbed(arrays: ClipArrays, seed: int) -> ClipArrays:
    """Return the clip with a random SHARE of its values one grey level up or down."""
    rng = np.random.default_rng(seed)
    values = arrays.frames.ravel().astype(np.int16)
    chosen = rng.choice(values.size, round(SHARE * values.size), replace=False)
    values[chosen] += rng.choice([-1, 1], chosen.size).astype(np.int16)
    frames = np.clip(values, 0, 255).astype(np.uint8).reshape(arrays.frames.shape)
    return replace(arrays, frames=frames)


def moves(before: np.ndarray, after: np.ndarray, eyes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return how far points of the face move between two sets of views: rms and largest, px.

    before, after: (T, 2, 3), output to frame; eyes: in the first frame, px.
    """
    grid = np.meshgrid(np.arange(-0.8, 0.81, 0.2), np.arange(-0.6, 1.51, 0.3))
    points = apply(face_frame(eyes), np.stack(grid, -1).reshape(-1, 2))
    points = apply(invert(before[0]), points)
    apart = np.linalg.norm(
        transform_points(after, points) - transform_points(before, points), axis=2
    )
    return np.array([np.sqrt((apart**2).mean()), apart.max()])


def landmark_change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest distance between two sets of landmarks, px."""
    return float(np.linalg.norm(after - before, axis=1).max())


def single_read(arrays: ClipArrays, face: Face, finder: Finder) -> np.ndarray:
    """Return the landmarks of one read of the first frame, in the box of a face."""
    return finder.read(as_grey(arrays.frames[0]), face.box, READS[:1])


def main() -> None:
    """Print the figures over all perturbations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    count = parser.parse_args().count
    finder, rows = load_finder(5), []
    for number, (units, person) in enumerate(CLIPS):
        arrays = arrays_of(demo_clip(units, person, FRAMES))
        faces = find_faces(arrays, SETTINGS, finder)
        still, views, _ = clip_views(arrays, SETTINGS, faces, finder)
        alone = clip_views(arrays, SETTINGS, faces)[1]
        eyes = eye_centres(still)
        for seed in range(number, count, len(CLIPS)):
            other = perturbed(arrays, seed)
            held = clip_views(other, SETTINGS, faces)[1]
            found = find_faces(other, SETTINGS, finder)
            points, whole, _ = clip_views(other, SETTINGS, found, finder)
            one = (single_read(clip, faces[0], finder) for clip in (arrays, other))
            marks = [landmark_change(*one), landmark_change(still, points)]
            rows.append([*moves(alone, held, eyes), *moves(views, whole, eyes), *marks])
    table = np.array(rows)
    print(f"{len(table)} perturbations of {len(CLIPS)} clips; px: median, 95th percentile, largest")
    names = ("tracker, rms", "tracker, largest", "whole, rms", "whole, largest")
    for name, column in zip(names, table.T, strict=False):
        middle, high = np.percentile(column, [50, 95])
        print(f"| {name} | {middle:.5f} | {high:.5f} | {column.max():.5f} |")
    for name, column in zip(("one read of one frame", "averaged"), table.T[4:], strict=True):
        print(f"landmarks, {name}: {(column > JUMP).sum()} jumps, largest {column.max():.4f} px")


if __name__ == "__main__":
    main()
