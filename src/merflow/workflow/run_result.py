"""The result of a run, as `merflow run` shows it at the end: the table and the report's path."""

import os
from pathlib import Path

from merflow import paths

SHOW = "MERFLOW_SHOW"
"""Environment variable by which `merflow run` asks Snakemake's process to show the result."""
TABLE = f"{paths.TABLES}/scores.txt"


def result_text() -> str:
    """Return the table and the path of the report; empty where nobody asked or it is not there."""
    if not os.environ.get(SHOW) or not Path(TABLE).is_file():
        return ""
    report = Path(paths.REPORT).resolve()
    lines = [Path(TABLE).read_text(encoding="utf-8").rstrip()]
    lines += [f"report: {report}"] if report.is_file() else []
    return "\n" + "\n".join(lines) + "\n"
