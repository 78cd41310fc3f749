"""`merflow doctor`: what this machine has, what it lacks, and what to do."""

import json as jsonlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from merflow.errors import FAILED, MerflowError
from merflow.workflow.environment_check import as_json, examine, text


def doctor(
    *,
    gpu: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Check Python, packages, dlib and its models, OpenCV, the device, disk, Snakemake, cluster.

    Something missing ends in exit code 3; warnings do not.

    Examples
    --------
    merflow doctor
    merflow doctor --gpu --json

    Parameters
    ----------
    gpu
        A GPU is asked for: without a usable one this fails.
    json
        Print JSON in place of lines.
    """
    checks = examine(Path.cwd(), gpu)
    print(jsonlib.dumps(as_json(checks), indent=1) if json else text(checks))
    missing = [check for check in checks if check.state == "missing"]
    if missing:
        raise MerflowError(
            "doctor",
            f"missing: {', '.join(check.name for check in missing)}",
            fix="; ".join(check.todo for check in missing),
            code=FAILED,
        )
