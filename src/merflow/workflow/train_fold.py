"""Train one fold: from packed clips to predictions of the subjects left out."""

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from merflow import arithmetic, paths, versions
from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.datasets.unit_labels import decode
from merflow.errors import MerflowError
from merflow.evaluation.duplicate_clips import first_known, refuse_duplicates
from merflow.evaluation.fold_files import FoldFile
from merflow.evaluation.near_duplicates import Portraits, portraits, refuse_near_duplicates
from merflow.evaluation.negative_controls import apply
from merflow.evaluation.predictions import Predictions, write_predictions
from merflow.evaluation.run_id import Run
from merflow.evaluation.unit_thresholds import FIXED, best_thresholds
from merflow.io import records
from merflow.io.files import digest, file_digest, write_json, write_text
from merflow.io.packed import Packed
from merflow.models.factory import WEIGHTS, Fitted, Method, TrainingData, make_method
from merflow.models.method_interface import ClipFile
from merflow.models.program_sandbox import hidden_of
from merflow.models.training import inner_folds, start_weights
from merflow.workflow import run_fingerprints
from merflow.workflow.fold_record import made_from, pixels_of
from merflow.workflow.plan import Plan
from merflow.workflow.subject_overlap import unknown_overlap
from merflow.workflow.training_log import curve_so_far, history_text


def fold_seed(seed: int, fold: str) -> int:
    """Return the seed of one fold, which depends on its name only, not on other folds."""
    return int(digest([seed, fold])[:8], 16)


def method_of(plan: Plan, run: Run, fold: str) -> Method:
    """Return the method of a fold, not fitted yet: its seed from its name, its start weights."""
    start = next(map(Path, plan.start_weights(run.experiment)), None)
    classes = plan.data.classes(run.experiment)
    seed, hidden = fold_seed(run.seed, fold), hidden_of(plan.settings)
    return make_method(plan.experiment(run.experiment), classes, seed, start, hidden)


class RunClips:
    """The clips of a run, looked up by key, from its packed files (one per pooled factor)."""

    def __init__(self, packs: Sequence[Packed], factors: Sequence[str], control: str) -> None:
        self.packs = packs
        self.factors = tuple(factors)
        self.x = [apply(control, p.x, p.keys, p.lengths) for p in packs]
        self.row = [{key: row for row, key in enumerate(p.keys)} for p in packs]
        self.skipped = {ClipKey(*s[:3]) for p in packs for s in p.skipped}

    @cached_property
    def portraits(self) -> list[Portraits | None]:
        """The portraits of the clips of each packed file; None: nothing to compare."""
        return [portraits(x) for x in self.x]

    @cached_property
    def files(self) -> tuple[ClipFile, ...]:
        """The packed files that hold these clips as they are; none if a control changed them."""
        places = [pack.place for pack in self.packs]
        if None in places or any(x is not p.x for x, p in zip(self.x, self.packs, strict=True)):
            return ()
        return tuple(
            ClipFile(place.path, place.offset, x.shape, x.dtype.str, factor, row)
            for place, x, factor, row in zip(places, self.x, self.factors, self.row, strict=True)
        )

    def usable(self, keys: Sequence[ClipKey], where: str) -> list[int]:
        """Return positions in `keys` of the clips that no stage skipped."""
        found = []
        for index, key in enumerate(keys):
            if all(key in row for row in self.row):
                found.append(index)
            elif key not in self.skipped:
                raise MerflowError(
                    where, f"clip {key} is not in the packed file", fix="call `merflow run` again"
                )
        return found

    def take(self, keys: Sequence[ClipKey]) -> list[np.ndarray]:
        """Return one array per pooled factor: the clips in the order of `keys`."""
        return [x[[row[key] for key in keys]] for x, row in zip(self.x, self.row, strict=True)]


def train_fold(plan: Plan, run: Run, clips: RunClips, fold: FoldFile, out: Path) -> dict[str, Any]:
    """Train on a fold's training clips, predict its test clips once, write its files."""
    with records.job("train", out / "predictions.csv") as job:
        facts, wrote = _trained(plan, run, clips, fold, out)
        records.check(*_existing(plan, run, fold.name))
        made = made_from(plan, run, fold)
        job.done(made, wrote, clips=pixels_of(plan, run, fold))
    return facts


