"""The part of a plan that spots intervals in long recordings: folds, windows, files.

k, half the usual length of an interval, comes from the training subjects of each fold: so folds
differ in their windows, and folds with the same k share one store of a subject.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from merflow import paths
from merflow.clip import Clip
from merflow.config.settings import Settings, SpotThenRecognise, Spotting
from merflow.errors import MerflowError
from merflow.evaluation.fold import Fold
from merflow.evaluation.intervals.fold_labels import label_of, lengths, spans_in, spans_of
from merflow.evaluation.run_id import FINAL, Run
from merflow.stages.score_peaks import half_length
from merflow.stages.windows import MEASURE, window_name
from merflow.text import plural
from merflow.workflow.plan import Plan

FEWEST = 2
"""Subjects that a dataset needs: one to train on, one to test."""


class SpotRun(NamedTuple):
    """A spotting method with one seed."""

    spotting: str
    seed: int

    @property
    def folder(self) -> str:
        """Folder of the run below results/."""
        return paths.SPOTTING.format(spotting=self.spotting, seed=self.seed)


def run_of(folder: Path) -> SpotRun:
    """Return the spotting run of a folder."""
    parts = paths.parts(paths.SPOTTING, folder, anywhere=True)
    if not parts:
        found = "not the folder of a spotting run"
        raise MerflowError(str(folder), found, "results/spotting/<name>/seed<k>")
    return SpotRun(parts["spotting"], int(parts["seed"]))


class Recordings(NamedTuple):
    """The recordings of an entry of `spotting`, with their intervals as labels."""

    clips: tuple[Clip, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class SpotFold:
    """One fold: its window, and the (dataset, subject) whose recordings it needs, sorted."""

    name: str
    window: str
    subjects: tuple[tuple[str, str], ...]


def spotting_runs(settings: Settings) -> list[SpotRun]:
    """Return every run of every spotting method, in the order of the config."""
    return [SpotRun(name, seed) for name, e in settings.spotting.items() for seed in e.seeds]


def runs(plan: Plan) -> list[SpotRun]:
    """Return every run of every spotting method of a plan."""
    return spotting_runs(plan.settings)


def entry_of(plan: Plan, name: str) -> Spotting:
    """Return an entry of `spotting` by name."""
    return plan.settings.spotting[name]


@functools.cache
def recordings(plan: Plan, name: str) -> Recordings:
    """Return the recordings of a spotting method; refuse datasets of cut clips."""
    entry, where = entry_of(plan, name), f"spotting.{name}"
    members = sorted(plan.settings.collections[entry.collection])
    clips = plan.data.all_of(entry.collection)
    for dataset in members:
        own = [clip for clip in clips if clip.key.dataset == dataset]
        cut = [clip for clip in own if clip.intervals is None]
        if cut or not own:
            raise MerflowError(
                where,
                f"{dataset} has {plural(len(cut), 'cut clip')} of {len(own)}",
                "whole recordings with annotated intervals",
                f"name a variant of whole recordings in datasets.{dataset}.variant",
            )
        if len({clip.key.subject for clip in own}) < FEWEST:
            raise MerflowError(where, f"{dataset} has 1 subject", "2 or more, to leave one out")
    labels = tuple(label_of(spans_of(clip, entry.intervals)) for clip in clips)
    return Recordings(tuple(clips), labels)


@functools.cache
def folds(plan: Plan, name: str) -> tuple[Fold, ...]:
    """Return the folds of a spotting method: each leaves out one subject of a dataset."""
    clips, _ = recordings(plan, name)
    made = []
    for dataset in sorted({clip.key.dataset for clip in clips}):
        inside = [i for i, clip in enumerate(clips) if clip.key.dataset == dataset]
        for subject in sorted({clips[i].key.subject for i in inside}):
            test = [i for i in inside if clips[i].key.subject == subject]
            train = [i for i in inside if clips[i].key.subject != subject]
            made.append(Fold.of(f"{dataset}-{subject}", train, test))
    return tuple(made)


def k_of(labels: Sequence[str], where: str) -> int:
    """Return k from the intervals of training recordings, as their labels have them."""
    found = [one for label in labels for one in lengths(spans_in(label, where))]
    if not found:
        raise MerflowError(
            where,
            f"no interval in {plural(len(labels), 'training recording')}",
            "at least one, from which the length of windows is taken",
            "add subjects, or choose the other kind of `intervals`",
        )
    return half_length(found)


@functools.cache
def windows(plan: Plan, name: str) -> dict[str, SpotFold]:
    """Return each fold's window and subjects; `final`, of all recordings, for `predict`."""
    clips, labels = recordings(plan, name)
    sides = {fold.name: (fold.train, fold.pool) for fold in folds(plan, name)}
    everyone = range(len(clips))
    found = {}
    for fold, (train, pool) in {**sides, FINAL: (everyone, everyone)}.items():
        window = window_of(entry_of(plan, name), [labels[i] for i in train], _where(name, fold))
        subjects = sorted({clips[i].key.subject_key for i in pool})
        found[fold] = SpotFold(fold, window, tuple(subjects))
    return found


def _where(name: str, fold: str) -> str:
    return f"spotting.{name}, fold {fold}"


def window_of(entry: Spotting, labels: Sequence[str], where: str) -> str:
    """Return the window of a fold from the labels of its training recordings."""
    return window_name(k_of(labels, where)) if entry.method == "keras" else MEASURE


def store(preparation: str, window: str, dataset: str, subject: str) -> str:
    """Return the path of a store of windows."""
    names = {"preparation": preparation, "window": window}
    return paths.store("windows").format(dataset=dataset, subject=subject, **names)


