"""Delete what `merflow verify` found changed, so that the next run makes it again."""

from pathlib import Path

from merflow import paths
from merflow.errors import MerflowError
from merflow.io import records
from merflow.workflow import plan_files
from merflow.workflow.verified import Verified


def remake(results: Path, found: Verified) -> list[str]:
    """Delete the changed files with their records; return them. Unknown files and datasets stay.

    Files of the plan are put back where the plan of the last run lies in the working folder: all
    jobs depend on them, and would run again.
    """
    names = {path for fault in found.faults for path in fault.remake}
    plan = {path for path in names if records.PLAN in (path, paths.record(path))}
    gone = sorted(plan) if plan and _put_back(results) else []
    for name in sorted(names.difference(gone)):
        outside = ".." in Path(name).parts or Path(name).is_absolute()
        if outside:  # Anyone may have written a record.
            continue
        below = name.startswith(f"{paths.RESULTS}/")
        file = results / name.removeprefix(f"{paths.RESULTS}/") if below else results.parent / name
        if file.is_file() or file.is_symlink():
            file.unlink()
            gone.append(name)
    return gone


def _put_back(results: Path) -> bool:
    """Put the files of the plan back; return whether that could be done."""
    staged = list(Path(plan_files.STAGED).glob("*"))
    if len(staged) != 1 or results.resolve() != paths.RESULTS.resolve():
        return False
    try:
        plan_files.put(staged[0])
    except (MerflowError, OSError, ValueError):
        return False
    return True
