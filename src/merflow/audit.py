"""`merflow audit`: every known trap of the field, one by one: pass, fail or cannot tell.

A verdict rests on what is at hand: predictions alone tell little; a log of epochs, the folds, the
figures claimed, annotations or a merflow run tell more. "cannot tell" names what is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from merflow.clips import Clip, ClipKey
from merflow.oracle import Epochs
from merflow.predictions import Pooled
from merflow.settings import Experiment

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


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one trap, what it rests on, and what to do about it."""

    trap: str
    verdict: Verdict
    because: str
    fix: str = ""


Check = Callable[[Evidence], Answer]


@dataclass(frozen=True, slots=True)
class Trap:
    """One way in which a score of this field comes out too good, and how it is looked for."""

    name: str
    check: Check
    fix: str


def audit(evidence: Evidence) -> list[Finding]:
    """Return a finding for every trap, in the order of `traps.TRAPS`."""
    from merflow.traps import TRAPS

    findings = []
    for trap in TRAPS:
        verdict, because = trap.check(evidence)
        findings.append(Finding(trap.name, verdict, because, trap.fix if verdict != "pass" else ""))
    return findings


def render_audit(findings: Sequence[Finding]) -> str:
    """Return the findings for a terminal, failures first to see."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict.upper():11}  {finding.trap}: {finding.because}")
        if finding.verdict == "fail":
            lines.append(f"{'':11}  to do: {finding.fix}")
    counts = {v: sum(f.verdict == v for f in findings) for v in ("pass", "fail", "cannot tell")}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines) + "\n"


def permutation_rank(score: float, permuted: Sequence[float]) -> tuple[int, float]:
    """Return how many permuted-label runs score at least as well, and the one-sided p."""
    reached = int(np.sum(np.asarray(permuted) >= score - 1e-12))
    return reached, (1 + reached) / (1 + len(permuted))
