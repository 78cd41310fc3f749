"""The data of the experiments: clips of their datasets, classes and folds."""

import functools
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from merflow import paths
from merflow.clip import Clip
from merflow.config import grid
from merflow.config.settings import Experiment, Pretraining, Settings
from merflow.datasets import labels, unit_labels, unlabelled
from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.frame_contents import FrameContents
from merflow.datasets.registry import people_of, read_dataset, require_subjects
from merflow.datasets.spec import Problem
from merflow.errors import MerflowError, unknown
from merflow.evaluation.custom_folds import experiment_folds
from merflow.evaluation.fold import Fold
from merflow.evaluation.fold_files import permuted
from merflow.io.files import safe_name
from merflow.text import plural
from merflow.workflow.coded_clips import coded
from merflow.workflow.entry_stage import require_stages
from merflow.workflow.preflight import check_names, without_gpu
from merflow.workflow.subject_overlap import (
    identity_of,
    overlap_warning,
    refuse_duplicates,
    refuse_pretrained,
)

UNREAD = "not read yet"
"""In place of the digest of frames that no job has read: nothing was made from them."""


class Labelled(NamedTuple):
    """The clips that a scheme keeps, and their classes."""

    clips: list[Clip]
    labels: list[str]


def experiment_named(settings: Settings, name: str) -> Experiment:
    """Return an experiment by name."""
    if name in settings.experiments:
        return settings.experiments[name]
    where = "config: experiments"
    members = [n for n, member in grid.members(settings).items() if member.base == name]
    if not members:
        raise unknown(where, "experiment", name, settings.experiments)
    found = f"'{name}' has a grid, which makes {plural(len(members), 'experiment')}"
    raise MerflowError(where, found, f"one of {', '.join(members)}")


