"""Fitted methods on disk: one HDF5 file of plain numbers with a JSON description, no pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from merflow.errors import MerflowError
from merflow.files import atomic
from merflow.guard import get_json, open_hdf5, put_json
from merflow.methods.data import VOLATILE, Fitted

if TYPE_CHECKING:
    import keras

FORMAT = "merflow-weights"
DESCRIPTION = "merflow"


def write_network(path: Path, model: Any, facts: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Write a Keras model's weights and its description to `path`, atomically."""
    with atomic(path) as part:
        model.save_weights(part)
        _describe(part, {"kind": "network", **facts})


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write named arrays and their description to `path`, atomically."""
    with atomic(path) as part:
        with h5py.File(part, "w") as file:
            for name in sorted(arrays):
                file.create_dataset(name, data=arrays[name])
        _describe(part, facts)


def description(path: Path) -> dict[str, Any]:
    """Return the description of a saved method: kind, network, settings, shape, classes, ..."""
    with open_hdf5(path, FORMAT) as file:
        about = get_json(file, DESCRIPTION)
    if not isinstance(about, dict) or not isinstance(about.get("kind"), str):
        raise MerflowError(str(path), "its description names no method", "weights of a run")
    return about


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays that `write_arrays` stored."""
    with open_hdf5(path, FORMAT) as file:
        return {name: file[name][()] for name in file if name != DESCRIPTION}


def load(path: Path) -> Fitted:
    """Return the fitted method stored at `path`; a network is rebuilt, then given its weights."""
    about = description(path)
    if about["kind"] == "network":
        return _load_network(path, about)
    if about["kind"] == "svm":
        from merflow.methods.svm import FittedSvm

        return FittedSvm.read(path, about)
    raise MerflowError(
        str(path),
        f"holds a fitted method of kind '{about['kind']}', which cannot be loaded",
        "a network or an SVM",
        "predictions of a user's own program are in its run's predictions.csv",
    )


def rebuild(path: Path, about: dict[str, Any]) -> "keras.Model":
    """Return the network a file describes, scaling inside, with the weights of the file."""
    from merflow.training.fit import scaled_network

    shape = tuple(about["shape"])
    channels = np.zeros(shape[-1]), np.ones(shape[-1])
    settings = dict(about["settings"])
    if settings.get("weights") == "imagenet":
        settings["weights"] = "given"  # Nothing need be fetched that the file replaces.
    model = scaled_network(about["network"], settings, shape, len(about["classes"]), channels)
    try:
        model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise MerflowError(
            str(path),
            f"its weights do not fit network {about['network']}",
            "weights written by this version of merflow",
            "train again",
        ) from error
    return model


def _load_network(path: Path, about: dict[str, Any]) -> Fitted:
    from merflow.training import backend

    backend.prepare_once()
    from merflow.methods.network import FittedNetwork

    return FittedNetwork(rebuild(path, about), [], about, about["batch_size"])


def _describe(part: Path, facts: Mapping[str, Any]) -> None:
    """Add the description; times stay out, so equal trainings give equal bytes."""
    stable = {key: value for key, value in facts.items() if key not in VOLATILE}
    with h5py.File(part, "r+") as file:
        file.attrs["format"] = FORMAT
        put_json(file, DESCRIPTION, stable)
