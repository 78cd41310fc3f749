"""The training loop: one fold, one fresh network, every epoch in plain sight."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from merflow.config.settings import Training
from merflow.errors import FAILED, MerflowError
from merflow.evaluation.duplicate_clips import clip_hashes
from merflow.models.fold_data import TrainingData
from merflow.models.network_registry import build_network, module
from merflow.models.training import (
    augment,
    backend,
    batch_norm,
    batches,
    class_weights,
    epoch_choice,
    flops,
    inner_folds,
    input_scaling,
    losses,
    optimisers,
    start_weights,
    weights_file,
)

Watch = Callable[[keras.Model], dict[str, float]]
"""Called after each epoch; what it returns is added to the epoch's row of the history."""


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on besides the data; weights: a start, from a pretraining."""

    network: str
    settings: dict[str, Any]
    classes: tuple[str, ...]
    training: Training
    seed: int
    device: str
    weights: Path | None = None
    told: Callable[[dict[str, Any]], None] | None = None
    """Given the row of each epoch as it ends; training does not depend on it."""


@dataclass
class Trained:
    """A trained model (scaling inside), one row per epoch, and what is known about the training."""

    model: keras.Model
    history: list[dict[str, Any]]
    facts: dict[str, Any]
    prints: list[str]
    """Of all clips that made the weights, those of a pretraining too: see `twins`."""


def train_fold(recipe: Recipe, data: TrainingData, watch: Watch | None = None) -> Trained:
    """Train on all clips of the fold, for the epochs set or for those inner folds choose."""
    augment.check(recipe.training.augment, "frames" if data.x.ndim == 5 else "flow")
    epochs = recipe.training.epochs
    if recipe.training.stopping == "fixed":
        return train(recipe, data, epochs, watch)
    count = recipe.training.inner_folds
    held = inner_folds.folds(
        data.keys, data.y, recipe.classes, recipe.training, "training.stopping: inner"
    )
    curves = []
    for fold in range(count):
        rest = data.take(np.flatnonzero(held != fold))
        out = data.take(np.flatnonzero(held == fold))
        watch = epoch_choice.Validation(rest.x, out, recipe.training.batch_size)
        curves.append(train(recipe, rest, epochs, watch).history)
    chosen, best = epoch_choice.chosen_epoch(curves)
    trained = train(recipe, data, chosen)
    for key in ("val_loss", "val_accuracy"):
        means = [float(np.mean([row[key] for row in rows])) for rows in zip(*curves, strict=True)]
        trained.facts[f"inner_{key}"] = means
        for row, mean in zip(trained.history, means, strict=False):
            row[key] = mean
    trained.facts["inner_best_epochs"] = best
    return trained


def measured(trained: Trained, x: np.ndarray, batch: int) -> dict[str, Any]:
    """Return what an answer costs: operations of a clip, milliseconds of a clip in a batch."""
    full = np.resize(x, (batch, *x.shape[1:]))
    trained.model.predict_on_batch(full)  # The first call traces.
    started = time.perf_counter()
    trained.model.predict_on_batch(full)
    spent = 1000 * (time.perf_counter() - started) / batch
    return {
        "flops": flops.forward_flops(trained.model, x.shape[1:]),
        "milliseconds_a_clip": round(spent, 3),
    }


def train(recipe: Recipe, data: TrainingData, epochs: int, watch: Watch | None = None) -> Trained:
    """Build, compile and fit a network afresh; the schedule still spans the settings' epochs."""
    training = recipe.training
    backend.fresh(recipe.seed, training.mixed_precision, recipe.device)
    clock = _Clock()
    scale = _scale(recipe, data.x)
    model = scaled_network(
        recipe.network, recipe.settings, data.x.shape[1:], len(recipe.classes), scale
    )
    begun: dict[str, Any] = {}
    if file := weights_file.start_file(training, recipe.weights):
        begun = start_weights.begin_from(model.layers[-1], recipe.network, file, recipe.settings)
    weights = class_weights.class_weights(training, data.y, recipe.classes)
    history = _fit(model, recipe, data, weights, epochs, watch, clock)
    batch_norm.settle(model, data.x, training.batch_size)
    seen = sorted({*clip_hashes(data.x), *begun.pop("prints", ())})
    facts = _facts(recipe, data, model, weights, scale, epochs) | begun | clock.facts()
    facts["subjects"] = sorted({*data.subjects, *begun.get("subjects", ())})
    # A model of the same layers without the optimiser, whose state nobody needs any more.
    bare = keras.Model(model.inputs, model.outputs, name="scaled")
    return Trained(bare, history, facts, seen)


def _fit(
    model: keras.Model,
    recipe: Recipe,
    data: TrainingData,
    weights: np.ndarray,
    epochs: int,
    watch: Watch | None,
    clock: "_Clock",
) -> list[dict[str, Any]]:
    training = recipe.training
    steps = -(-len(data.y) // training.batch_size)
    model.compile(
        optimisers.optimiser(training, steps),
        losses.loss(training),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        # XLA is ten times slower on a processor; JAX cannot do without.
        jit_compile="auto" if backend.backend() == "jax" else False,
    )
    # Variables that the first step would make would have it traced twice.
    model.optimizer.build(model.trainable_variables)
    rng = np.random.default_rng([recipe.seed, len(data.y)])
    feed = _Feed(recipe, data)
    history = []
    for number in range(1, epochs + 1):
        order = batches.epoch(rng, data.y, training.batch_size, training.balanced_sampling)
        row = {"epoch": number, **_one_epoch(model, feed, data, weights, order, number, clock)}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        history.append(row | (watch(model) if watch else {}))
        if recipe.told:
            recipe.told(history[-1])
    return history


class _Feed:
    """The clips of a batch: as they are from where they lie, or changed on the way."""

    def __init__(self, recipe: Recipe, data: TrainingData) -> None:
        self.augment = recipe.training.augment
        self.rng = np.random.default_rng([recipe.seed, len(data.y), 1])
        self.active = augment.active(self.augment)
        self.x = data.x if self.active else backend.resident(data.x, recipe.device)

    def __call__(self, index: np.ndarray) -> Any:  # noqa: ANN401
        if self.active:
            return augment.changed(self.rng, self.x[index], self.augment)
        return backend.rows(self.x, index)


def scaled_network(
    name: str,
    settings: dict[str, Any],
    shape: tuple[int, ...],
    classes: int,
    scale: tuple[np.ndarray, np.ndarray],
) -> keras.Model:
    """Return a fresh network behind a layer that standardises its input with `scale`."""
    return behind_scaling(build_network(name, shape, classes, settings), shape, scale)


def behind_scaling(
    network: keras.Model, shape: tuple[int, ...], scale: tuple[np.ndarray, np.ndarray]
) -> keras.Model:
    """Return the network with its input standardised by `scale`, mean and deviation."""
    inputs = keras.Input(shape, dtype="float32")
    return keras.Model(inputs, network(input_scaling.Standardise(*scale)(inputs)), name="scaled")


def _scale(recipe: Recipe, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Networks that bring their own input scaling (that of published weights) say so.
    own = getattr(module(recipe.network), "OWN_SCALING", False)
    return input_scaling.statistics(x, "none" if own else recipe.training.scaling)


def _one_epoch(
    model: keras.Model,
    feed: _Feed,
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
            feed(index), labels[index], weights[data.y[index]], return_dict=True
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
