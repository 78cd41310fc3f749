"""What the report is made of: everything `results/` holds about the runs of a config.

A file that is missing or damaged costs its own part of the page, never the page: what could not
be read is listed on it. Only the table of scores must be there.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from merflow.clip import ClipKey
from merflow.datasets.catalogue import catalogue_path, read_sheets
from merflow.errors import MerflowError
from merflow.evaluation.predictions import Pooled, read_pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import ScoreRow, read_scores
from merflow.io.clip_store import Skipped
from merflow.io.csv_table import read_csv
from merflow.io.files import digest
from merflow.reporting.svg_plots import Curve
from merflow.workflow.delivered_gain import Summary, read_summaries
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import read_truth

SCORES = "results/tables/scores.csv"
SKIPPED = "results/skipped.csv"
DELIVERED = "results/delivered.csv"
BENCHMARKS = "results/benchmarks"
BAND = (0.1, 0.9)
"""Quantiles over folds between which a curve's band lies."""
NOT_CURVES = {"epoch", "learning_rate"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Training:
    """A run's folds taken together: curves over epochs, and each fold's own facts (run.json)."""

    curves: tuple[Curve, ...]
    facts: tuple[dict[str, Any], ...]

    def numbers(self, name: str) -> np.ndarray:
        """Return a fact of every fold that has it as a number, (F,) float64."""
        found = [facts.get(name) for facts in self.facts]
        kept = [v for v in found if isinstance(v, int | float) and math.isfinite(v)]
        return np.array(kept, float)

    def words(self, name: str) -> list[str]:
        """Return the different values of a fact, in order of appearance."""
        return list(dict.fromkeys(str(f[name]) for f in self.facts if f.get(name) is not None))


@dataclass(frozen=True, slots=True)
class RunResults:
    """One run: its answers beside the truth (None: not there) and its training."""

    run: Run
    folds: tuple[str, ...]
    pooled: Pooled | None
    training: Training

    @property
    def anchor(self) -> str:
        """The run's name in links."""
        return f"run-{digest([self.run.experiment, self.run.factor, self.run.seed])}"


@dataclass(frozen=True, slots=True)
class Job:
    """One job's benchmark: stage, what it made, seconds and peak memory (MiB; NaN: unknown)."""

    stage: str
    name: str
    seconds: float
    memory: float


@dataclass(frozen=True)
class Results:
    """Everything the page shows. truth: class of every tested clip of each experiment;
    sheets: clips of each dataset; read_from: the annotation files they were read from.
    """

    plan: Plan
    rows: list[ScoreRow]
    runs: list[RunResults]
    truth: dict[str, dict[ClipKey, str]]
    skipped: list[Skipped]
    jobs: list[Job]
    sheets: dict[str, list[dict[str, Any]]]
    read_from: dict[str, list[str]]
    problems: list[str] = field(default_factory=list)
    delivered: list[Summary] = field(default_factory=list)

    def classes(self, experiment: str) -> tuple[str, ...]:
        """Return an experiment's classes in order; those found in its truth where none is set."""
        try:
            return self.plan.data.classes(experiment)
        except MerflowError:
            return tuple(sorted(set(self.truth.get(experiment, {}).values())))


class Attempts:
    """Reads one thing after another; what fails is noted, and its stand-in taken."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, otherwise: T, read: Callable[..., T], *arguments: object) -> T:
        """Return what `read` returns, or `otherwise` where it cannot."""
        try:
            return read(*arguments)
        except MerflowError as error:
            self.problems.append(f"{error.where}: {error.found}")
            return otherwise


def read_results(plan: Plan) -> Results:
    """Read all results of a plan, from the folder the workflow runs in."""
    attempt = Attempts()
    rows = read_scores(SCORES)
    truth = {e: attempt({}, read_truth, plan.truth_file(e)) for e in plan.experiments}
    folds = {e: tuple(attempt([], plan.fold_names, e)) for e in plan.experiments}
    return Results(
        plan=plan,
        rows=rows,
        runs=[_run(run, folds[run.experiment], attempt) for run in plan.runs()],
        truth=truth,
        skipped=attempt([], read_skipped_list, Path(SKIPPED)),
        jobs=read_jobs(Path(BENCHMARKS)),
        sheets={name: attempt([], _sheet, name) for name in plan.data.datasets()},
        read_from=read_sheets(),
        problems=attempt.problems,
        delivered=attempt([], read_summaries, Path(DELIVERED)),
    )


def _run(run: Run, folds: tuple[str, ...], attempt: Attempts) -> RunResults:
    folder = Path(run.folder)
    pooled = attempt(None, read_pooled, folder / "pooled.csv")
    return RunResults(run, folds, pooled, read_training(folder, folds, attempt))


def read_training(folder: Path, folds: Iterable[str], attempt: Attempts) -> Training:
    """Read history.csv and run.json of the folds in a run's folder."""
    facts, histories = [], []
    for fold in folds:
        found = attempt(None, _json, folder / fold / "run.json")
        if isinstance(found, dict):
            facts.append(found)
        if (folder / fold / "history.csv").exists():
            histories.append(attempt({}, read_history, folder / fold / "history.csv"))
    return Training(tuple(quantiles([h for h in histories if h])), tuple(facts))


def read_history(path: Path) -> dict[str, np.ndarray]:
    """Read a fold's history: (E,) float64 by column; a method without epochs gives nothing."""
    sheet = read_csv(path, ("epoch",), may_be_empty=True)
    if not sheet.rows:
        return {}
    columns = {}
    for name in sheet.columns:
        try:
            columns[name] = np.array([float(cell or "nan") for cell in sheet[name]])
        except ValueError:
            continue  # a column of words is no curve
    if "epoch" not in columns:
        raise MerflowError(str(path), "epochs that are no numbers", "1, 2, 3, ...")
    return columns


def quantiles(histories: list[dict[str, np.ndarray]]) -> list[Curve]:
    """Return, for every measure, its median and band over the folds that reached each epoch."""
    names = dict.fromkeys(n for h in histories for n in h if n not in NOT_CURVES)
    curves = []
    for name in names:
        told = [(h["epoch"], h[name]) for h in histories if name in h]
        epochs = np.unique(np.concatenate([e for e, _ in told]))
        values = np.full((len(told), len(epochs)), np.nan)
        for row, (at, value) in enumerate(told):
            values[row, np.searchsorted(epochs, at)] = value
        seen = np.isfinite(values).any(axis=0)
        if seen.any():
            low, mid, high = np.nanquantile(values[:, seen], (BAND[0], 0.5, BAND[1]), axis=0)
            curves.append(Curve(name, epochs[seen], low, mid, high))
    return curves


def read_skipped_list(path: Path) -> list[Skipped]:
    """Read `results/skipped.csv`; a run that skipped nothing has a header only."""
    sheet = read_csv(path, Skipped._fields, may_be_empty=True)
    return [Skipped(*row) for row in zip(*(sheet[c] for c in Skipped._fields), strict=True)]


def read_jobs(folder: Path) -> list[Job]:
    """Read the benchmark of every job; one that was cut short is left out."""
    jobs = []
    for path in sorted(folder.rglob("*.tsv")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        names = lines[0].split("\t") if lines else []
        for line in lines[1:]:
            cells = dict(zip(names, line.split("\t"), strict=False))
            seconds = _number(cells.get("s", ""))
            if math.isfinite(seconds):
                inside = path.relative_to(folder)
                name = "/".join(inside.with_suffix("").parts[1:])
                jobs.append(Job(inside.parts[0], name, seconds, _number(cells.get("max_rss", ""))))
    return jobs


def _sheet(dataset: str) -> list[dict[str, Any]]:
    found = _json(catalogue_path(dataset))
    shown = {"key", "fps", "numbers"}
    if not isinstance(found, list) or not all(
        isinstance(row, dict) and shown <= set(row) for row in found
    ):
        raise MerflowError(str(catalogue_path(dataset)), "not a catalogue")
    return found


def _json(path: Path) -> Any:  # noqa: ANN401
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MerflowError(str(path), "no such file") from None
    except (OSError, ValueError) as error:
        raise MerflowError(str(path), f"cannot be read ({error})") from None


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
