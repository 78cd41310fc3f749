"""An external program as a method: any language, any library, one call per fold.

The program is called with one argument, a folder, and must write `predictions.csv` there:
`dataset,subject,clip` and either `p_<class>` for every class or `predicted`. `program_files`
describes what it finds there, docs/external_programs.md both contracts. It runs in that folder,
which is removed afterwards, with few variables (`program_command.environment`), and in a sandbox
where there is one (`program_sandbox`).
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import FAILED, MerflowError, unknown
from merflow.evaluation.duplicate_clips import clip_hashes
from merflow.evaluation.predictions import KEY, read_predictions
from merflow.io.csv_table import CsvTable, csv_text, read_csv
from merflow.io.files import temporary_folder, write_text
from merflow.models import program_command, program_files, program_sandbox
from merflow.models.method_interface import TrainingData, check
from merflow.models.program_command import Command
from merflow.models.program_sandbox import Sandbox
from merflow.models.training import gpu_choice
from merflow.models.weights_file import read_arrays, write_arrays
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

    @property
    def where(self) -> str:
        """Name the program in messages."""
        return f"command {self.experiment.command!r}"

    def fit(self, data: TrainingData) -> "FittedProgram":
        """Keep the training clips: the program needs them beside the test clips, in one call."""
        check(data, self.classes)
        command = program_command.parse(self.experiment.command, self.where)
        sandbox = program_sandbox.choose(self.experiment.sandbox, self.where)
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
        if self.experiment.contract == 1:
            return FittedProgram(self, command, sandbox, data, facts)
        facts |= {"contract": 2, "subjects": data.subjects}
        return FittedProgram(self, command, sandbox, data, facts, clip_hashes=clip_hashes(data.x))


@dataclass
class FittedProgram:
    """A program with its training clips, or with the model that it left.

    `predict` runs the program once, which trains it as well while there is no model.
    data: None for a program that was loaded with its model.
    """

    program: ExternalProgram
    command: Command
    sandbox: Sandbox
    data: TrainingData | None
    facts: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    clip_hashes: Sequence[str] = ()
    model: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, about: dict[str, Any]) -> "FittedProgram":
        """Return the program of contract 2 that left its model in the file `path`.

        The file names the command, and may come from elsewhere: so it runs in a sandbox only.
        """
        names = about.get("model_files") or []
        if not names:
            raise MerflowError(
                str(path),
                "holds no model of its external program, which cannot be loaded",
                "a program of `contract: 2` that writes its model to model/",
                "see docs/external_programs.md; predictions of the folds are in predictions.csv",
            )
        try:
            experiment = Experiment.model_validate(about["experiment_settings"])
            program = ExternalProgram(experiment, tuple(about["classes"]), int(about["seed"]))
            arrays = read_arrays(path)
            model = {name: arrays[f"file{i}"] for i, name in enumerate(names)}
            program_files.check_model(model)
            wanted = dict(about["program_files"])
        except (ValueError, KeyError, TypeError) as error:
            raise MerflowError(
                str(path), f"its description is not an external program's ({error})"
            ) from None
        command = program_command.parse(experiment.command, program.where)
        found = command.digests()
        for name in sorted({*found, *wanted}):
            if found.get(name) != wanted.get(name):
                raise MerflowError(
                    f"{program.where}: {name}",
                    "is not the file that trained the model",
                    "the files named in the command as they were, in the folder of the project",
                    "restore it, or train the final model again",
                )
        if reason := program_sandbox.missing():
            raise MerflowError(
                f"{path}: {program.where}",
                f"a saved program runs in a sandbox only, and there is none here: {reason}",
                "a bwrap that works",
                f"{program_sandbox.INSTALL} and allow user namespaces",
            )
        sandbox = program_sandbox.Sandbox("bwrap")
        hashes = about.pop("prints", [])
        return cls(program, command, sandbox, None, about, clip_hashes=hashes, model=model)

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Run the program on the clips x; return its (M, K) float32 probabilities."""
        if keys is None:
            keys = [ClipKey("test", "test", f"clip{i:04d}") for i in range(len(x))]
        with temporary_folder() as folder:
            if self.program.experiment.contract == 1:
                self._write_settings(folder)
                program_files.write_npz(folder, self.data, self.program.classes, x, keys)
                self._run(folder, {})
            else:
                self._run_second(folder, x, keys)
            return self._read_predictions(folder / "predictions.csv", keys)

    def save(self, folder: Path) -> None:
        """Write the facts, and with contract 2 the program's model."""
        kept, arrays = {}, {}
        entry = self.program.experiment
        if entry.contract == 2:
            if not self.model:
                with temporary_folder() as work:
                    self._run_second(work)
            arrays = {f"file{i}": content for i, content in enumerate(self.model.values())}
            kept = {
                "prints": list(self.clip_hashes),
                "model_files": list(self.model),
                "experiment_settings": entry.model_dump(mode="json", exclude={"grid"}),
            }
        write_arrays(Path(folder) / WEIGHTS, arrays, {**self.facts, **kept})

    def _write_settings(self, folder: Path, **more: Any) -> None:  # noqa: ANN401
        program = self.program
        program_files.write_settings(
            folder, program.experiment, program.classes, program.seed, **more
        )

    def _run_second(
        self, folder: Path, x: np.ndarray | None = None, keys: Sequence[ClipKey] = ()
    ) -> None:
        """Run a program of contract 2: train it while there is no model, and predict the clips x.

        Its model is kept. x: None to train only.
        """
        layout, shared, steps = {}, {}, []
        if self.model:
            program_files.write_model(folder, self.model)
        else:
            steps.append("train")
            layout, shared = program_files.write_training(folder, self.data, self.program.classes)
        if x is not None:
            steps.append("predict")
            layout |= program_files.write_test(folder, x, keys)
        self._write_settings(folder, steps=steps, clips=layout)
        self._run(folder, shared)
        if "train" in steps:
            self.model = program_files.read_model(folder, self.program.where)

    def _run(self, folder: Path, shared: Mapping[str, Path]) -> None:
        """Run the program to its end in `folder`; its output is shown only when it fails.

        shared: files that it can read there without their being copied.
        """
        entry = self.program.experiment
        command = replace(self.command, words=(*self.command.words, str(folder)))
        device = entry.training.device
        if device != "cpu":
            gpu_choice.choose_gpu(entry.training.gpu_share)
        variables = program_command.environment(
            folder, self.program.seed, entry.training.threads, device
        )
        (folder / "tmp").mkdir()
        words = list(command.words)
        if self.sandbox.kind != "none":
            gpu, hidden = device != "cpu", self.program.hidden
            words = program_sandbox.arguments(
                command, folder, variables, hidden=hidden, gpu=gpu, shared=shared
            )
        else:
            program_files.link(folder, shared)
        where = self.program.where
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
