"""`merflow plan`: put the plan of a run into results/, where its jobs read it."""

from pathlib import Path

from merflow.text import plural
from merflow.workflow.plan_files import put


def plan(staged: Path) -> None:
    """Write the plan that snakemake STAGED into results/: the config and the clips of its datasets.

    A run does this itself before its first job. A dry run changes nothing in results/.

    Examples:
        merflow plan .snakemake/merflow/plans/1f2e3d4c5b6a7980
        merflow plan .snakemake/merflow/plans/*

    Args:
        staged: Folder that snakemake staged when it started.
    """
    print(f"results/: {plural(len(put(staged)), 'file')} of the plan")
