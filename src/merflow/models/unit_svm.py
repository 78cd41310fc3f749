"""SVMs for action units: one for each unit, present against absent, on the features of `svm`."""

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
from merflow.models.fitted_arrays import FittedArrays
from merflow.models.method_interface import TrainingData, check, input_fact
from merflow.models.svm import scaling_of
from merflow.models.svm_features import features
from merflow.models.training.class_weights import unit_weights
from merflow.models.weights_file import read_arrays

SURE = 30.0
"""Distance of every clip from the plane of a unit that no training clip has, or every one."""
LEAST = 1e-7


class UnitSvmMethod:
    """Fits an SVM per unit, on the clips in which the unit is clear."""

    def __init__(self, experiment: Experiment, classes: tuple[str, ...]) -> None:
        self.experiment, self.classes = experiment, classes

    def fit(self, data: TrainingData) -> "FittedUnitSvm":
        """Fit on the fold's training clips. Nothing in it is random: the seed has no effect."""
        check(data, self.classes)
        started = time.perf_counter()
        training = self.experiment.training
        weights = unit_weights(training, data.y, self.classes)
        raw = features(self.experiment.method, training, data.x)
        scaling = scaling_of(raw)
        z = svm_machine.scaled(scaling, raw)
        units = [
            _unit(training, raw, z, y, float(weight))
            for y, weight in zip(data.y.T, weights, strict=True)
        ]
        arrays = scaling | {
            _name(k, name): value for k, unit in enumerate(units) for name, value in unit.items()
        }
        facts = {
            "kind": "unit_svm",
            "method": self.experiment.method,
            "svm": training.svm.model_dump(mode="json"),
            "classes": list(self.classes),
            "many_labels": True,
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
        fitted = FittedUnitSvm(arrays, facts, training, clip_hashes(data.x))
        fitted.history = [_history(fitted.predict(data.x), data.y)]
        facts["seconds"] = round(time.perf_counter() - started, 3)
        return fitted


def _unit(
    training: Training, raw: np.ndarray, z: np.ndarray, y: np.ndarray, weight: float
) -> svm_machine.Arrays:
    """Return the SVM of one unit as arrays; y: (N,) 1, 0, NaN where unclear."""
    from sklearn.svm import SVC

    clear = np.flatnonzero(~np.isnan(y))
    seen = np.unique(y[clear])
    if len(seen) < 2:
        # A positive side means absent, the first of the two classes.
        sure = -SURE if len(seen) and seen[0] == 1 else SURE
        return {"normals": np.zeros((1, raw.shape[1])), "offsets": np.array([sure])}
    machine = SVC(
        C=training.svm.c,
        kernel=training.svm.kernel,
        gamma=svm_machine.usual_gamma(z[clear]),
        class_weight={1: weight},
    )
    machine.fit(z[clear], y[clear].astype(np.int64))
    return svm_machine.arrays_of(machine, raw[clear])


def _name(unit: int, name: str) -> str:
    return f"unit{unit}_{name}"


def _history(p: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Return the row of the history: binary cross-entropy and accuracy on the training clips."""
    clear = ~np.isnan(y)
    p, y = np.clip(p[clear].astype(np.float64), LEAST, 1 - LEAST), y[clear]
    loss = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    return {"epoch": 1, "loss": float(loss), "accuracy": float(((p > 0.5) == (y > 0.5)).mean())}


class FittedUnitSvm(FittedArrays):
    """Fitted SVMs as arrays, and the scaling of the features."""

    @classmethod
    def read(cls, path: Path, about: dict[str, Any]) -> "FittedUnitSvm":
        """Return the SVMs stored at `path`."""
        try:
            training = Training(svm=about["svm"])
            count = len(about["classes"])
        except (KeyError, TypeError, ValueError) as error:
            raise MerflowError(str(path), f"its description is not an SVM's ({error})") from None
        fitted = cls(read_arrays(path), about, training, about.pop("prints", []))
        found = {name: np.shape(value) for name, value in fitted.arrays.items()}
        width = found.get("mean", ())
        wanted = {"mean": width, "deviation": width}
        for k in range(count):
            shapes = svm_machine.shapes(fitted.unit(k), 1, *(width or (0,)))
            wanted |= {_name(k, name): shape for name, shape in shapes.items()}
        if found != wanted or len(width) != 1:
            raise MerflowError(str(path), f"holds arrays of shapes {found}", "those of SVMs")
        return fitted

    def unit(self, k: int) -> svm_machine.Arrays:
        """Return the arrays of one unit's SVM."""
        prefix = _name(k, "")
        own = {n.removeprefix(prefix): v for n, v in self.arrays.items() if n.startswith(prefix)}
        return own | {name: self.arrays[name] for name in ("mean", "deviation")
                      if name in self.arrays}  # fmt: skip

    def predict(self, x: np.ndarray, keys: Sequence[ClipKey] | None = None) -> np.ndarray:
        """Return (M, K) float32: above 0.5 on the side of `present`, uncalibrated."""
        count = len(self.facts["classes"])
        if not len(x):
            return np.zeros((0, count), np.float32)
        raw = features(self.facts["method"], self.training, x)
        away = np.stack([svm_machine.sides(self.unit(k), raw)[:, 0] for k in range(count)], axis=1)
        return (1 / (1 + np.exp(np.clip(away, -SURE, SURE)))).astype(np.float32)
