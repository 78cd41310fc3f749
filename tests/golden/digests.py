"""The golden file: what every case must give, exactly on the portable level, nearly on any machine."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

FILE = Path(__file__).with_name("golden.json")
CELLS = 6
"""Means of frames are taken over this many cells a side."""
SAMPLES = 600
"""Values of every case that are kept, to say by how much another result differs."""
GREY_MEANS, GREY_SHARE, GREY_MOST = 0.05, 0.10, 4
"""What another processor may make of frames: change of a cell's mean (grey levels), share of values
that differ, largest difference of one value. Measured for SSE4 and AVX-512 against AVX2, on input
that is the same: .032, .020 and 2.
"""
FLOAT_MOST = 1e-3
"""The same for flow (px), features, weights and probabilities. Measured: 2e-4, of flow."""


class Difference(NamedTuple):
    """How far a result is from the golden one; `means` is 0 for floats."""

    share: float
    most: float
    means: float
    shape: bool = False

    @property
    def small(self) -> bool:
        """Whether another processor's arithmetic can have made it, and a changed stage hardly."""
        if self.shape:
            return False
        if self.means < 0:
            return self.most <= FLOAT_MOST
        return self.means <= GREY_MEANS and self.share <= GREY_SHARE and self.most <= GREY_MOST

    def __str__(self) -> str:
        if self.shape:
            return "another shape or type"
        found = f"{self.share:.2%} of the values kept differ, by {self.most:.3g} at most"
        return found + (f"; cell means by {self.means:.3f}" if self.means >= 0 else "")


def described(array: np.ndarray) -> dict[str, Any]:
    """Return what the golden file keeps of an array."""
    kept = {"sha256": sha256(array), "shape": list(array.shape), "dtype": str(array.dtype)}
    kept["sample"] = [float(f"{value:.7g}") for value in _sample(array)]
    if array.dtype == np.uint8:
        kept["means"] = _means(array)
    return kept


def sha256(array: np.ndarray) -> str:
    """Return the digest of an array's values, in C order."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def difference(kept: dict[str, Any], array: np.ndarray) -> Difference | None:
    """Return how an array differs from the one kept; None when it is the same to the bit."""
    if sha256(array) == kept["sha256"]:
        return None
    if list(array.shape) != kept["shape"] or str(array.dtype) != kept["dtype"]:
        return Difference(1, np.inf, -1, shape=True)
    apart = np.abs(_sample(array) - kept["sample"])
    means = -1.0
    if "means" in kept:
        means = float(np.abs(np.subtract(_means(array), kept["means"])).max())
    share = float((apart > 1e-6 * np.abs(kept["sample"])).mean())
    return Difference(share, float(apart.max()), means)


def _sample(array: np.ndarray) -> np.ndarray:
    flat = array.ravel()
    return flat[np.linspace(0, len(flat) - 1, SAMPLES).astype(np.int64)].astype(np.float64)


def _means(frames: np.ndarray) -> list[float]:
    """Return the cells' means of the middle picture and of its change since the first."""
    middle = frames[len(frames) // 2].astype(np.float32)
    change = np.abs(middle - frames[0].astype(np.float32))
    cells = [cv2.resize(p, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for p in (middle, change)]
    return [round(float(value), 3) for value in np.ravel(cells)]


def read() -> dict[str, Any]:
    """Return the golden file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def write(golden: dict[str, Any]) -> None:
    """Write the golden file, one line a case."""
    parts = []
    for section, rows in golden.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
        parts.append(f"{json.dumps(section)}: {{\n{lines}\n}}")
    FILE.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
