"""The input of the audit, and the outcome of a check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Experiment
from merflow.evaluation.audit.test_set_selection import Epochs
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.unit_predictions import UnitTable

Verdict = Literal["pass", "fail", "note", "cannot tell"]
"""fail: a fault of the run or of its scoring. note: a property of the data, which no run of it can
change and which limits what its score shows.
"""
NOTE: Verdict = "note"
UNKNOWN: Verdict = "cannot tell"
Outcome = tuple[Verdict, str]
"""A verdict and its reason."""


class Sides(NamedTuple):
    """One fold as it was trained: its training clips (copies included) and test clips."""

    name: str
    train: Sequence[ClipKey]
    test: Sequence[ClipKey]


class FoldScore(NamedTuple):
    """One line of a training log: accuracy on the test clips of a fold after an epoch."""

    fold: str
    epoch: int
    accuracy: float


class Recorded(NamedTuple):
    """What `merflow verify` found of a run and what it was made from.

    files: number of files that are as their jobs recorded them; faults: the others, in words.
    """

    files: int
    faults: Sequence[str]


class Printed(NamedTuple):
    """A score as printed elsewhere, 0 to 1, and its digits after the point; 2 to 4 count."""

    value: float
    digits: int

    def equals(self, score: float) -> bool:
        """Return whether a score, rounded or cut to as many digits, gives this figure."""
        unit = 10.0**-self.digits
        return -unit / 2 - 1e-9 <= score - self.value < unit - 1e-9

    def __str__(self) -> str:
        return f"{self.value:.{self.digits}f}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The input of an audit; only the predictions are required.

    claimed: part -> UF1 and UAR as printed elsewhere, by name. experiment, facts: the settings of
    a merflow run and its folds' run.json. pretrained_on: subjects that the start weights were
    trained on; None if not known. from_imagenet: the network starts from published ImageNet
    weights. permuted: UF1 of runs on permuted labels. recorded: None without records. inner: of
    each fold, truth and probabilities (N, K) of its training clips by models that did not see
    their subject. names: dataset -> its canonical name, whatever the config calls it.
    """

    table: Pooled | UnitTable
    epochs: Epochs | None = None
    log: Sequence[FoldScore] = ()
    folds: Sequence[Sides] = ()
    claimed: Mapping[str, Mapping[str, Printed]] | None = None
    clips: Sequence[Clip] = ()
    experiment: Experiment | None = None
    facts: Sequence[Mapping[str, Any]] = ()
    pretrained_on: frozenset[tuple[str, str]] | None = None
    from_imagenet: bool = False
    permuted: Sequence[float] = ()
    recorded: Recorded | None = None
    inner: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    names: Mapping[str, str] = field(default_factory=dict)
