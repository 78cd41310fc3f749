"""An external program as a method: any language, any library, one call per fold.

The program is called with one argument, a folder. It finds there

- `train.npz`: `x` (N, T, H, W, C) uint8 or (N, H, W, 3) float16, `y` (N,) int64, `keys` (N, 3) text
  (dataset, subject, clip), `factors` (N,) text, `classes` (K,) text;
- `test.npz`: `x` and `keys`, no labels;
- `settings.json`: the experiment, the class names, the seed (also in MERFLOW_SEED);

and must write `predictions.csv` there: `dataset,subject,clip` and either `p_<class>` for every
class or `predicted`. It runs in merflow's working folder, so relative paths work.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import FAILED, MerflowError, unknown
from merflow.evaluation.predictions import KEY, read_predictions
from merflow.io.csv_table import CsvTable, csv_text, read_csv
from merflow.io.files import atomic, temporary_folder, write_json, write_text
from merflow.models.method_interface import TrainingData, check
from merflow.models.weights_file import write_arrays
from merflow.paths import WEIGHTS

TAIL = 20
"""Lines of the program's output shown when it fails."""


@dataclass
class ExternalProgram:
    """Passes a fold to the program the experiment names."""

    experiment: Experiment
    classes: tuple[str, ...]
    seed: int

    def __post_init__(self) -> None:
        if not self.experiment.command.strip():
            raise MerflowError(
                "experiment with method: command",
                "no program is named",
                "command: python my_trainer.py",
                "name the program to run for every fold",
            )

    def fit(self, data: TrainingData) -> "FittedProgram":
        """Keep the training clips: the program needs them beside the test clips, in one call."""
        check(data, self.classes)
        facts = {
            "kind": "command",
            "method": "command",
            "command": self.experiment.command,
            "classes": list(self.classes),
            "seed": self.seed,
            "training_clips": len(data.y),
        }
        return FittedProgram(self, data, facts)


@dataclass
class FittedProgram:
    """A program and its training clips; every `predict` runs it once, which trains it as well."""

    program: ExternalProgram
    data: TrainingData
    facts: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    clip_hashes: tuple[str, ...] = ()

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Run the program on training and test clips; return its (M, K) float32 probabilities."""
        if keys is None:
            keys = [ClipKey("test", "test", f"clip{i:04d}") for i in range(len(x))]
        with temporary_folder() as folder:
            self._write_inputs(folder, x, keys)
            _run(self.program.experiment.command, folder, self.program.seed)
            return self._read_predictions(folder / "predictions.csv", keys)

    def save(self, folder: Path) -> None:
        """Write the facts; the program keeps its own weights."""
        write_arrays(Path(folder) / WEIGHTS, {}, self.facts)

    def _write_inputs(self, folder: Path, x: np.ndarray, keys: Sequence[ClipKey]) -> None:
        data, program = self.data, self.program
        _write_npz(
            folder / "train.npz",
            x=data.x,
            y=data.y,
            keys=_texts(data.keys),
            factors=np.array(data.factors, str),
            classes=np.array(program.classes, str),
        )
        _write_npz(folder / "test.npz", x=x, keys=_texts(keys))
        settings = program.experiment.model_dump(mode="json", exclude={"grid", "from_grid"})
        write_json(
            folder / "settings.json",
            {"experiment": settings, "classes": list(program.classes), "seed": program.seed},
        )

    def _read_predictions(self, path: Path, keys: Sequence[ClipKey]) -> np.ndarray:
        """Return the probabilities in the order of `keys`; the table must hold exactly these."""
        command, classes = self.program.experiment.command, self.program.classes
        if not path.is_file():
            raise MerflowError(
                f"command {command!r}",
                "ended with code 0 but wrote no predictions.csv",
                f"columns {', '.join(KEY)}, and predicted, or p_<class> for each of "
                f"{', '.join(classes)}",
                "write predictions.csv into the folder that is the program's last argument",
                code=FAILED,
            )
        try:
            table = read_csv(path, KEY, may_be_empty=not len(keys))
            if "predicted" in table.columns and not any(c.startswith("p_") for c in table.columns):
                _write_probabilities(path, table, classes)
            found = read_predictions(path, classes=classes, expected=keys)
        except MerflowError as error:
            # The folder no longer exists when a user reads this: name the program instead.
            where = error.where.replace(str(path), f"{command}: predictions.csv")
            raise MerflowError(
                where, error.found, error.expected, error.fix, code=FAILED
            ) from error
        place = {key: row for row, key in enumerate(found.keys)}
        p = found.probabilities[[place[key] for key in keys]]
        return (p / p.sum(1, keepdims=True)).astype(np.float32)


def _write_probabilities(path: Path, table: CsvTable, classes: Sequence[str]) -> None:
    """Replace the column of class names by probabilities of 0 and 1, in the file."""
    for number, label in enumerate(table["predicted"]):
        if label not in classes:
            raise unknown(f"{path}: row {number + 2}", "class", label, classes)
    rows = [
        [*key, *("1" if label == name else "0" for name in classes)]
        for *key, label in zip(*(table[c] for c in (*KEY, "predicted")), strict=True)
    ]
    write_text(path, csv_text([*KEY, *(f"p_{name}" for name in classes)], rows))


def _run(command: str, folder: Path, seed: int) -> None:
    """Run the program to its end; its output is shown only when it fails."""
    # `python` means the running interpreter, with the packages installed beside merflow.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        ended = subprocess.run(
            [*shlex.split(command), str(folder)],
            env={**os.environ, "PATH": path, "MERFLOW_SEED": str(seed)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except (OSError, ValueError) as error:
        raise MerflowError(
            f"command {command!r}",
            f"could not be started ({error})",
            "a program on the PATH, or its path from merflow's working folder",
            code=FAILED,
        ) from error
    if ended.returncode:
        how = f"ended with code {ended.returncode}"
        if ended.returncode < 0:
            how = f"was stopped by signal {-ended.returncode}"
        last = "\n    ".join(ended.stdout.splitlines()[-TAIL:]) or "(no output)"
        raise MerflowError(
            f"command {command!r}",
            f"{how}; the end of its output:\n    {last}",
            "a program that ends with code 0",
            "run it by hand on a small train.npz and test.npz to see why",
            code=FAILED,
        )


def _write_npz(path: Path, **arrays: np.ndarray) -> None:
    with atomic(path) as part, open(part, "wb") as handle:
        np.savez(handle, **arrays)


def _texts(keys: Sequence[ClipKey]) -> np.ndarray:
    return np.array([list(key) for key in keys], str).reshape(-1, 3)
