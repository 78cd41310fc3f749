"""SVMs: on LBP-TOP (the MEGC2019 baseline), on Bi-WOOF of flow, on the pixels of flow pictures."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training
from merflow.errors import MerflowError
from merflow.evaluation.duplicate_clips import clip_hashes
from merflow.models import svm_machine
from merflow.models.fitted_arrays import FittedArrays, one_epoch
from merflow.models.method_interface import TrainingData, check, input_fact
from merflow.models.svm_features import features
from merflow.models.training.class_weights import class_weights
from merflow.models.weights_file import read_arrays


class SvmMethod:
    """Fits one SVM per pair of classes: on standardised features, or on pixels / 255."""

    def __init__(self, experiment: Experiment, classes: tuple[str, ...], seed: int) -> None:
        self.experiment, self.classes, self.seed = experiment, classes, seed

    def fit(self, data: TrainingData) -> "FittedSvm":
        """Fit on the fold's training clips. Nothing in it is random: the seed has no effect."""
        check(data, self.classes)
        from sklearn.svm import SVC

        started = time.perf_counter()
        training = self.experiment.training
        weights = class_weights(training, data.y, self.classes, svm=True)
        raw = features(self.experiment.method, training, data.x)
        scaling = scaling_of(raw)
        z = svm_machine.scaled(scaling, raw)
        machine = SVC(
            C=training.svm.c,
            kernel=training.svm.kernel,
            gamma=svm_machine.usual_gamma(z),
            class_weight=dict(enumerate(weights.tolist())),
        )
        machine.fit(z, data.y)
        arrays = scaling | svm_machine.arrays_of(machine, raw)
        facts = {
            "kind": "svm",
            "method": self.experiment.method,
            "svm": training.svm.model_dump(mode="json"),
            "classes": list(self.classes),
            "shape": [int(side) for side in data.x.shape[1:]],
            "features": int(raw.shape[1]),
            "parameters": int(sum(arrays[key].size for key in arrays if key not in scaling)),
            "class_weights": [float(w) for w in weights],
            "training_clips": len(data.y),
            "subjects": data.subjects,
            "epochs": 1,
            "device": "cpu",
            **input_fact(data.x),
        }
        fitted = FittedSvm(arrays, facts, training, clip_hashes(data.x))
        fitted.history = [one_epoch(fitted.predict(data.x), data.y)]
        facts["seconds"] = round(time.perf_counter() - started, 3)
        return fitted


class FittedSvm(FittedArrays):
    """A fitted SVM as arrays: what separates the classes, and the scaling of the features."""

    @classmethod
    def read(cls, path: Path, about: dict[str, Any]) -> "FittedSvm":
        """Return the SVM stored at `path`."""
        try:
            training = Training(svm=about["svm"])
            count = len(about["classes"])
        except (KeyError, TypeError, ValueError) as error:
            raise MerflowError(str(path), f"its description is not an SVM's ({error})") from None
        arrays = read_arrays(path)
        found = {name: value.shape for name, value in arrays.items()}
        width = found.get("mean", ())
        wanted = {"mean": width, "deviation": width}
        if len(width) == 1:
            wanted |= svm_machine.shapes(arrays, count * (count - 1) // 2, *width)
        if found != wanted or len(width) != 1:
            raise MerflowError(str(path), f"holds arrays of shapes {found}", "those of an SVM")
        return cls(arrays, about, training, about.pop("prints", []))

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32 shares, in the order that the votes of the planes give the classes.

        An SVM has no probabilities: these are a softmax of votes and distances, uncalibrated.
        """
        count = len(self.facts["classes"])
        if not len(x):
            return np.zeros((0, count), np.float32)
        raw = features(self.facts["method"], self.training, x)
        scores = svm_machine.votes(svm_machine.sides(self.arrays, raw), count)
        if self.facts["method"] == "flow_pixels_svm":  # The plain baseline, to the clip.
            scores = svm_machine.first_of_equals(scores)
        exponentials = np.exp(scores - scores.max(1, keepdims=True))
        return (exponentials / exponentials.sum(1, keepdims=True)).astype(np.float32)


def scaling_of(raw: np.ndarray) -> dict[str, np.ndarray]:
    """Return mean and deviation that features (N, F) are scaled with; pixels are divided by 255."""
    if raw.dtype == np.uint8:
        return {"mean": np.zeros(raw.shape[1]), "deviation": np.full(raw.shape[1], 255.0)}
    wide = raw.astype(np.float64)
    mean, deviation = wide.mean(0), wide.std(0)
    deviation[deviation < 1e-9] = 1.0
    return {"mean": mean, "deviation": deviation}
