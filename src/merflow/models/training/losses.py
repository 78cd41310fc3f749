"""Loss functions by name."""

import keras

from merflow.config.settings import Training


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
