"""A trained network: prediction, its weights file, and the network rebuilt from this file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.models import network_registry, weights_file
from merflow.models.training import tensorboard
from merflow.models.training.input_scaling import scaled_network
from merflow.models.training.predict import probabilities
from merflow.paths import WEIGHTS


@dataclass
class FittedNetwork:
    """A trained network; the training fold's input scaling is its first layer."""

    model: keras.Model
    history: list[dict[str, Any]]
    facts: dict[str, Any]
    clip_hashes: Sequence[str]
    """Of all clips trained on, also by the start weights: to detect leakage."""
    tensorboard: bool = False

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32 probabilities of x, (M, *shape)."""
        one_class = not self.facts.get("many_labels", False)
        return probabilities(self.model, x, self.facts["batch_size"], one_class)

    def save(self, folder: Path) -> None:
        """Write the weights with the description needed to rebuild the network."""
        if self.tensorboard:
            tensorboard.write_curves(Path(folder) / "tensorboard", self.history)
        facts = {**self.facts, "prints": list(self.clip_hashes)}
        weights_file.write_network(Path(folder) / WEIGHTS, self.model, facts)


def load(path: Path, about: dict[str, Any]) -> FittedNetwork:
    """Return the trained network of a file; about: its description."""
    clip_hashes = about.pop("prints", [])
    return FittedNetwork(rebuild(path, about), [], about, clip_hashes)


def rebuild(path: Path, about: dict[str, Any]) -> keras.Model:
    """Return the network of a file, with its input scaling and weights; about: its description."""
    if about["network"] not in network_registry.names():
        raise MerflowError(
            str(path),
            f"holds weights of an unknown network, {about['network'][:80]!r}",
            f"one of {', '.join(network_registry.names())}",
            "do not use this file; train again",
        )
    shape = tuple(about["shape"])
    placeholder = np.zeros(shape[-1]), np.ones(shape[-1])
    settings = dict(about["settings"])
    if settings.get("weights") == "imagenet":
        settings["weights"] = "given"  # The file replaces them: do not load them.
    many = about.get("many_labels") is True
    classes = len(about["classes"])
    model = scaled_network(about["network"], settings, shape, classes, placeholder, many)
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
