"""`merflow why`: inputs, settings, version and seed of a file."""

from pathlib import Path

from merflow.workflow.provenance import explain


def why(file: Path) -> None:
    """Say what made FILE, and what made its inputs, with digests.

    Examples:
        merflow why results/tables/scores.csv
        merflow why results/runs/demo/x10/seed0/smic-s03/predictions.csv

    Args:
        file: A file below results/; run this in the folder that holds results/.
    """
    print("\n".join(explain(file)))
