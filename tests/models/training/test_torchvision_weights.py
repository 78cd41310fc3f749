"""Weights of torchvision: the .safetensors file, and the forward pass against a slow one."""

from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from safetensors.numpy import save_file

from merflow.config.settings import Training
from merflow.errors import MerflowError
from merflow.io.files import file_digest
from merflow.models.network_registry import build_network
from merflow.models.training import backend, start_weights, torchvision_weights, transfer_layers


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


# -- a random state by torchvision's names, and its forward pass, both from the published layers


def conv_state(state, name, out, given, *kernel):
    rng = np.random.default_rng(len(state))
    scale = np.sqrt(2 / (given * np.prod(kernel)))
    state[f"{name}.weight"] = (rng.normal(0, scale, (out, given, *kernel))).astype(np.float32)


def norm_state(state, name, width):
    rng = np.random.default_rng(len(state))
    values = rng.uniform(0.5, 1.5, width), rng.normal(0, 0.2, width)
    values += rng.normal(0, 0.2, width), rng.uniform(0.5, 1.5, width)
    for part, value in zip(("weight", "bias", "running_mean", "running_var"), values, strict=True):
        state[f"{name}.{part}"] = value.astype(np.float32)
    state[f"{name}.num_batches_tracked"] = np.array(7)


def unit_state(state, name, factored, out, given):
    middle = (given[0] * out * 27) // (given[0] * 9 + 3 * out)
    if not factored:
        return conv_state(state, name, out, given[1], 3, 3, 3)
    conv_state(state, f"{name}.0", middle, given[1], 1, 3, 3)
    norm_state(state, f"{name}.1", middle)
    return conv_state(state, f"{name}.3", out, middle, 3, 1, 1)


def random_state(factored, classes=5):
    state = {}
    if factored:
        conv_state(state, "stem.0", 45, 3, 1, 7, 7)
        norm_state(state, "stem.1", 45)
        conv_state(state, "stem.3", 64, 45, 3, 1, 1)
        norm_state(state, "stem.4", 64)
    else:
        conv_state(state, "stem.0", 64, 3, 3, 7, 7)
        norm_state(state, "stem.1", 64)
    given = 64
    for layer, out in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"layer{layer}.{block}"
            unit_state(state, f"{name}.conv1.0", factored, out, (given, given))
            norm_state(state, f"{name}.conv1.1", out)
            unit_state(state, f"{name}.conv2.0", factored, out, (given, out))
            norm_state(state, f"{name}.conv2.1", out)
            if layer > 1 and block == 0:
                conv_state(state, f"{name}.downsample.0", out, given, 1, 1, 1)
                norm_state(state, f"{name}.downsample.1", out)
            given = out
    rng = np.random.default_rng(1)
    state["fc.weight"] = rng.normal(0, 0.05, (classes, 512)).astype(np.float32)
    state["fc.bias"] = rng.normal(0, 0.1, classes).astype(np.float32)
    return state


