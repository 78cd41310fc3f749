"""What `merflow run` shows at its end: the table, or the commands that show the scores."""

import os
from pathlib import Path

from merflow import paths
from merflow.workflow.targets import WITH_TABLE

SHOW = "MERFLOW_SHOW"
"""Environment variable by which `merflow run` asks Snakemake's process to show the result."""
TABLE = f"{paths.TABLES}/scores.txt"
RUNS = 8
"""Most runs of experiments that are listed."""


def to_show(targets: list[str]) -> str:
    """Return what to show after these targets: `table`, the folders of scored runs, or nothing."""
    if {*targets} <= WITH_TABLE:
        return "table"
    if all(target.endswith("/scores.csv") for target in targets):
        return "\n".join(target.removesuffix("/scores.csv") for target in targets)
    return ""


def result_text() -> str:
    """Return the table and the path of the report, or the commands that show the scores of runs.

    Empty where nobody asked or the result is not there.
    """
    asked = os.environ.get(SHOW, "")
    if not asked:
        return ""
    if asked != "table":
        return _commands([run for run in asked.split("\n") if Path(run, "scores.csv").is_file()])
    if not Path(TABLE).is_file():
        return ""
    report = Path(paths.REPORT).resolve()
    lines = [Path(TABLE).read_text(encoding="utf-8").rstrip()]
    lines += [f"report: {report}"] if report.is_file() else []
    return "\n" + "\n".join(lines) + "\n"


def _commands(runs: list[str]) -> str:
    if not runs:
        return ""
    lines = [f"  merflow score {run} --config {paths.CONFIG}" for run in runs[:RUNS]]
    lines += [f"  and {len(runs) - RUNS} more"] if len(runs) > RUNS else []
    return "\nTo see the scores:\n" + "\n".join(lines) + "\n"
