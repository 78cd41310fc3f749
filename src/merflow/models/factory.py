"""Make the method of an experiment, or load a fitted one: network, SVM, probe, program.

All have the same interface: `fit(TrainingData) -> Fitted`, `Fitted.predict(x) -> probabilities`.
Keras and scikit-learn are imported when a method fits or loads, not before.
"""

from pathlib import Path

from merflow.config.settings import Experiment
from merflow.errors import MerflowError
from merflow.models.external_program import ExternalProgram, FittedProgram
from merflow.models.keras_model import NetworkMethod
from merflow.models.linear_probe import KIND as LINEAR_PROBE
from merflow.models.linear_probe import FittedProbe, ProbeMethod
from merflow.models.method_interface import Fitted, Method, TrainingData
from merflow.models.svm import FittedSvm, SvmMethod
from merflow.models.training import backend
from merflow.models.unit_svm import FittedUnitSvm, UnitSvmMethod
from merflow.models.weights_file import description
from merflow.paths import WEIGHTS

__all__ = ["WEIGHTS", "Fitted", "Method", "TrainingData", "load", "make_method"]


def make_method(
    experiment: Experiment,
    classes: tuple[str, ...],
    seed: int,
    start: Path | None = None,
    hidden: tuple[Path, ...] = (),
) -> Method:
    """Return the method of an experiment, not fitted yet.

    classes: names in the order of the labels; seed: of everything random; start: weights file of
    a pretraining to initialise a network from; hidden: what an external program must not see, the
    dataset roots and annotation files.
    """
    if experiment.method == "keras":
        return NetworkMethod(experiment, classes, seed, start)
    if experiment.method == "command":
        return ExternalProgram(experiment, classes, seed, hidden)
    if experiment.method == "video_features":
        return ProbeMethod(experiment, classes, seed)
    if experiment.task == "action_units":
        return UnitSvmMethod(experiment, classes)
    return SvmMethod(experiment, classes, seed)


def load(path: Path) -> Fitted:
    """Return the fitted method that `Fitted.save` wrote to the file `path`."""
    about = description(path)
    if about["kind"] == "network":
        backend.prepare_once()
        # Imports Keras, which must start after its backend is prepared.
        from merflow.models.training import saved_network

        return saved_network.load(path, about)
    if about["kind"] == "svm":
        return FittedSvm.read(path, about)
    if about["kind"] == "unit_svm":
        return FittedUnitSvm.read(path, about)
    if about["kind"] == LINEAR_PROBE:
        return FittedProbe.read(path, about)
    if about["kind"] == "command":
        return FittedProgram.read(path, about)
    raise MerflowError(
        str(path),
        f"holds a fitted method of kind '{about['kind']}', which cannot be loaded",
        "a network, an SVM, a linear probe or an external program",
    )
