"""An external program as a method: any language, any library, one call per fold.

The program is called with one argument, a folder. It finds there

- `train.npz`: `x` (N, T, H, W, C) uint8 or (N, H, W, 3) float16, `y` (N,) int64, `keys` (N, 3) text
  (dataset, subject, clip), `factors` (N,) text, `classes` (K,) text;
- `test.npz`: `x` and `keys`, no labels;
- `settings.json`: the experiment, the class names, the seed (also in MERFLOW_SEED);

and must write `predictions.csv` there: `dataset,subject,clip` and either `p_<class>` for every
class or `predicted`. It runs in that folder, which is removed afterwards, with few variables
(`program_command.environment`), and in a sandbox where there is one (`program_sandbox`).
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import FAILED, MerflowError, unknown
from merflow.evaluation.predictions import KEY, read_predictions
from merflow.io.csv_table import CsvTable, csv_text, read_csv
from merflow.io.files import atomic, temporary_folder, write_json, write_text
from merflow.models import program_command, program_sandbox
from merflow.models.method_interface import TrainingData, check
from merflow.models.program_command import Command
from merflow.models.program_sandbox import Sandbox
from merflow.models.weights_file import write_arrays
from merflow.paths import WEIGHTS

TAIL = 20
"""Lines of the program's output shown when it fails."""


@dataclass
class ExternalProgram:
    """Passes a fold to the program the experiment names.

    hidden: the dataset roots and annotation files, which a sandbox hides.
    """

    experiment: Experiment
    classes: tuple[str, ...]
    seed: int
    hidden: tuple[Path, ...] = ()

    def fit(self, data: TrainingData) -> "FittedProgram":
        """Keep the training clips: the program needs them beside the test clips, in one call."""
        check(data, self.classes)
        where = f"command {self.experiment.command!r}"
        command = program_command.parse(self.experiment.command, where)
        sandbox = program_sandbox.choose(self.experiment.sandbox, where)
        facts = {
            "kind": "command",
            "method": "command",
            "command": self.experiment.command,
            "program_files": command.digests(),
            **sandbox.facts(),
            "classes": list(self.classes),
            "seed": self.seed,
            "training_clips": len(data.y),
        }
        return FittedProgram(self, command, sandbox, data, facts)


@dataclass
class FittedProgram:
    """A program and its training clips; every `predict` runs it once, which trains it as well."""

    program: ExternalProgram
    command: Command
    sandbox: Sandbox
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
            self._run(folder)
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

    def _run(self, folder: Path) -> None:
        """Run the program to its end in `folder`; its output is shown only when it fails."""
        entry = self.program.experiment
        command = replace(self.command, words=(*self.command.words, str(folder)))
        device = entry.training.device
        variables = program_command.environment(
            folder, self.program.seed, entry.training.threads, device
        )
        (folder / "tmp").mkdir()
        words = list(command.words)
        if self.sandbox.kind != "none":
            words = program_sandbox.arguments(
                command, folder, variables, hidden=self.program.hidden, gpu=device != "cpu"
            )
        where = f"command {entry.command!r}"
        try:
            ended = subprocess.run(
                words,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except (OSError, ValueError) as error:
            raise MerflowError(
                where,
                f"could not be started ({error})",
                "a program on the PATH, or its path from merflow's working folder",
                code=FAILED,
            ) from error
        if ended.returncode:
            raise _failure(where, ended.returncode, ended.stdout, self.sandbox)

    def _read_predictions(self, path: Path, keys: Sequence[ClipKey]) -> np.ndarray:
        """Return the probabilities in the order of `keys`; the table must hold exactly these."""
        command, classes = self.program.experiment.command, self.program.classes
        # A link would be followed out here, where the truth can be read.
        if path.is_symlink() or not path.is_file():
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


def _failure(where: str, code: int, output: str, sandbox: Sandbox) -> MerflowError:
    """Return the error of a program that failed: how it ended and its last lines."""
    how, fix = f"ended with code {code}", "run it by hand on a small train.npz and test.npz"
    # A shell and bwrap return 128 + the signal that ended their child.
    signal = -code if code < 0 else code - 128
    if 0 < signal < 65:
        how = f"was stopped by signal {signal}"
    last = "\n    ".join(output.splitlines()[-TAIL:]) or "(no output)"
    if sandbox.kind != "none":
        fix += (
            "; it ran without network and saw only the folders of the files that its command "
            "names, its installation and the system: name what else it reads in the command, or "
            "set `sandbox: off`"
        )
    found = f"{how}; the end of its output:\n    {last}"
    return MerflowError(where, found, "a program that ends with code 0", fix, code=FAILED)


def _write_npz(path: Path, **arrays: np.ndarray) -> None:
    with atomic(path) as part, open(part, "wb") as handle:
        np.savez(handle, **arrays)


def _texts(keys: Sequence[ClipKey]) -> np.ndarray:
    return np.array([list(key) for key in keys], str).reshape(-1, 3)
