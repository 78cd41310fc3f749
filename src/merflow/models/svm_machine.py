"""The sides of clips in a fitted SVM, from arrays: planes, or distances to support vectors.

Everything a saved SVM needs without scikit-learn.
"""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.svm import SVC

Arrays = dict[str, np.ndarray]


def arrays_of(machine: "SVC", raw: np.ndarray) -> Arrays:
    """Return a fitted SVM as arrays, one row per pair of classes in the order 0-1, 0-2, 1-2.

    raw: (N, F) features that it was fitted on, before scaling. linear: normals (P, F) and offsets
    (P,); rbf: vectors (S, F) of the support clips, coefficients (P, S), offsets (P,) and gamma ().
    """
    count = len(machine.classes_)
    # With two classes a positive side means the second in scikit-learn, the first here.
    sign = -1.0 if count == 2 else 1.0
    offsets = sign * machine.intercept_
    if machine.kernel == "linear":
        return {"normals": sign * machine.coef_, "offsets": offsets}
    ends = np.concatenate([[0], np.cumsum(machine.n_support_)])
    rows = [slice(ends[k], ends[k + 1]) for k in range(count)]
    pairs = list(combinations(range(count), 2))
    coefficients = np.zeros((len(pairs), len(machine.support_)))
    for row, (i, j) in zip(coefficients, pairs, strict=True):
        row[rows[i]] = sign * machine.dual_coef_[j - 1, rows[i]]
        row[rows[j]] = sign * machine.dual_coef_[i, rows[j]]
    return {
        "vectors": raw[machine.support_],
        "coefficients": coefficients,
        "offsets": offsets,
        "gamma": np.float64(machine.gamma),
    }


def usual_gamma(z: np.ndarray) -> float:
    """Return 1 / (features x variance) of scaled features z, (N, F)."""
    variance = float(z.var())
    return 1 / (z.shape[1] * variance) if variance else 1.0


def shapes(arrays: Arrays, pairs: int, width: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes that the arrays of an SVM must have."""
    if "normals" in arrays:
        return {"normals": (pairs, width), "offsets": (pairs,)}
    support = len(arrays["vectors"]) if np.ndim(arrays.get("vectors")) else 0
    return {
        "vectors": (support, width),
        "coefficients": (pairs, support),
        "offsets": (pairs,),
        "gamma": (),
    }


def sides(arrays: Arrays, raw: np.ndarray) -> np.ndarray:
    """Return (M, P) distances of clips with features raw, (M, F), before scaling."""
    z = scaled(arrays, raw)
    if "normals" in arrays:
        return z @ arrays["normals"].T + arrays["offsets"]
    vectors = scaled(arrays, arrays["vectors"])
    apart = (z**2).sum(1)[:, None] + (vectors**2).sum(1) - 2 * z @ vectors.T
    kernel = np.exp(-float(arrays["gamma"]) * np.maximum(apart, 0))
    return kernel @ arrays["coefficients"].T + arrays["offsets"]


def scaled(arrays: Arrays, raw: np.ndarray) -> np.ndarray:
    """Return features in the scale of the SVM, (M, F) float64."""
    return (raw.astype(np.float64) - arrays["mean"]) / arrays["deviation"]


def votes(found: np.ndarray, count: int) -> np.ndarray:
    """Return (M, count) scores from (M, P) distances, pairs in the order 0-1, 0-2, ..., 1-2.

    A positive distance is a vote for the first of the pair. Summed distances, scaled below one
    vote, break ties; see `first_of_equals`.
    """
    won, sums = np.zeros((2, len(found), count))
    for column, (i, j) in enumerate(combinations(range(count), 2)):
        side = found[:, column]
        won[:, i] += side > 0
        won[:, j] += side <= 0
        sums[:, i] += side
        sums[:, j] -= side
    return won + sums / (3 * (np.abs(sums) + 1))


def first_of_equals(scores: np.ndarray) -> np.ndarray:
    """Return scores (M, count) in which the first of the classes with most votes is the largest.

    So scikit-learn predicts, whatever the distances.
    """
    won = np.rint(scores)  # What breaks ties is less than half a vote.
    rows = np.arange(len(scores))
    largest, first = scores.argmax(1), won.argmax(1)
    changed = scores.copy()
    changed[rows, first], changed[rows, largest] = scores[rows, largest], scores[rows, first]
    return changed
