"""What can be trained: a network, an SVM on features, or the user's own program.

`make_method` gives any of them behind one face: `fit(TrainingData) -> Fitted`,
`Fitted.predict(x) -> probabilities`. Nothing heavy is imported before a method is made.
"""

from pathlib import Path

from merflow.config.settings import Experiment
from merflow.models.fold_data import VOLATILE, WEIGHTS, Fitted, Method, TrainingData

__all__ = ["VOLATILE", "WEIGHTS", "Fitted", "Method", "TrainingData", "load", "make_method"]


def make_method(
    experiment: Experiment, classes: tuple[str, ...], seed: int, weights: Path | None = None
) -> Method:
    """Return what the experiment trains, not fitted yet.

    classes: names in the order of the labels; seed: of everything random; weights: file that
    a pretraining wrote, taken as the start (networks only).
    """
    if experiment.method == "keras":
        from merflow.models.keras_model import NetworkMethod

        return NetworkMethod(experiment, classes, seed, weights)
    if experiment.method == "command":
        from merflow.models.external_program import CommandMethod

        return CommandMethod(experiment, classes, seed)
    from merflow.models.svm import SvmMethod

    return SvmMethod(experiment, classes, seed)


def load(path: Path) -> Fitted:
    """Return the fitted method that `Fitted.save` wrote to the file `path`."""
    from merflow.models import saved_model

    return saved_model.load(path)
