"""`merflow oracle`: scores under forbidden rules that look at test labels, after training."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.config.settings import Experiment
from merflow.datasets.subject_ids import canonical_names
from merflow.errors import FAILED, MerflowError
from merflow.evaluation.audit.test_set_selection import (
    clip_folds,
    oracle_rows,
    read_epochs,
    render_oracle,
    write_oracle,
)
from merflow.evaluation.fold_files import FoldFile, read_fold
from merflow.evaluation.metrics import uar, uf1
from merflow.evaluation.predictions import KEY, Pooled, read_pooled
from merflow.evaluation.run_id import run_of
from merflow.evaluation.score_table import parts_of
from merflow.io import records
from merflow.io.csv_table import csv_text
from merflow.io.files import file_digest, temporary_folder, write_text
from merflow.io.packed import read_packed
from merflow.models.factory import WEIGHTS, Fitted, Method, TrainingData
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips, method_of, training_data

if TYPE_CHECKING:
    import keras


def oracle(run: Path, *, out: Path | None = None, config: Config) -> None:
    """Train every fold of RUN again, record predictions after each epoch, apply forbidden rules.

    These scores are no results: every rule but the first looks at test labels. The trained folds
    stay as they are, and the command checks that training again gives the same weights.

    Examples:
        merflow oracle results/runs/demo/x10/seed0 --config results/config.yaml
        merflow oracle results/runs/demo/x1/seed0 --out forbidden --config results/config.yaml

    Args:
        run: Folder of a scored run.
        out: Folder for epochs.csv and oracle.csv. Default: results/oracle/<run>.
    """
    plan = Plan(load(config))
    named = run_of(run)
    experiment = plan.experiment(named.experiment)
    if experiment.method != "keras" or experiment.training.stopping != "fixed":
        raise MerflowError(
            str(run),
            f"a run of method {experiment.method}, stopping {experiment.training.stopping}",
            "a network trained for a fixed number of epochs",
        )
    folder = out or Path(paths.ORACLE.format(**vars(named)))
    classes = plan.data.classes(named.experiment)
    with records.job("oracle", folder / "oracle.csv") as job:
        packs = [read_packed(path) for path in plan.packed(named.experiment, named.factor)]
        clips = RunClips(packs, named.factor.split("+"), experiment.control)
        pooled = read_pooled(run / "pooled.csv", classes=classes)
        make = partial(method_of, plan, named)
        subjects = canonical_names(plan.settings)
        rows: list[tuple[str, ...]] = []
        for name in plan.fold_names(named.experiment):
            fold = read_fold(Path(paths.FOLD.format(experiment=named.experiment, fold=name)))
            rows += _epochs(make, experiment, classes, clips, fold, subjects, run / name)
            print(f"{name}: recorded", flush=True)
        write_text(folder / "epochs.csv", csv_text((*KEY, "epoch", "predicted"), sorted(rows)))
        scores = oracle_rows(read_epochs(folder / "epochs.csv", pooled))
        count = len(plan.fold_names(named.experiment))
        scores += _by_clip(make, named.seed, clips, pooled, count)
        write_oracle(folder / "oracle.csv", scores)
        folds = {
            name: records.made_of(f"{run}/{name}/predictions.csv")
            for name in plan.fold_names(named.experiment)
        }
        files = [folder / "epochs.csv", folder / "oracle.csv"]
        job.done(run_fingerprints.recorded(folds), files)
    print(render_oracle(scores))


def _epochs(
    make: Callable[[str], Method],
    experiment: Experiment,
    classes: tuple[str, ...],
    clips: RunClips,
    fold: FoldFile,
    subjects: Mapping[str, str],
    trained: Path,
) -> list[tuple[str, ...]]:
    """Return (dataset, subject, clip, epoch, predicted) of a fold's test clips."""
    test = [fold.test[i] for i in clips.usable(fold.test, f"fold {fold.name}")]
    data = training_data(clips, fold, classes, subjects)
    recorded: list[np.ndarray] = []

    def note(model: "keras.Model") -> dict[str, float]:
        from merflow.models.training import batch_norm
        from merflow.models.training.predict import probabilities

        batch = experiment.training.batch_size
        # As at the end of training: otherwise the last predictions would differ from the run's.
        batch_norm.settle(model, data.x, batch)
        recorded.append(np.mean([probabilities(model, x, batch) for x in clips.take(test)], axis=0))
        return {}

    method = make(fold.name)
    method.after_epoch = note
    _check_same(method.fit(data), trained)
    return [
        (*key, f"{epoch:04d}", classes[int(label)])
        for epoch, chances in enumerate(recorded, start=1)
        for key, label in zip(test, chances.argmax(1), strict=True)
    ]


def _check_same(fitted: Fitted, trained: Path) -> None:
    """Refuse to go on when recording the predictions changed the training."""
    with temporary_folder() as folder:
        fitted.save(folder)
        records.check(trained / WEIGHTS)
        ours, theirs = file_digest(folder / WEIGHTS), file_digest(trained / WEIGHTS)
    if ours != theirs:
        raise MerflowError(
            str(trained),
            "training it again gave other weights",
            "the same bytes: the same machine type, settings and version",
            "call `merflow run` again, then this command",
            code=FAILED,
        )


def _by_clip(
    make: Callable[[str], Method],
    seed: int,
    clips: RunClips,
    table: Pooled,
    count: int,
) -> list[tuple[str, str, float, float]]:
    """Return the scores of a random split by clip, where subjects are on both sides: a leak."""
    answers = np.empty((len(table.keys), len(table.classes)))
    copies = clips.take(table.keys)
    for fold in clip_folds(len(table.keys), count, seed):
        x = np.concatenate([part[fold.train] for part in copies])
        keys = tuple(table.keys[i] for i in fold.train)
        factors = tuple(f for f in clips.factors for _ in keys) if len(copies) > 1 else ()
        y = np.tile(table.truth[fold.train], len(copies))
        data = TrainingData(x, y, keys * len(copies), factors)
        fitted = make(fold.name).fit(data)
        tested = [table.keys[i] for i in fold.test]
        parts = [fitted.predict(part[fold.test], tested) for part in copies]
        answers[fold.test] = np.mean(parts, axis=0)
    leaked = table.changed(predicted=answers.argmax(1), probabilities=None)
    scores = []
    for part in parts_of(leaked):
        matrix = leaked.part(part).matrix
        scores.append(("random split by clip", part, float(uf1(matrix)), float(uar(matrix))))
    return scores
