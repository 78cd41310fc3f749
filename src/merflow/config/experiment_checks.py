"""Refuse keys of an experiment that its task or its method would ignore.

An experiment is a `settings.Experiment`; `settings` imports this module.
"""

from typing import Any

from merflow.config.methods import SVMS, USED_BY_FEATURES, USED_BY_SVMS
from merflow.config.task_settings import ActionUnitTask
from merflow.config.training_settings import Training


def refuse_for_task(where: str, experiment: Any) -> None:  # noqa: ANN401
    """Refuse keys that the task of an experiment cannot use; a key at its default is allowed."""
    usual, training = type(experiment).model_fields, experiment.training
    units = experiment.task == "action_units"
    if experiment.protocol == "cd6me" and not units:
        raise ValueError(f"{where}.protocol: cd6me goes with `task: action_units`; use cross")
    if not units and experiment.action_units != ActionUnitTask():
        raise ValueError(f"{where}.action_units: goes with `task: action_units` only; leave it out")
    if experiment.task == "emotion":
        return
    pooled = any("+" in factor for factor in experiment.factors)
    if pooled and experiment.action_units.threshold == "inner":
        raise ValueError(
            f"{where}.action_units.threshold: inner does not go with pooled factors (x1+x10)"
        )
    keys = ("scheme", "nested", "record_oracle", "key_frame_noise")
    given = {key: getattr(experiment, key) != usual[key].default for key in keys}
    given["training.stopping"] = training.stopping != "fixed"
    given["training.balanced_sampling"] = units and training.balanced_sampling
    given["method"] = units and experiment.method in ("command", "video_features")
    if wrong := [f"{where}.{key}" for key, is_set in given.items() if is_set]:
        verb = "does" if len(wrong) == 1 else "do"
        raise ValueError(
            f"{', '.join(wrong)}: {verb} not go with `task: {experiment.task}`; leave out"
        )


def refuse_unused(where: str, experiment: Any) -> None:  # noqa: ANN401
    """Refuse keys that a method without epochs would ignore without a message.

    A key at its default is not refused: `results/config.yaml` has all keys.
    """
    usual = Training()
    given = {
        f"training.{key}": getattr(experiment.training, key) != getattr(usual, key)
        for key in Training.model_fields
        if key not in (USED_BY_SVMS if experiment.method in SVMS else USED_BY_FEATURES)
    }
    given |= {key: bool(getattr(experiment, key)) for key in ("network_settings", "command")}
    if wrong := [f"{where}.{key}" for key, is_set in given.items() if is_set]:
        verb = "has" if len(wrong) == 1 else "have"
        raise ValueError(
            f"{', '.join(wrong)}: {verb} no effect on method {experiment.method}; leave out"
        )
