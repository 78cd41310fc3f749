"""What every file of the plan would be made from today: the other side of the records.

Reads sheets, folder listings and file times, and no pixels but those of files that changed.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from merflow import paths, stage_table
from merflow.config import fingerprints
from merflow.config.fingerprints import STAGE_VERSION, preparation_named
from merflow.datasets.catalogue import annotation_digest
from merflow.evaluation.fold import by_pool, numbered
from merflow.evaluation.run_id import FINAL, NESTED, Run
from merflow.io.files import digest
from merflow.io.records import Made
from merflow.workflow import run_fingerprints as prints
from merflow.workflow import spotting_plan
from merflow.workflow.plan import Plan


class Step(NamedTuple):
    """A job of the plan. outputs: files its rule declares; kept: they may not be deleted alone."""

    name: str
    outputs: tuple[str, ...]
    made: Made
    kept: bool = True


class Tokens(NamedTuple):
    """Clips of an experiment in the order of their keys: (N, 8) bytes each, and (N,) subjects."""

    train: np.ndarray
    test: np.ndarray
    subjects: np.ndarray
    names: list[str]


class Expected:
    """What the jobs of a plan make their files from."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.settings = plan.settings

    def steps(self) -> Iterator[Step]:
        """Yield every job of the plan but those of spotting, those before others first."""
        yield from self._stores()
        for preparation, factor, collection in self.plan.packs():
            (path,) = paths.packed(preparation, collection, factor)
            yield Step("pack", (path,), self.pack(preparation, factor, collection), kept=False)
        for name in self.plan.experiments:
            files = (*self.plan.fold_files(name), self.plan.truth_file(name))
            yield Step("split", files, self.split(name))
        for name in self.plan.data.pretrainings():
            folder = paths.PRETRAINED.format(pretraining=name)
            files = tuple(f"{folder}/{file}" for file in paths.FINAL_FILES)
            yield Step("pretrain", files, self.pretraining(name))
        for run in self.plan.runs():
            yield from self._of_run(run)
        for run in self.plan.scored_runs():
            files = (*paths.SCORE_FILES, *(paths.FIGURES if run.factor != NESTED else ()))
            name = "choose" if run.factor == NESTED else "score"
            yield Step(name, tuple(f"{run.folder}/{f}" for f in files), self.scored(run))
        for run in self.plan.oracle_runs():
            folder = paths.ORACLE.format(**vars(run))
            files = (f"{folder}/epochs.csv", f"{folder}/oracle.csv")
            yield Step("oracle", files, prints.recorded(self.folds(run)))
        yield from self._jittered()
        yield from self._tables()

    def _jittered(self) -> Iterator[Step]:
        for run, level in self.plan.jitter_runs():
            noise = self.plan.experiment(run.experiment).key_frame_noise
            truth = self.split(run.experiment)["truth"]
            made = prints.jittered(
                self.plan, run, noise.variants, noise.seed, level, self.folds(run), truth
            )
            folder = paths.JITTER.format(**vars(run), training=level)
            yield Step("jitter", tuple(f"{folder}/{n}" for n in paths.JITTER_FILES), made)

    def _tables(self) -> Iterator[Step]:
        packs = {path: self._pack_at(path) for path in self.plan.every_packed()}
        yield Step("skipped", (paths.SKIPPED, paths.DELIVERED), prints.skipped(packs))
        runs = {run.folder: self.scored(run) for run in self.plan.scored_runs()}
        files = tuple(f"{paths.TABLES}/{name}" for name in paths.TABLE_FILES)
        yield Step("table", files, prints.tables(self.plan, runs))
        made = prints.report(self.plan, runs, annotation_of(self.plan))
        yield Step("report", (paths.REPORT,), made)
        yield Step("manifest", (paths.MANIFEST,), made)

    def _of_run(self, run: Run) -> Iterator[Step]:
        for fold, made in self.folds(run).items():
            files = tuple(f"{run.folder}/{fold}/{name}" for name in paths.FOLD_FILES)
            yield Step("train", files, made)
        files = tuple(f"{run.folder}/{FINAL}/{name}" for name in paths.FINAL_FILES)
        yield Step("final", files, self.final(run), kept=False)

    # Stages

    def _stores(self) -> Iterator[Step]:
        seen: set[str] = set()
        subjects: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for preparation, factor, collection in self.plan.packs():
            key = (preparation, factor, "pack")
            subjects.setdefault(key, []).extend(self.plan.data.with_stores(collection))
        for preparation, collection in spotting_plan.crops(self.plan):
            key = (preparation, "x1", "crop")
            subjects.setdefault(key, []).extend(self.plan.data.with_stores(collection))
        for stage in stage_table.WITH_FILES[:-1]:
            for (preparation, factor, until), owners in subjects.items():
                kind = preparation_named(self.settings, preparation).kind
                if stage not in stage_table.pipeline(kind, factor, until):
                    continue
                pattern = paths.store(stage.name)
                for dataset, subject in owners:
                    names = {"dataset": dataset, "subject": subject}
                    path = pattern.format(preparation=preparation, factor=factor, **names)
                    if path not in seen:
                        seen.add(path)
                        made = self.store(stage.name, preparation, factor, dataset, subject)
                        outputs = (path, paths.FRAMES.format(**names))
                        outputs = outputs if stage.name == "align" else (path,)
                        yield Step(stage.name, outputs, made, kept=False)

    def store(
        self,
        stage: str,
        preparation: str,
        factor: str,
        dataset: str,
        subject: str,
        window: str = "",
    ) -> Made:
        """Return what the store of a subject after a stage is made from."""
        factor = factor if stage_table.has_factor(stage) else "x1"
        return prints.stage(
            self._recipe(stage, "" if stage == "align" else preparation, factor, window),
            self.plan.data.content(dataset, subject),
            self._key_frames(stage, preparation, factor, dataset, subject),
        )

    @functools.cache  # noqa: B019
    def _recipe(self, stage: str, preparation: str, factor: str, window: str = "") -> Made:
        return fingerprints.of_stage(self.settings, stage, preparation, factor, window)

    def _key_frames(
        self, stage: str, preparation: str, factor: str, dataset: str, subject: str
    ) -> dict[str, dict[str, int | None]]:
        if stage == "align":
            return {}
        clips = self.plan.data.of_subject(dataset, subject)
        return prints.key_frames(self.settings, preparation, factor, stage, clips)

    @functools.cache  # noqa: B019
    def contents(self, preparation: str, factor: str, collection: str) -> dict[str, str]:
        """Return `dataset/subject` -> digest of the subjects in a packed file."""
        kind, data = preparation_named(self.settings, preparation).kind, self.plan.data
        last = stage_table.pipeline(kind, factor)[-2].name
        return {
            f"{d}/{s}": prints.subject_content(self.store(last, preparation, factor, d, s))
            if data.needs_stages(d, s)
            else prints.prepared_content(data.content(d, s))
            for d, s in data.subjects_of(collection)
        }

    def pack(self, preparation: str, factor: str, collection: str) -> Made:
        """Return what a packed file is made from."""
        recipe = self._recipe("pack", preparation, factor)
        return prints.pack(recipe, self.contents(preparation, factor, collection))

    def _pack_at(self, path: str) -> Made:
        found = paths.parts(paths.store("pack"), path) or {}
        return self.pack(found["preparation"], found["factor"], found["collection"])

    # Folds

    @functools.cache  # noqa: B019
    def tokens(self, experiment: str) -> Tokens:
        """Return what stands for the clips of an experiment in the digests of its folds."""
        clips, labels = self.plan.data.labelled(experiment)
        names, subjects = numbered("/".join(clip.key.subject_key) for clip in clips)
        pairs = zip(clips, labels, strict=True)
        return Tokens(
            _table(b"".join(prints.token(clip.key, label) for clip, label in pairs)),
            _table(b"".join(prints.token(clip.key) for clip in clips)),
            subjects,
            names,
        )

    @functools.cache  # noqa: B019
    def rows(self, experiment: str) -> dict[str, str]:
        """Return the digest of every fold of an experiment, as of its file."""
        tokens = self.tokens(experiment)
        return {
            fold.name: prints.rows_digest(tokens.train[fold.train], tokens.test[fold.test])
            for fold in self.plan.data.folds(experiment)
        }

    def split(self, experiment: str) -> Made:
        """Return what fold files and truth of an experiment are made from."""
        tokens = self.tokens(experiment)
        truth = [
            [fold.name, digest([*map(bytes.hex, map(bytes, tokens.train[fold.test]))])]
            for fold in self.plan.data.folds(experiment)
        ]
        made = {"version": STAGE_VERSION["split"], "folds": self.rows(experiment)}
        return made | {"truth": digest(truth)}

    @functools.cache  # noqa: B019
    def folds(self, run: Run) -> dict[str, Made]:
        """Return what the folds of a run are made from, by name."""
        rows, tokens = self.rows(run.experiment), self.tokens(run.experiment)
        packed, start = self._packed(run), self._start(run.experiment)
        found = {}
        for pool, some in by_pool(self.plan.data.folds(run.experiment)):
            names = [tokens.names[i] for i in np.unique(tokens.subjects[pool])]
            made = prints.fold(self.plan, run.experiment, "", names, packed, start)
            found |= {fold.name: made | {"rows": rows[fold.name]} for fold in some}
        return found

    def final(self, run: Run) -> Made:
        """Return what the final model of a run is made from."""
        tokens, name = self.tokens(run.experiment), run.experiment
        rows = prints.rows_digest(tokens.train, b"")
        packed, start = self._packed(run), self._start(name)
        return prints.fold(self.plan, name, rows, tokens.names, packed, start)

    def _packed(self, run: Run) -> dict[str, tuple[Made, Mapping[str, str]]]:
        entry = self.plan.experiment(run.experiment)
        return {
            factor: (
                self._recipe("pack", entry.preparation, factor),
                self.contents(entry.preparation, factor, entry.collection),
            )
            for factor in run.factor.split("+")
        }

    def _start(self, experiment: str) -> Made | None:
        name = self.plan.experiment(experiment).pretrain
        return self.pretraining(name) if name else None

    @functools.cache  # noqa: B019
    def pretraining(self, name: str) -> Made:
        """Return what the weights of a pretraining are made from."""
        entry = self.settings.pretrainings[name]
        clips, labels = self.plan.data.pretraining_clips(name)
        rows = [[*clip.key, label] for clip, label in zip(clips, labels, strict=True)]
        contents = self.contents(entry.preparation, entry.factor, entry.collection)
        return prints.pretraining(self.plan, name, rows, contents)

    @functools.cache  # noqa: B019
    def scored(self, run: Run) -> Made:
        """Return what the scores of a run, or of a nested choice, are made from."""
        if run.factor == NESTED:
            candidates = self.plan.candidates(run.experiment, run.seed).values()
            made = {one.folder: self.scored(one) for one in candidates}
            return prints.chosen(self.plan, run, made)
        truth = self.split(run.experiment)["truth"]
        return prints.scored(self.plan, run, self.folds(run), truth)


def annotation_of(plan: Plan) -> dict[str, str]:
    """Return dataset -> digest of its annotation."""
    return {name: annotation_digest(plan.data.clips.get(name, ())) for name in plan.data.datasets()}


def _table(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(-1, 8)
