"""torchvision's weights: the file read without PyTorch, the forward pass against a slow one."""

import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from merflow.errors import MerflowError
from merflow.models.network_registry import build_network
from merflow.models.training import backend, start_weights, torchvision_weights
from merflow.models.training.torch_pickle import read_state


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
    state = OrderedDict()
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


class _Fake(types.ModuleType):
    """Stands for a module of PyTorch, which is not installed, while a file is written."""


def fake_torch(monkeypatch):
    torch, utils = _Fake("torch"), _Fake("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_):
        raise AssertionError("only named, never called")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch, _rebuild_tensor_v2


class _Reference:
    def __init__(self, storage):
        self.storage = storage


class _Tensor:
    def __init__(self, rebuild, storage, array):
        self.parts = rebuild, storage, array

    def __reduce__(self):
        rebuild, storage, array = self.parts
        strides = tuple(s // array.itemsize for s in array.strides)
        return rebuild, (_Reference(storage), 0, array.shape, strides, False, OrderedDict())


class _Writer(pickle.Pickler):
    def persistent_id(self, value):
        return value.storage if isinstance(value, _Reference) else None


def written(state, monkeypatch, legacy):
    """Return what each part of a PyTorch file of `state` holds: pickle, and storages by key."""
    import io

    torch, rebuild = fake_torch(monkeypatch)
    tensors, storages = OrderedDict(), {}
    for number, (name, array) in enumerate(state.items()):
        kind = torch.FloatStorage if array.dtype == np.float32 else torch.LongStorage
        extra = (None,) if legacy else ()
        storage = ("storage", kind, str(number), "cpu", array.size, *extra)
        tensors[name] = _Tensor(rebuild, storage, array)
        storages[str(number)] = array.tobytes()
    buffer = io.BytesIO()
    _Writer(buffer, 2).dump(tensors)
    return buffer.getvalue(), storages


def write_archive(path, state, monkeypatch):
    text, storages = written(state, monkeypatch, legacy=False)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("r3d/data.pkl", text)
        archive.writestr("r3d/version", "3\n")
        for key, data in storages.items():
            archive.writestr(f"r3d/data/{key}", data)


def write_stream(path, state, monkeypatch):
    text, storages = written(state, monkeypatch, legacy=True)
    with open(path, "wb") as handle:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(value, handle, 2)
        handle.write(text)
        pickle.dump(sorted(storages), handle, 2)
        for key in sorted(storages):
            count = len(storages[key]) // next(
                a.itemsize for n, a in enumerate(state.values()) if str(n) == key
            )
            handle.write(struct.pack("<q", count) + storages[key])


SMALL = OrderedDict(
    a=np.arange(6, dtype=np.float32).reshape(2, 3),
    b=np.array(7, np.int64),
    c=np.linspace(0, 1, 5, dtype=np.float32),
)


@pytest.mark.parametrize("write", [write_archive, write_stream])
def test_both_forms_of_a_file_are_read_without_pytorch(tmp_path, monkeypatch, write):
    write(tmp_path / "w.pth", SMALL, monkeypatch)
    monkeypatch.undo()
    found = read_state(tmp_path / "w.pth")
    assert list(found) == list(SMALL)
    for name, array in SMALL.items():
        assert found[name].dtype == array.dtype
        assert (found[name] == array).all()


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path):
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            import os

            return os.mkdir, (str(canary),)

    for inside in ({"fc.weight": Evil()}, Evil()):
        with zipfile.ZipFile(tmp_path / "evil.pth", "w") as archive:
            archive.writestr("x/data.pkl", pickle.dumps(inside))
        with pytest.raises(MerflowError, match="which no weights need"):
            read_state(tmp_path / "evil.pth")
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(MerflowError, match="which no weights need"):
        read_state(tmp_path / "evil.pth")
    assert not canary.exists()


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path, monkeypatch):
    wide = np.lib.stride_tricks.as_strided(np.zeros(4, np.float32), (4,), (8,), writeable=False)
    torch, rebuild = fake_torch(monkeypatch)
    import io

    buffer = io.BytesIO()
    storage = ("storage", torch.FloatStorage, "0", "cpu", 4)
    _Writer(buffer, 2).dump({"a": _Tensor(rebuild, storage, wide)})
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("x/data.pkl", buffer.getvalue())
        archive.writestr("x/data/0", bytes(16))
    with pytest.raises(MerflowError, match="reaches beyond its storage"):
        read_state(tmp_path / "w.pth")


@pytest.mark.parametrize("content", [b"", b"PK\3\4 torn", b"\x80\x02.", b"text"])
def test_a_file_that_is_no_state_is_refused(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(MerflowError, match="is not a state dictionary"):
        read_state(tmp_path / "w.pth")


# -- from the file to an experiment


def test_an_experiment_starts_from_a_converted_file_in_colour_and_in_grey(tmp_path, monkeypatch):
    state = random_state(factored=False, classes=5)
    write_archive(tmp_path / "r3d_18.pth", state, monkeypatch)
    monkeypatch.undo()
    target = tmp_path / "r3d18.weights.h5"
    digest = torchvision_weights.convert_file("r3d18", tmp_path / "r3d_18.pth", target)
    grey = build_network("r3d18", (2, 16, 16, 1), 2, {"spatial_attention": True})
    done = start_weights.begin_from(grey, "r3d18", target)
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
    start_weights.begin_from(colour, "r3d18", target)
    np.testing.assert_array_equal(
        np.asarray(colour.get_layer("stem_0").kernel),
        state["stem.0.weight"].transpose(2, 3, 4, 1, 0),
    )


def test_a_file_of_the_other_network_is_refused(tmp_path):
    with pytest.raises(MerflowError, match=r"no tensor|has shapes"):
        torchvision_weights.convert("r2plus1d18", random_state(factored=False))
