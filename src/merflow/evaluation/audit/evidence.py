"""The input of the audit, and the outcome of a check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Experiment
from merflow.evaluation.audit.test_set_selection import Epochs
from merflow.evaluation.predictions import Pooled

Verdict = Literal["pass", "fail", "cannot tell"]
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """The input of an audit; only the predictions are required.

    claimed: part -> (UF1, UAR) as printed elsewhere. experiment, facts: the settings of a merflow
    run and its folds' run.json. pretrained_on: subjects that the start weights were trained on;
    None if not known. from_imagenet: the network starts from published ImageNet weights.
    permuted: UF1 of runs on permuted labels. recorded: None without records.
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
    from_imagenet: bool = False
    permuted: Sequence[float] = ()
    recorded: Recorded | None = None
