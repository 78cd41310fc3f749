"""The one place where settings live: a frozen tree, no unknown keys, each key described.

`config/README.md` and `workflow/schemas/config.schema.json` are generated from this file.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from merflow.clip import Entry
from merflow.config.names import Name
from merflow.config.stage_settings import (  # noqa: F401 - one place to import settings from
    Align,
    Crop,
    Flow,
    Interpolate,
    Magnify,
    Preparation,
    Select,
    Tree,
)
from merflow.config.values import ClassName, Factor, Seed, each_once
from merflow.errors import nearest

RESERVED_NAMES = {"aligned", "folds", "runs", "tables", "logs", "truth", "catalogue", "benchmarks"}


Method = Literal["keras", "lbptop_svm", "flow_svm", "command"]
SVMS = {"lbptop_svm": "frames", "flow_svm": "flow"}
"""The SVMs, and the kind of preparation each takes."""

USED_BY_SVMS = {"class_weights", "svm", "threads", "inner_folds", "inner_support"}
"""What of `training` an SVM heeds; the inner folds are those of `nested`."""


class DatasetEntry(Tree):
    """A dataset on this machine."""

    root: str = Field(description="Folder that holds the dataset, as its owners ship it.")
    reader: str = Field("", description="Adapter that reads it; empty: the dataset's own name.")
    variant: str = Field("", description="Which release or tree of it; empty: found by looking.")
    sheet: str = Field("", description="Annotation file; empty: found below the root.")
    fps: float | None = Field(
        None, gt=0, description="Frames per second (Hz); empty: the dataset's published rate."
    )
    enters_at: Entry | None = Field(
        None, description="Stage the pictures have already passed; empty: as the variant says."
    )


class Augment(Tree):
    """Random changes of training clips, one draw per clip for all of its frames."""

    flip: bool = Field(False, description="Mirror half of the clips.")
    shift: float = Field(0.0, ge=0, le=0.5, description="Largest shift (share of the side).")
    rotate: float = Field(0.0, ge=0, le=45, description="Largest rotation (degrees).")
    brightness: float = Field(0.0, ge=0, le=1, description="Largest change of brightness (share).")
    noise: float = Field(0.0, ge=0, le=50, description="Noise standard deviation (grey levels).")
    jitter: int = Field(0, ge=0, le=10, description="Largest shift in time (frames).")
    half_face: bool = Field(False, description="One half of the face mirrored over the other.")


class Svm(Tree):
    """The SVMs on hand-made features (method: lbptop_svm, flow_svm)."""

    c: float = Field(1.0, gt=0, description="Penalty of the linear SVM on standardised features.")
    blocks: int = Field(5, ge=1, le=16, description="Blocks a side that are described one by one.")
    radii: tuple[int, int, int] = Field(
        (1, 1, 4), description="lbptop_svm: radii in x, y (px) and time (frames)."
    )
    bins: int = Field(8, ge=2, le=36, description="flow_svm: directions of flow told apart.")


class Training(Tree):
    """How a network is fitted in every fold."""

    epochs: int = Field(20, ge=1, description="Passes over the training clips.")
    stopping: Literal["fixed", "inner"] = Field(
        "fixed", description="fixed: all epochs; inner: chosen on folds of training subjects."
    )
    inner_folds: int = Field(3, ge=2, description="inner, nested: number of inner folds.")
    inner_support: int = Field(
        1,
        ge=1,
        description="inner, nested: fewest clips of a class on a side of an inner fold.",
    )
    batch_size: int = Field(8, ge=1, description="Clips a step.")
    accumulate: int = Field(1, ge=1, description="Steps whose gradients are added up.")
    optimiser: Literal["adam", "adamw", "sgd", "rmsprop"] = Field("adam", description="Optimiser.")
    learning_rate: float = Field(1e-3, gt=0, description="Learning rate at the start.")
    weight_decay: float = Field(0.0, ge=0, description="Decoupled weight decay.")
    momentum: float = Field(0.9, ge=0, lt=1, description="sgd: momentum.")
    schedule: Literal["constant", "cosine", "step", "onecycle"] = Field(
        "constant", description="Learning rate over time; onecycle rises to it and falls."
    )
    step_epochs: int = Field(10, ge=1, description="step: epochs between two drops.")
    step_factor: float = Field(0.5, gt=0, le=1, description="step: what a drop multiplies by.")
    loss: Literal["cross_entropy", "focal"] = Field("cross_entropy", description="Loss.")
    focal_gamma: float = Field(1.0, ge=0, description="focal: gamma.")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Share given to other classes.")
    class_weights: Literal["none", "balanced"] | tuple[float, ...] = Field(
        "balanced", description="none; balanced over the training fold; or one number a class."
    )
    balanced_sampling: bool = Field(False, description="Draw classes equally often.")
    augment: Augment = Field(Augment(), description="Random changes of training clips.")
    start_weights: str = Field(
        "", description="Weights file a network starts from in every fold; empty: random."
    )
    start_sha256: str = Field(
        "", description="SHA-256 that the file of start_weights must have (hex)."
    )
    scaling: Literal["fold", "unit", "none"] = Field(
        "fold",
        description="fold: by mean and deviation of the training fold; unit: 0..255 to 0..1; "
        "none. Networks made for published weights scale by those weights' own figures.",
    )
    mixed_precision: bool = Field(
        False, description="16-bit floats, on a GPU or at `arithmetic: native`."
    )
    deterministic: bool = Field(True, description="Same seed, same bytes; slower on a GPU.")
    device: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="auto: a usable GPU, else the processor; gpu: an error without one."
    )
    threads: int = Field(2, ge=1, description="Threads of one training job; bytes depend on it.")
    tensorboard: bool = Field(
        False, description="Also write each fold's curves for TensorBoard, beside its weights."
    )
    svm: Svm = Field(Svm(), description="lbptop_svm, flow_svm: features and penalty.")


class Experiment(Tree):
    """Method x preparation x factors x scheme x collection x protocol."""

    method: Method = Field("keras", description="What is trained.")
    network: str = Field("cnn3d", description="keras: the network, a file in networks/.")
    network_settings: dict[str, Any] = Field({}, description="keras: settings of the network.")
    command: str = Field("", description="command: the program run for every fold.")
    preparation: str = Field(description="Name of a preparation.")
    factors: Annotated[tuple[Factor, ...], AfterValidator(each_once)] = Field(
        ("x1", "x10", "x25", "x50"),
        min_length=1,
        description="Magnification, times the displacement: 10 or x10; several pooled: x1+x10.",
    )
    scheme: str = Field("three", description="How emotions become classes.")
    collection: str = Field(description="Name of a collection.")
    protocol: Literal["loso", "composite", "cross", "holdout", "kfold", "file"] = Field(
        "composite", description="How clips are split; file: as a file of folds says."
    )
    folds_file: str = Field(
        "", description="file: a CSV, `fold,dataset,subject` tested; or a `side` (train, test) too."
    )
    test_on: tuple[str, ...] = Field(
        (), description="cross: datasets tested on; without it each in turn."
    )
    folds: int = Field(5, ge=2, description="kfold: number of folds.")
    holdout: float = Field(0.3, gt=0, lt=1, description="holdout: share of subjects tested on.")
    seeds: Annotated[tuple[Seed, ...], AfterValidator(each_once)] = Field(
        (0,), min_length=1, description="One run per seed."
    )
    control: Literal[
        "none", "frozen", "reversed", "shuffled", "masked", "dataset-only", "length-only"
    ] = Field("none", description="Negative control: what is taken from the clips beforehand.")
    nested: bool = Field(
        False,
        description="Also a row x*: factor and listed settings chosen in each fold, inside it.",
    )
    permute_labels: int | None = Field(
        None, ge=0, description="Seed of a label permutation across subjects: a negative control."
    )
    record_oracle: bool = Field(
        False, description="Also what forbidden rules would print, in results/oracle/ alone."
    )
    pretrain: str = Field("", description="Name of a pretraining whose weights are taken.")
    training: Training = Field(Training(), description="How the network is fitted.")


class Pretraining(Tree):
    """A network trained on other clips or stills beforehand; experiments name it to start there."""

    network: str = Field("cnn3d", description="The network, a file in networks/.")
    network_settings: dict[str, Any] = Field({}, description="Settings of the network.")
    preparation: str = Field(description="Name of a preparation.")
    factor: Factor = Field("x1", description="Magnification, times the displacement.")
    scheme: str = Field("raw", description="How emotions become classes.")
    collection: str = Field(description="Name of a collection; none of its subjects is tested on.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    training: Training = Field(Training(), description="How the network is fitted.")


class Settings(Tree):
    """Everything a run depends on."""

    datasets: dict[Name, DatasetEntry] = Field({}, description="Datasets on this machine, by name.")
    collections: dict[Name, tuple[str, ...]] = Field({}, description="Named sets of datasets.")
    schemes: dict[Name, dict[str, dict[str, ClassName]]] = Field(
        {}, description="Own schemes: dataset (or any) -> emotion -> class."
    )
    align: Align = Field(Align(), description="Align stage.")
    preparations: dict[Name, Preparation] = Field({}, description="Named preparations.")
    experiments: dict[Name, Experiment] = Field({}, description="Named experiments.")
    pretrainings: dict[Name, Pretraining] = Field({}, description="Named pretrainings.")
    arithmetic: Literal["portable", "native"] = Field(
        "portable",
        description="portable: the same bytes on every x86-64 processor with AVX2; native: "
        "whatever instructions this one has, faster on some. MERFLOW_ARITHMETIC overrides it; a "
        "change redoes nothing that is made already.",
    )
    max_skipped: float = Field(
        0.05,
        ge=0,
        le=1,
        description="A larger share of skipped clips stops the run, when clips are packed; "
        "changing it redoes nothing that is packed already.",
    )
    keep_intermediate: bool = Field(False, description="Keep the magnified stores.")
    folds_per_job: int = Field(
        1,
        ge=1,
        description="Folds trained in one process; same bytes; a change trains all again.",
    )
    bootstrap: int = Field(2000, ge=100, description="Resamples of subjects for the intervals.")

    @model_validator(mode="after")
    def _names_agree(self) -> "Settings":
        for name in self.preparations:
            if name in RESERVED_NAMES:
                raise ValueError(f"preparations.{name}: this name is taken by a results folder")
        for name, members in self.collections.items():
            for member in members:
                _known(f"collections.{name}", "dataset", member, self.datasets)
        for name, experiment in self.experiments.items():
            self._experiment_agrees(f"experiments.{name}", experiment)
        for name, pretraining in self.pretrainings.items():
            self._names_known(f"pretrainings.{name}", pretraining)
            self._network_known(f"pretrainings.{name}", pretraining)
        return self

    def _names_known(self, where: str, entry: Experiment | Pretraining) -> None:
        from merflow.datasets import labels

        _known(f"{where}.preparation", "preparation", entry.preparation, self.preparations)
        _known(f"{where}.collection", "collection", entry.collection, self.collections)
        _known(f"{where}.scheme", "scheme", entry.scheme, labels.names(self))

    def _network_known(self, where: str, entry: Experiment | Pretraining) -> None:
        from merflow.models import network_registry

        _known(f"{where}.network", "network", entry.network, network_registry.names())
        known = network_registry.setting_names(entry.network)
        for key in entry.network_settings:
            _known(f"{where}.network_settings", f"{entry.network} setting", key, known)

    def _experiment_agrees(self, where: str, experiment: Experiment) -> None:
        self._names_known(where, experiment)
        if experiment.nested and any("+" in factor for factor in experiment.factors):
            raise ValueError(f"{where}.nested: pooled factors (x1+x10) cannot be chosen between")
        for member in experiment.test_on:
            members = self.collections[experiment.collection]
            _known(f"{where}.test_on", "dataset of the collection", member, members)
        if (experiment.protocol == "file") != bool(experiment.folds_file):
            raise ValueError(f"{where}.folds_file: goes with `protocol: file`, one not alone")
        if experiment.method == "keras":
            self._network_known(where, experiment)
        if experiment.method in SVMS:
            _refuse_for_svm(where, experiment)
        if experiment.pretrain:
            _known(f"{where}.pretrain", "pretraining", experiment.pretrain, self.pretrainings)
            begun = self.pretrainings[experiment.pretrain].network
            if (experiment.method, experiment.network) != ("keras", begun):
                raise ValueError(f"{where}.pretrain: '{experiment.pretrain}' is of network {begun}")


def _refuse_for_svm(where: str, experiment: Experiment) -> None:
    """Refuse what only a network is trained by: an SVM would leave it undone and say nothing.

    A key at its default asks for nothing: `results/config.yaml` has them all.
    """
    usual = Training()
    given = {
        f"training.{key}": getattr(experiment.training, key) != getattr(usual, key)
        for key in Training.model_fields
        if key not in USED_BY_SVMS
    }
    given |= {key: bool(getattr(experiment, key)) for key in ("network_settings", "command")}
    if wrong := [f"{where}.{key}" for key, asked in given.items() if asked]:
        said = "has no effect" if len(wrong) == 1 else "have no effect"
        raise ValueError(f"{', '.join(wrong)}: {said} on method {experiment.method}; leave out")


def _known(where: str, kind: str, word: str, known: Any) -> None:  # noqa: ANN401
    if word not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ValueError(f"{where}: unknown {kind} '{word}'{nearest(word, known)}; known: {names}")