def _trained(
    plan: Plan, run: Run, clips: RunClips, fold: FoldFile, out: Path
) -> tuple[dict[str, Any], list[Path]]:
    experiment = plan.experiment(run.experiment)
    classes = plan.data.classes(run.experiment)
    where = f"fold {fold.name}"
    canonical = canonical_names(plan.settings)
    many = experiment.task == "action_units"
    data = training_data(clips, fold, classes, canonical, many)
    test = [fold.test[i] for i in clips.usable(fold.test, where)]
    arithmetic.check()
    started = time.perf_counter()
    refuse_leaks(plan, run, data, clips, test, where)
    method = method_of(plan, run, fold.name)
    with curve_so_far(method, out):
        fitted = method.fit(data)
    # An external program trains inside `predict`: prediction is included in the fold's time.
    probabilities = _predict(fitted, clips, test, len(classes))
    inner = inner_choice(plan, run, data, fold.name)
    seconds = round(time.perf_counter() - started, 3)
    facts = {
        **save_training(out, fitted, clips),
        "experiment": run.experiment,
        "factor": run.factor,
        "seed": run.seed,
        "fold": fold.name,
        "classes": list(classes),
        "recipe": run_fingerprints.training(plan, run.experiment),
        "train_clips": len(data.y) // len(clips.factors),
        "test_clips": len(test),
        "skipped": sorted(set(fold.train + fold.test) & clips.skipped),
        **overlap_facts(plan, run, test),
        **fitted.facts,
        **thresholds(experiment, data, inner),
        "seconds": seconds,
        "peak_mb": peak_memory(),
    }
    wrote = [out / name for name in (WEIGHTS, "history.csv", "run.json")]
    if inner:
        write_predictions(out / "inner.csv", inner)
        wrote.append(out / "inner.csv")
    write_json(out / "run.json", facts)
    # Last: a fold with predictions.csv has all its other files.
    one_class = not data.many_labels
    predictions = Predictions.of(tuple(test), tuple(classes), probabilities, one_class)
    write_predictions(out / "predictions.csv", predictions)
    return facts, [*wrote, out / "predictions.csv"]


def _existing(plan: Plan, run: Run, fold: str) -> list[str]:
    """Return the fold file and start weights that a fold was trained from."""
    file = paths.FOLD.format(experiment=run.experiment, fold=fold)
    return [path for path in (file, *plan.start_weights(run.experiment)) if Path(path).exists()]


def peak_memory() -> int:
    """Return the largest resident memory of this process, or of one it started, so far (MiB).

    A benchmark file of Snakemake does not see the process of a fold that shares a start.
    """
    unit = 2**20 if sys.platform == "darwin" else 2**10
    sides = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(side).ru_maxrss for side in sides) // unit


def refuse_leaks(
    plan: Plan, run: Run, data: TrainingData, clips: RunClips, test: Sequence[ClipKey], where: str
) -> None:
    """Refuse test clips that are training clips too, and start weights trained on test subjects."""
    experiment = plan.experiment(run.experiment)
    # Controls make clips equal: duplicates mean nothing there.
    tested = clips.take(test) if experiment.control == "none" else []
    for x in tested:
        refuse_duplicates(where, (data.x, data.keys), (x, test))
    if tested:
        refuse_altered_copies(where, clips, data.keys, test)
    if file := start_file(plan, run):
        subjects, clip_hashes = start_weights.trained_on(file)
        start_weights.refuse_seen(file, subjects, test, canonical_names(plan.settings), where)
        for x in tested:
            if key := first_known(clip_hashes, x, test):
                raise start_weights.leak(where, f"the weights in {file} saw the pixels of {key}")


def start_file(plan: Plan, run: Run) -> Path | None:
    """Return the weights file that a network starts from; None: none, or another method."""
    entry = plan.experiment(run.experiment)
    file = Path(*plan.start_weights(run.experiment) or [entry.training.start_weights])
    return file if entry.method == "keras" and file.is_file() else None


def overlap_facts(plan: Plan, run: Run, test: Sequence[ClipKey]) -> dict[str, list[str]]:
    """Return, for run.json, the datasets of one laboratory in start weights and test."""
    file = start_file(plan, run)
    if file is None:
        return {}
    names = canonical_names(plan.settings)
    trained = {subject.split("/", 1)[0] for subject in start_weights.trained_on(file)[0]}
    found = unknown_overlap(trained, {names.get(key.dataset, key.dataset) for key in test})
    return {"subject_overlap_unknown": found} if found else {}


