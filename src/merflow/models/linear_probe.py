"""A linear probe: standardised features of a frozen network, and a logistic regression."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training
from merflow.errors import FAILED, MerflowError
from merflow.evaluation.duplicate_clips import clip_hashes
from merflow.io.files import file_digest
from merflow.models import backbone_file
from merflow.models.fitted_arrays import FittedArrays, one_epoch
from merflow.models.method_interface import TrainingData, check, input_fact
from merflow.models.training.class_weights import class_weights
from merflow.models.weights_file import read_arrays

KIND = "linear_probe"
STEPS = 10_000
"""Most steps of the logistic regression."""


class ProbeMethod:
    """Fits a logistic regression on the features of the training clips."""

    def __init__(self, experiment: Experiment, classes: tuple[str, ...], seed: int) -> None:
        self.experiment, self.classes, self.seed = experiment, classes, seed

    def fit(self, data: TrainingData) -> "FittedProbe":
        """Fit on the fold's training clips. Nothing in it is random: the seed has no effect."""
        check(data, self.classes)
        started = time.perf_counter()
        training = self.experiment.training
        device = backbone_file.start(training)
        from merflow.models.video_features import features  # OpenCV, which a plan must not import

        raw = features(training, data.x, device)
        weights = class_weights(training, data.y, self.classes, svm=True)
        arrays, steps = fitted_arrays(raw, data.y, weights, training.features.c)
        facts = {
            "kind": KIND,
            "method": self.experiment.method,
            "features": training.features.model_dump(mode="json"),
            "backbone": file_digest(training.features.file),
            "classes": list(self.classes),
            "shape": [int(side) for side in data.x.shape[1:]],
            "parameters": int(arrays["coefficients"].size + arrays["intercepts"].size),
            "class_weights": [float(w) for w in weights],
            "training_clips": len(data.y),
            "subjects": data.subjects,
            "epochs": 1,
            "steps": steps,
            "device": device,
            **backbone_file.runtime(training.features),
            **input_fact(data.x),
        }
        fitted = FittedProbe(arrays, facts, training, clip_hashes(data.x))
        fitted.history = [one_epoch(_probabilities(arrays, raw), data.y)]
        facts["seconds"] = round(time.perf_counter() - started, 3)
        return fitted


class FittedProbe(FittedArrays):
    """A fitted logistic regression as arrays, and the scaling of the features."""

    @classmethod
    def read(cls, path: Path, about: dict[str, Any]) -> "FittedProbe":
        """Return the probe stored at `path`; its frozen network must lie where it was."""
        try:
            training = Training(features=about["features"])
            count, backbone = len(about["classes"]), about["backbone"]
        except (KeyError, TypeError, ValueError) as error:
            raise MerflowError(str(path), f"its description is not a probe's ({error})") from None
        arrays = read_arrays(path)
        found = {name: value.shape for name, value in arrays.items()}
        width = found.get("mean", ())
        wanted = {"mean": width, "deviation": width, "intercepts": (count,)}
        if len(width) != 1 or found != wanted | {"coefficients": (count, *width)}:
            raise MerflowError(str(path), f"holds arrays of shapes {found}", "those of a probe")
        if backbone_file.digest_of(training.features) != backbone:
            raise MerflowError(
                str(path),
                f"was trained on features of another file than {training.features.file} is now",
                f"the frozen network with the SHA-256 {backbone}",
                "put that file back, or train again",
            )
        return cls(arrays, about, training, about.pop("prints", []))

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32 probabilities of the logistic regression."""
        if not len(x):
            return np.zeros((0, len(self.facts["classes"])), np.float32)
        from merflow.models.video_features import features

        raw = features(self.training, x, self.facts["device"])
        if raw.shape[1] != len(self.arrays["mean"]):
            raise MerflowError(
                str(self.training.features.file),
                f"gives {raw.shape[1]} features of these clips",
                f"{len(self.arrays['mean'])}, as of the training clips",
                "prepare the clips as those it was trained on",
            )
        return _probabilities(self.arrays, raw)


def fitted_arrays(
    raw: np.ndarray, y: np.ndarray, weights: np.ndarray, c: float
) -> tuple[dict[str, np.ndarray], int]:
    """Return scaling and coefficients fitted on raw features (N, F), labels y (N,); and the steps.

    weights: (K,) of the classes. coefficients: (K, F), intercepts: (K,), of standardised features.
    """
    from sklearn.linear_model import LogisticRegression

    wide = raw.astype(np.float64)
    mean, deviation = wide.mean(0), wide.std(0)
    deviation[deviation < 1e-9] = 1.0
    machine = LogisticRegression(
        C=c, class_weight=dict(enumerate(weights.tolist())), max_iter=STEPS, tol=1e-6
    )
    machine.fit((wide - mean) / deviation, y)
    steps = int(np.max(machine.n_iter_))
    if steps >= STEPS:
        raise MerflowError(
            "method video_features",
            f"the logistic regression has not converged after {STEPS:,} steps",
            "features on which it converges",
            "lower training.features.c",
            code=FAILED,
        )
    coefficients, intercepts = machine.coef_, machine.intercept_
    if len(coefficients) == 1:  # Of two classes scikit-learn keeps the second.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    found = {"mean": mean, "deviation": deviation}
    return found | {"coefficients": coefficients, "intercepts": intercepts}, steps


def _probabilities(arrays: dict[str, np.ndarray], raw: np.ndarray) -> np.ndarray:
    z = (raw.astype(np.float64) - arrays["mean"]) / arrays["deviation"]
    scores = z @ arrays["coefficients"].T + arrays["intercepts"]
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    return (exponentials / exponentials.sum(1, keepdims=True)).astype(np.float32)
