"""Linear SVMs on hand-made features: LBP-TOP (the MEGC2019 baseline) and Bi-WOOF of flow."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training
from merflow.errors import MerflowError
from merflow.evaluation.duplicate_clips import clip_hashes
from merflow.models.method_interface import TrainingData, check
from merflow.models.svm_features import features
from merflow.models.training.class_weights import class_weights
from merflow.models.weights_file import read_arrays, write_arrays
from merflow.paths import WEIGHTS


class SvmMethod:
    """Fits one linear SVM per pair of classes on standardised features."""

    def __init__(self, experiment: Experiment, classes: tuple[str, ...], seed: int) -> None:
        self.experiment, self.classes, self.seed = experiment, classes, seed

    def fit(self, data: TrainingData) -> "FittedSvm":
        """Fit on the fold's training clips. Nothing in it is random: the seed has no effect."""
        check(data, self.classes)
        from sklearn.svm import SVC

        started = time.perf_counter()
        training = self.experiment.training
        weights = class_weights(training, data.y, self.classes, svm=True)
        raw = features(self.experiment.method, training, data.x).astype(np.float64)
        mean, deviation = raw.mean(0), raw.std(0)
        deviation[deviation < 1e-9] = 1.0
        machine = SVC(
            C=training.svm.c, kernel="linear", class_weight=dict(enumerate(weights.tolist()))
        )
        machine.fit((raw - mean) / deviation, data.y)
        # With two classes a positive side means the second in scikit-learn, the first here.
        sign = -1.0 if len(self.classes) == 2 else 1.0
        arrays = {
            "mean": mean,
            "deviation": deviation,
            "normals": sign * machine.coef_,
            "offsets": sign * machine.intercept_,
        }
        facts = {
            "kind": "svm",
            "method": self.experiment.method,
            "svm": training.svm.model_dump(mode="json"),
            "classes": list(self.classes),
            "shape": [int(side) for side in data.x.shape[1:]],
            "features": int(raw.shape[1]),
            "parameters": int(machine.coef_.size + machine.intercept_.size),
            "class_weights": [float(w) for w in weights],
            "training_clips": len(data.y),
            "subjects": data.subjects,
            "epochs": 1,
            "device": "cpu",
        }
        fitted = FittedSvm(arrays, facts, training, clip_hashes(data.x))
        p = fitted.predict(data.x)
        true_class = np.maximum(p[np.arange(len(p)), data.y], 1e-7)
        fitted.history = [
            {
                "epoch": 1,
                "loss": float(-np.log(true_class).mean()),
                "accuracy": float((p.argmax(1) == data.y).mean()),
            }
        ]
        facts["seconds"] = round(time.perf_counter() - started, 3)
        return fitted


@dataclass
class FittedSvm:
    """A fitted SVM: the planes between the classes and the scaling of the features, as arrays."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]
    training: Training
    clip_hashes: Sequence[str]
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, about: dict[str, Any]) -> "FittedSvm":
        """Return the SVM stored at `path`."""
        try:
            training = Training(svm=about["svm"])
            count = len(about["classes"])
        except (KeyError, TypeError, ValueError) as error:
            raise MerflowError(str(path), f"its description is not an SVM's ({error})") from None
        arrays = read_arrays(path)
        pairs = (count * (count - 1) // 2,)
        shapes = {name: value.shape for name, value in arrays.items()}
        width = shapes.get("mean", ())
        wanted = {"mean": width, "deviation": width, "normals": pairs + width, "offsets": pairs}
        if shapes != wanted or len(width) != 1:
            raise MerflowError(
                str(path), f"holds arrays of shapes {shapes}", "the planes of an SVM"
            )
        return cls(arrays, about, training, about.pop("prints", []))

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32 shares, in the order that the votes of the planes give the classes.

        An SVM has no probabilities: these are a softmax of votes and distances, uncalibrated.
        """
        count = len(self.facts["classes"])
        if not len(x):
            return np.zeros((0, count), np.float32)
        raw = features(self.facts["method"], self.training, x)
        z = (raw - self.arrays["mean"]) / self.arrays["deviation"]
        scores = votes(z @ self.arrays["normals"].T + self.arrays["offsets"], count)
        exponentials = np.exp(scores - scores.max(1, keepdims=True))
        return (exponentials / exponentials.sum(1, keepdims=True)).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the planes, atomically."""
        kept = {**self.facts, "prints": list(self.clip_hashes)}
        write_arrays(Path(folder) / WEIGHTS, self.arrays, kept)


def votes(sides: np.ndarray, count: int) -> np.ndarray:
    """Return (M, count) scores from (M, pairs) distances, pairs in the order 0-1, 0-2, ..., 1-2.

    A positive distance is a vote for the first of the pair. Summed distances, scaled below one
    vote, break ties.
    """
    won, sums = np.zeros((2, len(sides), count))
    for column, (i, j) in enumerate(combinations(range(count), 2)):
        side = sides[:, column]
        won[:, i] += side > 0
        won[:, j] += side <= 0
        sums[:, i] += side
        sums[:, j] -= side
    return won + sums / (3 * (np.abs(sums) + 1))