def refuse_altered_copies(
    where: str, clips: RunClips, train: Sequence[ClipKey], test: Sequence[ClipKey]
) -> None:
    """Refuse test clips that show the same recording as a training clip."""
    known = list(dict.fromkeys(train))  # Pooled factors repeat the keys.
    for seen, row in zip(clips.portraits, clips.row, strict=True):
        if seen is not None:
            sides = [(seen.take(row[key] for key in keys), keys) for keys in (known, test)]
            refuse_near_duplicates(where, *sides)


def save_training(out: Path, fitted: Fitted, clips: RunClips) -> dict[str, Any]:
    """Write weights and history; return versions, arithmetic levels and the weights' digest."""
    out.mkdir(parents=True, exist_ok=True)
    fitted.save(out)
    write_text(out / "history.csv", history_text(fitted.history))
    return {**made_with(clips, fitted.facts), "weights": file_digest(out / WEIGHTS)}


def made_with(clips: RunClips, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return versions and arithmetic levels of a training and of the stages before it."""
    levels = (pack.made_by.get("arithmetic", "") for pack in clips.packs)
    return versions.training_record(facts.get("backend", ""), *levels)


def labels_array(labels: Sequence[str], classes: Sequence[str], many: bool) -> np.ndarray:
    """Return labels as `TrainingData.y` has them; many: a clip may have several classes."""
    if many:
        return decode(labels, classes)
    return np.array([classes.index(label) for label in labels], np.int64)


def training_data(
    clips: RunClips,
    fold: FoldFile,
    classes: Sequence[str],
    canonical: Mapping[str, str],
    many_labels: bool = False,
) -> TrainingData:
    """Return a fold's training clips, once per pooled factor, with labels and subject ids."""
    kept = clips.usable(fold.train, f"fold {fold.name}")
    keys = [fold.train[i] for i in kept]
    y = labels_array([fold.labels[i] for i in kept], classes, many_labels)
    copies = clips.take(keys)
    many = len(copies)
    return TrainingData(
        x=np.concatenate(copies) if many > 1 else copies[0],
        y=np.concatenate([y] * many),
        keys=tuple(keys) * many,
        factors=tuple(f for f in clips.factors for _ in keys) if many > 1 else (),
        subject_ids=tuple(canonical_subject(key, canonical) for key in keys) * many,
        files=clips.files,
    )


def inner_choice(plan: Plan, run: Run, data: TrainingData, fold: str) -> Predictions | None:
    """Return the inner predictions that a choice is made on; None if nothing is chosen."""
    experiment = plan.experiment(run.experiment)
    if experiment.nested:
        classes = plan.data.classes(run.experiment)
        held = inner_folds.folds(data.keys, data.y, classes, experiment.training, "nested: true")
    elif experiment.chooses_inside:
        # Units are too rare to be spread evenly: datasets are, by whole subjects.
        alike = np.zeros(len(data.keys), np.int64)
        setting = "action_units.threshold: inner"
        held = inner_folds.folds(data.keys, alike, ("any",), experiment.training, setting)
    else:
        return None
    return inner_predictions(plan, run, data, fold, held)


def inner_predictions(
    plan: Plan, run: Run, data: TrainingData, fold: str, held: np.ndarray
) -> Predictions:
    """Return predictions of a fold's training clips, each by a model trained without its subject.

    held: (N,) the inner fold that holds each row out. Choices are made on these predictions.
    """
    classes = plan.data.classes(run.experiment)
    probabilities = np.empty((len(data.y), len(classes)))
    for number in np.unique(held):
        out = np.flatnonzero(held == number)
        method = method_of(plan, run, f"{fold} inner {number}")
        fitted = method.fit(data.take(np.flatnonzero(held != number)))
        probabilities[out] = fitted.predict(data.x[out], [data.keys[i] for i in out])
    return Predictions.of(data.keys, classes, probabilities, not data.many_labels)


def thresholds(
    experiment: Experiment, data: TrainingData, inner: Predictions | None
) -> dict[str, list[float]]:
    """Return the threshold of each action unit, chosen on inner predictions if there are any."""
    if not data.many_labels:
        return {}
    if inner is None:
        return {"thresholds": [FIXED] * data.y.shape[1]}
    return {"thresholds": best_thresholds(data.y, inner.probabilities).tolist()}


def _predict(fitted: Fitted, clips: RunClips, test: Sequence[ClipKey], classes: int) -> np.ndarray:
    """Return (M, K) float64 probabilities of the test clips, the mean over pooled factors."""
    if not test:
        return np.empty((0, classes))
    return np.mean([fitted.predict(x, test) for x in clips.take(test)], axis=0, dtype=np.float64)
