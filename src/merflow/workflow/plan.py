"""The plan: every run and file that a config asks for, worked out before any job runs.

The Snakefile and the commands ask it. It knows settings, sheets and names, and reads no pixels.
Fingerprints: `run_fingerprints`; resources: `resources`; the grammar of paths: `paths`.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Self

from merflow import paths
from merflow.clip import Clip
from merflow.config.fingerprints import preparation_named
from merflow.config.grid import base_of, members
from merflow.config.settings import Experiment, Settings
from merflow.errors import MerflowError
from merflow.evaluation.run_id import NESTED, Run
from merflow.io.csv_table import read_csv
from merflow.io.files import digest
from merflow.workflow.experiment_data import ExperimentData, experiment_named

SAME_SPLIT = (
    *("scheme", "collection", "protocol", "test_on", "folds", "holdout", "seeds"),
    *("folds_file", "permute_labels", "control"),
)
"""Settings that all members of a nested choice share."""


class Plan:
    """The runs of a config and their files. `data`: the clips, classes and folds behind them."""

    def __init__(
        self,
        settings: Settings,
        clips: Mapping[str, list[Clip]] | None = None,
        data: ExperimentData | None = None,
    ) -> None:
        self.settings = settings
        self.data = data or ExperimentData(settings, dict(clips or {}))

    @classmethod
    def read(cls, settings: Settings, fresh: bool = True) -> Self:
        """Return a plan with the clips of its datasets; `fresh` as in ExperimentData.read."""
        return cls(settings, data=ExperimentData.read(settings, fresh))

    @property
    def experiments(self) -> list[str]:
        """Return the names of the experiments, in the order of the config."""
        return list(self.settings.experiments)

    def experiment(self, name: str) -> Experiment:
        """Return an experiment by name."""
        return experiment_named(self.settings, name)

    # Runs

    def runs(self, experiments: Iterable[str] | None = None) -> list[Run]:
        """Return every run of every experiment, in the order of the config."""
        chosen = self.settings.experiments if experiments is None else experiments
        entries = [(name, self.settings.experiments[name]) for name in chosen]
        return [Run(name, f, seed) for name, e in entries for f in e.factors for seed in e.seeds]

    def scored_runs(self) -> list[Run]:
        """Return the runs that have scores: all runs, and the nested choices among them."""
        nested = [
            Run(base, NESTED, seed)
            for base, members in self.choices().items()
            for seed in self.experiment(members[0]).seeds
        ]
        return [*self.runs(), *nested]

    def oracle_runs(self) -> list[Run]:
        """Return the runs whose every epoch is recorded as well (`record_oracle`)."""
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

    def jitter_runs(self) -> list[tuple[Run, int]]:
        """Return the runs with moved key frames (`key_frame_noise`), each with a training level."""
        noise = {name: self.experiment(name).key_frame_noise for name in self.experiments}
        return [
            (run, level)
            for run in self.runs([name for name in noise if noise[name].asked])
            for level in noise[run.experiment].training_levels
        ]

    def check_jitter(self) -> None:
        """Refuse moved key frames of clips that enter prepared: their frames are not there."""
        for name in self.experiments:
            entry = self.experiment(name)
            asked = entry.key_frame_noise.asked
            if prepared := self.data.with_prepared(entry.collection) if asked else []:
                raise MerflowError(
                    f"experiments.{name}.key_frame_noise",
                    f"clips of {', '.join(prepared)} enter prepared: their key frames cannot move",
                    "clips that enter raw, aligned or cropped",
                    "leave key_frame_noise out",
                )

    def jitter_files(self) -> list[str]:
        """Return the scores of all runs with moved key frames."""
        return [
            f"{paths.JITTER}/jitter.csv".format(**vars(run), training=level)
            for run, level in self.jitter_runs()
        ]

    def cropped(self, experiment: str) -> list[str]:
        """Return the cropped stores of an experiment's clips."""
        entry = self.experiment(experiment)
        return self.stores(entry.collection, paths.store("crop"), preparation=entry.preparation)

    @functools.cache  # noqa: B019
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Return the experiments that each nested choice chooses between, by the choice's name.

        The values of a grid are chosen between together: `cnn-loss=a` and `cnn-loss=b` make one
        choice `cnn`, over both losses and all factors.
        """
        grids = members(self.settings)
        found: dict[str, list[str]] = {}
        for name in self.experiments:
            if self.experiment(name).nested:
                found.setdefault(base_of(grids, name), []).append(name)
        for base, chosen in found.items():
            self._check_choice(f"experiments.{base}.nested", chosen)
        return {base: tuple(chosen) for base, chosen in found.items()}

    def _check_choice(self, where: str, chosen: list[str]) -> None:
        entries = [self.experiment(name) for name in chosen]
        if len({digest(e.model_dump(mode="json", include={*SAME_SPLIT})) for e in entries}) > 1:
            raise MerflowError(
                where,
                "its grid changes the clips, labels, folds or control",
                "one set of clips, labels and folds and one control for all",
                "write separate experiments",
            )
        if len(chosen) == 1 == len(entries[0].factors):
            raise MerflowError(
                where,
                "there is nothing to choose between: one factor and no grid",
                "several factors, or a grid",
                "add what is to be chosen between, or leave `nested` out",
            )

    def candidates(self, choice: str, seed: str | int) -> dict[str, Run]:
        """Return the runs that a nested choice chooses between, by what differs between them."""
        return {
            f"{name[len(choice) + 1 :]} {factor}".strip(): Run(name, factor, int(seed))
            for name in self.choices()[choice]
            for factor in self.experiment(name).factors
        }

    def lead(self, run: Run) -> str:
        """Return the experiment whose settings hold for a run: its own, or a choice's first."""
        return self.choices()[run.experiment][0] if run.factor == NESTED else run.experiment

    def task(self, run: Run) -> str:
        """Return the task of a run."""
        return self.experiment(self.lead(run)).task

    def scored_of(self, task: str) -> list[Run]:
        """Return the runs with scores of one task."""
        return [run for run in self.scored_runs() if self.task(run) == task]

    # Files

    def stores(self, collection: str, pattern: str, **names: str) -> list[str]:
        """Return a path for every subject of a collection that has stores, from a pattern."""
        return [
            pattern.format(dataset=dataset, subject=subject, **names)
            for dataset, subject in self.data.with_stores(collection)
        ]

    @functools.cache  # noqa: B019
    def prepared(self, preparation: str, factor: str, collection: str) -> list[str]:
        """Return the stores that a packed file is made of."""
        kind = preparation_named(self.settings, preparation).kind
        return self.stores(collection, paths.prepared(preparation, kind, factor))

    def catalogues(self, collection: str) -> list[str]:
        """Return the catalogues of a collection's prepared clips, which are packed as they are."""
        found = self.data.with_prepared(collection)
        return [paths.CATALOGUE.format(dataset=name) for name in found]

    def packed(self, experiment: str, factor: str) -> list[str]:
        """Return the packed files of an experiment: one, or one per pooled factor."""
        entry = self.settings.experiments[experiment]
        return paths.packed(entry.preparation, entry.collection, factor)

    def packs(self) -> list[tuple[str, str, str]]:
        """Return preparation, factor and collection of every packed file, each once."""
        wanted = {
            (entry.preparation, one, entry.collection)
            for entry in self.settings.experiments.values()
            for factor in entry.factors
            for one in factor.split("+")
        }
        starts = [self.settings.pretrainings[name] for name in self.data.pretrainings()]
        return sorted(wanted | {(e.preparation, e.factor, e.collection) for e in starts})

    def every_packed(self) -> list[str]:
        """Return the packed files of all experiments, each once."""
        return sorted({p for run in self.runs() for p in self.packed(run.experiment, run.factor)})

    def pretrain_packed(self, name: str) -> str:
        """Return the packed file that a pretraining reads."""
        entry = self.settings.pretrainings[name]
        return paths.packed(entry.preparation, entry.collection, entry.factor)[0]

    def start_weights(self, experiment: str) -> list[str]:
        """Return the file that an experiment's training starts from: one, or none."""
        name = self.experiment(experiment).pretrain
        return [f"{paths.PRETRAINED}/{paths.WEIGHTS}".format(pretraining=name)] if name else []

    def fold_names(self, experiment: str) -> list[str]:
        """Return the names of an experiment's folds, from the truth that `split` wrote."""
        if self.data.clips:
            return [fold.name for fold in self.data.folds(experiment)]
        return sorted(set(read_csv(self.truth_file(experiment), ("fold",))["fold"]))

    def fold_files(self, experiment: str) -> list[str]:
        """Return the fold files of an experiment."""
        folds = self.data.folds(experiment)
        return [paths.FOLD.format(experiment=experiment, fold=fold.name) for fold in folds]

    def truth_file(self, experiment: str) -> str:
        """Return the file of an experiment's true classes; training never reads it."""
        return paths.TRUTH.format(experiment=experiment)

    def predictions(self, experiment: str, factor: str, seed: str | int) -> list[str]:
        """Return the predictions of every fold of a run."""
        folder = Run(experiment, factor, int(seed)).folder
        return [f"{folder}/{fold.name}/predictions.csv" for fold in self.data.folds(experiment)]

    def weights(self, experiment: str, factor: str, seed: str | int) -> list[str]:
        """Return the weights of every fold of a run."""
        folder = Run(experiment, factor, int(seed)).folder
        return [f"{folder}/{fold.name}/{paths.WEIGHTS}" for fold in self.data.folds(experiment)]

    def pooled_of_choice(self, choice: str, seed: str | int) -> list[str]:
        """Return the pooled predictions that a nested choice chooses between."""
        return [f"{run.folder}/pooled.csv" for run in self.candidates(choice, seed).values()]
