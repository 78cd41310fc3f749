"""`merflow record`: add a finished run to a CSV of own results, beside the published ones."""

from pathlib import Path
from typing import Literal

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.evaluation.literature.results import read_results, write_results
from merflow.evaluation.run_id import run_of
from merflow.workflow.own_result import own_result
from merflow.workflow.plan import Plan


def record(
    run: Path,
    *,
    settings: Literal["fixed", "stated", "nested", "test"] | None = None,
    to: Path = Path(paths.LITERATURE),
    config: Config,
) -> None:
    """Add the scores of RUN, with the facts of how it was made, to a CSV of own results.

    `merflow literature --with FILE` prints them among published ones, and the tables for a paper
    take those in results/literature.csv. A run that is in the file already is not added again.

    Examples:
        merflow record results/runs/demo/x10/seed0 --config results/config.yaml
        merflow record results/runs/svm/x1/seed0 --settings fixed --config results/config.yaml

    Args:
        run: Folder of a finished run.
        settings: How the settings were chosen: `fixed` before any score of these clips was seen;
            `stated`, one value for all folds; `nested`, inside the folds; `test`, on the scores.
            Default: nested for a row x*, stated for others.
        to: CSV to add to; it is made where there is none.
    """
    made = own_result(Plan(load(config)), run_of(run), settings or "")
    known = read_results(to) if to.is_file() else []
    if any(result.facts.result == made.facts.result for result in known):
        print(f"{made.facts.result} is in {to} already; nothing was added.")
        return
    write_results(to, [*known, made])
    ranked = f"not ranked: {made.unranked}" if made.unranked else "may be ranked"
    print(f"Added {made.facts.result} to {to} ({ranked}).")
