"""The training loop: fit a new network on one fold, epoch by epoch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from merflow.config.settings import Augment, Experiment
from merflow.errors import FAILED, MerflowError
from merflow.evaluation.duplicate_clips import clip_hashes
from merflow.models.method_interface import TrainingData, input_fact
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
from merflow.models.training.saved_network import FittedNetwork

AfterEpoch = Callable[[keras.Model], dict[str, float]]
"""Called after each epoch; its result is added to the epoch's row of the history."""


@dataclass(frozen=True)
class Job:
    """Everything a training depends on besides the data.

    start: weights file of a pretraining; on_epoch: called with each epoch's row of the history,
    has no effect on the training.
    """

    experiment: Experiment
    classes: tuple[str, ...]
    seed: int
    device: str
    start: Path | None = None
    on_epoch: Callable[[dict[str, Any]], None] | None = None


def train_fold(
    job: Job, data: TrainingData, after_epoch: AfterEpoch | None = None
) -> FittedNetwork:
    """Train on all clips of the fold, for the epochs set or for those that inner folds choose."""
    training = job.experiment.training
    augmentation.check(training.augment, "frames" if data.x.ndim == 5 else "flow")
    if training.stopping == "fixed":
        return train(job, data, training.epochs, after_epoch)
    held = inner_folds.folds(data.keys, data.y, job.classes, training, "training.stopping: inner")
    curves = []
    for fold in range(training.inner_folds):
        rest = data.take(np.flatnonzero(held != fold))
        out = data.take(np.flatnonzero(held == fold))
        scores = partial(
            epoch_choice.held_out_scores, train_x=rest.x, held=out, batch=training.batch_size
        )
        curves.append(train(job, rest, training.epochs, scores).history)
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
) -> FittedNetwork:
    """Build, compile and fit a new network; the schedule still spans the settings' epochs."""
    training, network = job.experiment.training, job.experiment.network
    settings = dict(job.experiment.network_settings)
    backend.reset(job.seed, training.mixed_precision, job.device)
    started = time.perf_counter()
    # Networks made for published weights have these weights' own input scaling.
    scaling = "none" if made_for_weights(network) else training.scaling
    scale = input_scaling.statistics(data.x, scaling)
    model = input_scaling.scaled_network(
        network, settings, data.x.shape[1:], len(job.classes), scale, data.many_labels
    )
    start: dict[str, Any] = {}
    if file := start_weights.start_file(training, job.start):
        start = transfer_layers.initialise(model.layers[-1], network, file, settings)
    loop = _Loop(job, data, model)
    history = loop.run(epochs, after_epoch)
    batch_norm.settle(model, data.x, training.batch_size)
    digests = sorted({*clip_hashes(data.x), *start.pop("prints", ())})
    facts = _facts(loop, scale, epochs) | start
    facts["seconds_to_first_step"] = round(loop.first_step - started, 3)
    facts["subjects"] = sorted({*data.subjects, *start.get("subjects", ())})
    # The same layers without the optimiser, whose state is no longer needed.
    bare = keras.Model(model.inputs, model.outputs, name="scaled")
    return FittedNetwork(bare, history, facts, digests, training.tensorboard)


