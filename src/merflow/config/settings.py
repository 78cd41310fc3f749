"""All settings: a frozen tree in which an unknown key is an error and every key is described.

`config/README.md` and `workflow/schemas/config.schema.json` are generated from here. Names of
networks and schemes are not known here: `workflow/preflight.py` checks them.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from merflow.config.dataset_settings import DatasetEntry, FlowFiles  # noqa: F401
from merflow.config.display_names import same_label
from merflow.config.experiment_checks import refuse_for_task, refuse_unused
from merflow.config.key_frame_noise import KeyFrameNoise
from merflow.config.methods import SVMS, WITHOUT_EPOCHS, Method  # noqa: F401
from merflow.config.names import Name
from merflow.config.spotting_settings import SpotThenRecognise, Spotting
from merflow.config.stage_settings import (  # noqa: F401 - one place to import settings from
    Align,
    Crop,
    Flow,
    Interpolate,
    Magnify,
    Preparation,
    Select,
    Tree,
    Windows,
)
from merflow.config.task_settings import ActionUnitTask, Task
from merflow.config.training_settings import Augment, Svm, Training  # noqa: F401
from merflow.config.values import ClassName, Factor, Label, PathText, Seed, each_once, later
from merflow.errors import nearest

RESERVED_NAMES = {
    *("aligned", "folds", "runs", "tables", "logs", "truth", "catalogue", "benchmarks"),
    *("records", "frames", "pretrained", "oracle", "jitter", "spotting", "str"),
}


class GridMember(Tree):
    """The grid that made an experiment."""

    base: str
    """Name of the experiment that has the grid."""
    values: dict[str, Any]
    """Value of each setting path of the grid."""


class Experiment(Tree):
    """One comparison: method, preparation, factors, scheme, collection and protocol."""

    label: Label = later("")
    """Name shown in tables, figures and the report, as `3D CNN (grey)`. Files keep the name of the
    experiment, so a change makes tables and report again and trains nothing. Empty: the name of the
    experiment."""
    task: Task = later("emotion")
    """What is predicted: `emotion` is one class a clip, by `scheme`; `action_units` is any number
    of action units a clip. Where in long recordings expressions are is a section `spotting`."""
    action_units: ActionUnitTask = later(ActionUnitTask())
    """Units, and what counts where the annotation is unclear, for `task: action_units`."""
    method: Method = "keras"
    """Model that is trained. `keras` is a network; `lbptop_svm` and `flow_svm` are SVMs on
    hand-made features; `flow_pixels_svm` is an SVM on the pixels of 8-bit flow pictures, divided by
    255 and nothing else; `video_features` is a logistic regression on the features of a frozen
    network, which `training.features` names (`training.class_weights` of these two is `none` unless
    it is given); `command` is an external program."""
    network: str = "cnn3d"
    """Network of `keras`: the name of a file in models/networks/."""
    network_settings: dict[str, Any] = Field({})
    """Settings of the network; docs/networks.md describes each network."""
    command: str = ""
    """External program of `command`, run once for every fold, in a folder of its own. Words that
    name files, relative to the folder Snakemake runs in, become absolute paths."""
    sandbox: Literal["auto", "required", "off"] = "auto"
    """Sandbox of `command`: the program runs by bubblewrap (`bwrap`), without network, and sees
    neither datasets nor results. `auto` uses it where it works, and `run.json` says which;
    `required` stops before anything is computed where it does not work, and a change to it trains
    again; `off` runs the program without. The audit cannot tell what a program without a sandbox
    read."""
    contract: Literal[1, 2] = 1
    """Contract of `command`. `1` writes all training clips for every fold and keeps no model; `2`
    shares one file of clips between the folds, read-only, and keeps the model that the program
    writes, so that `merflow predict` can use it. A program is written for one of the two."""
    preparation: str
    """Name of a preparation: the stages' settings from aligned frames to the network's input."""
    factors: Annotated[tuple[Factor, ...], AfterValidator(each_once)] = Field(
        ("x1", "x10", "x25", "x50"), min_length=1
    )
    """Magnification factors: each multiplies the displacement (10 or x10) and has its own training
    runs. `x1+x10` trains on the clips of both."""
    scheme: str = "three"
    """Scheme that maps emotions to classes: a built-in one or one of `schemes`. Clips whose emotion
    has no class in it are left out."""
    collection: str
    """Name of a collection: the datasets that are used together."""
    protocol: Literal["loso", "composite", "cross", "cd6me", "holdout", "kfold", "file"] = (
        "composite"
    )
    """Split into folds, always by subject. `loso` leaves one subject out within each dataset;
    `composite` leaves one subject out of all datasets pooled; `cross` trains on some datasets and
    tests on another; `cd6me`, for action units, tests each dataset and trains on all others;
    `holdout` and `kfold` draw subjects; `file` reads `folds_file`."""
    folds_file: PathText = ""
    """Folds of `protocol: file`: a CSV with the columns `fold,dataset,subject` of tested subjects,
    or with a further column `side` (train, test)."""
    test_on: tuple[str, ...] = ()
    """Datasets tested by `cross`. Empty: each dataset in turn."""
    folds: int = Field(5, ge=2)
    """Number of folds of `kfold`."""
    holdout: float = Field(0.3, gt=0, lt=1)
    """Share of the subjects that `holdout` tests."""
    seeds: Annotated[tuple[Seed, ...], AfterValidator(each_once)] = Field((0,), min_length=1)
    """Seeds of training. Each seed is one run; tables show the mean and the standard deviation over
    seeds."""
    control: Literal[
        "none", "frozen", "reversed", "shuffled", "masked", "dataset-only", "length-only"
    ] = "none"
    """Negative control: what is removed from the clips before training. A score above chance then
    means that something other than the expression gives the class away."""
    nested: bool = False
    """Add a row x*, in which every fold chooses factor and grid values on inner folds of its
    training subjects. Training time grows with `training.inner_folds`."""
    permute_labels: int | None = Field(None, ge=0)
    """Seed of a permutation of the labels across subjects, as a negative control. Empty: the true
    labels."""
    record_oracle: bool = False
    """Also compute the scores that choosing on the tested subjects would print. They are written to
    results/oracle/ only and never enter a table."""
    pretrain: str = ""
    """Name of a pretraining whose weights the network starts from. Empty: none."""
    training: Training = Training()
    """The fit in every fold."""
    key_frame_noise: KeyFrameNoise = later(KeyFrameNoise())
    """Rows beside each run for which the key frames of its clips are moved. A change trains no
    fold again. Empty: none."""
    grid: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field({})
    """Setting paths of this experiment, each with a list of values. The experiment becomes one for
    each combination, the first path changing slowest: `grid: {training.loss: [cross_entropy,
    focal], network_settings.attention: [none, cbam]}` makes
    `<name>-loss=cross_entropy-attention=none` and three more."""
    from_grid: GridMember | None = None
    """Grid that made this experiment: its `base` name and `values`. merflow writes it into
    results/config.yaml; leave it out of a config."""

    @property
    def chooses_inside(self) -> bool:
        """Whether folds keep predictions of inner folds, to choose settings or thresholds on."""
        units = self.task == "action_units" and self.action_units.threshold == "inner"
        return self.nested or units

    @model_validator(mode="before")
    @classmethod
    def _equal_weights(cls, given: Any) -> Any:  # noqa: ANN401
        """Weigh all clips alike where nothing else is asked for: plain baselines, action units."""
        if not isinstance(given, dict):
            return given
        plain = given.get("method") in ("flow_pixels_svm", "video_features")
        if not plain and given.get("task") != "action_units":
            return given
        training = given.get("training", {})
        if not isinstance(training, dict):
            return given
        return {**given, "training": {"class_weights": "none", **training}}


class Pretraining(Tree):
    """A network trained on other clips or stills; experiments start from its weights."""

    network: str = "cnn3d"
    """Network: the name of a file in models/networks/."""
    network_settings: dict[str, Any] = Field({})
    """Settings of the network."""
    preparation: str
    """Name of a preparation."""
    factor: Factor = "x1"
    """Magnification factor, which multiplies the displacement."""
    scheme: str = "raw"
    """Scheme that maps emotions to classes."""
    collection: str
    """Name of a collection. A subject of it that an experiment tests stops the run, or is left out
    by `tested_subjects`."""
    tested_subjects: Literal["refuse", "exclude"] = later("refuse")
    """Subjects that an experiment which starts from these weights tests: `refuse` stops the run;
    `exclude` leaves their clips out of the pretraining. Datasets of one laboratory that number
    their subjects apart may share people that no id shows: a warning, run.json and the notes under
    the tables say `subject overlap unknown`."""
    seed: int = Field(0, ge=0)
    """Seed of everything random."""
    training: Training = Training()
    """The fit."""


class Settings(Tree):
    """Everything a run depends on."""

    datasets: dict[Name, DatasetEntry] = Field({})
    """Datasets on this machine, by name."""
    collections: dict[Name, tuple[str, ...]] = Field({})
    """Named sets of datasets that experiments use together."""
    schemes: dict[Name, dict[str, dict[str, ClassName]]] = Field({})
    """Schemes in addition to the built-in ones: dataset (or `any`), emotion, class."""
    align: Align = Align()
    """Settings of the align stage, for all preparations."""
    preparations: dict[Name, Preparation] = Field({})
    """Named preparations."""
    experiments: dict[Name, Experiment] = Field({})
    """Named experiments."""
    pretrainings: dict[Name, Pretraining] = Field({})
    """Named pretrainings."""
    spotting: dict[Name, Spotting] = later({})
    """Named spotting methods for long recordings."""
    spot_then_recognise: dict[Name, SpotThenRecognise] = later({})
    """Named pairs of a spotting method and an experiment that recognises what it spots."""
    arithmetic: Literal["portable", "native"] = "portable"
    """`portable` gives the same bytes on every x86-64 processor with AVX2; `native` uses all
    instructions of this processor and is faster on some. The environment variable
    MERFLOW_ARITHMETIC overrides it. A change reruns nothing."""
    max_skipped: float = Field(0.05, ge=0, le=1)
    """Largest share of skipped clips. Packing more than this stops the run. A change reruns nothing
    that is packed."""
    max_unlabelled: float = Field(0.05, ge=0, le=1)
    """Largest share of an experiment's clips without a class because their emotion is empty or
    known to no mapping. More stop the run; fewer are a warning. Emotions that a scheme drops by
    design do not count. A change reruns nothing."""
    keep_intermediate: bool = False
    """Keep the magnified clip stores, which are otherwise deleted once they are used. They need
    disk space for every factor."""
    folds_per_job: int = Field(1, ge=1)
    """Folds that share a start of TensorFlow. Each is a job of its own; above 1, the jobs of one
    machine share it (Linux only), and a cluster receives this many folds as one job. 1 lets a
    cluster train every fold in parallel, also as a job array. A change trains nothing again."""
    bootstrap: int = Field(2000, ge=100)
    """Resamples of subjects for confidence intervals. More make the intervals steadier and the
    tables slower."""

    @model_validator(mode="after")
    def _names_agree(self) -> "Settings":
        for name in self.preparations:
            if name in RESERVED_NAMES:
                raise ValueError(f"preparations.{name}: a folder of results/ has this name")
            region = self.preparations[name].crop.region
            if self.align.points == 5 and any(type(member) is int for member in region):
                raise ValueError(
                    f"preparations.{name}.crop.region: lists landmarks of 68; set align.points: 68"
                )
        for name, members in self.collections.items():
            for member in members:
                check_known(f"collections.{name}", "dataset", member, self.datasets)
        for name, experiment in self.experiments.items():
            self._experiment_agrees(f"experiments.{name}", experiment)
        for name, pretraining in self.pretrainings.items():
            self._names_known(f"pretrainings.{name}", pretraining)
        for name, entry in self.spotting.items():
            self._names_known(f"spotting.{name}", entry)
            if name in self.experiments:
                raise ValueError(f"spotting.{name}: an experiment has this name; choose another")
        for name, pair in self.spot_then_recognise.items():
            self._pair_agrees(f"spot_then_recognise.{name}", pair)
        if wrong := same_label(self):
            raise ValueError(wrong)
        return self

    def _pair_agrees(self, where: str, pair: SpotThenRecognise) -> None:
        check_known(f"{where}.spotting", "entry of spotting", pair.spotting, self.spotting)
        known = self.experiments
        check_known(f"{where}.recognition", "experiment", pair.recognition, known)
        entry = known[pair.recognition]
        if entry.protocol not in ("loso", "composite") or entry.task != "emotion":
            raise ValueError(
                f"{where}.recognition: '{pair.recognition}' has protocol {entry.protocol} and task "
                f"{entry.task}; needed: emotion by loso or composite, which leave subjects out"
            )
        if entry.method == "command":
            raise ValueError(f"{where}.recognition: a network or an SVM is needed, not a program")
        if pair.factor:
            check_known(f"{where}.factor", "factor", pair.factor, entry.factors)

    def _names_known(self, where: str, entry: Experiment | Pretraining | Spotting) -> None:
        check_known(f"{where}.preparation", "preparation", entry.preparation, self.preparations)
        check_known(f"{where}.collection", "collection", entry.collection, self.collections)

    def _experiment_agrees(self, where: str, experiment: Experiment) -> None:
        self._names_known(where, experiment)
        refuse_for_task(where, experiment)
        if experiment.nested and any("+" in factor for factor in experiment.factors):
            raise ValueError(f"{where}.nested: pooled factors (x1+x10) cannot be chosen between")
        for member in experiment.test_on:
            members = self.collections[experiment.collection]
            check_known(f"{where}.test_on", "dataset of the collection", member, members)
        if (experiment.protocol == "file") != bool(experiment.folds_file):
            raise ValueError(f"{where}.folds_file: goes with `protocol: file`, neither alone")
        if experiment.method in WITHOUT_EPOCHS:
            refuse_unused(where, experiment)
        features = experiment.training.features
        if (experiment.method == "video_features") != bool(features.file):
            raise ValueError(
                f"{where}.training.features.file: goes with `method: video_features`, neither alone"
            )
        if experiment.method != "command" and experiment.sandbox != "auto":
            raise ValueError(f"{where}.sandbox: goes with `method: command` only; leave it out")
        if experiment.method != "command" and experiment.contract != 1:
            raise ValueError(f"{where}.contract: goes with `method: command` only; leave it out")
        if experiment.pretrain:
            check_known(f"{where}.pretrain", "pretraining", experiment.pretrain, self.pretrainings)
            network = self.pretrainings[experiment.pretrain].network
            if (experiment.method, experiment.network) != ("keras", network):
                raise ValueError(
                    f"{where}.pretrain: '{experiment.pretrain}' is of network {network}"
                )


def check_known(where: str, kind: str, name: str, known: Any) -> None:  # noqa: ANN401
    """Refuse a name that is not among the known ones, offering the nearest."""
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ValueError(f"{where}: unknown {kind} '{name}'{nearest(name, known)}; known: {names}")
