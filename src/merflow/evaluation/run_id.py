"""A run: one experiment at one factor with one seed, and the folder that is named for it."""

from dataclasses import dataclass
from pathlib import Path

from merflow import paths
from merflow.errors import MerflowError

NESTED = "nested"
"""Stands where a factor stands: the factor chosen inside each fold, `x*` in the tables."""
FINAL = "final"
"""Folder of the final model beside the folds of its run."""


@dataclass(frozen=True)
class Run:
    """One experiment at one factor with one seed: what one row group of the table shows."""

    experiment: str
    factor: str
    seed: int

    @property
    def folder(self) -> str:
        """Where its folds lie."""
        return paths.RUN.format(**vars(self))


def run_of(folder: Path) -> Run:
    """Return the run whose folder this is."""
    parts = paths.parts(paths.RUN, folder, anywhere=True)
    if not parts:
        raise MerflowError(
            str(folder), "not a run's folder", "results/runs/<experiment>/x<factor>/seed<k>"
        )
    return Run(parts["experiment"], parts["factor"], int(parts["seed"]))


def refuse_choice(run: Run, fix: str) -> None:
    """Refuse a row x* where a run that was trained is meant: it has no folds of its own."""
    if run.factor == NESTED:
        raise MerflowError(
            run.folder,
            "a row x*: in every fold it takes the answers of the run chosen there",
            "a run that was trained",
            fix,
        )
