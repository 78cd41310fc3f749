"""Input scaling: pixels to mean 0 and deviation 1, by statistics of the training fold.

The statistics come from the training clips alone and are saved with the weights: a test clip
cannot change them, and every prediction uses them.
"""

from typing import Any, Literal

import keras
import numpy as np

from merflow.errors import MerflowError
from merflow.models.network_registry import build_network

Scaling = Literal["fold", "unit", "none"]


def statistics(x: np.ndarray, scaling: Scaling) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation to scale with, (C,) float64 each, one per channel.

    x: (N, ..., C) uint8 or float16. fold: of all pixels of x; unit: pixels 0..255 to 0..1; none:
    pixels unchanged.
    """
    channels = x.shape[-1]
    if scaling == "none":
        return np.zeros(channels), np.ones(channels)
    if scaling == "unit":
        return np.zeros(channels), np.full(channels, 255.0)
    mean, deviation = _exact(x) if x.dtype == np.uint8 else _two_passes(x)
    # A channel that never changes (flow of still clips) has no information: keep its scale.
    return mean, np.where(deviation > 1e-6, deviation, 1.0)


def _exact(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation from counts of the 256 values: exact in any order of clips."""
    values = np.arange(256, dtype=np.float64)
    counts = np.zeros((x.shape[-1], 256))
    for clip in x:
        for channel in range(x.shape[-1]):
            counts[channel] += np.bincount(clip[..., channel].ravel(), minlength=256)
    total = counts.sum(1)
    mean = counts @ values / total
    variance = counts @ values**2 / total - mean**2
    return mean, np.sqrt(np.maximum(variance, 0))


def _two_passes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    axes = tuple(range(x.ndim - 1))
    wide = x.astype(np.float64)
    if not np.isfinite(wide).all():
        raise MerflowError("training data", "values that are not finite", "finite numbers", code=3)
    return wide.mean(axes), wide.std(axes)


class Standardise(keras.layers.Layer):
    """`(x - mean) / deviation` per channel; both are weights, saved but never trained."""

    def __init__(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        super().__init__(name="standardise", dtype="float32")
        self.given = {"mean": mean, "deviation": deviation}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the two weights, (C,) float32 each."""
        for key, value in self.given.items():
            weight = self.add_weight(
                name=key, shape=(input_shape[-1],), trainable=False, initializer="zeros"
            )
            weight.assign(np.asarray(value, np.float32))
            setattr(self, key, weight)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Scale x, (N, ..., C)."""
        return (x - self.mean) / self.deviation


def with_scaling(
    network: keras.Model, shape: tuple[int, ...], scale: tuple[np.ndarray, np.ndarray]
) -> keras.Model:
    """Return the network with its input standardised by `scale`, mean and deviation."""
    inputs = keras.Input(shape, dtype="float32")
    return keras.Model(inputs, network(Standardise(*scale)(inputs)), name="scaled")


def scaled_network(
    name: str,
    settings: dict[str, Any],
    shape: tuple[int, ...],
    classes: int,
    scale: tuple[np.ndarray, np.ndarray],
    many_labels: bool = False,
) -> keras.Model:
    """Build a network by name behind a layer that standardises its input with `scale`."""
    network = build_network(name, shape, classes, settings, many_labels)
    return with_scaling(network, shape, scale)
