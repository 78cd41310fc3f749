"""What training would refuse, found before anything is computed; imports no Keras."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from merflow import labels, networks
from merflow.errors import MerflowError
from merflow.settings import Experiment, Pretraining, Settings


def check_experiment(settings: Settings, name: str) -> None:
    """Refuse an experiment whose network, program, weights or folds cannot be what it says."""
    entry, where = settings.experiments[name], f"experiments.{name}"
    if entry.test_on and entry.protocol != "cross":
        raise MerflowError(
            f"{where}.test_on",
            f"has no effect under protocol {entry.protocol}",
            "protocol: cross, or no test_on",
            "change one of the two",
        )
    if entry.method == "command":
        _program_is_there(f"{where}.command", entry.command)
        return
    _weights_fit_classes(settings, entry, where)
    if entry.method == "keras":
        _network_fits(settings, entry, where)
    if entry.pretrain:
        begun, where = settings.pretrainings[entry.pretrain], f"pretrainings.{entry.pretrain}"
        _network_fits(settings, begun, where)


def _network_fits(settings: Settings, entry: Experiment | Pretraining, where: str) -> None:
    networks.check_types(entry.network, entry.network_settings, f"{where}.network_settings")
    kind = settings.preparations[entry.preparation].kind
    if (wanted := networks.kind_of_input(entry.network)) not in ("", kind):
        raise MerflowError(
            f"{where}.preparation",
            f"{entry.network} cannot take '{entry.preparation}', of kind: {kind}",
            f"a preparation of `kind: {wanted}`",
            "name another preparation or another network",
        )
    start = entry.training.start_weights
    if start and not Path(start).is_file():
        raise MerflowError(
            f"{where}.training.start_weights",
            f"no file {start}",
            "a weights file, absolute or from the folder merflow is run in",
            "correct the path",
        )


def _weights_fit_classes(settings: Settings, entry: Experiment, where: str) -> None:
    given = entry.training.class_weights
    if isinstance(given, str):
        return
    members = sorted(settings.collections[entry.collection])
    classes = labels.classes(entry.scheme, settings, members)
    if len(given) != len(classes):
        raise MerflowError(
            f"{where}.training.class_weights",
            f"{len(given)} numbers",
            f"{len(classes)}, for {', '.join(classes)}",
            "one number a class, in this order",
        )


def _program_is_there(where: str, command: str) -> None:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise MerflowError(where, f"{command!r}: {error}", "a program and its words") from None
    if not words:
        raise MerflowError(where, "no program is named", "command: python my_trainer.py")
    # As it will be started: `python` is the running one.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if shutil.which(words[0], path=path) is None:
        raise MerflowError(
            where,
            f"no program {words[0]}",
            "a program on the PATH, or its path from the folder merflow is run in",
            "install it or correct the name",
        )
