"""Action units as movements of the skin: displacement fields and creases."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from merflow.synthetic.face import Grid, bump
from merflow.synthetic.identity import Identity

Array = np.ndarray
Unit = tuple[str, float]

EMOTIONS: dict[str, tuple[dict[str, float], ...]] = {
    "happiness": (
        {"12": 1.0},
        {"6": 0.6, "12": 1.0},
        {"L12": 1.0},
        {"6": 0.5, "12": 1.0, "25": 0.4},
    ),
    "surprise": (
        {"1": 1.0, "2": 0.9},
        {"1": 1.0, "2": 0.8, "5": 0.6},
        {"1": 0.9, "2": 0.8, "5": 0.5, "26": 0.8},
        {"R1": 1.0, "R2": 0.9},
    ),
    "disgust": ({"4": 0.8, "9": 1.0}, {"9": 1.0, "10": 0.7}, {"4": 1.0, "7": 0.5, "10": 0.6}),
    "anger": ({"4": 1.0}, {"4": 1.0, "7": 0.6}, {"4": 1.0, "7": 0.5, "23": 0.5}),
    "sadness": ({"1": 0.6, "4": 0.8}, {"1": 0.5, "4": 0.8, "15": 1.0}, {"15": 1.0, "17": 0.6}),
    "repression": ({"14": 1.0}, {"15": 0.8, "17": 0.9}, {"17": 1.0, "24": 0.7}),
    "contempt": ({"L14": 1.0}, {"R14": 1.0}),
    "fear": ({"1": 0.7, "2": 0.4, "4": 0.7, "20": 1.0},),
    "others": ({"4": 0.8}, {"L2": 1.0}, {"14": 0.7, "17": 0.7}),
}
"""Emotion -> ways in which it is shown, each as action units with their strengths."""

# Objective classes of Davison et al.: by action units alone, not by the emotion label.
_OBJECTIVE = {"happiness": 1, "surprise": 2, "anger": 3, "disgust": 4, "sadness": 5, "fear": 6}


def objective_class(emotion: str) -> int:
    """Return the objective class, 1 to 7, of an emotion's usual action units."""
    return _OBJECTIVE.get(emotion, 7)


@dataclass(frozen=True, slots=True)
class Pull:
    """One Gaussian pull of the skin at (x, y), face units, by (dx, dy), relative; spread in s.

    x is a distance from the midline: a pull with x > 0 acts on both sides, mirrored.
    """

    x: float
    y: float
    dx: float
    dy: float
    s: float


def pulls(identity: Identity) -> dict[str, tuple[Pull, ...]]:
    """Return the pulls of each action unit on this face at strength 1."""
    mw, my, by = identity.mouth_width, identity.mouth_y, identity.brow_y
    chin, low = identity.chin - 0.5, identity.mouth_y + identity.lower_lip
    return {
        "1": (Pull(0.60, by, 0.02, -1.0, 0.38), Pull(0.50, by - 0.6, 0, -0.50, 0.50)),
        "2": (Pull(1.45, by - 0.05, 0, -0.9, 0.42), Pull(1.40, by - 0.6, 0, -0.45, 0.50)),
        "4": (Pull(0.50, by, -0.45, 0.85, 0.36), Pull(1.15, by, -0.20, 0.40, 0.40)),
        "5": (Pull(1.0, -0.16, 0, -0.70, 0.20),),
        "6": (Pull(1.35, 0.75, -0.05, -0.60, 0.45), Pull(1.0, 0.22, 0, -0.35, 0.22)),
        "7": (Pull(1.0, 0.14, 0, -0.60, 0.20), Pull(1.0, -0.16, 0, 0.25, 0.18)),
        "9": (Pull(0.35, 0.75, 0, -0.70, 0.26), Pull(0.55, 1.25, 0.05, -0.75, 0.26)),
        "10": (Pull(0.35, my - 0.30, 0, -0.90, 0.30), Pull(0.75, 1.55, 0.05, -0.45, 0.30)),
        "12": (
            Pull(mw, my, 0.55, -0.80, 0.38),
            Pull(1.30, 1.15, 0.12, -0.45, 0.45),
            Pull(1.0, 0.28, 0, -0.18, 0.26),
        ),
        "14": (Pull(mw + 0.12, my, 0.75, -0.10, 0.28), Pull(mw + 0.55, my - 0.05, -0.45, 0, 0.28)),
        "15": (Pull(mw, my + 0.04, 0.12, 0.95, 0.34),),
        "17": (Pull(0.0, chin, 0, -0.75, 0.45), Pull(0.30, low, 0, -0.55, 0.30)),
        "20": (Pull(mw, my, 0.95, 0.15, 0.40),),
        "23": (Pull(mw * 0.8, my, -0.55, 0, 0.30), Pull(0.25, my, 0, 0.12, 0.25)),
        "24": (Pull(0.25, low, 0, -0.60, 0.26), Pull(0.25, my - 0.18, 0, 0.55, 0.22)),
        "25": (Pull(0.25, low, 0, 0.60, 0.30),),
        "26": (Pull(0.0, my + 0.55, 0, 0.80, 0.50), Pull(0.0, identity.chin - 0.15, 0, 0.90, 0.60)),
    }


