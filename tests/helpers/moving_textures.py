"""Textures whose motion is known exactly, for tests: the benchmarks' own, and a small clip."""

import importlib.util
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "benchmarks" / "motion_truth.py"
SPEC = importlib.util.spec_from_file_location("motion_truth", SOURCE)
truths = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(truths)

LENGTH, FPS = 24, 60.0


@cache
def still_picture():
    """A texture of 128 x 128 px, (H, W, 3) float64."""
    return truths.texture(128)


@cache
def patch():
    """A patch that moves by at most 0.2 px, and the clip of it with a camera's noise."""
    truth = truths.MovingTexture(still_picture(), 0.2, truths.bump(LENGTH))
    return truth, truth.clip(noise=1.0)
