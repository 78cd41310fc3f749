"""Preflight checks: find invalid experiments before any job runs.

Must not import Keras, which costs seconds.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from merflow import arithmetic
from merflow.clip import ClipKey
from merflow.config.grid import shown
from merflow.config.settings import SVMS, WITHOUT_EPOCHS, Experiment, Pretraining, Settings
from merflow.datasets import labels, unit_labels
from merflow.datasets.spec import Problem
from merflow.datasets.subject_ids import canonical_names
from merflow.datasets.unit_labels import decode
from merflow.errors import MerflowError, unknown
from merflow.evaluation.fold import Fold
from merflow.evaluation.fold_checks import assert_learnable
from merflow.models import backbone_file, network_registry, program_command, program_sandbox
from merflow.models.training import (
    augmentation,
    class_weights,
    gpu_choice,
    inner_folds,
    start_weights,
)

OF_PROTOCOL = {"test_on": "cross", "folds": "kfold", "holdout": "holdout"}
"""Settings that only one protocol uses."""


def check_names(settings: Settings) -> None:
    """Refuse unknown schemes, networks and settings of networks, offering the nearest name."""
    entries: dict[str, Experiment | Pretraining] = {
        f"experiments.{name}": entry for name, entry in settings.experiments.items()
    } | {f"pretrainings.{name}": entry for name, entry in settings.pretrainings.items()}
    for where, entry in entries.items():
        known = labels.names(settings)
        if entry.scheme not in known:
            raise unknown(f"{where}.scheme", "scheme", entry.scheme, known)
        if getattr(entry, "method", "keras") != "keras":
            continue
        if entry.network not in network_registry.names():
            raise unknown(f"{where}.network", "network", entry.network, network_registry.names())
        settings_known = network_registry.setting_names(entry.network)
        for key in entry.network_settings:
            if key not in settings_known:
                raise unknown(f"{where}.network_settings", "setting", key, settings_known)


def check_experiment(settings: Settings, name: str) -> None:
    """Refuse method, classes, weights or protocol settings that do not fit together."""
    entry, where = settings.experiments[name], f"experiments.{name}"
    for key, protocol in OF_PROTOCOL.items():
        unused = getattr(entry, key) != Experiment.model_fields[key].default
        if unused and entry.protocol != protocol:
            raise MerflowError(
                f"{where}.{key}",
                f"has no effect under protocol {entry.protocol}",
                f"protocol: {protocol}, or no {key}",
                "change one of the two",
            )
    _key_frames_can_move(entry, where)
    classes = _classes(settings, entry, where)
    if entry.method == "command":
        _program_fits(settings, entry, where)
        return
    _weights_fit_classes(entry, where, classes)
    if entry.method in SVMS:
        _kind_fits(settings, entry, where, entry.method, SVMS[entry.method])
    if entry.method == "video_features":
        with _of(where):
            backbone_file.check_file(entry.training.features)
    if entry.method == "keras":
        _network_fits(settings, entry, where)
        _precision_fits(settings, entry, where)
    if entry.pretrain:
        start, where = settings.pretrainings[entry.pretrain], f"pretrainings.{entry.pretrain}"
        _classes(settings, start, where)
        _network_fits(settings, start, where)


def check_spotting(settings: Settings, name: str) -> None:
    """Refuse an unknown network of a spotter, its settings, or one that takes no flow."""
    entry, where = settings.spotting[name], f"spotting.{name}"
    if entry.method != "keras":
        return
    if entry.network not in network_registry.names():
        raise unknown(f"{where}.network", "network", entry.network, network_registry.names())
    network_registry.check_settings(
        entry.network, entry.network_settings, f"{where}.network_settings"
    )
    if network_registry.kind_of_input(entry.network) != "flow":
        raise MerflowError(
            f"{where}.network",
            f"{entry.network} takes frames",
            "a network that takes optical flow: windows are pictures of flow",
        )
    with _of(where):
        augmentation.check(entry.training.augment, "flow")


def _key_frames_can_move(entry: Experiment, where: str) -> None:
    """Refuse moved key frames where the input has none, or where no model is kept."""
    if not entry.key_frame_noise.asked:
        return
    found = ""
    if entry.control in ("dataset-only", "length-only"):
        found = f"control: {entry.control}, whose input holds no frames"
    elif entry.method == "command" and entry.contract == 1:
        found = "an external program of contract 1, which keeps no model to predict with again"
    if found:
        raise MerflowError(
            f"{where}.key_frame_noise",
            found,
            "an experiment whose models predict from frames",
            "leave key_frame_noise out",
        )


def without_gpu(entry: Experiment | Pretraining, where: str) -> Problem | None:
    """Return the warning that a network of this size is trained where there is no GPU."""
    of_keras = getattr(entry, "method", "keras") == "keras"
    large = of_keras and network_registry.needs_gpu(entry.network, entry.network_settings)
    if not large or gpu_choice.possible():
        return None
    sizes = " or ".join(network_registry.size_settings(entry.network))
    return Problem(
        "warning",
        where,
        f"network {entry.network} is meant for a GPU, and this machine has none",
        "a GPU on the machine that trains",
        f"train on a machine or a cluster node with a GPU, or set a lower {sizes} in "
        "network_settings",
    )


def _precision_fits(settings: Settings, entry: Experiment, where: str) -> None:
    """Refuse 16-bit floats on a processor when jobs run at the portable arithmetic level."""
    level = arithmetic.asked(settings.arithmetic)
    if entry.training.mixed_precision and entry.training.device == "cpu" and level == "portable":
        raise arithmetic.no_sixteen_bits(f"{where}.training.mixed_precision")


def check_folds(
    settings: Settings, name: str, keys: Sequence[ClipKey], named: Sequence[str], made: list[Fold]
) -> None:
    """Refuse folds that lack a class, also inner folds, and start weights that saw test subjects.

    named: the classes of the clips `keys`; made: the experiment's folds of them. Skipped clips can
    still empty a class later, so training checks again.
    """
    entry = settings.experiments[name]
    classes = _classes(settings, entry, f"experiments.{name}")
    if entry.task == "action_units":
        with _of(f"experiments.{name}"):
            _units_learnable(named, made, classes)
            _start_of(settings, entry, keys, made)
        return
    with _of(f"experiments.{name}"):
        assert_learnable(keys, named, made, classes, entry.protocol)
        y = np.array([classes.index(label) for label in named], np.int64)
        _start_of(settings, entry, keys, made)
        for fold in made if _has_inner_folds(entry) else ():
            with _of(f"fold {fold.name}"):
                train = fold.train
                _inner_folds_hold(entry, [keys[i] for i in train], y[train], classes)


def _units_learnable(named: Sequence[str], made: list[Fold], classes: Sequence[str]) -> None:
    """Refuse a fold in which no unit is present in one training clip and absent in another."""
    values = decode(named, classes)
    for fold in made:
        train = values[fold.train]
        if not ((train == 1).any(0) & (train == 0).any(0)).any():
            raise MerflowError(
                f"fold {fold.name}",
                "no action unit is present in one training clip and absent in another",
                "at least one such unit",
                "other units (action_units.units), or more clips",
            )


def _start_of(
    settings: Settings, entry: Experiment, keys: Sequence[ClipKey], made: list[Fold]
) -> None:
    if entry.method == "keras" and entry.training.start_weights:
        _start_saw_none(settings, Path(entry.training.start_weights), keys, made)


def _start_saw_none(
    settings: Settings, weights: Path, keys: Sequence[ClipKey], made: list[Fold]
) -> None:
    seen, subjects = start_weights.trained_on(weights)[0], canonical_names(settings)
    for fold in made:
        test = [keys[i] for i in fold.test]
        start_weights.refuse_seen(weights, seen, test, subjects, f"fold {fold.name}")


def _stops_inside(entry: Experiment) -> bool:
    return entry.method == "keras" and entry.training.stopping == "inner"


def _has_inner_folds(entry: Experiment) -> bool:
    return entry.nested or _stops_inside(entry)


def _inner_folds_hold(
    entry: Experiment, keys: list[ClipKey], y: np.ndarray, classes: Sequence[str]
) -> None:
    # Pooled factors give a training several copies of each clip.
    copies = min(factor.count("+") + 1 for factor in entry.factors)
    rows, y = keys * copies, np.tile(y, copies)
    stops = _stops_inside(entry)
    if stops:
        inner_folds.folds(rows, y, classes, entry.training, "training.stopping: inner")
    if not entry.nested:
        return
    held = inner_folds.folds(rows, y, classes, entry.training, "nested: true")
    for out in np.unique(held) if stops else ():
        rest = np.flatnonzero(held != out)
        within = [rows[i] for i in rest]
        with _of(f"nested: true, inner fold {out + 1}"):
            inner_folds.folds(within, y[rest], classes, entry.training, "training.stopping: inner")


@contextmanager
def _of(where: str) -> Iterator[None]:
    """Prefix the place of an error with the part of the config that it concerns."""
    try:
        yield
    except MerflowError as error:
        key = " " not in where and error.where.startswith("training.")
        error.where = f"{where}{'.' if key else ', '}{error.where}"
        raise


def _classes(settings: Settings, entry: Experiment | Pretraining, where: str) -> tuple[str, ...]:
    """Return the classes of an experiment; refuse a scheme that gives it none."""
    if getattr(entry, "task", "emotion") == "action_units":
        return unit_labels.classes(entry.action_units)
    with _of(where):
        members = sorted(settings.collections[entry.collection])
        classes = labels.classes(entry.scheme, settings, members)
        if not classes:
            raise MerflowError(f"scheme {entry.scheme}", "it has no classes", "two or more")
    return classes


def _kind_fits(
    settings: Settings, entry: Experiment | Pretraining, where: str, user: str, wanted: str
) -> None:
    kind = settings.preparations[entry.preparation].kind
    if wanted not in ("", kind):
        raise MerflowError(
            f"{where}.preparation",
            f"{user} cannot take '{entry.preparation}', of kind: {kind}",
            f"a preparation of `kind: {wanted}`",
            f"name another preparation or another {'method' if user in SVMS else 'network'}",
        )


def _network_fits(settings: Settings, entry: Experiment | Pretraining, where: str) -> None:
    _network_settings_fit(entry, f"{where}.network_settings")
    _kind_fits(settings, entry, where, entry.network, network_registry.kind_of_input(entry.network))
    training = entry.training
    with _of(where):
        augmentation.check(training.augment, settings.preparations[entry.preparation].kind)
        named = getattr(entry, "pretrain", "")
        start = start_weights.start_file(training, Path(named) if named else None)
        if start and not named:
            start_weights.check_made_for(entry.network, start, entry.network_settings)


def _network_settings_fit(entry: Experiment | Pretraining, where: str) -> None:
    try:
        network_registry.check_settings(entry.network, entry.network_settings, where)
    except MerflowError as error:
        lists = {
            f"network_settings.{key}": value
            for key, value in entry.network_settings.items()
            if isinstance(value, list) and f"'{key}" in error.found
        }
        if lists and isinstance(entry, Experiment):
            error.fix = f"for one experiment for each value, write `grid: {shown(lists)}`"
        raise


def _weights_fit_classes(entry: Experiment, where: str, classes: Sequence[str]) -> None:
    given = entry.training.class_weights
    if not isinstance(given, str):
        with _of(where):
            class_weights.check_given(given, classes, svm=entry.method in WITHOUT_EPOCHS)


def _program_fits(settings: Settings, entry: Experiment, where: str) -> None:
    """Refuse a program that is not there, or that the sandbox it will run in would hide."""
    command = program_command.parse(entry.command, f"{where}.command")
    if entry.sandbox == "required":
        program_sandbox.choose(entry.sandbox, f"{where}.sandbox")
    if entry.sandbox != "off" and not program_sandbox.missing():
        with _of(where):
            program_sandbox.refuse_hidden(command, program_sandbox.hidden_of(settings))
