"""A run: one experiment at one factor with one seed, and its folder."""

from dataclasses import dataclass
from pathlib import Path

from merflow import paths
from merflow.errors import MerflowError

NESTED = "nested"
"""In place of a factor: the factor is chosen inside each fold, `x*` in the tables."""
FINAL = "final"
"""Folder of the final model beside the folds of its run."""


@dataclass(frozen=True)
class Run:
    """One experiment at one factor with one seed."""

    experiment: str
    factor: str
    seed: int

    @property
    def folder(self) -> str:
        """The folder of its folds."""
        return paths.RUN.format(**vars(self))


def run_of(folder: Path) -> Run:
    """Return the run of a folder."""
    parts = paths.parts(paths.RUN, folder, anywhere=True)
    if not parts:
        raise MerflowError(
            str(folder), "not a run's folder", "results/runs/<experiment>/x<factor>/seed<k>"
        )
    return Run(parts["experiment"], parts["factor"], int(parts["seed"]))


def refuse_choice(run: Run, fix: str) -> None:
    """Refuse a row x* in place of a trained run: it has no folds."""
    if run.factor == NESTED:
        raise MerflowError(
            run.folder,
            "a row x*: in every fold it takes the predictions of the run chosen there",
            "a run that was trained",
            fix,
        )
