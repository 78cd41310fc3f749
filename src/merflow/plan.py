"""What the workflow will make: every path and every recipe, worked out before any job runs.

The Snakefile asks this module; it knows settings, sheets and names, and reads no pixel.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from merflow import labels, recipes
from merflow.catalogue import catalogue_path, read_catalogue
from merflow.clips import Clip
from merflow.csvtable import read_csv
from merflow.datasets import read_dataset, require_subjects, subject_digest
from merflow.errors import MerflowError, unknown
from merflow.files import digest, safe_name
from merflow.protocols import Fold, folds
from merflow.recipes import Recipe
from merflow.runs import NESTED, Run
from merflow.settings import Experiment, Settings
from merflow.split import permuted


@dataclass(frozen=True)
class Labelled:
    """The clips of an experiment that its scheme keeps, with their classes."""

    clips: list[Clip]
    labels: list[str]


@dataclass(eq=False)
class Plan:
    """Settings and the catalogue of the datasets they need.

    Answers are kept: Snakemake asks the same for thousands of jobs, and one plan lives as long as
    its process.
    """

    settings: Settings
    clips: dict[str, list[Clip]] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings, fresh: bool = True) -> "Plan":
        """Return a plan with the clips of its datasets.

        fresh: read the sheets and folders themselves; otherwise what was kept in
        results/catalogue/ when they were last read.
        """
        plan = cls(settings)
        for name in plan.datasets():
            kept = catalogue_path(name)
            if fresh or not kept.exists():
                entry = settings.datasets[name]
                plan.clips[name] = list(read_dataset(name, entry).required().clips)
            else:
                plan.clips[name] = read_catalogue(kept)
            for clip in plan.clips[name]:
                for part in clip.key:
                    safe_name(part, f"{name}: clip {clip.key}")
        return plan

    def datasets(self) -> list[str]:
        """Return the datasets that some experiment uses."""
        used = {e.collection for e in self.settings.experiments.values()}
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

    @functools.cached_property
    def experiments(self) -> list[str]:
        """Return the names of the experiments, in the order of the config."""
        return list(self.settings.experiments)

    def experiment(self, name: str) -> Experiment:
        """Return an experiment by name."""
        if name not in self.settings.experiments:
            raise unknown("config: experiments", "experiment", name, self.settings.experiments)
        return self.settings.experiments[name]

    def collections(self) -> list[str]:
        """Return the collections that some experiment uses."""
        return sorted({e.collection for e in self.settings.experiments.values()})

    @functools.cache  # noqa: B019
    def members(self, experiment: str) -> list[str]:
        """Return the datasets of an experiment."""
        return sorted(self.settings.collections[self.settings.experiments[experiment].collection])

    # -- what a file depends on ------------------------------------------------------------

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
    def data_digest(self, experiment: str, factor: str) -> str:
        """Return a digest of the frames, labels and folds that a training sees."""
        entry = self.experiment(experiment)
        parts = factor.split("+")
        made = [recipes.packed(self.settings, entry.preparation, part) for part in parts]
        return digest([made, self.contents(entry.collection), self.split_digest(experiment)])

    @functools.cache  # noqa: B019
    def run_digest(self, experiment: str, factor: str) -> str:
        """Return a digest of everything the predictions of a run depend on."""
        return digest([self.data_digest(experiment, factor), self.training_recipe(experiment)])

    @functools.cache  # noqa: B019
    def nested_digest(self, experiment: str) -> str:
        """Return a digest of everything a nested choice depends on."""
        return digest([self.run_digest(experiment, f) for f in self.factors(experiment)])

    @functools.cache  # noqa: B019
    def training_recipe(self, experiment: str) -> Recipe:
        """Return the settings that a fold's weights depend on, its data apart."""
        entry = self.settings.experiments[experiment]
        chosen = entry.model_dump(
            mode="json",
            include={
                "method",
                "network",
                "network_settings",
                "command",
                "training",
                "pretrain",
                "control",
                "nested",
            },
        )
        return {"version": recipes.STAGE_VERSION["train"], **chosen}

    def score_recipe(self, experiment: str) -> Recipe:
        """Return what pooled predictions become scores by."""
        entry = self.settings.experiments[experiment]
        named = entry.model_dump(mode="json", include={"protocol", "scheme", "preparation"})
        version = recipes.STAGE_VERSION["score"]
        return {"version": version, "bootstrap": self.settings.bootstrap, **named}

    def table_recipe(self) -> Recipe:
        """Return what the tables depend on besides the scores."""
        return self._all_runs("table")

    def report_recipe(self) -> Recipe:
        """Return what the report depends on besides tables and predictions."""
        return self._all_runs("report")

    def _all_runs(self, stage: str) -> Recipe:
        version = recipes.STAGE_VERSION[stage]
        runs = [[r.folder, self.run_digest(r.experiment, r.factor)] for r in self.runs()]
        runs += [[r.folder] for r in self.scored_runs() if r.factor == NESTED]
        scored = [self.score_recipe(name) for name in self.experiments]
        return {"version": version, "experiments": self.experiments, "made": digest([runs, scored])}

    def threads(self, experiment: str) -> int:
        """Return the threads of a training job: a setting, since bytes depend on it."""
        return self.settings.experiments[experiment].training.threads

    def gpus(self, experiment: str) -> int:
        """Return 1 for what trains on a GPU where there is one."""
        return int(self.settings.experiments[experiment].method in ("keras", "command"))

    # -- what is made ----------------------------------------------------------------------

    def stores(self, collection: str, pattern: str, **names: str) -> list[str]:
        """Return a path for every subject of a collection, from a pattern with their names."""
        return [
            pattern.format(dataset=dataset, subject=subject, **names)
            for dataset in sorted(self.settings.collections[collection])
            for subject in self.subjects(dataset)
        ]

    @functools.cache  # noqa: B019
    def prepared(self, preparation: str, factor: str, collection: str) -> list[str]:
        """Return the stores that a packed file is made of."""
        kind = recipes.of(self.settings, preparation).kind
        stage = "flow" if kind == "flow" else "interpolated"
        pattern = f"results/{preparation}/{stage}/{factor}/{{dataset}}/{{subject}}.h5"
        return self.stores(collection, pattern)

    @functools.cache  # noqa: B019
    def packed(self, experiment: str, factor: str) -> list[str]:
        """Return the packed files of an experiment: one, or one per pooled factor."""
        entry = self.settings.experiments[experiment]
        return [
            f"results/{entry.preparation}/packed/{entry.collection}/{part}.h5"
            for part in factor.split("+")
        ]

    @functools.cache  # noqa: B019
    def labelled(self, experiment: str) -> Labelled:
        """Return the clips that an experiment trains and tests on, with their classes."""
        entry = self.settings.experiments[experiment]
        members = sorted(self.settings.collections[entry.collection])
        clips = [clip for name in members for clip in self.clips[name]]
        kept, named = labels.apply_scheme(entry.scheme, clips, self.settings)
        if not kept:
            raise MerflowError(
                f"experiments.{experiment}",
                f"scheme '{entry.scheme}' keeps no clip of {', '.join(members)}",
                fix="run `merflow check` to see what each scheme keeps",
            )
        if entry.permute_labels is not None:
            named = permuted([clip.key for clip in kept], named, entry.permute_labels)
        return Labelled(kept, named)

    @functools.cache  # noqa: B019
    def folds(self, experiment: str) -> list[Fold]:
        """Return the folds of an experiment; indices point into `labelled`."""
        entry = self.settings.experiments[experiment]
        data = self.labelled(experiment)
        require_subjects(data.clips, f"experiments.{experiment}")
        return folds(
            [clip.key for clip in data.clips],
            data.labels,
            entry.protocol,
            test_on=entry.test_on,
            count=entry.folds,
            share=entry.holdout,
            seed=entry.seeds[0],
        )

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
        return digest([recipes.STAGE_VERSION["split"], rows, split, entry.permute_labels])

    def fold_names(self, experiment: str) -> list[str]:
        """Return the names of an experiment's folds, from the truth that `split` wrote."""
        if self.clips:
            return [f.name for f in self.folds(experiment)]
        return sorted(set(read_csv(self.truth_file(experiment), ("fold",))["fold"]))

    def fold_files(self, experiment: str) -> list[str]:
        """Return the fold files of an experiment."""
        return [f"results/folds/{experiment}/{f.name}.csv" for f in self.folds(experiment)]

    def truth_file(self, experiment: str) -> str:
        """Return the file of an experiment's true classes; training never reads it."""
        return f"results/truth/{experiment}.csv"

    def runs(self, experiments: Iterable[str] | None = None) -> list[Run]:
        """Return every run of every experiment, in the order of the config."""
        chosen = self.settings.experiments if experiments is None else experiments
        return [
            Run(name, factor, seed)
            for name in chosen
            for factor in self.factors(name)
            for seed in self.settings.experiments[name].seeds
        ]

    def scored_runs(self) -> list[Run]:
        """Return the runs that have scores: all runs, and the nested choices among them."""
        nested = [
            Run(name, NESTED, seed)
            for name in self.experiments
            if self.experiment(name).nested
            for seed in self.experiment(name).seeds
        ]
        return [*self.runs(), *nested]

    def factors(self, experiment: str) -> tuple[str, ...]:
        """Return the factors of an experiment."""
        return self.settings.experiments[experiment].factors

    def predictions(self, experiment: str, factor: str, seed: str | int) -> list[str]:
        """Return the predictions of every fold of a run."""
        folder = Run(experiment, factor, int(seed)).folder
        return [f"{folder}/{f.name}/predictions.csv" for f in self.folds(experiment)]

    def pooled_of_factors(self, experiment: str, seed: str | int) -> list[str]:
        """Return the pooled predictions that a nested choice chooses between."""
        runs = [Run(experiment, factor, int(seed)) for factor in self.factors(experiment)]
        return [f"{run.folder}/pooled.csv" for run in runs]

    def fold_groups(self, experiment: str) -> list[list[str]]:
        """Return fold names in groups of `folds_per_job`."""
        names = [f.name for f in self.folds(experiment)]
        size = self.settings.folds_per_job
        return [names[i : i + size] for i in range(0, len(names), size)]