def convolve(x, kernel, stride):
    """x: (C, T, H, W), kernel: (O, C, t, h, w); padded by half the kernel on both sides."""
    pad = [(0, 0)] + [(k // 2, k // 2) for k in kernel.shape[2:]]
    windows = sliding_window_view(np.pad(x, pad), kernel.shape[2:], axis=(1, 2, 3))
    windows = windows[:, :: stride[0], :: stride[1], :: stride[2]]
    return np.einsum("cthwabd,ocabd->othw", windows, kernel, optimize=True)


def normalise(state, name, x):
    w, b, m, v = (
        state[f"{name}.{part}"].astype(np.float64)[:, None, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - m) / np.sqrt(v + 1e-5) * w + b


def unit(state, name, x, stride, factored):
    if not factored:
        return convolve(x, state[f"{name}.weight"], (stride,) * 3)
    x = convolve(x, state[f"{name}.0.weight"], (1, stride, stride))
    x = np.maximum(normalise(state, f"{name}.1", x), 0)
    return convolve(x, state[f"{name}.3.weight"], (stride, 1, 1))


def slow_forward(state, pixels, factored):
    """pixels: (T, H, W, 3), 0..255; returns class probabilities."""
    mean, deviation = np.array((0.43216, 0.394666, 0.37645)), np.array((0.22803, 0.22145, 0.216989))
    x = ((pixels / 255 - mean) / deviation).transpose(3, 0, 1, 2)
    x = convolve(x, state["stem.0.weight"], (1, 2, 2))
    x = np.maximum(normalise(state, "stem.1", x), 0)
    if factored:
        x = np.maximum(
            normalise(state, "stem.4", convolve(x, state["stem.3.weight"], (1, 1, 1))), 0
        )
    for layer in range(1, 5):
        for block in range(2):
            name, stride = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
            y = unit(state, f"{name}.conv1.0", x, stride, factored)
            y = np.maximum(normalise(state, f"{name}.conv1.1", y), 0)
            y = normalise(state, f"{name}.conv2.1", unit(state, f"{name}.conv2.0", y, 1, factored))
            if stride == 2:
                x = convolve(x, state[f"{name}.downsample.0.weight"], (2, 2, 2))
                x = normalise(state, f"{name}.downsample.1", x)
            x = np.maximum(x + y, 0)
    logits = state["fc.weight"] @ x.mean((1, 2, 3)) + state["fc.bias"]
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


@pytest.mark.parametrize(("network", "factored"), [("r3d18", False), ("r2plus1d18", True)])
def test_converted_weights_give_the_same_forward_pass(network, factored):
    """Even and odd sides: a strided convolution padded on one side only would differ."""
    state = random_state(factored)
    converted = torchvision_weights.convert(network, state)
    for shape in ((4, 20, 16, 3), (3, 17, 15, 3)):
        plain = build_network(network, shape, 5, {"stem_pool": False})
        plain.set_weights(converted.get_weights())
        pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
        ours = np.asarray(plain(pixels[None]))[0]
        np.testing.assert_allclose(ours, slow_forward(state, pixels, factored), atol=2e-5)


# -- the file


def safetensors_file(folder, state):
    path = folder / "r3d_18.safetensors"
    save_file({name: np.array(array, order="C") for name, array in state.items()}, path)
    return path


SMALL = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array(7, np.int64),
    "c": np.linspace(0, 1, 5, dtype=np.float16),
}


def test_a_safetensors_file_is_read_as_it_was_written(tmp_path):
    found = torchvision_weights.read_state(safetensors_file(tmp_path, SMALL))
    assert sorted(found) == sorted(SMALL)
    for name, array in SMALL.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert (found[name] == array).all()


@pytest.mark.parametrize("name", ["r3d_18.pth", "r3d_18.pt", "pytorch_model.bin"])
def test_a_pickle_of_pytorch_is_not_opened_and_the_message_says_how_to_convert_it(tmp_path, name):
    with pytest.raises(MerflowError) as error:
        torchvision_weights.read_state(tmp_path / name)
    assert "is a pickle of PyTorch" in error.value.found and "docs/networks.md" in error.value.fix
    training = Training(start_weights=str(tmp_path / name))
    with pytest.raises(MerflowError, match="no weights file of merflow") as error:
        start_weights.start_file(training, None)
    assert "docs/networks.md" in error.value.fix


def test_the_page_of_the_messages_has_the_two_lines_of_the_conversion():
    page = (Path(__file__).parents[3] / "docs" / "networks.md").read_text(encoding="utf-8")
    assert "## Weights of torchvision" in page and "Weights of torchvision" in start_weights.CONVERT
    assert "torch.load(" in page and "weights_only=True" in page and "save_file(" in page


# -- the command


def test_the_command_says_what_is_wrong_and_checks_the_digest(tmp_path, capsys):
    path = safetensors_file(tmp_path, random_state(factored=False, classes=3))
    target = tmp_path / "r3d18.weights.h5"
    for arguments in (["r3d18"], ["cnn3d", str(path), str(target)]):
        with pytest.raises(SystemExit, match="SOURCE"):
            torchvision_weights.main(arguments)
    with pytest.raises(SystemExit, match="its SHA-256 is"):
        torchvision_weights.main(["r3d18", str(path), str(target), "00"])
    assert not target.exists()
    torchvision_weights.main(["r3d18", str(path), str(target), file_digest(path).upper()])
    assert capsys.readouterr().out == f"start_sha256: {file_digest(target)}\n"


# -- from the file to an experiment


def test_an_experiment_starts_from_a_converted_file_in_colour_and_in_grey(tmp_path):
    state = random_state(factored=False, classes=5)
    source, target = safetensors_file(tmp_path, state), tmp_path / "r3d18.weights.h5"
    digest = torchvision_weights.convert_file("r3d18", source, target)
    grey = build_network("r3d18", (2, 16, 16, 1), 2, {"spatial_attention": True})
    done = transfer_layers.initialise(grey, "r3d18", target)
    assert done == {"start": digest, "start_layers": 40, "subjects": [], "prints": []}
    np.testing.assert_array_equal(
        np.asarray(grey.get_layer("layer4_1_conv2_0").kernel),
        state["layer4.1.conv2.0.weight"].transpose(2, 3, 4, 1, 0),
    )
    np.testing.assert_allclose(
        np.asarray(grey.get_layer("stem_0").kernel)[..., 0, :],
        state["stem.0.weight"].sum(1).transpose(1, 2, 3, 0),
        atol=1e-5,
    )
    colour = build_network("r3d18", (2, 16, 16, 3), 2)
    transfer_layers.initialise(colour, "r3d18", target)
    np.testing.assert_array_equal(
        np.asarray(colour.get_layer("stem_0").kernel),
        state["stem.0.weight"].transpose(2, 3, 4, 1, 0),
    )


def test_a_file_of_the_other_network_is_refused():
    with pytest.raises(MerflowError, match=r"no tensor|has shapes"):
        torchvision_weights.convert("r2plus1d18", random_state(factored=False))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("stem.0.weight", np.zeros((64, 3, 3, 7), np.float32), "'stem.0' has shapes"),
        ("layer1.0.conv1.1.running_var", np.zeros(65, np.float32), "'layer1.0.conv1.1' has shapes"),
        ("fc.weight", np.zeros((5, 511), np.float32), "'fc' has shapes"),
        ("fc.bias", np.zeros(10**6, np.float32), "1000000 classes"),
        ("fc.bias", np.float32(0), "1 classes"),
    ],
)
def test_a_tensor_of_another_shape_is_refused_before_it_costs_memory(name, values, message):
    with pytest.raises(MerflowError, match=message):
        torchvision_weights.convert("r3d18", random_state(factored=False) | {name: values})
