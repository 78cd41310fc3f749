"""A Keras network as a method: a new network for every fold and seed."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.models import weights_file
from merflow.models.method_interface import TrainingData, check
from merflow.models.network_registry import check_settings
from merflow.models.training import backend, tensorboard
from merflow.paths import WEIGHTS

if TYPE_CHECKING:
    import keras


class NetworkMethod:
    """Trains the network an experiment names."""

    def __init__(
        self, experiment: Experiment, classes: tuple[str, ...], seed: int, start: Path | None
    ) -> None:
        check_settings(experiment.network, experiment.network_settings)
        self.experiment, self.classes, self.seed, self.start = experiment, classes, seed, start
        self.after_epoch: Callable[[keras.Model], dict[str, float]] | None = None
        """Called with the model after each epoch; training does not depend on it."""
        self.on_epoch: Callable[[dict[str, Any]], None] | None = None
        """Called with each epoch's row of the history."""

    def fit(self, data: TrainingData) -> "FittedNetwork":
        """Fit a new network with a new optimiser on the fold's training clips."""
        check(data, self.classes)
        started = time.perf_counter()
        training = self.experiment.training
        device = backend.prepare(training.threads, training.device, training.deterministic)
        # Imports Keras, which must start after its backend is prepared.
        from merflow.models.training import fit

        if training.tensorboard:
            tensorboard.check_backend()
        job = fit.Job(
            self.experiment.network,
            dict(self.experiment.network_settings),
            self.classes,
            training,
            self.seed,
            device,
            self.start,
            self.on_epoch,
        )
        result = fit.train_fold(job, data, self.after_epoch)
        result.facts["seconds"] = round(time.perf_counter() - started, 3)
        result.facts |= fit.prediction_cost(result.model, data.x, training.batch_size)
        return FittedNetwork(
            result.model,
            result.history,
            result.facts,
            training.batch_size,
            result.clip_hashes,
            tensorboard=training.tensorboard,
        )


class FittedNetwork:
    """A trained network; the training fold's input scaling is its first layer."""

    def __init__(
        self,
        model: "keras.Model",
        history: list[dict[str, Any]],
        facts: dict[str, Any],
        batch: int,
        clip_hashes: Sequence[str],
        *,
        tensorboard: bool = False,
    ) -> None:
        self.model, self.history, self.facts, self.batch = model, history, facts, batch
        self.clip_hashes, self.tensorboard = clip_hashes, tensorboard

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32 probabilities of x, (M, *shape)."""
        from merflow.models.training.predict import probabilities  # imports Keras

        return probabilities(self.model, x, self.batch)

    def save(self, folder: Path) -> None:
        """Write the weights with the description needed to rebuild the network."""
        if self.tensorboard:
            tensorboard.write_curves(Path(folder) / "tensorboard", self.history)
        facts = {**self.facts, "prints": list(self.clip_hashes)}
        weights_file.write_network(Path(folder) / WEIGHTS, self.model, facts)
