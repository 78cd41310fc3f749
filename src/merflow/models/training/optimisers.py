"""Optimisers and learning-rate schedules by name."""

import math

import keras
from keras import ops
from keras.optimizers import schedules

from merflow.config.settings import Training
from merflow.models.training import backend


class OneCycle(schedules.LearningRateSchedule):
    """A learning rate that rises to its peak and falls to almost 0, both as a cosine.

    It rises over the first share `rising` of the updates, from peak / 25, and ends at peak / 500.
    The released code of one system advanced it once per epoch instead of once per update, and so
    never left the warm-up: here it counts updates.
    """

    def __init__(self, peak: float, updates: int, rising: float = 0.3) -> None:
        self.peak, self.updates, self.rising = peak, updates, rising

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        """Return the learning rate at an update, counted from 0."""
        at = ops.cast(step, "float32") / max(1, self.updates - 1)
        at = ops.minimum(at, 1.0)
        up = (1 - ops.cos(math.pi * at / self.rising)) / 2
        down = (1 + ops.cos(math.pi * (at - self.rising) / (1 - self.rising))) / 2
        start, end = self.peak / 25, self.peak / 500
        return ops.where(
            at < self.rising,
            start + (self.peak - start) * up,
            end + (self.peak - end) * down,
        )


def schedule(training: Training, steps_an_epoch: int) -> float | schedules.LearningRateSchedule:
    """Return the learning rate: a number, or a schedule over the updates of all epochs."""
    rate = training.learning_rate
    updates = max(1, training.epochs * steps_an_epoch // training.accumulate)
    if training.schedule == "cosine":
        return schedules.CosineDecay(rate, updates)
    if training.schedule == "step":
        every = max(1, training.step_epochs * steps_an_epoch // training.accumulate)
        return schedules.ExponentialDecay(rate, every, training.step_factor, staircase=True)
    if training.schedule == "onecycle":
        return OneCycle(rate, updates)
    return rate


def optimiser(training: Training, steps_an_epoch: int) -> keras.optimizers.Optimizer:
    """Return a new optimiser with its schedule, weight decay and gradient accumulation."""
    common = {
        "learning_rate": schedule(training, steps_an_epoch),
        # None saves the other optimisers a pass over the weights; AdamW needs a number.
        "weight_decay": training.weight_decay or (0.0 if training.optimiser == "adamw" else None),
        "gradient_accumulation_steps": training.accumulate if training.accumulate > 1 else None,
    }
    if training.optimiser == "sgd":
        return keras.optimizers.SGD(momentum=training.momentum, **common)
    if training.optimiser == "rmsprop":
        return keras.optimizers.RMSprop(**common)
    return backend.adam(training.optimiser)(**common)
