"""Test of a run on a prepared dataset: no clip is predicted by a model trained on its subject."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.clip import Clip
from merflow.config.fingerprints import preparation_named
from merflow.errors import MerflowError
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.run_id import FINAL, Run, run_of
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import score_rows
from merflow.inference.dataset import LabelledClips, labelled_for, training_subjects
from merflow.inference.fold_models import cropped_clips, folds_of, load_fold, weights_of
from merflow.inference.recording import OnProgress
from merflow.stages.pipeline import network_input
from merflow.studio.run_results import pooled_facts
from merflow.workflow.final_model import Model, mean_probabilities
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import about

if TYPE_CHECKING:
    from merflow.models.factory import Fitted


def whole_dataset(
    plan: Plan,
    folder: str,
    model: Model,
    fitted: "Fitted",
    clips: Sequence[Clip],
    on_progress: OnProgress,
) -> dict[str, Any]:
    """Return scores, confusion matrix, subjects and errors of a run on a prepared dataset.

    A fold's test subjects are predicted by that fold's model, all others by the final model.
    Subjects that were in training and in no fold's test set are reported as untested.
    """
    run = run_of(Path(folder))
    refuse_other_preparation(plan, run, model)
    tested = labelled_for(model, clips, plan.settings)
    folds = fold_of_subject(plan, run)
    trained = set(training_subjects((clip.key for clip in tested.clips), model, plan.settings))
    groups: dict[str, list[int]] = {}
    untested: Counter[str] = Counter()
    for row, clip in enumerate(tested.clips):
        fold, subject = folds.get(clip.key.subject_key), "/".join(clip.key.subject_key)
        if fold is None and subject in trained:
            untested[subject] += 1
            continue
        groups.setdefault(fold or FINAL, []).append(row)
    if not groups:
        raise MerflowError(
            folder,
            "its final model was trained on every subject of this dataset, and no fold is trained",
            "folds that test these subjects, or a dataset that was not in training",
            "Runs view: Start",
        )
    if model.units is not None:
        raise MerflowError(
            str(run.folder),
            "it predicts action units, whose scores this view does not show",
            "a run of emotions",
            "run `merflow evaluate` in a terminal",
        )
    table, skipped = _predict(plan, run, model, fitted, tested, groups, on_progress)
    on_progress("scoring", 0, 0)
    rows = records(score_rows(table, about(plan, run), resamples=plan.settings.bootstrap))
    return {
        **pooled_facts(table, rows),
        "tested": len(table.keys),
        "by_fold": sum(fold != FINAL for fold in table.folds),
        "without_class": tested.without_class,
        "skipped": skipped,
        "untested": dict(untested),
    }


def refuse_other_preparation(plan: Plan, run: Run, model: Model) -> None:
    """Refuse clips that were prepared with other settings than those of the model's training."""
    name = plan.experiment(run.experiment).preparation
    if preparation_named(plan.settings, name) != model.pipeline.preparation:
        raise MerflowError(
            f"preparation {name}",
            "its settings have changed since the run was trained",
            "the settings recorded with the run",
            "restore them, or start the experiment again",
        )


def fold_of_subject(plan: Plan, run: Run) -> dict[tuple[str, str], str]:
    """Return (dataset, subject) -> the trained fold that tests it."""
    if not Path(plan.truth_file(run.experiment)).is_file():
        return {}
    return {
        key.subject_key: name
        for name, fold in folds_of(plan, run).items()
        if weights_of(run, name).is_file()
        for key in fold.test
    }


def _predict(
    plan: Plan,
    run: Run,
    model: Model,
    fitted: "Fitted",
    tested: LabelledClips,
    groups: Mapping[str, Sequence[int]],
    on_progress: OnProgress,
) -> tuple[Pooled, list[str]]:
    """Return the predictions of each group of clips by its fold, and the clips not prepared."""
    preparation = plan.experiment(run.experiment).preparation
    total, done = sum(map(len, groups.values())), 0
    kept: list[tuple[int, str, np.ndarray]] = []
    skipped: list[str] = []
    for fold, rows in sorted(groups.items()):
        method = fitted if fold == FINAL else load_fold(run, fold)
        wanted = {tested.clips[row].key: row for row in rows}
        for clip in cropped_clips(preparation, list(wanted), missing_ok=True):
            on_progress("predicting", done, total)
            done += 1
            x = [
                network_input(clip, model.pipeline.preparation, factor)
                for factor in model.pipeline.factors
            ]
            kept.append((wanted.pop(clip.key), fold, mean_probabilities(method, [x])[0]))
        skipped += map(str, wanted)
        done += len(wanted)
    if not kept:
        fix = "choose the dataset in Data and press Prepare"
        raise MerflowError("dataset", f"none of its {total} clips is prepared", fix=fix)
    kept.sort(key=lambda one: tested.clips[one[0]].key)
    rows, folds, p = zip(*kept, strict=True)
    return tested.pooled(rows, folds, model, np.stack(p)), skipped
