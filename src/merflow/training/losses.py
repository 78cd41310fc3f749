"""Losses and class weights."""

from collections.abc import Sequence

import keras
import numpy as np

from merflow.errors import MerflowError
from merflow.settings import Training


def loss(training: Training) -> keras.losses.Loss:
    """Return the loss on (N, K) one-hot labels and probabilities.

    Cross-entropy, or focal: cross-entropy times (1 - p) ** gamma, so that clips already
    recognised count less. Class weights come in as sample weights, for either.
    """
    smoothing = training.label_smoothing
    if training.loss == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=training.focal_gamma, label_smoothing=smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


def class_weights(training: Training, y: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return (K,) float32 weights of the classes, from the training labels y (N,) alone.

    balanced: N / (K n_k), so every class weighs the same in total. With balanced sampling the
    classes are already drawn equally often, and balanced weights are ones.
    """
    given, k = training.class_weights, len(classes)
    if isinstance(given, tuple):
        if len(given) != k or min(given) < 0 or max(given) <= 0:
            raise MerflowError(
                "training.class_weights",
                f"{len(given)} numbers: {', '.join(f'{w:g}' for w in given)}",
                f"{k} numbers, none negative, for {', '.join(classes)}",
            )
        return np.asarray(given, np.float32)
    if given == "none" or training.balanced_sampling:
        return np.ones(k, np.float32)
    counts = np.bincount(y, minlength=k)
    return (len(y) / (k * np.maximum(counts, 1))).astype(np.float32)
