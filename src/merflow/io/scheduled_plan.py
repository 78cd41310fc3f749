"""The plan that scheduled a job: a job works by no other."""

import os

from merflow import paths
from merflow.errors import FAILED, MerflowError
from merflow.io import records

VARIABLE = "MERFLOW_PLAN"
"""Environment variable of a job: the checksum of the plan that it was scheduled by."""


def current() -> str:
    """Return the checksum of the plan in results/; "" where its files are not as they were put."""
    record = records.record_of(paths.CONFIG)
    if record is None or not all(records.same_file(p, record.wrote) for p in record.wrote):
        return ""
    return str(record.made.get("plan", ""))


def require(scheduled: str) -> None:
    """Refuse to work by another plan than `scheduled`, the checksum of the run's; "": any."""
    if scheduled and scheduled != (found := current()):
        raise MerflowError(
            paths.CONFIG,
            f"the plan in results/ ({found or 'changed'}) is not the one of this run ({scheduled})",
            "one run at a time in a folder, and nobody editing results/config.yaml",
            "call `merflow run` again; what was computed is kept",
            code=FAILED,
        )


def require_scheduled() -> None:
    """Refuse to work in a job when the plan in results/ is not that of its run."""
    require(os.environ.get(VARIABLE, ""))
