"""`merflow audit`: every known trap of the field, one by one: pass, fail or cannot tell.

A verdict rests on what is at hand: predictions alone tell little; a log of epochs, the folds, the
figures claimed, annotations or a merflow run tell more. "cannot tell" names what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from merflow.evaluation.audit.checklist import TRAPS
from merflow.evaluation.audit.evidence import Evidence, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one trap, what it rests on, and what to do about it."""

    trap: str
    verdict: Verdict
    because: str
    fix: str = ""


def audit(evidence: Evidence) -> list[Finding]:
    """Return a finding for every trap, in the order of `traps.TRAPS`."""
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
