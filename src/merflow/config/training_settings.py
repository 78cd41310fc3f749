"""Settings of training: augmentation, the fit of a network, SVMs and features; in `settings`."""

from typing import Any, Literal

from pydantic import Field, SerializationInfo, SerializerFunctionWrapHandler, model_serializer

from merflow.config.feature_settings import VideoFeatures
from merflow.config.stage_settings import Tree
from merflow.config.values import PathText, later


class Augment(Tree):
    """Random changes of training clips, drawn once for each clip and the same in all its frames."""

    flip: bool = False
    """Mirror clips left to right, each with a probability of one half."""
    shift: float = Field(0.0, ge=0, le=0.5)
    """Largest shift of the image, as a share of its side."""
    rotate: float = Field(0.0, ge=0, le=45)
    """Largest rotation (degrees)."""
    brightness: float = Field(0.0, ge=0, le=1)
    """Largest change of brightness, as a share. Not for flow."""
    noise: float = Field(0.0, ge=0, le=50)
    """Standard deviation of added noise (grey levels). Not for flow."""
    jitter: int = Field(0, ge=0, le=10)
    """Largest shift in time (frames). Not for flow."""
    half_face: bool = False
    """Replace one half of the face by the mirrored other half in half of the clips, so that a
    network cannot rely on asymmetry."""


class Svm(Tree):
    """The SVMs on hand-made features (`method: lbptop_svm` and `method: flow_svm`), and on the
    pixels of flow pictures (`flow_pixels_svm`)."""

    kernel: Literal["linear", "rbf"] = later("linear")
    """`linear` separates two classes by a plane; `rbf` by the distances to training clips, with
    the width 1 / (number of features x their variance)."""
    c: float = Field(1.0, gt=0)
    """Penalty of the SVM; hand-made features are standardised. Larger values fit the training clips
    more closely."""
    blocks: int = Field(5, ge=1, le=16)
    """Blocks along each side of the image. Each has its own histogram, so more blocks keep more of
    where something moves."""
    radii: tuple[int, int, int] = (1, 1, 4)
    """Radii of LBP-TOP in x (px), y (px) and time (frames)."""
    bins: int = Field(8, ge=2, le=36)
    """Directions of flow in the histograms of `flow_svm`."""


WITH_EXECUTION = {"execution": True}
"""Context of `model_dump` that keeps the keys of EXECUTION, for the jobs of a run."""
EXECUTION = ("gpu_share",)
"""Keys of `training` that say how trainings run. No result depends on them, so no fingerprint, no
record and no table has them, and a change makes nothing stale."""


class Training(Tree):
    """The fit of a network in every fold."""

    epochs: int = Field(20, ge=1)
    """Passes over the training clips. With `stopping: inner` this is the largest number that may be
    chosen."""
    stopping: Literal["fixed", "inner"] = "fixed"
    """`fixed` trains for all epochs; `inner` chooses the number of epochs on inner folds of the
    training subjects, which trains the network several times more. Neither looks at the tested
    subjects."""
    inner_folds: int = Field(3, ge=2)
    """Number of inner folds for `stopping: inner` and `nested`. Training time grows with it."""
    inner_support: int = Field(1, ge=1)
    """Smallest number of clips of each class on either side of an inner fold. A run whose inner
    folds have fewer does not start."""
    batch_size: int = Field(8, ge=1)
    """Clips in one step. Memory grows with it; fewer clips add noise."""
    accumulate: int = Field(1, ge=1)
    """Steps whose gradients are added before the weights change. It acts as a larger batch without
    the memory of one."""
    optimiser: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """Optimiser that updates the weights."""
    learning_rate: float = Field(1e-3, gt=0)
    """Learning rate at the start."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay: pulls weights towards 0. 0 turns it off."""
    momentum: float = Field(0.9, ge=0, lt=1)
    """Momentum of `sgd`."""
    schedule: Literal["constant", "cosine", "step", "onecycle"] = "constant"
    """Learning rate over time. `cosine` falls to 0; `step` falls every `step_epochs`; `onecycle`
    rises to the learning rate and falls."""
    step_epochs: int = Field(10, ge=1)
    """Epochs between two drops of `step`."""
    step_factor: float = Field(0.5, gt=0, le=1)
    """Factor by which `step` multiplies the rate at each drop."""
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    """Loss function. `focal` gives less weight to clips that are already classified well."""
    focal_gamma: float = Field(1.0, ge=0)
    """Exponent of `focal`. 0 makes it the cross-entropy."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of each label that is spread over all classes."""
    class_weights: Literal["none", "balanced"] | tuple[float, ...] = "balanced"
    """Weights of the classes in the loss. `balanced` gives every class of the training fold the
    same total weight, `none` lets frequent classes dominate, and a list has one number for each
    class, in alphabetical order."""
    balanced_sampling: bool = False
    """Draw all classes equally often. Clips of rare classes then repeat within an epoch, and
    balanced class weights are switched off."""
    augment: Augment = Augment()
    """Random changes of training clips."""
    start_weights: PathText = ""
    """Weights file (`.weights.h5`) that a network starts from in every fold. For weights of
    torchvision (`.safetensors`), `python -m merflow.models.training.torchvision_weights` makes one.
    Empty: random initialisation."""
    start_sha256: str = ""
    """SHA-256 (hex) of the file of `start_weights`. Another file is refused."""
    scaling: Literal["fold", "unit", "none"] = "fold"
    """Scaling of the input. `fold` standardises by mean and deviation of the training fold; `unit`
    maps 0..255 to 0..1; `none` leaves it. Networks made for published weights use the figures of
    those weights instead."""
    mixed_precision: bool = False
    """Compute in 16-bit floats, which is faster on a GPU. On a processor it needs `arithmetic:
    native`."""
    deterministic: bool = True
    """Give the same bytes for the same seed. This is slower on a GPU; without it a rerun there
    gives slightly different scores."""
    device: Literal["auto", "cpu", "gpu"] = "auto"
    """`auto` takes a usable GPU and otherwise the processor; `gpu` stops with an error when there
    is none."""
    gpu_share: int = later(1, ge=1)
    """Trainings that share one GPU at a time. Each may take this part of its memory. More than 1
    uses a large GPU better with small networks; see docs/cluster.md. On a cluster each training
    still requests a GPU. A change trains nothing again."""
    threads: int = Field(2, ge=1)
    """Threads of one training job. The bytes of the weights depend on it, so a change trains
    again."""
    tensorboard: bool = False
    """Also write the curves of each fold for TensorBoard, beside its weights."""
    svm: Svm = Svm()
    """Features and penalty of the SVMs."""
    features: VideoFeatures = later(VideoFeatures())
    """Frozen network of `method: video_features`, its input, and the penalty."""

    @model_serializer(mode="wrap")
    def _as_results_have_it(
        self, write: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        """Leave out what no result depends on, unless the context asks for it."""
        found = write(self)
        if info.context == WITH_EXECUTION:
            return found
        return {key: value for key, value in found.items() if key not in EXECUTION}
