"""The section on spotting: its tables, and for each run a time line and scores over thresholds."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from merflow.errors import MerflowError
from merflow.io import records
from merflow.reporting.spotting_table import read_rows, tables
from merflow.workflow.spotting_plan import entry_of, runs

if TYPE_CHECKING:
    from merflow.reporting.html.run_data import Results


def spotting_context(results: "Results") -> dict[str, object]:
    """Return what the section shows; no table where the config spots nothing."""
    plan, nothing = results.plan, {"spotting_tables": [], "spotting_pictures": []}
    if not plan.settings.spotting:
        return nothing
    try:
        made = tables(read_rows(plan))
        pictures = [
            (
                entry_of(plan, run.spotting).label or run.spotting,
                run.seed,
                *(_picture(Path(run.folder) / f"{name}.svg") for name in ("timeline", "curve")),
            )
            for run in runs(plan)
        ]
    except MerflowError as error:
        results.problems.append(str(error))
        return nothing
    return {"spotting_tables": made, "spotting_pictures": pictures}


def _picture(path: Path) -> str:
    """Return a figure as an address that needs no other file."""
    if not path.is_file():
        raise MerflowError(str(path), "no such file", fix="call `merflow run` again")
    records.check(path)
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"
