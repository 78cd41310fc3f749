"""Loss functions by name, and the accuracy that the history shows."""

import keras
import numpy as np
from keras import ops

from merflow.config.settings import Training

UNCLEAR = -1.0
"""In place of a label that is not known: it enters neither the loss nor the accuracy."""
LEAST = 1e-7
"""Smallest probability that enters a logarithm."""


def loss(training: Training) -> keras.losses.Loss:
    """Return the loss on (N, K) one-hot labels and probabilities.

    Cross-entropy, or focal: cross-entropy times (1 - p) ** gamma, which lowers the weight of clips
    already recognised. Class weights are passed as sample weights, with either loss.
    """
    smoothing = training.label_smoothing
    if training.loss == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=training.focal_gamma, label_smoothing=smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


class UnitCrossentropy(keras.losses.Loss):
    """Binary cross-entropy, the mean over the K labels of a clip; focal with a gamma above 0."""

    def __init__(self, weights: np.ndarray, gamma: float, smoothing: float) -> None:
        super().__init__(name="unit_crossentropy")
        self.weights, self.gamma, self.smoothing = weights, gamma, smoothing
        """weights: (K,) of `present`; `absent` has the weight 1."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of each clip, (N,); y_true: (N, K) 1, 0 or UNCLEAR."""
        known = ops.cast(y_true != UNCLEAR, y_pred.dtype)
        y = ops.clip(y_true, 0.0, 1.0)
        weight = known * (1 + y * (ops.cast(self.weights, y_pred.dtype) - 1))
        y = y * (1 - self.smoothing) + self.smoothing / 2
        p = ops.clip(y_pred, LEAST, 1 - LEAST)
        loss = -(y * (1 - p) ** self.gamma * ops.log(p) + (1 - y) * p**self.gamma * ops.log(1 - p))
        return ops.mean(weight * loss, axis=-1)


def unit_loss(training: Training, weights: np.ndarray) -> keras.losses.Loss:
    """Return the loss on (N, K) labels of which a clip may have several; weights: (K,)."""
    gamma = training.focal_gamma if training.loss == "focal" else 0.0
    return UnitCrossentropy(weights, gamma, training.label_smoothing)


def unit_accuracy(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
    """Return the share of a clip's known labels that are right, (N,)."""
    known = ops.cast(y_true != UNCLEAR, y_pred.dtype)
    right = ops.cast((y_pred > 0.5) == (y_true > 0.5), y_pred.dtype) * known
    return ops.sum(right, axis=-1) / ops.maximum(ops.sum(known, axis=-1), 1.0)