class _Loop:
    """A compiled network and its batches: augmented on the host, or from the memory they are in."""

    def __init__(self, job: Job, data: TrainingData, model: keras.Model) -> None:
        training, n = job.experiment.training, len(data.y)
        self.job, self.data, self.model, self.training = job, data, model, training
        if data.many_labels:
            self.weights = class_weights.unit_weights(training, data.y, job.classes)
            self.labels = np.nan_to_num(data.y, nan=losses.UNCLEAR)
            self.clip_weights = np.ones(n, np.float32)
            loss = losses.unit_loss(training, self.weights)
            accuracy = keras.metrics.MeanMetricWrapper(losses.unit_accuracy, "accuracy")
        else:
            self.weights = class_weights.class_weights(training, data.y, job.classes)
            self.labels = np.eye(len(self.weights), dtype=np.float32)[data.y]
            self.clip_weights = self.weights[data.y]
            loss = losses.loss(training)
            accuracy = keras.metrics.CategoricalAccuracy("accuracy")
        self.order_rng = np.random.default_rng([job.seed, n])
        self.augment_rng = np.random.default_rng([job.seed, n, 1])
        self.augmented = training.augment != Augment()
        self.x = data.x if self.augmented else backend.resident(data.x, job.device)
        self.first_step = 0.0
        """When the first step ended, after building and tracing (s of `time.perf_counter`)."""
        model.compile(
            optimisers.optimiser(training, -(-n // training.batch_size)),
            loss,
            metrics=[accuracy],
            # XLA is ten times slower on a processor; JAX needs it.
            jit_compile="auto" if backend.backend() == "jax" else False,
        )
        # Otherwise the first step makes these variables and is traced twice.
        model.optimizer.build(model.trainable_variables)
        self.steps = backend.steps(model)

    def run(self, epochs: int, after_epoch: AfterEpoch | None) -> list[dict[str, Any]]:
        """Train for a number of epochs; return one row per epoch."""
        history = []
        for number in range(1, epochs + 1):
            row = {"epoch": number, **self._epoch(number)}
            rate = self.model.optimizer.learning_rate
            row["learning_rate"] = float(keras.ops.convert_to_numpy(rate))
            history.append(row | (after_epoch(self.model) if after_epoch else {}))
            if self.job.on_epoch:
                self.job.on_epoch(history[-1])
        return history

    def _epoch(self, epoch: int) -> dict[str, float]:
        """Run one epoch; return the mean training loss and accuracy over its batches."""
        training, y = self.training, self.data.y
        order = batches.epoch(self.order_rng, y, training.batch_size, training.balanced_sampling)
        results = []
        for index in batches.in_calls(order, self.data.x[0].nbytes):
            row = self.steps(self._clips(index), self.labels[index], self.clip_weights[index])
            self.first_step = self.first_step or time.perf_counter()
            results.append(row.astype(np.float64))
            self._check(epoch, order, np.concatenate(results)[:, 0])
        loss, accuracy = np.concatenate(results).mean(0)
        return {"loss": float(loss), "accuracy": float(accuracy)}

    def _check(self, epoch: int, order: np.ndarray, losses: np.ndarray) -> None:
        """Refuse a loss that is not finite; order: (steps, B) positions, losses: of the first."""
        if np.isfinite(losses).all():
            return
        number = int(np.argmin(np.isfinite(losses)))
        clips = ", ".join(self.data.rows[i] for i in order[number])
        raise MerflowError(
            f"training, epoch {epoch}, batch {number + 1}",
            f"the loss is {losses[number]}; clips of the batch: {clips}",
            "a finite loss",
            "lower training.learning_rate, or look at these clips with `merflow preview`",
            code=FAILED,
        )

    def _clips(self, index: np.ndarray) -> Any:  # noqa: ANN401
        """Return the clips at positions (S, B), (S, B, *shape)."""
        if self.augmented:
            changed = (
                augmentation.changed(self.augment_rng, self.x[row], self.training.augment)
                for row in index
            )
            return np.stack(list(changed))
        return backend.rows(self.x, index)


def _facts(loop: _Loop, scale: tuple[np.ndarray, np.ndarray], epochs: int) -> dict[str, Any]:
    job, data = loop.job, loop.data
    return {
        "network": job.experiment.network,
        "settings": dict(job.experiment.network_settings),
        "classes": list(job.classes),
        "shape": [int(side) for side in data.x.shape[1:]],
        "seed": job.seed,
        "epochs": epochs,
        "batch_size": loop.training.batch_size,
        "training_clips": len(data.y),
        "class_weights": [float(w) for w in loop.weights],
        "mean": [float(v) for v in scale[0]],
        "deviation": [float(v) for v in scale[1]],
        "parameters": int(loop.model.layers[-1].count_params()),
        "device": job.device,
        "backend": backend.backend(),
        "keras": keras.version(),
        **input_fact(data.x),
        **({"many_labels": True} if data.many_labels else {}),
    }