@dataclass(eq=False)
class ExperimentData:
    """Settings and the clips of the datasets that they need.

    Results are cached: Snakemake asks the same for thousands of jobs. recorded: tells whether there
    is a record at a path.
    """

    settings: Settings
    clips: dict[str, list[Clip]] = field(default_factory=dict)
    sheets: dict[str, list[str]] = field(default_factory=dict)
    frames: FrameContents = field(default_factory=FrameContents)
    recorded: Callable[[str], bool] = os.path.isfile
    warnings: list[Problem] = field(default_factory=list)
    """What a run should know before it starts: clips without a class, or missing from a list."""

    def __post_init__(self) -> None:
        check_names(self.settings)

    @classmethod
    def read(cls, settings: Settings, fresh: bool = True) -> Self:
        """Return the clips of all datasets that are needed.

        fresh: read the sheets and folders; otherwise the catalogues that the last such reading
        left in results/, where they exist.
        """
        data = cls(settings)
        for name in data.datasets():
            catalogue = Path(paths.CATALOGUE.format(dataset=name))
            if fresh or not catalogue.exists():
                reading = read_dataset(name, settings.datasets[name]).required()
                data.clips[name] = list(reading.clips)
                data.sheets[name] = list(reading.sheets)
                lists = f"datasets.{name}.clips"
                data.warnings += [p for p in reading.problems if p.where == lists]
            else:
                data.clips[name] = read_catalogue(catalogue)
            first = {part: clip.key for clip in reversed(data.clips[name]) for part in clip.key}
            for part, key in first.items():
                safe_name(part, f"{name}: clip {key}")
        return data

    def datasets(self) -> list[str]:
        """Return the datasets that some experiment uses, or a pretraining it starts from."""
        used = {*self.collections()}
        used |= {self.settings.pretrainings[n].collection for n in self.pretrainings()}
        return sorted({d for c in used for d in self.settings.collections[c]})

    def collections(self) -> list[str]:
        """Return the collections that some experiment or spotting method uses."""
        entries = (*self.settings.experiments.values(), *self.settings.spotting.values())
        return sorted({e.collection for e in entries})

    def pretrainings(self) -> list[str]:
        """Return the pretrainings that some experiment starts from."""
        return sorted({e.pretrain for e in self.settings.experiments.values() if e.pretrain})

    @functools.cache  # noqa: B019
    def subjects(self, dataset: str) -> list[str]:
        """Return the subject ids of a dataset."""
        return sorted({clip.key.subject for clip in self.clips[dataset]})

    @functools.cached_property
    def _by_subject(self) -> dict[tuple[str, str], list[Clip]]:
        grouped = defaultdict(list)
        for clip in (c for clips in self.clips.values() for c in clips):
            grouped[clip.key.subject_key].append(clip)
        return grouped

    def of_subject(self, dataset: str, subject: str) -> list[Clip]:
        """Return the clips of one subject."""
        return self._by_subject[dataset, subject]

    def subjects_of(self, collection: str) -> list[tuple[str, str]]:
        """Return the (dataset, subject) pairs of a collection, sorted."""
        members = sorted(self.settings.collections[collection])
        return [(dataset, subject) for dataset in members for subject in self.subjects(dataset)]

    def with_stores(self, collection: str) -> list[tuple[str, str]]:
        """Return the subjects of a collection with clips that need a stage before packing."""
        return [owner for owner in self.subjects_of(collection) if self.needs_stages(*owner)]

    def needs_stages(self, dataset: str, subject: str) -> bool:
        """Return whether a subject has clips that need a stage before packing."""
        return not all(clip.prepared for clip in self._by_subject[dataset, subject])

    def with_prepared(self, collection: str) -> list[str]:
        """Return the datasets of a collection with clips that are packed from their own files."""
        members = sorted(self.settings.collections[collection])
        return [name for name in members if any(clip.prepared for clip in self.clips[name])]

    def prepared_subjects(self, collection: str) -> list[tuple[str, str]]:
        """Return the subjects of a collection with clips that are packed from their own files."""
        return [
            owner
            for owner in self.subjects_of(collection)
            if any(clip.prepared for clip in self._by_subject[owner])
        ]

    def all_of(self, collection: str) -> list[Clip]:
        """Return all clips of a collection, before a scheme drops some."""
        members = sorted(self.settings.collections[collection])
        return [clip for name in members for clip in self.clips[name]]

    @functools.cache  # noqa: B019
    def members(self, experiment: str) -> list[str]:
        """Return the datasets of an experiment."""
        return sorted(self.settings.collections[self.settings.experiments[experiment].collection])

    @functools.cache  # noqa: B019
    def content(self, dataset: str, subject: str) -> str:
        """Return the digest of a subject's frames, UNREAD before a job has read them."""
        aligned = paths.store("align").format(dataset=dataset, subject=subject)
        read = self.frames.known(dataset, subject) or self.recorded(paths.record(aligned))
        if not read and self.needs_stages(dataset, subject):
            return UNREAD
        return self.frames.of(self._by_subject[dataset, subject])

    @functools.cache  # noqa: B019
    def labelled(self, experiment: str) -> Labelled:
        """Return the clips that an experiment trains and tests on, with their classes."""
        entry = self.settings.experiments[experiment]
        where = f"experiments.{experiment}"
        clips, names = self.under_scheme(entry, where)
        if entry.pretrain:
            trained = self._pretraining(entry.pretrain).clips
            refuse_pretrained(where, entry.pretrain, trained, clips, self._identity)
            sides = [{self._people(c.key.dataset) for c in side} for side in (trained, clips)]
            if problem := overlap_warning(where, entry.pretrain, *sides):
                self._warn(problem)
        if entry.permute_labels is not None:
            names = permuted([clip.key for clip in clips], names, entry.permute_labels)
        return Labelled(clips, names)

    @functools.cached_property
    def _identity(self):  # noqa: ANN202
        return identity_of(self.settings, self.sheets)

    def pretraining_members(self, name: str) -> list[str]:
        """Return the datasets of a pretraining."""
        return sorted(self.settings.collections[self.settings.pretrainings[name].collection])

    def pretraining_clips(self, name: str) -> Labelled:
        """Return the clips that a pretraining trains on, with their classes."""
        entry, where = self.settings.pretrainings[name], f"pretrainings.{name}"
        found = self._pretraining(name)
        kind = self.settings.preparations[entry.preparation].kind
        require_stages(found.clips, entry, kind, where)
        return found

    def left_out(self, name: str) -> list[Clip]:
        """Return the clips of a pretraining that `tested_subjects: exclude` leaves out."""
        kept = {clip.key for clip in self._pretraining(name).clips}
        entry = self.settings.pretrainings[name]
        every = self.under_scheme(entry, f"pretrainings.{name}").clips
        return [clip for clip in every if clip.key not in kept]

    @functools.cache  # noqa: B019
    def _pretraining(self, name: str) -> Labelled:
        entry, where = self.settings.pretrainings[name], f"pretrainings.{name}"
        found = self.under_scheme(entry, where)
        if entry.tested_subjects == "refuse":
            return found
        tested = {
            self._identity(clip)
            for other, experiment in self.settings.experiments.items()
            if experiment.pretrain == name
            for clip in self.under_scheme(experiment, f"experiments.{other}").clips
        }
        rows = [row for row in zip(*found, strict=True) if self._identity(row[0]) not in tested]
        if len({label for _, label in rows}) < 2:
            raise MerflowError(
                f"{where}.tested_subjects",
                f"without the tested subjects, {plural(len(rows), 'clip')} of "
                f"{plural(len(found.clips), 'clip')} remain, of fewer than two classes",
                "subjects that no experiment which starts from these weights tests",
                "pretrain on other datasets",
            )
        return Labelled([clip for clip, _ in rows], [label for _, label in rows])

    def _people(self, dataset: str) -> str:
        return people_of(dataset, self.settings)

    def under_scheme(self, entry: Experiment | Pretraining, where: str) -> Labelled:
        """Return the clips of an entry's collection that its scheme keeps, and their classes."""
        if problem := without_gpu(entry, where):
            self._warn(problem)
        clips = self.all_of(entry.collection)
        if isinstance(entry, Experiment) and entry.task == "action_units":
            found, problem = coded(entry.action_units, clips, where)
            if problem:
                self._warn(problem)
            return Labelled(found.clips, found.labels)
        self._refuse_unlabelled(entry.collection, where)
        self._check_unlabelled(entry, clips, where)
        kept, names = labels.apply_scheme(entry.scheme, clips, self.settings)
        if not kept:
            members = ", ".join(sorted(self.settings.collections[entry.collection]))
            raise MerflowError(
                where,
                f"scheme '{entry.scheme}' keeps no clip of {members}",
                fix="run `merflow check` to see what each scheme keeps",
            )
        return Labelled(kept, names)

    def _refuse_unlabelled(self, collection: str, where: str) -> None:
        """Refuse a dataset without any label: a scheme would drop all of it in silence."""
        for name in sorted(self.settings.collections[collection]):
            clips = self.clips[name]
            if not clips or any(clip.emotion or clip.objective for clip in clips):
                continue
            recordings = all(clip.intervals is not None for clip in clips)
            kind = "whole recordings with intervals, for spotting" if recordings else "unlabelled"
            raise MerflowError(
                where,
                f"{name} has no labels: its {plural(len(clips), 'clip')} are {kind}",
                "labels in every dataset that is trained or tested on",
                f"take {name} out of collections.{collection}, or name another "
                f"datasets.{name}.variant",
            )

    def _check_unlabelled(
        self, entry: Experiment | Pretraining, clips: list[Clip], where: str
    ) -> None:
        """Warn about clips with an empty or unknown emotion; refuse more than `max_unlabelled`."""
        found = unlabelled.reasons(entry.scheme, clips, self.settings)
        if not found:
            return
        lost = found.total()
        text = "; ".join(
            f"{name}: {plural(count, 'clip')}, {why}" for (name, why), count in found.items()
        )
        problem = Problem(
            "warning",
            where,
            f"{entry.scheme} gives {lost} of {plural(len(clips), 'clip')} no class: {text}",
            f"emotions that a mapping knows (max_unlabelled: {self.settings.max_unlabelled:g})",
            "correct the emotions; or write which class each belongs to, such as "
            f"{unlabelled.scheme_line(clips)} and `scheme: own`; or raise max_unlabelled if these "
            "clips are to be left out",
        )
        if lost > self.settings.max_unlabelled * len(clips):
            raise problem.error()
        self._warn(problem)

    def _warn(self, problem: Problem) -> None:
        if problem not in self.warnings:
            self.warnings.append(problem)

    @functools.cache  # noqa: B019
    def folds(self, experiment: str) -> list[Fold]:
        """Return the folds of an experiment; indices point into `labelled`."""
        entry = self.settings.experiments[experiment]
        where = f"experiments.{experiment}"
        clips, names = self.labelled(experiment)
        require_subjects(clips, where)
        kind = self.settings.preparations[entry.preparation].kind
        require_stages(clips, entry, kind, where)
        if entry.protocol != "loso":  # LOSO tests each dataset separately.
            refuse_duplicates(where, clips, self._identity)
        return experiment_folds(entry, [clip.key for clip in clips], names)

    @functools.cache  # noqa: B019
    def classes(self, experiment: str) -> tuple[str, ...]:
        """Return the classes of an experiment, in the order of its probability columns."""
        entry = experiment_named(self.settings, experiment)
        if entry.task == "action_units":
            return unit_labels.classes(entry.action_units)
        return labels.classes(entry.scheme, self.settings, self.members(experiment))
