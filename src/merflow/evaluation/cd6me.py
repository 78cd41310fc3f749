"""The CD6ME protocol: its published counts of action units, beside those of this run.

Source: Varanka, Peng, Li, Zhao, "Data leakage and evaluation issues in micro-expression analysis"
and the tables of its code (MEB): six datasets, 2,031 clips, twelve units, one dataset left out.
Its CASME II is an edited sheet of 256 rows that neither release of the dataset has, and it decides
five open choices of SAMM by row number; so official sheets give other counts, shown here.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from merflow.config.task_settings import TWELVE_UNITS
from merflow.datasets.unit_labels import class_name

CLIPS = {"casme": 189, "casme2": 256, "samm": 159, "fourdme": 267, "mmew": 300, "casme3": 860}
"""Clips of each dataset, by the names of merflow's readers."""
UNITS = tuple(map(class_name, TWELVE_UNITS))
COUNTS = {
    "casme": (23, 17, 70, 0, 1, 4, 40, 3, 9, 23, 14, 13),
    "casme2": (26, 22, 130, 2, 13, 39, 13, 16, 34, 27, 16, 25),
    "samm": (6, 18, 23, 10, 3, 46, 5, 6, 28, 13, 4, 6),
    "fourdme": (46, 54, 102, 8, 25, 89, 1, 2, 53, 4, 6, 11),
    "mmew": (50, 41, 109, 70, 10, 47, 8, 38, 37, 17, 6, 11),
    "casme3": (153, 128, 274, 44, 8, 27, 50, 10, 15, 193, 6, 20),
}
"""Clips with each of the twelve units."""


class Difference(NamedTuple):
    """Clips with a unit here and in the published table; unit `clips`: clips of the dataset."""

    dataset: str
    unit: str
    here: int
    published: int


def differences(
    readers: Mapping[str, str], datasets: Sequence[str], names: Sequence[str], truth: np.ndarray
) -> list[Difference]:
    """Compare counts with the published ones, for the datasets and units that these have.

    readers: dataset -> its reader; datasets: of each clip (N); names: the classes (K); truth:
    (N, K) 1, 0, NaN where unclear.
    """
    found = []
    for name, reader in sorted(readers.items()):
        if reader not in COUNTS:
            continue
        rows = np.array([dataset == name for dataset in datasets], bool)
        found.append(Difference(name, "clips", int(rows.sum()), CLIPS[reader]))
        for unit, published in zip(UNITS, COUNTS[reader], strict=True):
            if unit in names:
                here = int(np.nansum(truth[rows][:, list(names).index(unit)]))
                found.append(Difference(name, unit, here, published))
    return found


def statement(readers: Mapping[str, str], found: Sequence[Difference], generated: bool) -> str:
    """Return in one line how a run differs from the published protocol."""
    read = set(readers.values())
    lines = []
    if missing := [name for name in CLIPS if name not in read]:
        lines.append(f"without {', '.join(missing)}")
    if more := sorted(read - {*CLIPS}):
        lines.append(f"with {', '.join(more)}")
    if generated:
        lines.append("generated data, whose counts mean nothing here")
    else:
        for name in sorted(readers):
            differ = [d for d in found if d.dataset == name and d.here != d.published]
            if differ:
                shown = ", ".join(f"{d.unit} {d.here} ({d.published})" for d in differ)
                lines.append(f"{name}: {shown}")
    if not lines:
        return "CD6ME: six datasets, every count as published"
    return f"CD6ME, here (published): {'; '.join(lines)}"