def stores(plan: Plan, name: str, fold: str) -> list[str]:
    """Return the stores that a fold reads."""
    one, preparation = windows(plan, name)[fold], entry_of(plan, name).preparation
    return [store(preparation, one.window, *subject) for subject in one.subjects]


def every_store(plan: Plan) -> dict[str, tuple[str, str, str, str]]:
    """Return path -> preparation, window, dataset and subject of every store of windows."""
    found = {}
    for name, entry in plan.settings.spotting.items():
        for fold, one in windows(plan, name).items():
            if fold == FINAL:
                continue
            for subject in one.subjects:
                about = (entry.preparation, one.window, *subject)
                found[store(*about)] = about
    return found


def fold_file(name: str, fold: str) -> str:
    """Return the path of a fold file: as of an experiment, with intervals for labels."""
    return paths.FOLD.format(experiment=name, fold=fold)


def fold_files(plan: Plan, name: str) -> list[str]:
    """Return the fold files of a spotting method."""
    return [fold_file(name, fold.name) for fold in folds(plan, name)]


def truth_file(name: str) -> str:
    """Return the file of the annotated intervals of tested recordings; training never reads it."""
    return paths.TRUTH.format(experiment=name)


def fold_outputs(plan: Plan, run: SpotRun) -> list[str]:
    """Return the intervals of every fold of a run."""
    return [f"{run.folder}/{fold.name}/intervals.csv" for fold in folds(plan, run.spotting)]


# Spot then recognise


class Pair(NamedTuple):
    """An entry of `spot_then_recognise` with one seed of its spotting method."""

    name: str
    seed: int

    @property
    def folder(self) -> str:
        """Folder of its results."""
        return paths.STR.format(pair=self.name, seed=self.seed)


def pairs(plan: Plan) -> list[Pair]:
    """Return every pair with every seed that both of its sides have."""
    found = []
    for name, entry in plan.settings.spot_then_recognise.items():
        seeds = set(plan.experiment(entry.recognition).seeds)
        both = [s for s in entry_of(plan, entry.spotting).seeds if s in seeds]
        if not both:
            raise MerflowError(
                f"spot_then_recognise.{name}",
                f"{entry.spotting} and {entry.recognition} share no seed",
                "one seed that both have",
            )
        found += [Pair(name, seed) for seed in both]
    return found


def spotted_of(plan: Plan, pair: str, seed: str | int) -> list[str]:
    """Return the files of a pair's spotting run that recognition reads."""
    run = SpotRun(plan.settings.spot_then_recognise[pair].spotting, int(seed))
    folds = fold_outputs(plan, run)
    facts = [f"{path.rpartition('/')[0]}/run.json" for path in folds]
    return [*folds, *facts, f"{run.folder}/scores.json"]


def recognition_of(plan: Plan, pair: str, seed: str | int) -> list[str]:
    """Return the weights of the folds of a pair's experiment, and their facts."""
    run = recognition_run(plan, pair, seed)
    folders = [f"{run.folder}/{fold}" for fold in plan.fold_names(run.experiment)]
    return [f"{folder}/{name}" for folder in folders for name in (paths.WEIGHTS, "run.json")]


def recognition_run(plan: Plan, pair: str, seed: str | int) -> Run:
    """Return the run of a pair's experiment."""
    entry = plan.settings.spot_then_recognise[pair]
    return Run(entry.recognition, factor_of(plan, entry), int(seed))


def clips_of(plan: Plan, pair: str) -> list[str]:
    """Return the recordings of a pair, cropped as its experiment has its clips."""
    entry = plan.settings.spot_then_recognise[pair]
    preparation = plan.experiment(entry.recognition).preparation
    return cropped(plan, preparation, entry_of(plan, entry.spotting).collection)


def factor_of(plan: Plan, entry: SpotThenRecognise) -> str:
    """Return the factor at which a pair recognises."""
    return entry.factor or plan.experiment(entry.recognition).factors[0]


# What the stages before windows make


def crops(plan: Plan) -> list[tuple[str, str]]:
    """Return (preparation, collection) of all recordings that are cropped, each once."""
    found = {(e.preparation, e.collection) for e in plan.settings.spotting.values()}
    for entry in plan.settings.spot_then_recognise.values():
        preparation = plan.experiment(entry.recognition).preparation
        found.add((preparation, entry_of(plan, entry.spotting).collection))
    return sorted(found)


def cropped(plan: Plan, preparation: str, collection: str) -> list[str]:
    """Return the cropped stores of a collection of recordings."""
    return [paths.cropped(preparation, *owner) for owner in plan.data.subjects_of(collection)]


def files(plan: Plan) -> Iterator[str]:
    """Yield every file that spotting makes and keeps, for `merflow clean`."""
    for preparation, collection in crops(plan):
        yield from cropped(plan, preparation, collection)
        yield from plan.stores(collection, paths.store("align"))
    yield from every_store(plan)
    for name in plan.settings.spotting:
        yield from (*fold_files(plan, name), truth_file(name))
    for run in runs(plan):
        yield from (f"{run.folder}/{file}" for file in paths.SPOTTING_SCORES)
    for pair in pairs(plan):
        yield from (f"{pair.folder}/{file}" for file in paths.STR_FILES)


def folders(plan: Plan) -> Iterator[str]:
    """Yield the folders of folds, which are kept whole."""
    for run in runs(plan):
        yield from (f"{run.folder}/{fold}" for fold in windows(plan, run.spotting))
