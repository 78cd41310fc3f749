"""Rebuild a network from its weights file."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from merflow.errors import MerflowError
from merflow.models import network_registry
from merflow.models.training.input_scaling import scaled_network


def rebuild(path: Path, about: dict[str, Any]) -> keras.Model:
    """Return the network of a file, with its input scaling and weights; about: its description."""
    if about["network"] not in network_registry.names():
        raise MerflowError(
            str(path),
            f"holds weights of an unknown network, {about['network'][:80]!r}",
            f"one of {', '.join(network_registry.names())}",
            "do not use this file; train again",
        )
    shape = tuple(about["shape"])
    placeholder = np.zeros(shape[-1]), np.ones(shape[-1])
    settings = dict(about["settings"])
    if settings.get("weights") == "imagenet":
        settings["weights"] = "given"  # The file replaces them: do not load them.
    model = scaled_network(about["network"], settings, shape, len(about["classes"]), placeholder)
    try:
        model.load_weights(path)
    except (ValueError, OSError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise MerflowError(
            str(path),
            f"its weights do not fit network {about['network']}",
            "weights written by this version of merflow",
            "train again",
        ) from error
    return model
