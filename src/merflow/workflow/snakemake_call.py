"""The call of Snakemake that runs a project: its Snakefile, config and flags."""

import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from merflow.errors import FAILED, MerflowError
from merflow.shipped import shipped


def workflow_file(project: Path = Path()) -> Path:
    """Return the Snakefile that runs a project: its own, else the one that comes with merflow."""
    found = [project / "Snakefile", shipped("Snakefile")]
    if file := next((file for file in found if file.is_file()), None):
        return file.resolve()
    raise MerflowError(
        str(found[1]),
        "merflow's workflow is not installed",
        "the Snakefile that comes with merflow",
        "install merflow again: `make setup` in its source tree",
        code=FAILED,
    )


def snakemake_call(
    config: Path,
    targets: Sequence[str] = (),
    extra: Sequence[str] = (),
    *,
    project: Path = Path(),
    cores: str = "all",
    gpus: int = 1,
) -> list[str]:
    """Return the command that makes the targets of a config; to be run in the project's folder.

    gpus: number of training jobs at a time. extra: further flags of Snakemake.
    """
    extra = _with_gpus(extra, gpus)
    # Targets come first: `--configfile` would take a target after it for a second config.
    return [
        *(sys.executable, "-m", "snakemake", *targets),
        *("--snakefile", str(workflow_file(project)), "--configfile", str(config)),
        *("--rerun-incomplete", "--resources", f"gpu={gpus}", "--cores", cores, *extra),
    ]


def _with_gpus(extra: Sequence[str], gpus: int) -> list[str]:
    """Return flags whose `--resources` limit the GPUs too: Snakemake reads only the last ones."""
    found: list[str] = []
    for place, word in enumerate(extra):
        flag, joined, value = word.partition("=")
        if flag not in ("--resources", "--res"):
            found.append(word)
            continue
        rest = extra[place + 1 :]
        values = [value] if joined else list(takewhile(lambda one: not one.startswith("-"), rest))
        limited = any(one.startswith("gpu=") for one in values)
        found += [flag, *([] if limited else [f"gpu={gpus}"]), *([value] if joined else [])]
    return found
