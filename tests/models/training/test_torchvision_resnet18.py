"""Weights of torchvision's resnet18 on flow: the forward pass against a slow one, and a start."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from safetensors.numpy import save_file

from merflow.errors import MerflowError
from merflow.models.network_registry import build_network
from merflow.models.training import backend, torchvision_weights, transfer_layers


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


class State(dict):
    """A random state by torchvision's names, and the published layers computed from it."""

    def conv(self, name, out, given, side):
        rng = np.random.default_rng(len(self))
        scale = np.sqrt(2 / (given * side * side))
        self[f"{name}.weight"] = rng.normal(0, scale, (out, given, side, side)).astype(np.float32)

    def norm(self, name, width):
        rng = np.random.default_rng(len(self))
        for part, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.2, 0.2),
            ("running_mean", -0.2, 0.2),
            ("running_var", 0.5, 1.5),
        ):
            self[f"{name}.{part}"] = rng.uniform(low, high, width).astype(np.float32)
        self[f"{name}.num_batches_tracked"] = np.array(7)

    def convolved(self, name, x, stride):
        kernel = self[f"{name}.weight"]
        pad = kernel.shape[-1] // 2
        windows = sliding_window_view(
            np.pad(x, [(0, 0), (pad, pad), (pad, pad)]), kernel.shape[2:], axis=(1, 2)
        )
        return np.einsum("chwab,ocab->ohw", windows[:, ::stride, ::stride], kernel, optimize=True)

    def normalised(self, name, x):
        w, b, m, v = (
            self[f"{name}.{part}"].astype(np.float64)[:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - m) / np.sqrt(v + 1e-5) * w + b


def random_state(classes=5):
    state = State()
    state.conv("conv1", 64, 3, 7)
    state.norm("bn1", 64)
    given = 64
    for number, out in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"layer{number}.{block}"
            state.conv(f"{name}.conv1", out, given, 3)
            state.norm(f"{name}.bn1", out)
            state.conv(f"{name}.conv2", out, out, 3)
            state.norm(f"{name}.bn2", out)
            if given != out:
                state.conv(f"{name}.downsample.0", out, given, 1)
                state.norm(f"{name}.downsample.1", out)
            given = out
    rng = np.random.default_rng(1)
    state["fc.weight"] = rng.normal(0, 0.05, (classes, 512)).astype(np.float32)
    state["fc.bias"] = rng.normal(0, 0.1, classes).astype(np.float32)
    return state


def slow_forward(state, picture):
    """picture: (H, W, 3), scaled; returns class probabilities."""
    x = state.convolved("conv1", picture.transpose(2, 0, 1), 2)
    x = np.maximum(state.normalised("bn1", x), 0)
    x = np.pad(x, [(0, 0), (1, 1), (1, 1)], constant_values=-np.inf)
    x = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max((3, 4))
    for number in range(1, 5):
        for block in range(2):
            name, stride = f"layer{number}.{block}", 2 if number > 1 and block == 0 else 1
            y = state.convolved(f"{name}.conv1", x, stride)
            y = state.convolved(
                f"{name}.conv2", np.maximum(state.normalised(f"{name}.bn1", y), 0), 1
            )
            if f"{name}.downsample.0.weight" in state:
                x = state.convolved(f"{name}.downsample.0", x, stride)
                x = state.normalised(f"{name}.downsample.1", x)
            x = np.maximum(x + state.normalised(f"{name}.bn2", y), 0)
    logits = state["fc.weight"] @ x.mean((1, 2)) + state["fc.bias"]
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def test_converted_weights_give_the_same_forward_pass():
    """Even and odd sides: a strided convolution padded on one side only would differ."""
    state = random_state()
    converted = torchvision_weights.convert("resnet18_flow", state)
    for shape in ((38, 33, 3), (28, 28, 3)):
        plain = build_network("resnet18_flow", shape, 5)
        plain.set_weights(converted.get_weights())
        picture = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
        ours = np.asarray(plain(picture[None]))[0]
        np.testing.assert_allclose(ours, slow_forward(state, picture), atol=2e-5)


def test_an_experiment_starts_from_a_converted_file(tmp_path):
    state, source = random_state(), tmp_path / "resnet18.safetensors"
    save_file({name: np.array(values, order="C") for name, values in state.items()}, source)
    target = tmp_path / "resnet18_flow.weights.h5"
    digest = torchvision_weights.convert_file("resnet18_flow", source, target)
    network = build_network("resnet18_flow", (28, 28, 3), 2)
    done = transfer_layers.initialise(network, "resnet18_flow", target)
    assert done == {"start": digest, "start_layers": 40, "subjects": [], "prints": []}
    np.testing.assert_array_equal(
        np.asarray(network.get_layer("conv1").kernel), state["conv1.weight"].transpose(2, 3, 1, 0)
    )


def test_a_state_of_another_network_is_refused():
    with pytest.raises(MerflowError, match="no tensor"):
        torchvision_weights.convert("r3d18", random_state())
