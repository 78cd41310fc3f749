"""torchvision's `r3d_18` and `r2plus1d_18` weight files as a start for ours.

`python -m merflow.models.training.torchvision_weights r3d18 r3d_18.pth r3d18.weights.h5` writes
file that `training.start_weights` takes, and prints its SHA-256. All layers but the last are taken
over by an experiment, whatever its classes; grey clips take the sum over the colours of the first
kernel.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from merflow.errors import MerflowError
from merflow.io.files import file_digest
from merflow.models.network_registry import build_network
from merflow.models.training.torch_pickle import read_state

SHAPE = (8, 112, 112, 3)
"""Clip size noted in the file; the convolutions take any."""


def convert(network: str, state: dict[str, np.ndarray]) -> keras.Model:
    """Return our network with a torchvision state's weights; it has as many classes as the state.

    state: (O, I, t, h, w) kernels, batch normalisation's four vectors, `fc`; by torchvision's
    names, which are those of our layers with `.` for `_`.
    """
    classes = _take(state, "fc.bias", network).shape[0]
    model = build_network(network, SHAPE, classes)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv3D):
            kernel = _take(state, f"{_theirs(layer)}.weight", network)
            _give(layer, [kernel.transpose(2, 3, 4, 1, 0)])
        elif isinstance(layer, keras.layers.BatchNormalization):
            parts = ("weight", "bias", "running_mean", "running_var")
            _give(layer, [_take(state, f"{_theirs(layer)}.{part}", network) for part in parts])
        elif isinstance(layer, keras.layers.Dense):
            _give(layer, [_take(state, "fc.weight", network).T, _take(state, "fc.bias", network)])
    return model


def convert_file(network: str, source: Path, target: Path) -> str:
    """Write a torchvision file as ours and return the SHA-256 of what was written."""
    from merflow.models.saved_model import write_network
    from merflow.models.training.fit import behind_scaling

    model = convert(network, read_state(source))
    classes = model.output_shape[-1]
    none = np.zeros(SHAPE[-1]), np.ones(SHAPE[-1])
    facts = {
        "network": network,
        "settings": {},
        "shape": list(SHAPE),
        "classes": [f"class{k:03d}" for k in range(classes)],
        "batch_size": 1,
        "from": file_digest(source),
    }
    write_network(target, behind_scaling(model, SHAPE, none), facts)
    return file_digest(target)


def _theirs(layer: keras.Layer) -> str:
    return layer.name.replace("_", ".")


def _take(state: dict[str, np.ndarray], name: str, network: str) -> np.ndarray:
    if name not in state:
        raise MerflowError(
            "torchvision weights",
            f"no tensor '{name}'",
            f"the state dictionary of torchvision's network for {network}",
            "name the network the file belongs to: r3d18 for r3d_18, r2plus1d18 for r2plus1d_18",
        )
    return state[name].astype(np.float32)


def _give(layer: keras.Layer, values: list[np.ndarray]) -> None:
    wanted, found = [tuple(w.shape) for w in layer.weights], [v.shape for v in values]
    if wanted != found:
        raise MerflowError(
            "torchvision weights",
            f"'{_theirs(layer)}' has shapes {found}",
            f"{wanted}",
            "name the network the file belongs to",
        )
    layer.set_weights(values)


def main(arguments: list[str]) -> None:
    """Convert a file: NETWORK SOURCE TARGET."""
    if len(arguments) != 3 or arguments[0] not in ("r3d18", "r2plus1d18"):
        raise SystemExit(__doc__)
    network, source, target = arguments
    try:
        print(f"start_sha256: {convert_file(network, Path(source), Path(target))}")
    except MerflowError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
