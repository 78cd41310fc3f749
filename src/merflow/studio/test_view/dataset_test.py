"""A whole prepared dataset through a run, each clip by a network that has not seen its subject."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow import paths
from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.fingerprints import preparation_named
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.run_id import Run, run_of
from merflow.evaluation.score_table import score_rows
from merflow.inference.dataset import Tested, seen_subjects, under_model
from merflow.inference.recording import Tell
from merflow.io.clip_store import Store
from merflow.stages.pipeline import seen
from merflow.studio.run_results import pooled_facts
from merflow.workflow.final_model import Model, answers
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import about

if TYPE_CHECKING:
    from merflow.models.factory import Fitted

FINAL = "final"


def whole_dataset(
    plan: Plan,
    folder: str,
    model: Model,
    fitted: "Fitted",
    clips: Sequence[Clip],
    tell: Tell,
) -> dict[str, Any]:
    """Return scores, confusion matrix, subjects and errors of a prepared dataset under a run.

    A subject of the experiment is answered by the fold that left it out, any other by the final
    model; a subject that training saw and no fold left out is not tested, and named.
    """
    run = run_of(Path(folder))
    refuse_other_preparation(plan, run, model)
    tested = under_model(clips, model, plan.settings)
    owners = fold_of_subject(plan, run)
    trained = set(seen_subjects((clip.key for clip in tested.clips), model, plan.settings))
    groups: dict[str, list[int]] = {}
    untested: Counter[str] = Counter()
    for row, clip in enumerate(tested.clips):
        owner = owners.get(clip.key.subject_key)
        subject = "/".join(clip.key.subject_key)
        if owner is None and subject in trained:
            untested[subject] += 1
            continue
        groups.setdefault(owner or FINAL, []).append(row)
    if not groups:
        raise MerflowError(
            folder,
            "its final model was trained on every subject of this dataset, and no fold is trained",
            "folds that left these subjects out, or a dataset it never saw",
            "Runs view: Start",
        )
    table, skipped = _answered(plan, run, model, fitted, tested, groups, tell)
    tell("scoring", 0, 0)
    rows = score_rows(table, about(plan, run), resamples=plan.settings.bootstrap)
    return {
        **pooled_facts(table, rows),
        "tested": len(table.keys),
        "by_fold": sum(fold != FINAL for fold in table.folds),
        "without_class": tested.left_out,
        "skipped": skipped,
        "untested": dict(untested),
    }


def refuse_other_preparation(plan: Plan, run: Run, model: Model) -> None:
    """Refuse clips that were prepared with other settings than the model was trained under."""
    name = plan.experiment(run.experiment).preparation
    if preparation_named(plan.settings, name) != model.chain.preparation:
        raise MerflowError(
            f"preparation {name}",
            "its settings have changed since the run was trained",
            "the settings recorded with the run",
            "put them back, or start the experiment again",
        )


def fold_of_subject(plan: Plan, run: Run) -> dict[tuple[str, str], str]:
    """Return (dataset, subject) -> the trained fold that left it out."""
    from merflow.models.factory import WEIGHTS

    found = {}
    if not Path(plan.truth_file(run.experiment)).is_file():
        return found
    for name in plan.fold_names(run.experiment):
        if (Path(run.folder) / name / WEIGHTS).is_file():
            fold = read_fold(Path(paths.FOLD.format(experiment=run.experiment, fold=name)))
            found |= {key.subject_key: name for key in fold.test}
    return found


def _answered(
    plan: Plan,
    run: Run,
    model: Model,
    fitted: "Fitted",
    tested: Tested,
    groups: Mapping[str, Sequence[int]],
    tell: Tell,
) -> tuple[Pooled, list[str]]:
    from merflow.models.factory import WEIGHTS, load

    preparation = plan.experiment(run.experiment).preparation
    total, done = sum(map(len, groups.values())), 0
    kept: list[tuple[int, str, np.ndarray]] = []
    skipped: list[str] = []
    for fold, rows in sorted(groups.items()):
        method = fitted if fold == FINAL else load(Path(run.folder) / fold / WEIGHTS)
        wanted = {tested.clips[row].key: row for row in rows}
        found = set()
        for clip in _cropped(preparation, list(wanted)):
            row = wanted[clip.key]
            found.add(clip.key)
            tell("answering", done, total)
            done += 1
            x = [seen(clip, model.chain.preparation, factor) for factor in model.chain.factors]
            kept.append((row, fold, answers(method, [x])[0]))
        skipped += [str(key) for key in wanted if key not in found]
        done += len(wanted) - len(found)
    if not kept:
        raise MerflowError(
            "dataset", f"none of its {total} clips is prepared", fix="Datasets view: Prepare"
        )
    kept.sort(key=lambda one: tested.clips[one[0]].key)
    chances = np.stack([p for _, _, p in kept])
    truth = np.array([model.classes.index(tested.truth[row]) for row, _, _ in kept])
    keys = tuple(tested.clips[row].key for row, _, _ in kept)
    folds = tuple(fold for _, fold, _ in kept)
    return Pooled(keys, model.classes, truth, chances.argmax(1), folds, chances), skipped


def _cropped(preparation: str, keys: Sequence[ClipKey]) -> Iterator[ClipArrays]:
    """Yield the cropped clips among `keys`, one in memory at a time."""
    wanted = set(keys)
    for dataset, subject in sorted({key.subject_key for key in keys}):
        path = Path(paths.cropped(preparation, dataset, subject))
        if path.is_file():
            with Store(path) as store:
                for index, key in enumerate(store.keys):
                    if key in wanted:
                        yield store.read(index)
