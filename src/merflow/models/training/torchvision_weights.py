"""Convert weights of torchvision's networks to start weights of merflow.

    python -m merflow.models.training.torchvision_weights NETWORK SOURCE TARGET [SHA256]

NETWORK is r3d18 (for `r3d_18`), r2plus1d18 (`r2plus1d_18`) or resnet18_flow (`resnet18`), SOURCE a
.safetensors file (docs/networks.md has the two lines that make one from a .pth file), TARGET the
.weights.h5 file for `training.start_weights`. It prints the SHA-256 for `training.start_sha256`.
SHA256, if given, is the digest that SOURCE must have.
An experiment takes all layers but the last, whatever its classes; for grey clips the first kernel
is summed over colours.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from merflow.errors import MerflowError
from merflow.io.files import file_digest
from merflow.models.network_registry import build_network
from merflow.models.training.input_scaling import with_scaling
from merflow.models.training.start_weights import CONVERT, PYTORCH, check_digest
from merflow.models.weights_file import MAX_SETTING, write_network

SHAPES = {
    "r3d18": (8, 112, 112, 3),
    "r2plus1d18": (8, 112, 112, 3),
    "resnet18_flow": (112, 112, 3),
}
"""Input size written to the file; the convolutions take any size."""
MAX_BYTES = 2 << 30
"""The largest video network here has 130 MB."""
MAX_HEADER = 1 << 20
"""Bytes of the header: about 100 a tensor, a hundred tensors."""
PARTS = {
    (keras.layers.Conv2D, keras.layers.Conv3D): ("weight",),
    keras.layers.BatchNormalization: ("weight", "bias", "running_mean", "running_var"),
    keras.layers.Dense: ("weight", "bias"),
}
"""PyTorch's names of a layer's weights, in Keras' order."""
OTHER_NETWORK = (
    "name the network of this file: r3d18 for r3d_18, r2plus1d18 for r2plus1d_18, "
    "resnet18_flow for resnet18"
)


def convert_file(network: str, source: Path, target: Path, sha256: str = "") -> str:
    """Convert a .safetensors file and return the SHA-256 of the file written."""
    state = read_state(source)
    if sha256:
        check_digest(source, sha256, "SHA256")
    model, shape = convert(network, state), SHAPES[network]
    classes = model.output_shape[-1]
    facts = {
        "network": network,
        "settings": {},
        "shape": list(shape),
        "classes": [f"class{k:03d}" for k in range(classes)],
        "batch_size": 1,
        "from": file_digest(source),
    }
    no_scaling = np.zeros(shape[-1]), np.ones(shape[-1])
    write_network(target, with_scaling(model, shape, no_scaling), facts)
    return file_digest(target)


def read_state(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a .safetensors file by name; refuse what no published weights hold."""
    if path.suffix in PYTORCH:
        raise MerflowError(
            str(path),
            "is a pickle of PyTorch, which can run any code when it is opened",
            "a .safetensors file",
            f"convert the file once with PyTorch: {CONVERT}",
        )
    try:
        with open(path, "rb") as file:
            header = int.from_bytes(file.read(8), "little")
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("the file is larger than 2 GiB")
        if header > MAX_HEADER:
            raise ValueError(f"its header declares {header} bytes")
        state = load_file(path)
        for name, values in state.items():
            if not np.isfinite(values).all():
                raise ValueError(f"tensor '{name}' holds numbers that are not finite")
    except (SafetensorError, OSError, ValueError, LookupError, TypeError, MemoryError) as error:
        raise MerflowError(
            str(path),
            f"is not a safetensors file that can be read ({error})",
            "a .safetensors file with the state dictionary of a torchvision network",
            CONVERT,
        ) from error
    return state


def convert(network: str, state: dict[str, np.ndarray]) -> keras.Model:
    """Return merflow's network with the weights of a torchvision state, and as many classes.

    state: (O, I, t, h, w) or (O, I, h, w) kernels, four vectors per batch normalisation, `fc`; by
    torchvision's names, which are those of merflow's layers with `.` for `_`.
    """
    classes = _take(state, "fc.bias", network).size
    if not 2 <= classes <= MAX_SETTING:
        raise MerflowError("torchvision weights", f"{classes} classes", f"2 to {MAX_SETTING}")
    model = build_network(network, SHAPES[network], classes)
    for layer in model.layers:
        name = layer.name.replace("_", ".")
        parts = next((parts for kind, parts in PARTS.items() if isinstance(layer, kind)), ())
        values = [_take(state, f"{name}.{part}", network) for part in parts]
        if values and values[0].ndim > 2:
            values = [values[0].transpose(*range(2, values[0].ndim), 1, 0)]
        elif isinstance(layer, keras.layers.Dense):
            values[0] = values[0].T
        expected, found = [tuple(w.shape) for w in layer.weights], [v.shape for v in values]
        if expected != found:
            raise MerflowError(
                "torchvision weights",
                f"'{name}' has shapes {found}",
                f"{expected}",
                OTHER_NETWORK,
            )
        layer.set_weights(values)
    return model


def _take(state: dict[str, np.ndarray], name: str, network: str) -> np.ndarray:
    if name not in state:
        raise MerflowError(
            "torchvision weights",
            f"no tensor '{name}'",
            f"the state dictionary of torchvision's network for {network}",
            OTHER_NETWORK,
        )
    return state[name].astype(np.float32)


def main(arguments: list[str]) -> None:
    """Convert a file: NETWORK SOURCE TARGET [SHA256]."""
    if len(arguments) not in (3, 4) or arguments[0] not in SHAPES:
        raise SystemExit(__doc__)
    network, source, target, *sha256 = arguments
    try:
        digest = convert_file(network, Path(source), Path(target), *sha256)
    except MerflowError as error:
        raise SystemExit(str(error)) from None
    print(f"start_sha256: {digest}")


if __name__ == "__main__":
    main(sys.argv[1:])