def _sides(unit: str) -> tuple[str, tuple[int, ...]]:
    """Split 'L12' into its number and the image sides it moves: the subject's left is +1."""
    if unit[0] == "L":
        return unit[1:], (1,)
    if unit[0] == "R":
        return unit[1:], (-1,)
    return unit, (-1, 1)


def field(identity: Identity, grid: Grid, units: Iterable[Unit], balance: float = 0.0) -> Array:
    """Return the displacement (H, W, 2) float32 of these action units, its peak length 1.

    `balance`, -1..1, strengthens the right half of the image and weakens the left. No units:
    zeros.
    """
    table = pulls(identity)
    out = np.zeros((*grid.x.shape, 2), np.float32)
    for unit, strength in units:
        number, sides = _sides(unit)
        for pull in table[number]:
            for side in sides if pull.x else (0,):
                gain = strength * (1 + side * balance)
                weight = gain * bump(grid.x, grid.y, side * pull.x, pull.y, pull.s, pull.s)
                out[..., 0] += side * pull.dx * weight
                out[..., 1] += pull.dy * weight
    peak = float(np.sqrt((out**2).sum(-1)).max())
    return out / np.float32(peak) if peak else out


def creases(identity: Identity, grid: Grid, units: Iterable[Unit]) -> Array:
    """Return the darkening (H, W) float32, 0..1, by the creases of these action units."""
    x, y, ax = grid.x, grid.y, grid.ax
    fold = bump(ax - (0.55 + 0.32 * np.clip(y - 1.2, 0, 2)), y, 0, 1.8, 0.07, 0.45)
    lines = np.clip(np.sin((y + 1.3) * 22), 0, 1) * bump(x, y, 0, -1.15, 1.1, 0.22)
    made = {
        "1": lines,
        "2": lines,
        "4": bump(ax, y, 0.16, identity.brow_y, 0.05, 0.22),
        "6": bump(ax, y, 1.62, 0.12, 0.12, 0.10),
        "9": bump(x, y, 0, -0.08, 0.16, 0.08),
        "10": fold,
        "12": fold,
        "14": bump(ax, y, identity.mouth_width + 0.14, identity.mouth_y, 0.06, 0.14),
        "15": bump(ax, y, identity.mouth_width + 0.05, identity.mouth_y + 0.25, 0.07, 0.16),
        "17": bump(x, y, 0, identity.chin - 0.55, 0.30, 0.10),
    }
    out = np.zeros(x.shape, np.float32)
    for unit, strength in units:
        number, sides = _sides(unit)
        if number in made:
            half = 1.0 if len(sides) == 2 else (np.sign(x) == sides[0])
            out = np.maximum(out, strength * made[number] * half)
    return np.clip(out, 0, 1).astype(np.float32)
