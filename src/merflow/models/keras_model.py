"""A Keras network as a method: a new network for every fold and seed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.config.settings import Experiment
from merflow.models.method_interface import TrainingData, check
from merflow.models.network_registry import check_settings
from merflow.models.training import backend, tensorboard

if TYPE_CHECKING:
    import keras

    from merflow.models.training.saved_network import FittedNetwork


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
        device = backend.prepare(
            training.threads, training.device, training.deterministic, training.gpu_share
        )
        # Imports Keras, which must start after its backend is prepared.
        from merflow.models.training import fit

        if training.tensorboard:
            tensorboard.check_backend()
        job = fit.Job(self.experiment, self.classes, self.seed, device, self.start, self.on_epoch)
        fitted = fit.train_fold(job, data, self.after_epoch)
        fitted.facts["seconds"] = round(time.perf_counter() - started, 3)
        fitted.facts |= fit.prediction_cost(fitted.model, data.x, training.batch_size)
        return fitted
