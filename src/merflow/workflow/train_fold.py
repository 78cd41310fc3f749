"""Training, fold by fold: packed clips in, predictions of the unseen subject out."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merflow import arithmetic, paths, versions
from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.errors import MerflowError
from merflow.evaluation.duplicate_clips import first_known, refuse_duplicates
from merflow.evaluation.fold_files import FoldFile
from merflow.evaluation.negative_controls import apply
from merflow.evaluation.predictions import Predictions, write_predictions
from merflow.evaluation.run_id import Run
from merflow.io.files import digest, file_digest, write_json, write_text
from merflow.io.packed import Packed
from merflow.models.factory import Fitted, TrainingData
from merflow.models.training import weights_file
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.training_log import curve_so_far, history_text


def fold_seed(seed: int, fold: str) -> int:
    """Return the seed of one fold: the same alone, grouped with others, or in any order."""
    return int(digest([seed, fold])[:8], 16)


class Shelf:
    """The packed files of a run (several when factors are pooled), looked up by clip."""

    def __init__(self, packs: Sequence[Packed], factors: Sequence[str], control: str) -> None:
        self.packs = packs
        self.factors = tuple(factors)
        self.x = [apply(control, p.x, p.keys, p.lengths) for p in packs]
        self.row = [{key: row for row, key in enumerate(p.keys)} for p in packs]
        self.skipped = {ClipKey(*s[:3]) for p in packs for s in p.skipped}

    def usable(self, keys: Sequence[ClipKey], where: str) -> list[int]:
        """Return positions in `keys` of the clips that were not skipped on the way."""
        found = []
        for index, key in enumerate(keys):
            if all(key in row for row in self.row):
                found.append(index)
            elif key not in self.skipped:
                raise MerflowError(
                    where, f"clip {key} is not in the packed file", fix="run snakemake again"
                )
        return found

    def take(self, keys: Sequence[ClipKey]) -> list[np.ndarray]:
        """Return, for every pooled factor, the clips' arrays in the order of `keys`."""
        return [x[[row[key] for key in keys]] for x, row in zip(self.x, self.row, strict=True)]


def train_fold(plan: Plan, run: Run, shelf: Shelf, fold: FoldFile, out: Path) -> dict[str, Any]:
    """Train on a fold's training clips, predict its test clips once, write all that it gives."""
    from merflow.models.factory import WEIGHTS, make_method

    experiment = plan.experiment(run.experiment)
    classes = plan.data.classes(run.experiment)
    where = f"fold {fold.name}"
    whose = canonical_names(plan.settings)
    data = training_data(shelf, fold, classes, whose)
    test = [fold.test[i] for i in shelf.usable(fold.test, where)]
    arithmetic.check()
    started = time.perf_counter()
    start = next(map(Path, plan.start_weights(run.experiment)), None)
    refuse_leaks(experiment, start, data, shelf, test, whose, where)
    seed = fold_seed(run.seed, fold.name)
    method = make_method(experiment, classes, seed, start)
    with curve_so_far(method, out):
        fitted = method.fit(data)
    # A program of one's own works only when it is asked: answering belongs to what a fold takes.
    probabilities = _answers(fitted, shelf, test, len(classes))
    seconds = round(time.perf_counter() - started, 3)
    fitted.save(out)
    write_text(out / "history.csv", history_text(fitted.history))
    facts = {
        **made_with(shelf, fitted.facts),
        "experiment": run.experiment,
        "factor": run.factor,
        "seed": run.seed,
        "fold": fold.name,
        "classes": list(classes),
        **what_it_saw(plan, run, shelf, fold),
        "train_clips": len(data.y) // len(shelf.factors),
        "test_clips": len(test),
        "skipped": sorted(set(fold.train + fold.test) & shelf.skipped),
        "weights": file_digest(out / WEIGHTS),
        **fitted.facts,
        "seconds": seconds,
    }
    if experiment.nested:
        write_predictions(
            out / "inner.csv", inner_predictions(experiment, classes, data, run, fold, start)
        )
    write_json(out / "run.json", facts)
    # Last: whoever finds predictions finds the rest.
    answers = Predictions(tuple(test), tuple(classes), probabilities)
    write_predictions(out / "predictions.csv", answers)
    return facts


