"""Class weights for the loss, from the training labels alone."""

import math
from collections.abc import Sequence

import numpy as np

from merflow.config.settings import Training
from merflow.errors import MerflowError


def class_weights(
    training: Training, y: np.ndarray, classes: Sequence[str], *, svm: bool = False
) -> np.ndarray:
    """Return (K,) float32 weights of the classes, from the training labels y (N,) int64.

    balanced: N / (K n_k), so every class has the same total weight. With balanced sampling the
    classes are already drawn equally often, and balanced weights are ones.
    """
    given, k = training.class_weights, len(classes)
    if isinstance(given, tuple):
        check_given(given, classes, svm=svm)
        return np.asarray(given, np.float32)
    if given == "none" or training.balanced_sampling:
        return np.ones(k, np.float32)
    counts = np.bincount(y, minlength=k)
    return (len(y) / (k * np.maximum(counts, 1))).astype(np.float32)


def unit_weights(training: Training, y: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return (K,) float32 weights of `present` against `absent`; y: (N, K) 1, 0, NaN if unclear.

    balanced: absent over present clips of the fold, 1 for a unit without one of them.
    """
    given = training.class_weights
    if isinstance(given, tuple):
        check_given(given, classes)
        return np.asarray(given, np.float32)
    if given == "none":
        return np.ones(len(classes), np.float32)
    present, absent = (y == 1).sum(0), (y == 0).sum(0)
    both = (present > 0) & (absent > 0)
    return np.where(both, absent / np.maximum(present, 1), 1).astype(np.float32)


def check_given(given: Sequence[float], classes: Sequence[str], *, svm: bool = False) -> None:
    """Refuse weights of the config unless they are one number per class; above 0 for an SVM."""
    sound = len(given) == len(classes) and all(0 <= w < math.inf for w in given) and any(given)
    if not sound or (svm and 0 in given):
        raise MerflowError(
            "training.class_weights",
            f"{len(given)} numbers: {', '.join(f'{w:g}' for w in given)}",
            f"{len(classes)} numbers, {'all above 0' if svm else 'none negative'}, for "
            f"{', '.join(classes)}",
            "one number per class, in this order",
        )
