"""`merflow doctor`: check this machine and print what is missing and how to install it."""

import json as jsonlib
from pathlib import Path

from merflow.commands.options import Json
from merflow.errors import FAILED, MerflowError
from merflow.workflow.environment_check import as_json, examine, text


def doctor(
    *,
    gpu: bool = False,
    json: Json = False,
) -> None:
    """Check Python, packages, dlib and its models, OpenCV, the device, disk, Snakemake, cluster.

    Exit code 3 when something is missing; warnings do not count.

    Examples:
        merflow doctor
        merflow doctor --gpu --json

    Args:
        gpu: Fail without a usable GPU.
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
