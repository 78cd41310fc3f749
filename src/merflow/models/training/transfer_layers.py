"""Initialise a network from start weights: a pretraining, another run, a converted file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from merflow.errors import MerflowError
from merflow.io.files import file_digest
from merflow.models import weights_file
from merflow.models.training.nested_layers import leaf_layers
from merflow.models.training.saved_network import rebuild
from merflow.models.training.start_weights import check_made_for


def initialise(
    network: keras.Model, name: str, path: Path, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Copy all layers but the last from the file `path` into `network`; return facts about it.

    The stored network may have been trained on other classes and clips, but every layer before the
    last must have the same shape.
    """
    check_made_for(name, path, settings or {})
    if weights_file.is_of_keras(path):
        return _imagenet_convolutions(network, path)
    about = weights_file.description(path)
    ours, theirs = _weighted(network), _weighted(rebuild(path, about).layers[-1])
    if len(ours) != len(theirs):
        # Attention that only one of the two has keeps its random initialisation.
        ours, theirs = _without_added(ours), _without_added(theirs)
    if len(ours) != len(theirs):
        raise _other_settings(path, about, f"{len(theirs)} layers with weights, here {len(ours)}")
    for mine, other in zip(ours[:-1], theirs[:-1], strict=True):
        values = other.get_weights()
        if mine is ours[0]:
            values[0] = _grey_kernel(values[0], mine.weights[0].shape)
        shapes = [tuple(w.shape) for w in mine.weights], [v.shape for v in values]
        if shapes[0] != shapes[1]:
            raise _other_settings(
                path, about, f"layer {other.name} has shapes {shapes[1]}, here {shapes[0]}"
            )
        mine.set_weights(values)
    seen = {name: about.get(name, []) for name in ("subjects", "prints")}
    return {"start": file_digest(path), "start_layers": len(ours) - 1, **seen}


def _imagenet_convolutions(network: keras.Model, path: Path) -> dict[str, Any]:
    """Load Keras' ImageNet file (without top) into VGG16's convolutions."""
    features = network.get_layer("features")
    try:
        features.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise MerflowError(
            str(path),
            f"not the weights of VGG16's thirteen convolutions ({str(error).splitlines()[0]})",
            "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ) from error
    return {"start": file_digest(path), "start_layers": len(_weighted(features))}


def _grey_kernel(kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a first kernel for colour summed over its channels where the network takes grey."""
    grey = kernel.ndim == len(shape) and kernel.shape[-2] == 3 and shape[-2] == 1
    return kernel.sum(-2, keepdims=True) if grey else kernel


def _without_added(layers: list[keras.Layer]) -> list[keras.Layer]:
    return [layer for layer in layers if not layer.name.startswith("added")]


def _weighted(model: keras.Model) -> list[keras.Layer]:
    """Return the layers with weights, in order."""
    return [
        layer
        for layer in leaf_layers(model)
        if layer.weights and not isinstance(layer, keras.layers.Dropout)
    ]


def _other_settings(path: Path, about: dict[str, Any], found: str) -> MerflowError:
    return MerflowError(
        str(path),
        found,
        f"the same settings and clip size: it was made with {about['settings']} "
        f"on clips of {tuple(about['shape'])}",
        "prepare the clips in that size, or start from other weights",
    )
