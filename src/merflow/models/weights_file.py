"""File format of saved weights: arrays and a JSON description in one checked HDF5 file."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from merflow.errors import FAILED, MerflowError
from merflow.io import records
from merflow.io.files import temporary_folder
from merflow.io.hdf5 import create_hdf5, get_json, open_hdf5, put_json
from merflow.paths import WEIGHTS

TIMES = ("seconds", "seconds_to_first_step", "milliseconds_a_clip")
"""Measured facts, which differ between equal trainings: left out of the file."""
FORMAT = "merflow-weights"
DESCRIPTION = "merflow"
MAX_SETTING = 4096
MAX_LIST = 64
MAX_CLIP = 1 << 26
"""Most numbers in one clip: 64 frames of 512 x 512 in colour are 50 million."""


def write_network(path: Path, model: Any, facts: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Write a Keras model's weights and its description to `path`, atomically."""
    with temporary_folder() as work:
        # Keras opens its own file and could lose a failed write; `create_hdf5` does not.
        model.save_weights(work / WEIGHTS)
        with h5py.File(work / WEIGHTS, "r") as made, create_hdf5(path, FORMAT) as file:
            for name in made:
                made.copy(name, file)
            file.attrs.update(made.attrs)
            _describe(file, {"kind": "network", **facts})
            _check_complete(path, model, file)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write named arrays and their description to `path`, atomically."""
    with create_hdf5(path, FORMAT) as file:
        for name in sorted(arrays):
            file.create_dataset(name, data=arrays[name])
        _describe(file, facts)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays that `write_arrays` stored."""
    with open_hdf5(path, FORMAT) as file:
        items = {name: file[name] for name in file if name != DESCRIPTION}
        if not all(isinstance(item, h5py.Dataset) for item in items.values()):
            raise MerflowError(str(path), "holds groups", "arrays", "train again")
        return {name: item[()] for name, item in items.items()}


def description(path: Path) -> dict[str, Any]:
    """Return the description of a file: kind, network, settings, shape, classes, subjects, ..."""
    if path.is_file():
        records.check(path)
    with open_hdf5(path, FORMAT) as file:
        about = get_json(file, DESCRIPTION)
    if not isinstance(about, dict) or not isinstance(about.get("kind"), str):
        raise MerflowError(str(path), "its description names no method", "weights of a run")
    if about["kind"] == "network":
        _check_network(path, about)
    return about


def is_of_keras(path: Path) -> bool:
    """Return whether this is a file of Keras' own collection (ImageNet), not one of merflow."""
    try:
        with h5py.File(path, "r") as file:
            return "layer_names" in file.attrs and "format" not in file.attrs
    except OSError:
        return False


def _describe(file: h5py.File, facts: Mapping[str, Any]) -> None:
    """Add the description without times, so that equal trainings give equal bytes."""
    file.attrs["format"] = FORMAT
    put_json(file, DESCRIPTION, {k: v for k, v in facts.items() if k not in TIMES})


def _check_complete(path: Path, model: Any, file: h5py.File) -> None:  # noqa: ANN401
    """Refuse a file in which a weight of the model is missing."""
    found: Counter[bytes] = Counter()

    def count(_: str, item: Any) -> None:  # noqa: ANN401
        if isinstance(item, h5py.Dataset):
            found[item[()].tobytes()] += 1

    file.visititems(count)
    if Counter(np.asarray(weight).tobytes() for weight in model.weights) - found:
        raise MerflowError(
            str(path),
            "the weights could not be written completely",
            "free space in the temporary folder (TMPDIR)",
            "free some space, then run again",
            code=FAILED,
        )


def _check_network(path: Path, about: dict[str, Any]) -> None:
    """Refuse a description no training writes, before a network of absurd size is built."""
    shape, classes, batch = (about.get(name) for name in ("shape", "classes", "batch_size"))
    settings = about.get("settings")
    sound = {
        "network": isinstance(about.get("network"), str),
        "shape": _counts(shape) and 3 <= len(shape) <= 4 and math.prod(shape) <= MAX_CLIP,
        "classes": _texts(classes) and 2 <= len(classes) <= MAX_SETTING,
        "subjects": _texts(about.get("subjects", [])),
        "prints": _texts(about.get("prints", [])),
        "batch_size": _counts([batch]),
        "settings": isinstance(settings, dict) and all(map(_modest, settings.values())),
    }
    for name, good in sound.items():
        if not good:
            raise MerflowError(
                str(path),
                f"its description has {name}: {str(about.get(name))[:80]}",
                "a value that a training of merflow wrote",
                "do not use this file; train again",
            )


def _texts(values: Any) -> bool:  # noqa: ANN401
    """Return whether this is a list of texts."""
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _counts(values: Any) -> bool:  # noqa: ANN401
    """Return whether this is a list of whole numbers from 1 to MAX_SETTING."""
    return isinstance(values, list) and all(
        type(value) is int and 1 <= value <= MAX_SETTING for value in values
    )


def _modest(value: Any) -> bool:  # noqa: ANN401
    """Return whether a network's setting stays within MAX_SETTING and MAX_LIST."""
    if isinstance(value, list):
        return len(value) <= MAX_LIST and all(map(_modest, value))
    if isinstance(value, int | float):
        return abs(value) <= MAX_SETTING
    return value is None or isinstance(value, str)
