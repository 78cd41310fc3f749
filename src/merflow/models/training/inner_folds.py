"""Inner folds of a training fold: whole subjects, every class on both sides; imports no Keras."""

from collections.abc import Sequence

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Training
from merflow.errors import MerflowError
from merflow.text import plural

_OTHERWISE = {
    "nested: true": "`nested: false`",
    "training.stopping: inner": "`stopping: fixed`",
    "action_units.threshold: inner": "`threshold: fixed`",
}
"""Settings that need inner folds, and the setting that does not."""


def folds(
    keys: Sequence[ClipKey], y: np.ndarray, classes: Sequence[str], training: Training, setting: str
) -> np.ndarray:
    """Return (N,) int64, the inner fold that holds each row out; y: (N,) positions in `classes`.

    Subjects stay whole, with all copies of their clips. The largest subjects first, each goes to
    the fold that leaves datasets and classes most evenly spread; ties are broken by name, so the
    result depends on the data alone. `setting`: the one that needs the folds, for the message.
    """
    count = training.inner_folds
    strata = [(key.dataset, int(k)) for key, k in zip(keys, y, strict=True)]
    columns = sorted(set(strata))
    table = {key.subject_key: np.zeros(len(columns)) for key in keys}
    for key, stratum in zip(keys, strata, strict=True):
        table[key.subject_key][columns.index(stratum)] += 1
    total = sum(table.values())
    filled, place = np.zeros((count, len(columns))), {}
    for group in sorted(table, key=lambda g: (-table[g].sum(), g)):
        after = filled + table[group]
        # Squared shares: rare classes count as much as common ones.
        cost = ((after / total) ** 2).sum(1) - ((filled / total) ** 2).sum(1)
        place[group] = int(np.lexsort((filled.sum(1), cost))[0])
        filled[place[group]] += table[group]
    held = np.array([place[key.subject_key] for key in keys], np.int64)
    _check_support(y, held, classes, training, setting)
    return held


def _check_support(
    y: np.ndarray, held: np.ndarray, classes: Sequence[str], training: Training, setting: str
) -> None:
    count, support = training.inner_folds, training.inner_support
    for fold in range(count):
        for side, rows in (("held out", held == fold), ("left to train", held != fold)):
            found = np.bincount(y[rows], minlength=len(classes))
            short = [k for k in np.unique(y).tolist() if found[k] < support]
            if short:
                raise MerflowError(
                    f"{setting}, inner fold {fold + 1} of {count}",
                    f"{plural(found[short[0]], 'clip')} of class {classes[short[0]]} {side}",
                    f"at least {support} of every class on either side (training.inner_support)",
                    "fewer training.inner_folds, a smaller training.inner_support, a scheme "
                    f"without this class, or {_OTHERWISE[setting]}",
                )
