"""The files an external program is given in its folder, and the model it leaves there.

Contract 1 writes the training clips into the folder of every fold. Contract 2 shares one file of
all clips between the folds and names the training clips by their rows in it, and keeps the files
that the program writes to `model/`, so that it can predict without training.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import FAILED, MerflowError
from merflow.evaluation.predictions import KEY
from merflow.io.csv_table import csv_text
from merflow.io.files import atomic, write_json, write_text
from merflow.models.method_interface import ClipFile, TrainingData

MODEL = "model"
"""Folder that a program of contract 2 keeps its model in."""
MAX_FILES, MAX_BYTES = 1000, 2 << 30
"""Most files of a model, and most bytes of them together."""


def write_settings(
    folder: Path,
    experiment: Experiment,
    classes: Sequence[str],
    seed: int,
    **more: Any,  # noqa: ANN401
) -> None:
    """Write settings.json: the experiment, the classes, the seed, and what a contract adds."""
    hidden = {"grid", "from_grid", "label", *(() if experiment.contract == 2 else ("contract",))}
    settings = experiment.model_dump(mode="json", exclude=hidden)
    text = {"experiment": settings, "classes": list(classes), "seed": seed, **more}
    write_json(folder / "settings.json", text)


def write_npz(
    folder: Path, data: TrainingData, classes: Sequence[str], x: np.ndarray, keys: Sequence[ClipKey]
) -> None:
    """Write train.npz and test.npz of contract 1."""
    _npz(
        folder / "train.npz",
        x=data.x,
        y=data.y,
        keys=_texts(data.keys),
        factors=np.array(data.factors, str),
        classes=np.array(classes, str),
    )
    _npz(folder / "test.npz", x=x, keys=_texts(keys))


def write_training(
    folder: Path, data: TrainingData, classes: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, Path]]:
    """Write train.csv of contract 2: clip, factor, and the file and row that hold it.

    Return the layout of each file of clips by its name in the folder, and the paths of the files
    that are shared and not written there.
    """
    files = data.files or (_written(folder, data),)
    names = {one.factor: f"clips-{one.factor or 'train'}{one.path.suffix}" for one in files}
    by_factor = {one.factor: one for one in files}
    # With one factor the rows name none.
    factors = data.factors if len(files) > 1 else [files[0].factor] * len(data.y)
    rows = []
    for row, (key, factor, y) in enumerate(zip(data.keys, factors, data.y, strict=True)):
        place = by_factor[factor].rows[key] if data.files else row
        rows.append([*key, factor, names[factor], str(place), str(y), classes[y]])
    header = [*KEY, "factor", "file", "row", "y", "label"]
    write_text(folder / "train.csv", csv_text(header, rows))
    layout = {names[one.factor]: _layout(one.shape, one.dtype, one.offset) for one in files}
    return layout, {names[one.factor]: one.path for one in files if data.files}


def write_test(folder: Path, x: np.ndarray, keys: Sequence[ClipKey]) -> dict[str, dict[str, Any]]:
    """Write test.npy and test.csv of contract 2; return the layout of the first."""
    offset = _npy(folder / "test.npy", x)
    rows = [[*key, "test.npy", str(row)] for row, key in enumerate(keys)]
    write_text(folder / "test.csv", csv_text([*KEY, "file", "row"], rows))
    return {"test.npy": _layout(x.shape, x.dtype.str, offset)}


def link(folder: Path, shared: Mapping[str, Path]) -> None:
    """Link shared files into a folder, where no sandbox shows them there."""
    for name, path in shared.items():
        os.symlink(path.resolve(), folder / name)


def read_model(folder: Path, where: str) -> dict[str, np.ndarray]:
    """Return the files in `model/`, relative path -> bytes (uint8), sorted; empty without one."""
    root = folder / MODEL
    if not root.is_dir() or root.is_symlink():
        return {}
    found: dict[str, np.ndarray] = {}
    for path in sorted(root.rglob("*")):
        # A link would be followed out here, where the truth can be read.
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise _refused(where, f"{path.relative_to(folder)} is not a plain file")
        if path.is_file():
            found[path.relative_to(root).as_posix()] = np.fromfile(path, np.uint8)
        if len(found) > MAX_FILES or sum(map(len, found.values())) > MAX_BYTES:
            raise _refused(where, f"more than {MAX_FILES} files or {MAX_BYTES >> 30} GiB in it")
    return found


def check_model(model: Mapping[str, np.ndarray]) -> None:
    """Refuse, by a ValueError, what `read_model` never returns: paths that leave the folder."""
    for name, content in model.items():
        parts = str(name).split("/")
        if not isinstance(name, str) or {"", ".", ".."} & {*parts} or "\0" in name:
            raise ValueError(f"a file of the model named {name!r}")
        if content.dtype != np.uint8 or content.ndim != 1:
            raise ValueError(f"{content.dtype} numbers for the file {name} of the model")
    if len(model) > MAX_FILES or sum(map(len, model.values())) > MAX_BYTES:
        raise ValueError(f"a model of {len(model)} files")


def write_model(folder: Path, model: Mapping[str, np.ndarray]) -> None:
    """Write the files of a model to `model/`."""
    for name, content in model.items():
        path = folder / MODEL / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content.tofile(path)


def _refused(where: str, found: str) -> MerflowError:
    return MerflowError(
        where,
        f"left a {MODEL}/ that cannot be kept: {found}",
        f"at most {MAX_FILES} plain files of {MAX_BYTES >> 30} GiB together",
        f"write only what predicting needs to {MODEL}/",
        code=FAILED,
    )


def _written(folder: Path, data: TrainingData) -> ClipFile:
    """Write the training clips themselves, where no file on disk holds them as they are."""
    path = folder / "clips-train.npy"
    offset = _npy(path, data.x)
    return ClipFile(path, offset, data.x.shape, data.x.dtype.str, "", {})


def _layout(shape: tuple[int, ...], dtype: str, offset: int) -> dict[str, Any]:
    return {"shape": list(shape), "dtype": np.dtype(dtype).name, "offset": offset}


def _npy(path: Path, x: np.ndarray) -> int:
    """Write an array as .npy; return where its numbers begin (bytes)."""
    np.save(path, np.ascontiguousarray(x))
    return path.stat().st_size - x.nbytes


def _npz(path: Path, **arrays: np.ndarray) -> None:
    with atomic(path) as part, open(part, "wb") as handle:
        np.savez(handle, **arrays)


def _texts(keys: Sequence[ClipKey]) -> np.ndarray:
    return np.array([list(key) for key in keys], str).reshape(-1, 3)
