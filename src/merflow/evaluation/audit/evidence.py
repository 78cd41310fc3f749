"""What an audit may look at, and what a trap may answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Experiment
from merflow.evaluation.audit.test_set_selection import Epochs
from merflow.evaluation.predictions import Pooled

Verdict = Literal["pass", "fail", "cannot tell"]
UNKNOWN: Verdict = "cannot tell"
Answer = tuple[Verdict, str]
"""A verdict and what it rests on."""


class Sides(NamedTuple):
    """One fold as it was trained: names of its training clips (copies included) and test clips."""

    name: str
    train: Sequence[ClipKey]
    test: Sequence[ClipKey]


class FoldScore(NamedTuple):
    """One line of a training log: accuracy on the test clips of a fold after an epoch."""

    fold: str
    epoch: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that an audit may look at; only the predictions are needed.

    claimed: part -> (UF1, UAR) as printed elsewhere. experiment, facts: a merflow run's settings
    and its folds' run.json. pretrained_on: subjects that weights were made with. factors: how
    many factors or settings of this experiment stand in its table.
    """

    table: Pooled
    epochs: Epochs | None = None
    log: Sequence[FoldScore] = ()
    folds: Sequence[Sides] = ()
    claimed: Mapping[str, tuple[float, float]] | None = None
    clips: Sequence[Clip] = ()
    experiment: Experiment | None = None
    facts: Sequence[Mapping[str, Any]] = ()
    pretrained_on: frozenset[tuple[str, str]] | None = None
    permuted: Sequence[float] = ()
