"""Fitted methods on disk: one HDF5 file of plain numbers with a JSON description, no pickle."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from merflow.errors import FAILED, MerflowError
from merflow.io.files import temporary_folder
from merflow.io.hdf5 import create_hdf5, get_json, open_hdf5, put_json
from merflow.models import network_registry
from merflow.models.fold_data import VOLATILE, WEIGHTS, Fitted

if TYPE_CHECKING:
    import keras

FORMAT = "merflow-weights"
DESCRIPTION = "merflow"
MAX_SETTING = 4096
MAX_LIST = 64
MAX_CLIP = 1 << 26
"""Most numbers in one clip: 64 frames of 512 x 512 in colour are 50 million."""


def write_network(path: Path, model: Any, facts: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Write a Keras model's weights and its description to `path`, atomically."""
    with temporary_folder() as work:
        # Keras opens its file itself, so a failed write could be lost: see `guard.create_hdf5`.
        model.save_weights(work / WEIGHTS)
        with h5py.File(work / WEIGHTS, "r") as made, create_hdf5(path, FORMAT) as file:
            for name in made:
                made.copy(name, file)
            file.attrs.update(made.attrs)
            _describe(file, {"kind": "network", **facts})
            _check_whole(path, model, file)


def _check_whole(path: Path, model: Any, file: h5py.File) -> None:  # noqa: ANN401
    """Refuse to go on when not every weight of the model is in the file."""
    found: Counter[bytes] = Counter()

    def note(_: str, item: Any) -> None:  # noqa: ANN401
        if isinstance(item, h5py.Dataset):
            found[item[()].tobytes()] += 1

    file.visititems(note)
    if Counter(np.asarray(weight).tobytes() for weight in model.weights) - found:
        raise MerflowError(
            str(path),
            "the weights could not be written whole",
            "free space in the temporary folder (TMPDIR)",
            "free some space, then run again",
            code=FAILED,
        )


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write named arrays and their description to `path`, atomically."""
    with create_hdf5(path, FORMAT) as file:
        for name in sorted(arrays):
            file.create_dataset(name, data=arrays[name])
        _describe(file, facts)


def description(path: Path) -> dict[str, Any]:
    """Return the description of a saved method: kind, network, settings, shape, classes, ..."""
    with open_hdf5(path, FORMAT) as file:
        about = get_json(file, DESCRIPTION)
    if not isinstance(about, dict) or not isinstance(about.get("kind"), str):
        raise MerflowError(str(path), "its description names no method", "weights of a run")
    if about["kind"] == "network":
        _check_network(path, about)
    return about


def _check_network(path: Path, about: dict[str, Any]) -> None:
    """Refuse what no training here describes, before a network of absurd size is built."""
    shape, classes, batch = (about.get(name) for name in ("shape", "classes", "batch_size"))
    settings = about.get("settings")
    sound = {
        "network": isinstance(about.get("network"), str)
        and about["network"] in network_registry.names(),
        "shape": _counts(shape) and 3 <= len(shape) <= 4 and math.prod(shape) <= MAX_CLIP,
        "classes": _texts(classes) and 2 <= len(classes) <= MAX_SETTING,
        "subjects": _texts(about.get("subjects", [])),
        "prints": _texts(about.get("prints", [])),
        "batch_size": _counts([batch]),
        "settings": isinstance(settings, dict)
        and all(_modest(value) for value in settings.values()),
    }
    for name, good in sound.items():
        if not good:
            raise MerflowError(
                str(path),
                f"its description says {name}: {str(about.get(name))[:80]}",
                "what a training of merflow wrote",
                "do not use this file; train again",
            )


def _texts(values: Any) -> bool:  # noqa: ANN401
    """Tell whether this is a list of texts."""
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _counts(values: Any) -> bool:  # noqa: ANN401
    """Tell whether this is a list of whole numbers from 1 to MAX_SETTING."""
    return isinstance(values, list) and all(
        type(value) is int and 1 <= value <= MAX_SETTING for value in values
    )


def _modest(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a network's setting asks for nothing out of all proportion."""
    if isinstance(value, list):
        return len(value) <= MAX_LIST and all(map(_modest, value))
    if isinstance(value, int | float):
        return abs(value) <= MAX_SETTING
    return value is None or isinstance(value, str)


def is_of_keras(path: Path) -> bool:
    """Tell whether a file of weights is one that Keras' own collection offers, not one of ours."""
    try:
        with h5py.File(path, "r") as file:
            return "layer_names" in file.attrs and "format" not in file.attrs
    except OSError:
        return False


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays that `write_arrays` stored."""
    with open_hdf5(path, FORMAT) as file:
        items = {name: file[name] for name in file if name != DESCRIPTION}
        if not all(isinstance(item, h5py.Dataset) for item in items.values()):
            raise MerflowError(str(path), "holds groups", "arrays", "train again")
        return {name: item[()] for name, item in items.items()}


def load(path: Path) -> Fitted:
    """Return the fitted method stored at `path`; a network is rebuilt, then given its weights."""
    about = description(path)
    if about["kind"] == "network":
        return _load_network(path, about)
    if about["kind"] == "svm":
        from merflow.models.svm import FittedSvm

        return FittedSvm.read(path, about)
    raise MerflowError(
        str(path),
        f"holds a fitted method of kind '{about['kind']}', which cannot be loaded",
        "a network or an SVM",
        "predictions of a user's own program are in its run's predictions.csv",
    )


def rebuild(path: Path, about: dict[str, Any]) -> "keras.Model":
    """Return the network a file describes, scaling inside, with the weights of the file."""
    from merflow.models.training.fit import scaled_network

    shape = tuple(about["shape"])
    channels = np.zeros(shape[-1]), np.ones(shape[-1])
    settings = dict(about["settings"])
    if settings.get("weights") == "imagenet":
        settings["weights"] = "given"  # Nothing need be fetched that the file replaces.
    model = scaled_network(about["network"], settings, shape, len(about["classes"]), channels)
    try:
        model.load_weights(path)
    except (ValueError, OSError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise MerflowError(
            str(path),
            f"its weights do not fit network {about['network']}",
            "weights written by this version of merflow",
            "train again",
        ) from error
    return model


def _load_network(path: Path, about: dict[str, Any]) -> Fitted:
    from merflow.models.training import backend

    backend.prepare_once()
    from merflow.models.keras_model import FittedNetwork

    seen = about.pop("prints", [])
    return FittedNetwork(rebuild(path, about), [], about, about["batch_size"], seen)


def _describe(file: h5py.File, facts: Mapping[str, Any]) -> None:
    """Add the description; times stay out, so equal trainings give equal bytes."""
    file.attrs["format"] = FORMAT
    put_json(file, DESCRIPTION, {k: v for k, v in facts.items() if k not in VOLATILE})
