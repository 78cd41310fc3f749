"""The command of an external program: its words, the files it names, its environment.

A program runs in a folder of its own. So a word that names a file of merflow's working folder
becomes an absolute path: `python tools/train.py` runs the same file from anywhere, and Python finds
the modules beside it. Nothing is copied.
"""

import os
import shlex
import shutil
import site
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from merflow import arithmetic
from merflow.errors import MerflowError
from merflow.io.files import file_digest, portable

PASSED = (
    *("TZ", "LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES"),
    *("CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"),
    *("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", arithmetic.VARIABLE, arithmetic.BEFORE),
)
"""Variables of merflow's environment that a program gets: time zone, what a GPU needs, arithmetic.

Those of the arithmetic level (`arithmetic.portable_variables`) are passed as well.
"""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Command:
    """The words to run, files as absolute paths; `named`: the existing files and folders."""

    words: tuple[str, ...]
    named: tuple[Path, ...]

    @property
    def program(self) -> Path:
        """Return the path of the program itself."""
        return Path(self.words[0])

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file that the command names, by its path from here."""
        here = Path.cwd()
        files = [path for path in self.named if path.is_file()]
        names = [p.relative_to(here) if p.is_relative_to(here) else p for p in files]
        return {portable(n): file_digest(p) for n, p in zip(names, files, strict=True)}


def parse(command: str, where: str) -> Command:
    """Return the command with absolute paths; refuse a program that is not there."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise MerflowError(where, f"{command!r}: {error}", "a program and its arguments") from None
    if not words:
        example = "command: python my_trainer.py"
        raise MerflowError(where, "no program is named", example, "name the program to run")
    program = shutil.which(words[0], path=search_path())
    if program is None:
        raise MerflowError(
            where,
            f"no program {words[0]}",
            "a program on the PATH, or a path relative to the folder merflow runs in",
            "install it or correct the name",
        )
    _refuse_module(words, where)
    placed = [_placed(word) for word in words[1:]]
    named = tuple(path for _, path in placed if path is not None)
    return Command((os.path.abspath(program), *(word for word, _ in placed)), named)


def file_digests(command: str) -> list[str]:
    """Return the SHA-256 of each file that a command names, in order: part of a run's recipe."""
    try:
        placed = [_placed(word) for word in shlex.split(command)]
    except ValueError:
        return []
    return [file_digest(path) for _, path in placed if path is not None and path.is_file()]


def search_path() -> str:
    """Return the PATH of programs: `python` means the running interpreter and its packages."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def environment(folder: Path, seed: int, threads: int, device: str) -> dict[str, str]:
    """Return all variables of a program that runs in `folder`; device: as in `training.device`."""
    numeric = arithmetic.portable_variables(os.environ)
    kept = {name: os.environ[name] for name in (*PASSED, *numeric) if name in os.environ}
    if device == "cpu":
        kept["CUDA_VISIBLE_DEVICES"] = "-1"
    if site.ENABLE_USER_SITE:  # The packages of `pip install --user` are found by HOME otherwise.
        kept["PYTHONUSERBASE"] = site.getuserbase()
    return {
        **dict.fromkeys(THREADS, str(threads)),
        **kept,
        "PATH": search_path(),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "MERFLOW_SEED": str(seed),
    }


def library_folders(variables: Mapping[str, str]) -> list[Path]:
    """Return the folders of libraries that the variables name."""
    names = [variables.get(name, "") for name in ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH")]
    found = [part for value in names for part in value.split(os.pathsep)]
    return [Path(part) for part in found if os.path.isabs(part)]


def _placed(word: str) -> tuple[str, Path | None]:
    """Return a word with the path it names made absolute, and that path.

    A word, or what follows its `=`, names a file that exists, or with a slash a folder: a plain
    word such as `demo` stays a word.
    """
    front, equals, back = word.rpartition("=")
    for before, name in (("", word), (front + equals, back)):
        if name and os.path.exists(name) and (os.path.isfile(name) or "/" in name):
            path = os.path.abspath(name)
            return before + path, Path(path)
    return word, None


def _refuse_module(words: list[str], where: str) -> None:
    """Refuse `python -m NAME` for a module of the working folder, where Python will not look."""
    if "-m" not in words[1:-1] or not Path(words[0]).name.startswith("python"):
        return
    module = words[words.index("-m") + 1]
    path = Path(*module.split("."))
    file = next((f for f in (path.with_suffix(".py"), path / "__main__.py") if f.is_file()), None)
    if file:
        raise MerflowError(
            where,
            f"`-m {module}`: a program runs in a folder of its own, where this module is not",
            "a file, or an installed package",
            f"name the file: {words[0]} {file}",
        )
