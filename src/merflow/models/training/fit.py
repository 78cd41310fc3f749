"""The training loop: fit a new network on one fold, epoch by epoch."""

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
from merflow.models.method_interface import TrainingData
from merflow.models.network_registry import made_for_weights
from merflow.models.training import (
    augmentation,
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
    transfer_layers,
)

AfterEpoch = Callable[[keras.Model], dict[str, float]]
"""Called after each epoch; its result is added to the epoch's row of the history."""


@dataclass(frozen=True)
class Job:
    """Everything a training depends on besides the data.

    start: weights file of a pretraining; on_epoch: called with each epoch's row of the history,
    has no effect on the training.
    """

    network: str
    settings: dict[str, Any]
    classes: tuple[str, ...]
    training: Training
    seed: int
    device: str
    start: Path | None = None
    on_epoch: Callable[[dict[str, Any]], None] | None = None


@dataclass
class Trained:
    """A trained model with its input scaling, one row per epoch, and facts about the training."""

    model: keras.Model
    history: list[dict[str, Any]]
    facts: dict[str, Any]
    clip_hashes: list[str]
    """Of all clips trained on, also by the start weights: to detect leakage."""


def train_fold(job: Job, data: TrainingData, after_epoch: AfterEpoch | None = None) -> Trained:
    """Train on all clips of the fold, for the epochs set or for those that inner folds choose."""
    training = job.training
    augmentation.check(training.augment, "frames" if data.x.ndim == 5 else "flow")
    if training.stopping == "fixed":
        return train(job, data, training.epochs, after_epoch)
    held = inner_folds.folds(data.keys, data.y, job.classes, training, "training.stopping: inner")
    curves = []
    for fold in range(training.inner_folds):
        rest = data.take(np.flatnonzero(held != fold))
        out = data.take(np.flatnonzero(held == fold))
        validation = epoch_choice.Validation(rest.x, out, training.batch_size)
        curves.append(train(job, rest, training.epochs, validation).history)
    chosen, best = epoch_choice.chosen_epoch(curves)
    trained = train(job, data, chosen)
    for key in ("val_loss", "val_accuracy"):
        means = [float(np.mean([row[key] for row in rows])) for rows in zip(*curves, strict=True)]
        trained.facts[f"inner_{key}"] = means
        for row, mean in zip(trained.history, means, strict=False):
            row[key] = mean
    trained.facts["inner_best_epochs"] = best
    return trained


def prediction_cost(model: keras.Model, x: np.ndarray, batch: int) -> dict[str, Any]:
    """Return the cost of a prediction: operations (FLOPs) and milliseconds per clip in a batch."""
    full = np.resize(x, (batch, *x.shape[1:]))
    model.predict_on_batch(full)  # The first call traces.
    started = time.perf_counter()
    model.predict_on_batch(full)
    spent = 1000 * (time.perf_counter() - started) / batch
    return {
        "flops": flops.forward_flops(model, x.shape[1:]),
        "milliseconds_a_clip": round(spent, 3),
    }


def train(
    job: Job, data: TrainingData, epochs: int, after_epoch: AfterEpoch | None = None
) -> Trained:
    """Build, compile and fit a new network; the schedule still spans the settings' epochs."""
    training = job.training
    backend.reset(job.seed, training.mixed_precision, job.device)
    clock = _Clock()
    # Networks made for published weights have these weights' own input scaling.
    scaling = "none" if made_for_weights(job.network) else training.scaling
    scale = input_scaling.statistics(data.x, scaling)
    model = input_scaling.scaled_network(
        job.network, job.settings, data.x.shape[1:], len(job.classes), scale
    )
    start: dict[str, Any] = {}
    if file := start_weights.start_file(training, job.start):
        start = transfer_layers.initialise(model.layers[-1], job.network, file, job.settings)
    weights = class_weights.class_weights(training, data.y, job.classes)
    history = _fit(model, job, data, weights, epochs, after_epoch, clock)
    batch_norm.settle(model, data.x, training.batch_size)
    digests = sorted({*clip_hashes(data.x), *start.pop("prints", ())})
    facts = _facts(job, data, model, weights, scale, epochs) | start | clock.facts()
    facts["subjects"] = sorted({*data.subjects, *start.get("subjects", ())})
    # The same layers without the optimiser, whose state is no longer needed.
    bare = keras.Model(model.inputs, model.outputs, name="scaled")
    return Trained(bare, history, facts, digests)


def _fit(
    model: keras.Model,
    job: Job,
    data: TrainingData,
    weights: np.ndarray,
    epochs: int,
    after_epoch: AfterEpoch | None,
    clock: "_Clock",
) -> list[dict[str, Any]]:
    training = job.training
    steps = -(-len(data.y) // training.batch_size)
    model.compile(
        optimisers.optimiser(training, steps),
        losses.loss(training),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        # XLA is ten times slower on a processor; JAX needs it.
        jit_compile="auto" if backend.backend() == "jax" else False,
    )
    # Otherwise the first step makes these variables and is traced twice.
    model.optimizer.build(model.trainable_variables)
    rng = np.random.default_rng([job.seed, len(data.y)])
    feed = _Feed(job, data)
    history = []
    for number in range(1, epochs + 1):
        order = batches.epoch(rng, data.y, training.batch_size, training.balanced_sampling)
        row = {"epoch": number, **_one_epoch(model, feed, data, weights, order, number, clock)}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        history.append(row | (after_epoch(model) if after_epoch else {}))
        if job.on_epoch:
            job.on_epoch(history[-1])
    return history


class _Feed:
    """The clips of a batch: augmented on the host, or unchanged from the memory they are in."""

    def __init__(self, job: Job, data: TrainingData) -> None:
        self.augment = job.training.augment
        self.rng = np.random.default_rng([job.seed, len(data.y), 1])
        self.active = augmentation.active(self.augment)
        self.x = data.x if self.active else backend.resident(data.x, job.device)

    def __call__(self, index: np.ndarray) -> Any:  # noqa: ANN401
        if self.active:
            return augmentation.changed(self.rng, self.x[index], self.augment)
        return backend.rows(self.x, index)


def _one_epoch(
    model: keras.Model,
    feed: _Feed,
    data: TrainingData,
    weights: np.ndarray,
    order: np.ndarray,
    epoch: int,
    clock: "_Clock",
) -> dict[str, float]:
    """Run one epoch; return the mean training loss and accuracy over its batches."""
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
    job: Job,
    data: TrainingData,
    model: keras.Model,
    weights: np.ndarray,
    scale: tuple[np.ndarray, np.ndarray],
    epochs: int,
) -> dict[str, Any]:
    network = model.layers[-1]
    return {
        "network": job.network,
        "settings": job.settings,
        "classes": list(job.classes),
        "shape": [int(side) for side in data.x.shape[1:]],
        "seed": job.seed,
        "epochs": epochs,
        "batch_size": job.training.batch_size,
        "training_clips": len(data.y),
        "class_weights": [float(w) for w in weights],
        "mean": [float(v) for v in scale[0]],
        "deviation": [float(v) for v in scale[1]],
        "parameters": int(network.count_params()),
        "device": job.device,
        "backend": backend.backend(),
        "keras": keras.version(),
    }


class _Clock:
    """The time to the first step: building and tracing."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.first = 0.0

    def step(self) -> None:
        self.first = self.first or time.perf_counter() - self.started

    def facts(self) -> dict[str, float]:
        return {"seconds_to_first_step": round(self.first, 3)}
