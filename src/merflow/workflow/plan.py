"""What the workflow will make: every path and every recipe, worked out before any job runs.

The Snakefile asks this module; it knows settings, sheets and names, and reads no pixel.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from merflow.config import fingerprints
from merflow.config.fingerprints import Recipe
from merflow.config.flatten import settings_digest
from merflow.config.grid import base_of, members
from merflow.datasets.catalogue import annotation_digest
from merflow.errors import MerflowError
from merflow.evaluation.run_id import NESTED, Run
from merflow.io.csv_table import read_csv
from merflow.io.files import digest
from merflow.workflow.entry_stage import require_stages
from merflow.workflow.experiment_data import Clips


@dataclass(eq=False)
class Plan(Clips):
    """Every path that a run makes, and the recipe of each."""

    def pretrain_packed(self, name: str) -> str:
        """Return the packed file a pretraining is made from."""
        entry = self.settings.pretrainings[name]
        return f"results/{entry.preparation}/packed/{entry.collection}/{entry.factor}.h5"

    def start_weights(self, experiment: str) -> list[str]:
        """Return the file an experiment's training starts from: one, or none."""
        name = self.experiment(experiment).pretrain
        return [f"results/pretrained/{name}/weights.weights.h5"] if name else []

    @functools.cache  # noqa: B019
    def data_digest(self, experiment: str, factor: str) -> str:
        """Return a digest of the frames, labels and folds that a training sees."""
        entry = self.experiment(experiment)
        parts = factor.split("+")
        made = [
            fingerprints.of_stage(self.settings, "pack", entry.preparation, part) for part in parts
        ]
        begun = self.pretrain_recipe(entry.pretrain) if entry.pretrain else None
        seen = self.contents(entry.collection)
        return digest([made, seen, self.split_digest(experiment), begun])

    @functools.cache  # noqa: B019
    def pretrain_recipe(self, name: str) -> Recipe:
        """Return what the weights of a pretraining depend on."""
        entry = self.settings.pretrainings[name]
        kept, named = self.under_scheme(entry.collection, entry.scheme, f"pretrainings.{name}")
        kind = self.settings.preparations[entry.preparation].kind
        require_stages(kept, [entry.factor], kind, f"pretrainings.{name}")
        rows = [[*clip.key, word] for clip, word in zip(kept, named, strict=True)]
        made = fingerprints.of_stage(self.settings, "pack", entry.preparation, entry.factor)
        data = digest([rows, made, self.contents(entry.collection)])
        version = fingerprints.STAGE_VERSION["train"]
        return {"version": version, "data": data, **entry.model_dump(mode="json")}

    @functools.cache  # noqa: B019
    def run_digest(self, experiment: str, factor: str) -> str:
        """Return a digest of everything the predictions of a run depend on."""
        return digest([self.data_digest(experiment, factor), self.training_recipe(experiment)])

    @functools.cache  # noqa: B019
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Return the experiments among which each nested choice is made, by the choice's name.

        The values of a grid are chosen between together: `cnn-loss=a` and `cnn-loss=b` make one
        choice `cnn`, over both losses and all factors.
        """
        grids = members(self.settings)
        found: dict[str, list[str]] = {}
        for name in self.experiments:
            if self.experiment(name).nested:
                found.setdefault(base_of(grids, name), []).append(name)
        for base, chosen in found.items():
            splits = {self._split_settings(name) for name in chosen}
            if len(splits) > 1:
                raise MerflowError(
                    f"experiments.{base}.nested",
                    "its grid changes the clips, labels, folds or control",
                    "one set of clips, labels and folds and one control for all",
                    "write separate experiments",
                )
            if len(chosen) == 1 == len(self.factors(chosen[0])):
                raise MerflowError(
                    f"experiments.{base}.nested",
                    "there is nothing to choose between: one factor and no grid",
                    "several factors, or a grid",
                    "add what is to be chosen between, or leave `nested` out",
                )
        return {base: tuple(chosen) for base, chosen in found.items()}

    def _split_settings(self, name: str) -> str:
        kept = {"scheme", "collection", "protocol", "test_on", "folds", "holdout", "seeds"}
        kept |= {"folds_file", "permute_labels", "control"}
        return digest(self.experiment(name).model_dump(mode="json", include=kept))

    def candidates(self, choice: str, seed: str | int) -> dict[str, Run]:
        """Return the runs that a nested choice chooses between, by what tells them apart."""
        return {
            f"{name[len(choice) + 1 :]} {factor}".strip(): Run(name, factor, int(seed))
            for name in self.choices()[choice]
            for factor in self.factors(name)
        }

    @functools.cache  # noqa: B019
    def nested_digest(self, choice: str) -> str:
        """Return a digest of everything a nested choice depends on."""
        runs = self.candidates(choice, 0).values()
        return digest([self.run_digest(run.experiment, run.factor) for run in runs])

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
        return {"version": fingerprints.STAGE_VERSION["train"], **chosen}

    def score_recipe(self, experiment: str) -> Recipe:
        """Return what pooled predictions become scores by."""
        entry = self.experiment(experiment)
        named = entry.model_dump(mode="json", include={"protocol", "scheme", "preparation"})
        version = fingerprints.STAGE_VERSION["score"]
        return {"version": version, "bootstrap": self.settings.bootstrap, **named}

    def table_recipe(self) -> Recipe:
        """Return what the tables depend on besides the scores."""
        return self._all_runs("table")

    def report_recipe(self) -> Recipe:
        """Return what the report and the record depend on besides tables and predictions."""
        said = {name: annotation_digest(self.clips.get(name, ())) for name in self.datasets()}
        return {**self._all_runs("report"), "annotation": digest(said)}

    def _all_runs(self, stage: str) -> Recipe:
        version = fingerprints.STAGE_VERSION[stage]
        runs = [[r.folder, self.run_digest(r.experiment, r.factor)] for r in self.runs()]
        runs += [[r.folder] for r in self.scored_runs() if r.factor == NESTED]
        scored = [self.score_recipe(name) for name in self.experiments]
        return {
            "version": version,
            "experiments": self.experiments,
            "made": digest([runs, scored]),
            "settings": settings_digest(self.settings),
        }

    def threads(self, experiment: str) -> int:
        """Return the threads of a training job: a setting, since bytes depend on it."""
        return self.settings.experiments[experiment].training.threads

    def gpus(self, experiment: str) -> int:
        """Return 1 for what trains on a GPU where there is one, unless told to train without."""
        entry = self.settings.experiments[experiment]
        return int(entry.method in ("keras", "command") and entry.training.device != "cpu")

    def pretrain_gpus(self, name: str) -> int:
        """Return 1 for a pretraining that may use a GPU."""
        return int(self.settings.pretrainings[name].training.device != "cpu")

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
        kind = fingerprints.preparation_named(self.settings, preparation).kind
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
            Run(base, NESTED, seed)
            for base, members in self.choices().items()
            for seed in self.experiment(members[0]).seeds
        ]
        return [*self.runs(), *nested]

    def oracle_runs(self) -> list[Run]:
        """Return the runs of which it is asked what forbidden rules would have printed."""
        asked = [run for run in self.runs() if self.experiment(run.experiment).record_oracle]
        for run in asked:
            entry = self.experiment(run.experiment)
            if (entry.method, entry.training.stopping) != ("keras", "fixed"):
                raise MerflowError(
                    f"experiments.{run.experiment}.record_oracle",
                    f"method {entry.method}, stopping {entry.training.stopping}",
                    "a network trained for a fixed number of epochs",
                )
        return asked

    def every_packed(self) -> list[str]:
        """Return the packed files of all experiments, each once."""
        return sorted({p for run in self.runs() for p in self.packed(run.experiment, run.factor)})

    def predictions(self, experiment: str, factor: str, seed: str | int) -> list[str]:
        """Return the predictions of every fold of a run."""
        folder = Run(experiment, factor, int(seed)).folder
        return [f"{folder}/{f.name}/predictions.csv" for f in self.folds(experiment)]

    def pooled_of_choice(self, choice: str, seed: str | int) -> list[str]:
        """Return the pooled predictions that a nested choice chooses between."""
        return [f"{run.folder}/pooled.csv" for run in self.candidates(choice, seed).values()]

    def lead(self, run: Run) -> str:
        """Return the experiment whose settings stand for a run's: its own, or a choice's first."""
        return self.choices()[run.experiment][0] if run.factor == NESTED else run.experiment

    def fold_groups(self, experiment: str) -> list[list[str]]:
        """Return fold names in groups of `folds_per_job`."""
        names = [f.name for f in self.folds(experiment)]
        size = self.settings.folds_per_job
        return [names[i : i + size] for i in range(0, len(names), size)]
