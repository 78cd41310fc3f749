"""A Keras network as a method: fresh for every fold and seed."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.models import saved_model
from merflow.models.fold_data import WEIGHTS, TrainingData, check
from merflow.models.network_registry import check_settings
from merflow.models.training import backend

if TYPE_CHECKING:
    import keras


class NetworkMethod:
    """Trains the network an experiment names."""

    def __init__(
        self, experiment: Experiment, classes: tuple[str, ...], seed: int, weights: Path | None
    ) -> None:
        check_settings(experiment.network, experiment.network_settings)
        self.experiment, self.classes, self.seed = experiment, classes, seed
        self.weights = weights
        self.watch: Callable[[keras.Model], dict[str, float]] | None = None
        """Called with the model after each epoch; training does not depend on it."""
        self.told: Callable[[dict[str, Any]], None] | None = None
        """Given each epoch's row of the history as it ends."""

    def fit(self, data: TrainingData) -> "FittedNetwork":
        """Fit a new network with a new optimiser on the fold's training clips."""
        check(data, self.classes)
        started = time.perf_counter()
        training = self.experiment.training
        device = backend.prepare(training.threads, training.device, training.deterministic)
        from merflow.models.training import fit as loop
        from merflow.models.training import tensorboard as curves

        if training.tensorboard:
            curves.check_backend()
        recipe = loop.Recipe(
            self.experiment.network,
            dict(self.experiment.network_settings),
            self.classes,
            training,
            self.seed,
            device,
            self.weights,
            self.told,
        )
        result = loop.train_fold(recipe, data, self.watch)
        result.facts["seconds"] = round(time.perf_counter() - started, 3)
        result.facts |= loop.measured(result, data.x, training.batch_size)
        return FittedNetwork(
            result.model,
            result.history,
            result.facts,
            training.batch_size,
            result.prints,
            tensorboard=training.tensorboard,
        )


class FittedNetwork:
    """A trained network with the training fold's scaling inside."""

    def __init__(
        self,
        model: "keras.Model",
        history: list[dict[str, Any]],
        facts: dict[str, Any],
        batch: int,
        prints: Sequence[str],
        *,
        tensorboard: bool = False,
    ) -> None:
        self.model, self.history, self.facts, self.batch = model, history, facts, batch
        self.prints = prints
        self.tensorboard = tensorboard

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32 probabilities of x, (M, *shape)."""
        from merflow.models.training.predict import probabilities

        return probabilities(self.model, x, self.batch)

    def save(self, folder: Path) -> None:
        """Write the weights with what is needed to rebuild the network around them."""
        if self.tensorboard:
            from merflow.models.training import tensorboard as curves

            curves.write_curves(Path(folder) / "tensorboard", self.history)
        kept = {**self.facts, "prints": list(self.prints)}
        saved_model.write_network(Path(folder) / WEIGHTS, self.model, kept)
