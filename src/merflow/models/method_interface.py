"""The interface that networks, SVMs and external programs share: training data in, a fit out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import FAILED, MerflowError

PICTURES = "flow pictures"


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A file that holds all clips of a run at one factor, which many folds can read.

    The clips lie in one piece from `offset` (bytes), in C order; shape: of all, (N, ...); rows:
    the position of each clip.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: str
    factor: str
    rows: Mapping[ClipKey, int]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The training clips of one fold; several rows may be copies of one clip (pooled factors).

    x: (N, T, H, W, C) uint8 frames or (N, H, W, 3) flow: float16, or uint8 of pictures with an
    unknown zero; y: (N,) int64, positions in the class names, or (N, K) float32 where a clip may
    have several: 1, 0, NaN where unclear; keys: one per row; factors: one per row (`x10`), or
    empty when there is only one; subject_ids: one canonical id per row, or empty: then the keys'
    own subjects; files: where the clips of each factor lie on disk too, or empty.
    """

    x: np.ndarray
    y: np.ndarray
    keys: tuple[ClipKey, ...]
    factors: tuple[str, ...] = ()
    subject_ids: tuple[str, ...] = ()
    files: tuple[ClipFile, ...] = ()

    @property
    def many_labels(self) -> bool:
        """Whether a clip may have several classes, or none."""
        return self.y.ndim == 2

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows for messages: `casme2/sub07/EP12_02f` or `... x10`."""
        if not self.factors:
            return tuple(map(str, self.keys))
        return tuple(f"{key} {f}" for key, f in zip(self.keys, self.factors, strict=True))

    @property
    def subjects(self) -> list[str]:
        """Return the training subjects, sorted, each once."""
        return sorted(set(self.subject_ids or ("/".join(key.subject_key) for key in self.keys)))

    def take(self, index: np.ndarray) -> "TrainingData":
        """Return the rows at `index`, (M,) int."""
        return TrainingData(
            self.x[index],
            self.y[index],
            tuple(self.keys[i] for i in index),
            tuple(self.factors[i] for i in index) if self.factors else (),
            tuple(self.subject_ids[i] for i in index) if self.subject_ids else (),
            self.files,
        )


class Fitted(Protocol):
    """A trained method. `history` has one row per epoch; `facts` is JSON-able.

    Measured times among the facts (`weights_file.TIMES`) differ from run to run; all others are
    the same for the same seed on the same machine type.
    """

    history: list[dict[str, Any]]
    facts: dict[str, Any]
    clip_hashes: Sequence[str]
    """Digests of the training clips' pixels, to detect leakage."""

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32 class probabilities, each row summing to 1.

        `keys` names the clips to an external program; the other methods ignore it.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write `weights.weights.h5` into `folder`, atomically."""
        ...


class Method(Protocol):
    """A method to fit; every call of `fit` starts from the beginning."""

    def fit(self, data: TrainingData) -> Fitted:
        """Fit on the training clips of one fold."""
        ...


def input_fact(x: np.ndarray) -> dict[str, str]:
    """Return the fact that a method was trained on flow pictures; nothing for other clips."""
    return {"input": PICTURES} if x.ndim == 4 and x.dtype == np.uint8 else {}


def refuse_other_input(facts: Mapping[str, Any], x: np.ndarray) -> None:
    """Refuse signed flow for a method that was trained on flow pictures, and the other way."""
    trained, given = facts.get("input", ""), input_fact(x).get("input", "")
    if x.ndim == 4 and trained != given:
        kinds = {PICTURES: "8-bit flow pictures with an unknown zero", "": "signed flow"}
        raise MerflowError(
            "prediction",
            f"the model was trained on {kinds[trained]}; these clips are {kinds[given]}",
            "clips prepared as those it was trained on",
            "merflow makes signed flow of recordings; `merflow export` makes pictures of it",
        )


def check(data: TrainingData, classes: Sequence[str]) -> None:
    """Refuse training data that no method can be fitted on; the message names the problem."""
    n = len(data.x)
    if not n or len(data.y) != n or len(data.keys) != n or len(data.factors) not in (0, n):
        raise MerflowError(
            "training data",
            f"{n} clips with {len(data.y)} labels and {len(data.keys)} keys",
            "one label and one key for every clip, and at least one clip",
            code=FAILED,
        )
    if len(set(data.rows)) != n:
        twice = next(row for row in data.rows if data.rows.count(row) > 1)
        raise MerflowError("training data", f"clip {twice} is listed twice", "each clip once")
    if data.many_labels:
        _check_units(data.y, classes)
        return
    absent = [name for k, name in enumerate(classes) if not (data.y == k).any()]
    if absent or data.y.min() < 0 or data.y.max() >= len(classes):
        raise MerflowError(
            "training data",
            f"no training clip of class {', '.join(absent)}" if absent else "an unknown label",
            f"at least one clip of each of {', '.join(classes)}",
            "choose a scheme with fewer classes, or a protocol that leaves each class some "
            "training subjects",
        )


def _check_units(y: np.ndarray, classes: Sequence[str]) -> None:
    """Refuse (N, K) labels from which nothing can be learnt."""
    present, absent = (y == 1).any(0), (y == 0).any(0)
    known = np.isnan(y) | (y == 0) | (y == 1)
    if y.shape[1] != len(classes) or not known.all() or not (present & absent).any():
        raise MerflowError(
            "training data",
            f"labels of shape {y.shape} for {len(classes)} classes, none of which is present in "
            "one clip and absent in another",
            "1, 0 or NaN for every class, and a class with clips of both kinds",
            "see results/skipped.csv, or ask for other units",
        )
