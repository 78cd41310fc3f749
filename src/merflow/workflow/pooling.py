"""Pool the folds of a run and join them with the truth; nothing else joins the two."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow import paths
from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.negative_controls import ACROSS
from merflow.evaluation.predictions import (
    Pooled,
    pool,
    read_predictions,
)
from merflow.evaluation.run_id import NESTED, Run, refuse_choice, run_of
from merflow.evaluation.score_table import About, write_rankings
from merflow.evaluation.tasks import TASKS
from merflow.evaluation.unit_predictions import UnitTable, read_fold_units
from merflow.evaluation.unit_predictions import pool as pool_units
from merflow.io import records
from merflow.io.csv_table import read_csv
from merflow.workflow import run_fingerprints
from merflow.workflow.changes import changes
from merflow.workflow.fold_record import made_from, pixels_of
from merflow.workflow.plan import Plan
from merflow.workflow.training_log import read_facts

if TYPE_CHECKING:
    from pandas import DataFrame


def read_truth(path: Path | str) -> dict[ClipKey, str]:
    """Read the class of every tested clip, as `split` wrote it."""
    sheet = read_csv(path, ("dataset", "subject", "clip", "fold", "truth"))
    columns = [sheet[name] for name in ("dataset", "subject", "clip")]
    keys = [ClipKey(*cells) for cells in zip(*columns, strict=True)]
    return dict(zip(keys, sheet["truth"], strict=True))


def pool_run(plan: Plan, run: Run) -> Pooled | UnitTable:
    """Return all folds of a run with the truth; skipped clips are left out."""
    classes = plan.data.classes(run.experiment)
    truth = read_truth(plan.truth_file(run.experiment))
    units = plan.task(run) == "action_units"
    parts: list[Any] = []
    skipped: set[ClipKey] = set()
    for fold in plan.fold_names(run.experiment):
        folder = Path(run.folder) / fold
        facts = read_facts(folder / "run.json")
        skipped |= {ClipKey(*key) for key in facts["skipped"]}
        file = folder / "predictions.csv"
        if facts.get("test_clips") and units:
            parts.append((fold, *read_fold_units(file, classes), facts["thresholds"]))
        elif facts.get("test_clips"):
            parts.append((fold, read_predictions(file, classes=classes)))
    known = {key: name for key, name in truth.items() if key not in skipped}
    return (pool_units if units else pool)(parts, known, classes)


def score_run(folder: Path, plan: Plan) -> tuple[Pooled | UnitTable, "DataFrame"]:
    """Pool a run and write pooled.csv, confusion.csv, scores.csv and the rankings into its folder.

    To be called inside `scoring_job`, which keeps the record of these files.
    """
    run = run_of(folder)
    task = TASKS[plan.task(run)]
    pooled = pool_run(plan, run)
    rows = rows_of(plan, run, pooled)
    task.write_pooled(folder / "pooled.csv", pooled)
    task.write_confusion(folder / "confusion.csv", pooled)
    write_rankings(folder, pooled)
    task.scores.write(folder / "scores.csv", task.in_order(rows))
    return pooled, rows


@contextlib.contextmanager
def scoring_job(folder: Path, plan: Plan) -> Iterator[None]:
    """Refuse folds that were trained in different ways; keep the record of the scores."""
    run = run_of(folder)
    refuse_choice(run, "`merflow choose` makes and scores this row")
    folds = check_folds(plan, run)
    with records.job("score", folder / "scores.csv") as job:
        yield
        split = records.made_of(plan.truth_file(run.experiment)).get("truth", "")
        made = run_fingerprints.scored(plan, run, folds, split)
        names = (*paths.SCORE_FILES, *paths.FIGURES, *paths.PDF_FIGURES, *paths.RANKING_FILES)
        job.done(made, [folder / name for name in names if (folder / name).exists()])


def check_folds(plan: Plan, run: Run) -> dict[str, records.Made]:
    """Return what each fold of a run was made from; refuse folds not made as the config has it.

    So a table never compares folds of different settings, clips or folds under one caption.
    """
    found = {}
    for name in plan.fold_names(run.experiment):
        file = f"{run.folder}/{name}/predictions.csv"
        records.check(file)
        record = records.record_of(file)
        fold = read_fold(Path(paths.FOLD.format(experiment=run.experiment, fold=name)))
        why = changes(record.made, made_from(plan, run, fold))
        if not why and record.facts.get("clips") != pixels_of(plan, run, fold):
            why = "other pixels of its clips"
        if why:
            raise MerflowError(
                file,
                f"not made as this plan would make it: {why}",
                "all folds of a run trained with the same settings on the packed clips",
                "call `merflow run` again: it trains this fold again",
            )
        found[name] = record.made
    return found


def inner_tables(plan: Plan, run: Run) -> dict[str, dict[str, Pooled]]:
    """Return the inner predictions of each fold and candidate with the training labels.

    Labels come from the fold files, which hold none of test clips.
    """
    candidates = plan.candidates(run.experiment, run.seed)
    lead = plan.lead(run)
    classes = plan.data.classes(lead)
    place = {name: i for i, name in enumerate(classes)}
    tables: dict[str, dict[str, Pooled]] = {}
    for fold in plan.fold_names(lead):
        known = read_fold(Path(paths.FOLD.format(experiment=lead, fold=fold)))
        label = dict(zip(known.train, known.labels, strict=True))
        for name, one in candidates.items():
            inner = read_predictions(Path(one.folder) / fold / "inner.csv", classes=classes)
            truth = np.array([place[label[key]] for key in inner.keys])
            chances = inner.probabilities
            tables.setdefault(fold, {})[name] = Pooled.of(
                inner.keys, classes, truth, chances.argmax(1), ("",) * len(truth), chances
            )
    return tables


def rows_of(plan: Plan, run: Run, pooled: Pooled | UnitTable) -> "DataFrame":
    """Return the score rows of a run; their notes give the number of skipped clips."""
    lead = plan.lead(run)
    lost = set(read_truth(plan.truth_file(lead))) - set(pooled.keys)
    return TASKS[plan.task(run)].score_rows(
        pooled,
        about(plan, run),
        resamples=plan.settings.bootstrap,
        skipped=Counter(key.dataset for key in lost),
        across=plan.experiment(lead).control == ACROSS,
    )


def about(plan: Plan, run: Run) -> About:
    """Return the facts of a run that its score rows repeat."""
    entry = plan.experiment(plan.lead(run))
    method = entry.network if entry.method == "keras" else entry.method
    return About(
        experiment=run.experiment,
        method=method,
        preparation=entry.preparation,
        factor="x*" if run.factor == NESTED else run.factor,
        seed=run.seed,
        protocol=entry.protocol,
        scheme=entry.scheme,
    )
