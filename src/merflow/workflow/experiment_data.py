"""What a run works on: the clips of its datasets, their classes, and how they are split."""

import functools
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from merflow.clip import Clip
from merflow.config import fingerprints, grid
from merflow.config.settings import Experiment, Settings
from merflow.datasets import labels
from merflow.datasets.catalogue import catalogue_path, read_catalogue
from merflow.datasets.registry import read_dataset, require_subjects, subject_digest
from merflow.errors import MerflowError, unknown
from merflow.evaluation.custom_folds import experiment_folds
from merflow.evaluation.fold_files import permuted
from merflow.evaluation.protocols import Fold
from merflow.io.files import digest, safe_name
from merflow.text import plural
from merflow.workflow.entry_stage import require_stages
from merflow.workflow.preflight import check_names


@dataclass(frozen=True)
class Labelled:
    """The clips of an experiment that its scheme keeps, with their classes."""

    clips: list[Clip]
    labels: list[str]


@dataclass(eq=False)
class Clips:
    """Settings and the catalogue of the datasets they need.

    Answers are kept: Snakemake asks the same for thousands of jobs, and one plan lives as long as
    its process.
    """

    settings: Settings
    clips: dict[str, list[Clip]] = field(default_factory=dict)
    sheets: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_names(self.settings)

    @classmethod
    def read(cls, settings: Settings, fresh: bool = True) -> Self:
        """Return a plan with the clips of its datasets.

        fresh: read the sheets and folders themselves; otherwise what was kept in
        results/catalogue/ when they were last read.
        """
        plan = cls(settings)
        for name in plan.datasets():
            kept = catalogue_path(name)
            if fresh or not kept.exists():
                entry = settings.datasets[name]
                reading = read_dataset(name, entry).required()
                plan.clips[name] = list(reading.clips)
                plan.sheets[name] = list(reading.sheets)
            else:
                plan.clips[name] = read_catalogue(kept)
            for clip in plan.clips[name]:
                for part in clip.key:
                    safe_name(part, f"{name}: clip {clip.key}")
        return plan

    def datasets(self) -> list[str]:
        """Return the datasets that some experiment uses, or a pretraining it starts from."""
        used = {e.collection for e in self.settings.experiments.values()}
        used |= {self.settings.pretrainings[n].collection for n in self.pretrainings()}
        return sorted({d for c in used for d in self.settings.collections[c]})

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

    def all_of(self, collection: str) -> list[Clip]:
        """Return the clips of a collection's datasets, whatever a scheme keeps of them."""
        members = sorted(self.settings.collections[collection])
        return [clip for name in members for clip in self.clips[name]]

    @functools.cached_property
    def experiments(self) -> list[str]:
        """Return the names of the experiments, in the order of the config."""
        return list(self.settings.experiments)

    def experiment(self, name: str) -> Experiment:
        """Return an experiment by name."""
        if name not in self.settings.experiments:
            raise self._unknown(name)
        return self.settings.experiments[name]

    def _unknown(self, name: str) -> MerflowError:
        """Return the error for an unknown experiment; one with a grid has its members listed."""
        where = "config: experiments"
        made = [n for n, member in grid.members(self.settings).items() if member.base == name]
        if not made:
            return unknown(where, "experiment", name, self.settings.experiments)
        found = f"'{name}' has a grid, which makes {plural(len(made), 'experiment')}"
        return MerflowError(where, found, f"one of {', '.join(made)}")

    def pretrainings(self) -> list[str]:
        """Return the pretrainings that some experiment starts from."""
        return sorted({e.pretrain for e in self.settings.experiments.values() if e.pretrain})

    def collections(self) -> list[str]:
        """Return the collections that some experiment uses."""
        return sorted({e.collection for e in self.settings.experiments.values()})

    @functools.cache  # noqa: B019
    def members(self, experiment: str) -> list[str]:
        """Return the datasets of an experiment."""
        return sorted(self.settings.collections[self.settings.experiments[experiment].collection])

    @functools.cache  # noqa: B019
    def content(self, dataset: str, subject: str) -> str:
        """Return a digest of all that align reads of a subject; labels are not part of it."""
        return subject_digest(self._by_subject[dataset, subject])

    @functools.cache  # noqa: B019
    def contents(self, collection: str) -> str:
        """Return a digest of all subjects' contents in a collection."""
        members = sorted(self.settings.collections[collection])
        return digest([[d, s, self.content(d, s)] for d in members for s in self.subjects(d)])

    @functools.cache  # noqa: B019
    def labelled(self, experiment: str) -> Labelled:
        """Return the clips that an experiment trains and tests on, with their classes."""
        entry = self.settings.experiments[experiment]
        where = f"experiments.{experiment}"
        kept, named = self.under_scheme(entry.collection, entry.scheme, where)
        if entry.pretrain:
            self._refuse_seen(experiment, entry.pretrain, kept)
        if entry.permute_labels is not None:
            named = permuted([clip.key for clip in kept], named, entry.permute_labels)
        return Labelled(kept, named)

    def under_scheme(
        self, collection: str, scheme: str, where: str
    ) -> tuple[list[Clip], list[str]]:
        """Return the clips of a collection that a scheme keeps, and their classes."""
        kept, named = labels.apply_scheme(scheme, self.all_of(collection), self.settings)
        if not kept:
            members = ", ".join(sorted(self.settings.collections[collection]))
            raise MerflowError(
                where,
                f"scheme '{scheme}' keeps no clip of {members}",
                fix="run `merflow check` to see what each scheme keeps",
            )
        return kept, named

    def _refuse_seen(self, experiment: str, pretraining: str, tested: list[Clip]) -> None:
        """Refuse a pretraining that saw a subject of the experiment, whatever name it went by."""
        entry = self.settings.pretrainings[pretraining]
        begun, _ = self.under_scheme(entry.collection, entry.scheme, f"pretrainings.{pretraining}")
        seen = {self._person(clip) for clip in begun} & {self._person(clip) for clip in tested}
        if seen:
            names = ", ".join("/".join(person) for person in sorted(seen)[:5])
            raise MerflowError(
                f"experiments.{experiment}.pretrain",
                f"'{pretraining}' was trained on {len(seen)} of the tested subjects: {names}",
                "weights that never saw a tested subject",
                "leave their dataset out of the pretraining's collection",
            )

    def _refuse_twice(self, experiment: str, clips: list[Clip]) -> None:
        """Refuse a subject who is there under the names of two datasets."""
        names: dict[tuple[str, str], str] = {}
        for clip in clips:
            known = names.setdefault(self._person(clip), clip.key.dataset)
            if known != clip.key.dataset:
                raise MerflowError(
                    f"experiments.{experiment}.collection",
                    f"{known} and {clip.key.dataset} have the same subject, {clip.key.subject}",
                    "every subject in one dataset: else one name trains what the other tests",
                    "leave one of the two out of the collection",
                )

    def _person(self, clip: Clip) -> tuple[str, str]:
        """Return who a clip shows: a published dataset's subject, whatever name that goes by."""
        return (self._people(clip.key.dataset), clip.key.subject)

    @functools.cache  # noqa: B019
    def _people(self, dataset: str) -> str:
        """Return whose subjects a dataset has.

        Two manifests are the same people only if they are one file, however its path is written.
        """
        entry = self.settings.datasets[dataset]
        reader = entry.reader or dataset
        if reader != "manifest":
            return reader
        sheet = entry.sheet or next(iter(self.sheets.get(dataset, ())), "")
        return os.path.realpath(Path(entry.root).expanduser() / sheet)

    @functools.cache  # noqa: B019
    def folds(self, experiment: str) -> list[Fold]:
        """Return the folds of an experiment; indices point into `labelled`."""
        entry = self.settings.experiments[experiment]
        data = self.labelled(experiment)
        require_subjects(data.clips, f"experiments.{experiment}")
        kind = self.settings.preparations[entry.preparation].kind
        require_stages(data.clips, entry.factors, kind, f"experiments.{experiment}")
        if entry.protocol != "loso":  # There each dataset is by itself.
            self._refuse_twice(experiment, data.clips)
        return experiment_folds(entry, [clip.key for clip in data.clips], data.labels)

    @functools.cache  # noqa: B019
    def classes(self, experiment: str) -> tuple[str, ...]:
        """Return the classes of an experiment, in the order of its probability columns."""
        entry = self.experiment(experiment)
        return labels.classes(entry.scheme, self.settings, self.members(experiment))

    @functools.cache  # noqa: B019
    def split_digest(self, experiment: str) -> str:
        """Return a digest of an experiment's clips, classes and folds."""
        data = self.labelled(experiment)
        rows = [[*clip.key, name] for clip, name in zip(data.clips, data.labels, strict=True)]
        split = [
            [f.name, list(map(int, f.train)), list(map(int, f.test))]
            for f in self.folds(experiment)
        ]
        entry = self.settings.experiments[experiment]
        return digest([fingerprints.STAGE_VERSION["split"], rows, split, entry.permute_labels])

    def factors(self, experiment: str) -> tuple[str, ...]:
        """Return the factors of an experiment."""
        return self.settings.experiments[experiment].factors
