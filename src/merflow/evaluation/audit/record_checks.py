"""The check of a run's files against the records of the jobs that made them."""

from merflow.evaluation.audit.evidence import UNKNOWN, Evidence, Outcome, Recorded
from merflow.text import plural


def as_recorded(evidence: Evidence) -> Outcome:
    """Are the files of the run, back to the aligned clips, as its jobs wrote them?"""
    return recorded_files(evidence.recorded)


def recorded_files(recorded: Recorded | None) -> Outcome:
    """Return the outcome of what `merflow verify` found."""
    if recorded is None:
        return UNKNOWN, "needs the records of a merflow run (results/records)"
    files, faults = recorded
    if faults:
        more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
        return "fail", f"{faults[0]}{more}"
    what = f"{plural(files, 'file')} from aligned clips to scores as recorded"
    return "pass", f"{what}; raw frames: `merflow verify`"
