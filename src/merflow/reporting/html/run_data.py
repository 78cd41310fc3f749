"""Read everything in `results/` that the report shows about the runs of a config.

A missing or damaged file removes only its own part of the page, and the page lists it. Only the
table of scores is required.
"""

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from merflow import paths
from merflow.clip import ClipKey
from merflow.config.display_names import Shown, display_names
from merflow.datasets.catalogue import catalogue_path, read_sheets
from merflow.errors import MerflowError
from merflow.evaluation.columns import DELIVERED, SCORES, SKIPPED, UNIT_SCORES
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.schema import records
from merflow.evaluation.tasks import TASKS
from merflow.evaluation.unit_predictions import UnitTable
from merflow.io.clip_store import Skipped
from merflow.io.files import digest
from merflow.io.json_file import read_json
from merflow.reporting.key_frame_noise import read_noise
from merflow.reporting.training_records import Attempts, Training, read_training
from merflow.workflow.delivered_gain import read_delivered, summaries
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import read_truth

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class RunResults:
    """One run: its predictions with the truth (None: missing) and its training."""

    run: Run
    folds: tuple[str, ...]
    pooled: Pooled | None
    training: Training
    units: UnitTable | None = None
    """In place of `pooled` for `task: action_units`."""
    shown: str = ""
    """Display name of its experiment; empty: its name."""

    @property
    def name(self) -> str:
        """The run's name on the page."""
        return f"{self.shown or self.run.experiment} {self.run.factor}, seed {self.run.seed}"

    @property
    def anchor(self) -> str:
        """The run's name in links."""
        return f"run-{digest([self.run.experiment, self.run.factor, self.run.seed])}"


class Job(NamedTuple):
    """One job's benchmark: stage, output, seconds and peak memory (MiB; NaN: unknown)."""

    stage: str
    name: str
    seconds: float
    memory: float


@dataclass(frozen=True)
class Results:
    """Everything the page shows.

    truth: class of every clip to be tested in each experiment, also of skipped ones; sheets: clips
    of each dataset; read_from: the annotation files they come from; problems: files that could not
    be read; names: display names of experiments; noise: scores with moved key frames, if any.
    """

    plan: Plan
    rows: "DataFrame"
    """Scores of emotions; `unit_rows` those of action units."""
    runs: list[RunResults]
    truth: dict[str, dict[ClipKey, str]]
    skipped: list[Skipped]
    jobs: list[Job]
    sheets: dict[str, list[dict[str, Any]]]
    read_from: dict[str, list[str]]
    problems: list[str] = field(default_factory=list)
    delivered: list[Any] = field(default_factory=list)
    unit_rows: "DataFrame | None" = None
    names: Shown = field(default_factory=dict)
    noise: "DataFrame | None" = None

    def tested(self, experiment: str) -> dict[ClipKey, str]:
        """Return the class of every clip of an experiment that was tested and not skipped."""
        skipped = {ClipKey(*row[:3]) for row in self.skipped}
        truth = self.truth.get(experiment) or {}
        return {key: name for key, name in truth.items() if key not in skipped}

    def classes(self, experiment: str) -> tuple[str, ...]:
        """Return an experiment's classes in order; those in its truth if the config sets none."""
        try:
            return self.plan.data.classes(experiment)
        except MerflowError:
            return tuple(sorted(set(self.truth.get(experiment, {}).values())))


def read_results(plan: Plan) -> Results:
    """Read all results of a plan, in the folder where the workflow runs."""
    attempt, names = Attempts(), display_names(plan.settings)
    rows = SCORES.read(paths.SCORES, may_be_empty=True)
    truth = {e: attempt({}, read_truth, plan.truth_file(e)) for e in plan.experiments}
    folds = {e: tuple(attempt([], plan.fold_names, e)) for e in plan.experiments}
    units = Path(paths.TABLES) / UNIT_SCORES.table
    delivered = attempt(DELIVERED.frame([]), read_delivered, Path(paths.DELIVERED))
    return Results(
        plan=plan,
        rows=rows,
        runs=[_run(plan, run, folds[run.experiment], attempt, names) for run in plan.runs()],
        names=names,
        truth=truth,
        skipped=attempt([], read_skipped_list, Path(paths.SKIPPED)),
        jobs=read_jobs(Path(paths.BENCHMARKS)),
        sheets={name: attempt([], _sheet, name) for name in plan.data.datasets()},
        read_from=read_sheets(),
        problems=attempt.problems,
        delivered=records(summaries(delivered)),
        noise=attempt(None, read_noise, plan.jitter_files()),
        unit_rows=attempt(None, UNIT_SCORES.read, units) if units.exists() else None,
    )


def _run(
    plan: Plan, run: Run, folds: tuple[str, ...], attempt: Attempts, names: Shown
) -> RunResults:
    folder, task = Path(run.folder), plan.task(run)
    table = attempt(None, TASKS[task].read_pooled, folder / "pooled.csv") if task in TASKS else None
    training = read_training(folder, folds, attempt)
    pooled = table if task == "emotion" else None
    units = table if task == "action_units" else None
    return RunResults(run, folds, pooled, training, units, names.get(run.experiment, ""))


def read_skipped_list(path: Path) -> list[Skipped]:
    """Read `results/skipped.csv`; a run that skipped nothing has a header only."""
    return [Skipped(*row) for row in records(SKIPPED.read(path, may_be_empty=True))]


def read_jobs(folder: Path) -> list[Job]:
    """Read the benchmark of every job; incomplete ones are left out."""
    jobs = []
    for path in sorted(folder.rglob("*.tsv")):
        stage, *rest = path.relative_to(folder).with_suffix("").parts
        with path.open(encoding="utf-8", errors="replace", newline="") as handle:
            for row in csv.DictReader(handle, delimiter="\t"):
                seconds, memory = _number(row.get("s")), _number(row.get("max_rss"))
                if math.isfinite(seconds):
                    jobs.append(Job(stage, "/".join(rest), seconds, memory))
    return jobs


def _sheet(dataset: str) -> list[dict[str, Any]]:
    found = read_json(catalogue_path(dataset), list)
    shown = {"key", "fps", "numbers"}
    if not all(isinstance(row, dict) and shown <= set(row) for row in found):
        raise MerflowError(str(catalogue_path(dataset)), "not a catalogue")
    return found


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return math.nan
