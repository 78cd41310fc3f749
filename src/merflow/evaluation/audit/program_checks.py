"""What a check may not conclude when an external program ran without a sandbox.

Such a program could read the truth, the other folds and the datasets. A fault that a check finds is
still a fault, but where it would pass it cannot tell.
"""

from merflow.evaluation.audit import data_checks, score_checks
from merflow.evaluation.audit.evidence import UNKNOWN, Evidence, Outcome
from merflow.text import plural

TRUSTING = (
    score_checks.chosen_on_test,
    score_checks.among_guesses,
    score_checks.above_permuted,
    data_checks.shared_subjects,
    data_checks.global_statistics,
    data_checks.tuned_on_the_table,
    data_checks.pretrained_on_test,
    data_checks.mixed_protocols,
)
"""Checks that hold only if the training saw nothing but what merflow gave it."""


def doubted(check: object, outcome: Outcome, evidence: Evidence) -> Outcome:
    """Return the outcome of a check, "cannot tell" where a program could have made it pass."""
    verdict, because = outcome
    doubt = "" if verdict != "pass" or check not in TRUSTING else _doubt(evidence)
    return (UNKNOWN, f"{because}; but {doubt}") if doubt else outcome


def _doubt(evidence: Evidence) -> str:
    """Return why the training may have seen test labels; empty if it could not."""
    if evidence.experiment is None or evidence.experiment.method != "command":
        return ""
    open_folds = [fold for fold in evidence.facts if fold.get("sandbox", "none") == "none"]
    if evidence.facts and not open_folds:
        return ""
    reasons = {str(fold.get("sandbox_reason", "not recorded")) for fold in open_folds}
    where = plural(len(open_folds), "fold") if open_folds else "a run without records"
    why = ", ".join(sorted(reasons)) or "not recorded"
    return f"its program could read the test labels: no sandbox in {where} ({why})"
