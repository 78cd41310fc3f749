"""The training loop: one fold, one fresh network, every epoch in plain sight."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from merflow.errors import FAILED, MerflowError
from merflow.methods.data import TrainingData
from merflow.networks import build_network, module
from merflow.settings import Training
from merflow.training import backend, batches, losses, optimisers, scaling

Watch = Callable[[keras.Model], dict[str, float]]
"""Called after each epoch; what it returns is added to the epoch's row of the history."""


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on besides the data. weights: a start written by a pretraining."""

    network: str
    settings: dict[str, Any]
    classes: tuple[str, ...]
    training: Training
    seed: int
    device: str
    weights: Path | None = None


@dataclass
class Trained:
    """A trained model (scaling inside), one row per epoch, and what is known about the training."""

    model: keras.Model
    history: list[dict[str, Any]]
    facts: dict[str, Any]


def train_fold(recipe: Recipe, data: TrainingData) -> Trained:
    """Train on all clips of the fold for the epochs of the settings."""
    return train(recipe, data, recipe.training.epochs)


def train(recipe: Recipe, data: TrainingData, epochs: int, watch: Watch | None = None) -> Trained:
    """Build, compile and fit a network afresh; the schedule still spans the settings' epochs."""
    training = recipe.training
    backend.fresh(recipe.seed, training.mixed_precision, recipe.device)
    scale = _scale(recipe, data.x)
    model = scaled_network(
        recipe.network, recipe.settings, data.x.shape[1:], len(recipe.classes), scale
    )
    steps = -(-len(data.y) // training.batch_size)
    model.compile(
        optimiser := optimisers.optimiser(training, steps),
        losses.loss(training),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        jit_compile="auto" if backend.backend() == "jax" else False,
    )
    weights = losses.class_weights(training, data.y, recipe.classes)
    clock = _Clock()
    history = []
    rng = np.random.default_rng([recipe.seed, len(data.y)])
    clips = backend.resident(data.x, recipe.device)
    for number in range(1, epochs + 1):
        order = batches.epoch(rng, data.y, training.batch_size, training.balanced_sampling)
        row = {"epoch": number, **_one_epoch(model, clips, data, weights, order, number, clock)}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(optimiser.learning_rate))
        history.append(row | (watch(model) if watch else {}))
    facts = _facts(recipe, data, model, weights, scale, epochs) | clock.facts()
    return Trained(model, history, facts)


def scaled_network(
    name: str,
    settings: dict[str, Any],
    shape: tuple[int, ...],
    classes: int,
    scale: tuple[np.ndarray, np.ndarray],
) -> keras.Model:
    """Return a fresh network behind a layer that standardises its input with `scale`."""
    inputs = keras.Input(shape, dtype="float32")
    network = build_network(name, shape, classes, settings)
    return keras.Model(inputs, network(scaling.Standardise(*scale)(inputs)), name="scaled")


def _scale(recipe: Recipe, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Networks that bring their own input scaling (that of published weights) say so.
    own = getattr(module(recipe.network), "OWN_SCALING", False)
    return scaling.statistics(x, "none" if own else recipe.training.scaling)


def _one_epoch(
    model: keras.Model,
    clips: Any,  # noqa: ANN401
    data: TrainingData,
    weights: np.ndarray,
    order: np.ndarray,
    epoch: int,
    clock: "_Clock",
) -> dict[str, float]:
    """Run one pass; return the mean loss and accuracy over its batches, as trained."""
    labels = np.eye(len(weights), dtype=np.float32)[data.y]
    sums = np.zeros(2)
    for number, index in enumerate(order, 1):
        logs = model.train_on_batch(
            backend.rows(clips, index), labels[index], weights[data.y[index]], return_dict=True
        )
        clock.step()
        if not np.isfinite(logs["loss"]):
            _refuse_nan(logs["loss"], epoch, number, [data.rows[i] for i in index])
        sums += logs["loss"], logs["accuracy"]
    loss, accuracy = sums / len(order)
    return {"loss": float(loss), "accuracy": float(accuracy)}


def _refuse_nan(loss: float, epoch: int, batch: int, rows: list[str]) -> None:
    raise MerflowError(
        f"training, epoch {epoch}, batch {batch}",
        f"the loss is {loss}; clips of the batch: {', '.join(rows)}",
        "a finite loss",
        "lower training.learning_rate, or look at these clips with `merflow preview`",
        code=FAILED,
    )


def _facts(
    recipe: Recipe,
    data: TrainingData,
    model: keras.Model,
    weights: np.ndarray,
    scale: tuple[np.ndarray, np.ndarray],
    epochs: int,
) -> dict[str, Any]:
    network = model.layers[-1]
    return {
        "network": recipe.network,
        "settings": recipe.settings,
        "classes": list(recipe.classes),
        "shape": [int(side) for side in data.x.shape[1:]],
        "seed": recipe.seed,
        "epochs": epochs,
        "batch_size": recipe.training.batch_size,
        "training_clips": len(data.y),
        "class_weights": [float(w) for w in weights],
        "mean": [float(v) for v in scale[0]],
        "deviation": [float(v) for v in scale[1]],
        "parameters": int(network.count_params()),
        "device": recipe.device,
        "backend": backend.backend(),
        "keras": keras.version(),
    }


class _Clock:
    """Time to the first step (building and tracing) and per clip after it."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.first = 0.0

    def step(self) -> None:
        self.first = self.first or time.perf_counter() - self.started

    def facts(self) -> dict[str, float]:
        return {"seconds_to_first_step": round(self.first, 3)}
