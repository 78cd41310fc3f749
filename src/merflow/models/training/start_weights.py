"""A network that starts from weights: of a pretraining, of another run, of a converted file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from merflow.errors import MerflowError
from merflow.io.files import file_digest
from merflow.models.training.weights_file import check_made_for


def begin_from(
    network: keras.Model, name: str, path: Path, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Give `network` the weights stored in `path`, all but its last layer; return what was done.

    The stored network may have been trained on other classes and clips, but every layer before the
    last must have the same shape.
    """
    from merflow.models import saved_model

    check_made_for(name, path, settings or {})
    if saved_model.is_of_keras(path):
        return _convolutions_of_keras(network, path)
    about = saved_model.description(path)
    source = saved_model.rebuild(path, about).layers[-1]
    ours, theirs = _weighted(network), _weighted(source)
    if len(ours) != len(theirs):
        # Attention that one of the two has and the other has not starts at random.
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


def _convolutions_of_keras(network: keras.Model, path: Path) -> dict[str, Any]:
    """Give VGG16's convolutions the ImageNet weights of a file as Keras offers it, without top."""
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
    """Return a first kernel made for colour, summed for grey: the same answer to equal channels."""
    grey = kernel.ndim == len(shape) and kernel.shape[-2] == 3 and shape[-2] == 1
    return kernel.sum(-2, keepdims=True) if grey else kernel


def _without_added(layers: list[keras.Layer]) -> list[keras.Layer]:
    return [layer for layer in layers if not layer.name.startswith("added")]


def _weighted(model: keras.Model) -> list[keras.Layer]:
    """Return the layers that hold weights, in order; nested models opened."""
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += _weighted(layer)
        elif layer.weights and not isinstance(layer, keras.layers.Dropout):
            found.append(layer)
    return found


def _other_settings(path: Path, about: dict[str, Any], found: str) -> MerflowError:
    return MerflowError(
        str(path),
        found,
        f"the same settings and clip size: it was made with {about['settings']} "
        f"on clips of {tuple(about['shape'])}",
        "prepare the clips in that size, or start from other weights",
    )
