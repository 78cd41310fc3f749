"""Write a fold's history for TensorBoard; `history.csv` holds the same numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError
from merflow.io.files import atomic, temporary_folder
from merflow.models.training import backend

NAME = "events.out.tfevents.0.merflow"
"""TensorBoard needs the prefix; the fixed rest makes a fold trained again replace its file."""


def check_backend() -> None:
    """Refuse a training with a backend that cannot write its curves at the end."""
    if backend.backend() != "tensorflow":
        raise MerflowError(
            "training.tensorboard",
            f"needs the TensorFlow backend, this is {backend.backend()}",
            "KERAS_BACKEND=tensorflow, or the curves of history.csv",
            "set training.tensorboard: false",
        )


def write_curves(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one curve for every column of the history into `folder`, over the epochs."""
    with temporary_folder() as work:
        backend.write_events(work, history)
        (made,) = work.iterdir()
        with atomic(Path(folder) / NAME) as part:
            part.write_bytes(made.read_bytes())