def what_it_saw(plan: Plan, run: Run, shelf: Shelf, fold: FoldFile) -> dict[str, Any]:
    """Return the settings and the digests of the files that a fold's weights depend on."""
    recipe = run_fingerprints.training(plan, run.experiment)
    return {"recipe": recipe, "inputs": _inputs(plan, run, shelf, fold)}


def refuse_leaks(
    experiment: Experiment,
    start: Path | None,
    data: TrainingData,
    shelf: Shelf,
    test: Sequence[ClipKey],
    whose: Mapping[str, str],
    where: str,
) -> None:
    """Refuse a test clip that is trained on under another name, and weights that saw its subject.

    whose: as `persons.people` says.
    """
    # Controls make clips equal: there pixels tell nothing.
    seen = shelf.take(test) if experiment.control == "none" else []
    for x in seen:
        refuse_duplicates(where, (data.x, data.keys), (x, test))
    begun = start or experiment.training.start_weights
    if begun and experiment.method == "keras" and Path(begun).is_file():
        trained, known = weights_file.seen_by(Path(begun))
        weights_file.refuse_seen(Path(begun), trained, test, whose, where)
        for x in seen:
            if key := first_known(known, x, test):
                raise weights_file.has_seen(
                    where, f"the weights in {begun} saw the pixels of {key}"
                )


def _inputs(plan: Plan, run: Run, shelf: Shelf, fold: FoldFile) -> dict[str, str]:
    """Return the digests of what a fold was trained on and began with, by file."""
    fold_file = paths.FOLD.format(experiment=run.experiment, fold=fold.name)
    return inputs_of(plan, run, shelf) | {fold_file: digest([fold.train, fold.labels, fold.test])}


def made_with(shelf: Shelf, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return versions and arithmetic levels of a training and of the stages that made its clips."""
    levels = (pack.made_by.get("arithmetic", "") for pack in shelf.packs)
    return versions.training_record(facts.get("backend", ""), *levels)


def inputs_of(plan: Plan, run: Run, shelf: Shelf) -> dict[str, str]:
    """Return the digests of what every training of a run sees and begins with, by file."""
    packs = plan.packed(run.experiment, run.factor)
    made = {path: digest(p.made_by) for path, p in zip(packs, shelf.packs, strict=True)}
    return made | {path: file_digest(path) for path in plan.start_weights(run.experiment)}


def training_data(
    shelf: Shelf, fold: FoldFile, classes: Sequence[str], whose: Mapping[str, str]
) -> TrainingData:
    """Return a fold's training clips, once per pooled factor, with their labels and persons."""
    kept = shelf.usable(fold.train, f"fold {fold.name}")
    keys = [fold.train[i] for i in kept]
    y = np.array([classes.index(fold.labels[i]) for i in kept], np.int64)
    copies = shelf.take(keys)
    many = len(copies)
    return TrainingData(
        x=np.concatenate(copies) if many > 1 else copies[0],
        y=np.tile(y, many),
        keys=tuple(keys) * many,
        factors=tuple(f for f in shelf.factors for _ in keys) if many > 1 else (),
        persons=tuple(canonical_subject(key, whose) for key in keys) * many,
    )


def inner_predictions(
    experiment: Experiment,
    classes: tuple[str, ...],
    data: TrainingData,
    run: Run,
    fold: FoldFile,
    start: Path | None,
) -> Predictions:
    """Return predictions of the fold's own training clips, each by a model that never saw its
    subject: what a choice between factors may look at. All begin with the weights in `start`.
    """
    from merflow.models.factory import make_method
    from merflow.models.training import inner_folds

    held = inner_folds.folds(data.keys, data.y, classes, experiment.training, "nested: true")
    answers = np.empty((len(data.y), len(classes)))
    for number in np.unique(held):
        out = np.flatnonzero(held == number)
        seed = fold_seed(run.seed, f"{fold.name} inner {number}")
        fitted = make_method(experiment, classes, seed, start).fit(
            data.take(np.flatnonzero(held != number))
        )
        answers[out] = fitted.predict(data.x[out], [data.keys[i] for i in out])
    return Predictions(data.keys, classes, answers)


def _answers(fitted: Fitted, shelf: Shelf, test: Sequence[ClipKey], classes: int) -> np.ndarray:
    """Return (M, K) float64: each test clip's probabilities, the mean over pooled factors."""
    if not test:
        return np.empty((0, classes))
    return np.mean([fitted.predict(x, test) for x in shelf.take(test)], axis=0, dtype=np.float64)
