"""Training records of a run's folds: curves over epochs (history.csv) and run.json."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from merflow.errors import MerflowError
from merflow.io.csv_table import read_csv
from merflow.io.json_file import read_json

BAND = (0.1, 0.9)
"""Quantiles over folds that bound a curve's band."""
NOT_CURVES = {"epoch", "learning_rate"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Curve:
    """A measure over epochs: (E,) epochs, and (E,) low, middle and high over the folds."""

    name: str
    epochs: np.ndarray
    low: np.ndarray
    mid: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, slots=True)
class Training:
    """The folds of a run: their curves over epochs, and the facts in each fold's run.json."""

    curves: tuple[Curve, ...]
    facts: tuple[dict[str, Any], ...]

    def numbers(self, name: str) -> np.ndarray:
        """Return a numeric fact of every fold that has it, (F,) float64."""
        found = [facts.get(name) for facts in self.facts]
        kept = [v for v in found if isinstance(v, int | float) and math.isfinite(v)]
        return np.array(kept, float)

    def words(self, name: str) -> list[str]:
        """Return the distinct values of a fact, in order of appearance."""
        return list(dict.fromkeys(str(f[name]) for f in self.facts if f.get(name) is not None))


class Attempts:
    """Call readers one by one; an error is noted in `problems` and replaced by a default."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, default: T, read: Callable[..., T], *arguments: object) -> T:
        """Return the result of `read`, or `default` if it raises a MerflowError."""
        try:
            return read(*arguments)
        except MerflowError as error:
            self.problems.append(f"{error.where}: {error.found}")
            return default


def read_training(folder: Path, folds: Iterable[str], attempt: Attempts) -> Training:
    """Read history.csv and run.json of the folds in a run's folder."""
    facts, histories = [], []
    for fold in folds:
        found = attempt(None, read_json, folder / fold / "run.json")
        if found is not None:
            facts.append(found)
        if (folder / fold / "history.csv").exists():
            histories.append(attempt({}, read_history, folder / fold / "history.csv"))
    return Training(tuple(quantiles([h for h in histories if h])), tuple(facts))


def read_history(path: Path) -> dict[str, np.ndarray]:
    """Read a fold's history: (E,) float64 by column; empty for a method without epochs."""
    sheet = read_csv(path, ("epoch",), may_be_empty=True)
    if not sheet.rows:
        return {}
    columns = {}
    for name in sheet.columns:
        try:
            columns[name] = np.array([float(cell or "nan") for cell in sheet[name]])
        except ValueError:
            continue  # a column of text has no curve
    if "epoch" not in columns:
        raise MerflowError(str(path), "epochs that are not numbers", "1, 2, 3, ...")
    return columns


def quantiles(histories: list[dict[str, np.ndarray]]) -> list[Curve]:
    """Return each measure's median and band over the folds that reached each epoch."""
    names = dict.fromkeys(n for h in histories for n in h if n not in NOT_CURVES)
    curves = []
    for name in names:
        found = [(h["epoch"], h[name]) for h in histories if name in h]
        epochs = np.unique(np.concatenate([e for e, _ in found]))
        values = np.full((len(found), len(epochs)), np.nan)
        for row, (at, value) in enumerate(found):
            values[row, np.searchsorted(epochs, at)] = value
        present = np.isfinite(values).any(axis=0)
        if present.any():
            low, mid, high = np.nanquantile(values[:, present], (BAND[0], 0.5, BAND[1]), axis=0)
            curves.append(Curve(name, epochs[present], low, mid, high))
    return curves
