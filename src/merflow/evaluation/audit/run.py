"""Run every check of the audit (`merflow audit`): pass, fail, note or cannot tell.

A fault of the run fails; a property of the data, such as few subjects, is a note. Predictions alone
allow few checks; a log of epochs, the folds, the claimed scores, annotations or a merflow run allow
more. "cannot tell" names what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from merflow.evaluation.audit.checklist import CHECKS, UNIT_CHECKS
from merflow.evaluation.audit.evidence import Evidence, Verdict
from merflow.evaluation.audit.program_checks import doubted
from merflow.evaluation.audit.spotting_checks import SPOTTING_CHECKS, SpottingEvidence
from merflow.evaluation.unit_predictions import UnitTable


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of one check, its reason, and what to do. `trap`: the name of the check."""

    trap: str
    verdict: Verdict
    because: str
    fix: str = ""


def audit(evidence: Evidence) -> list[Finding]:
    """Return a finding for every check of the task, in the order of `checklist`."""
    findings = []
    for check in UNIT_CHECKS if isinstance(evidence.table, UnitTable) else CHECKS:
        verdict, because = doubted(check.run, check.run(evidence), evidence)
        fix = check.fix if verdict != "pass" else ""
        findings.append(Finding(check.name, verdict, because, fix))
    return findings


def audit_spotting(evidence: SpottingEvidence) -> list[Finding]:
    """Return a finding for every check of a spotting run."""
    found = [(check, *check.run(evidence)) for check in SPOTTING_CHECKS]
    return [Finding(c.name, v, why, "" if v == "pass" else c.fix) for c, v, why in found]


def render_audit(findings: Sequence[Finding]) -> str:
    """Return the findings as text for a terminal."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict.upper():11}  {finding.trap}: {finding.because}")
        if finding.verdict in ("fail", "note"):
            lines.append(f"{'':11}  to do: {finding.fix}")
    counts = {v: sum(f.verdict == v for f in findings) for v in get_args(Verdict)}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines) + "\n"
