"""Weight files that would run code, read other files or fill memory: refused, nothing is run."""

import io
import json
import os
import pickle
import stat
import zipfile

import h5py
import numpy as np
import pytest

from merflow.errors import MerflowError
from merflow.io.hdf5 import append_checksum
from merflow.models import weights_file
from merflow.models.factory import load
from merflow.models.training.torchvision_weights import read_state

SOUND = {
    "kind": "network",
    "network": "cnn3d",
    "settings": {"filters": [4]},
    "shape": [4, 16, 16, 1],
    "classes": ["negative", "positive", "surprise"],
    "batch_size": 4,
}
SVM = {"kind": "svm", "method": "lbptop_svm", "classes": ["a", "b"], "svm": {}}


class Runs:
    """Unpickled, it makes a file that must never be there."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        import os

        return os.system, (f"touch '{self.canary}'",)


def described(path, about, plant=lambda h: None):
    with h5py.File(path, "w") as handle:
        handle.attrs["format"] = weights_file.FORMAT
        handle.create_dataset(
            weights_file.DESCRIPTION, data=np.frombuffer(json.dumps(about).encode(), np.uint8)
        )
        plant(handle)
    append_checksum(path)


def keras_file(path, config, extra=()):
    """Write a .keras archive as Keras lays it out."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
        for name, data in extra:
            archive.writestr(name, data)


def lambda_config(canary):
    code = f"__import__('os').system('touch {canary}')"
    inner = {"class_name": "__lambda__", "config": {"code": code, "defaults": None}}
    layer = {"class_name": "Lambda", "module": "keras.layers", "config": {"function": inner}}
    return {"class_name": "Sequential", "module": "keras", "config": {"layers": [layer]}}


def whole_model(path, canary):
    with h5py.File(path, "w") as handle:
        handle.attrs["format"] = weights_file.FORMAT
        handle.attrs["model_config"] = json.dumps(lambda_config(canary))
        handle.create_group("model_weights")
    append_checksum(path)


def link_member(path):
    info = zipfile.ZipInfo("model.weights.h5")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")


def svm_of(path, **arrays):
    described(path, SVM, lambda h: [h.create_dataset(k, data=v) for k, v in arrays.items()])


HDF5 = {
    "keras archive with a Lambda": lambda p, c: keras_file(p, lambda_config(c)),
    "keras archive with a module's function": lambda p, c: keras_file(
        p, {"class_name": "system", "module": "os", "config": f"touch {c}"}
    ),
    "keras archive with a custom class": lambda p, c: keras_file(
        p, {"class_name": "Evil", "module": "evil", "registered_name": "evil>Evil", "config": {}}
    ),
    "keras archive with ..": lambda p, c: keras_file(p, {}, [(f"../../{c.name}", b"x")]),
    "keras archive with a link": lambda p, c: link_member(p),
    "whole model in HDF5 with a Lambda": whole_model,
    "pickle": lambda p, c: p.write_bytes(pickle.dumps(Runs(c))),
    "npz of pickles": lambda p, c: p.write_bytes(npz(Runs(c))),
    "npy of a pickle": lambda p, c: p.write_bytes(npy(Runs(c))),
    "weights behind an external link": lambda p, c: described(
        p, SOUND, lambda h: h.__setitem__("layers", h5py.ExternalLink(str(c), "/x"))
    ),
    "weights of objects": lambda p, c: described(
        p, SOUND, lambda h: h.create_dataset("x", data=["a"], dtype=h5py.string_dtype())
    ),
    "weights that declare 1 TiB": lambda p, c: described(
        p, SOUND, lambda h: h.create_dataset("x", (2**38,), "f4", chunks=(256,))
    ),
    "shape bomb": lambda p, c: described(p, SOUND | {"shape": [4096, 4096, 4096, 3]}),
    "negative shape": lambda p, c: described(p, SOUND | {"shape": [-1, 16, 16, 1]}),
    "shape of words": lambda p, c: described(p, SOUND | {"shape": "abcd"}),
    "class bomb": lambda p, c: described(p, SOUND | {"classes": ["x"] * 10**5}),
    "layer bomb": lambda p, c: described(p, SOUND | {"settings": {"filters": [10**9]}}),
    "list bomb": lambda p, c: described(p, SOUND | {"settings": {"filters": [1] * 10**5}}),
    "nested settings": lambda p, c: described(p, SOUND | {"settings": {"filters": {"a": 1}}}),
    "batch bomb": lambda p, c: described(p, SOUND | {"batch_size": 10**12}),
    "network outside the registry": lambda p, c: described(p, SOUND | {"network": "../../evil"}),
    "network that is a module": lambda p, c: described(p, SOUND | {"network": "os"}),
    "shared part as a network": lambda p, c: described(p, SOUND | {"network": "blocks"}),
    "description without a kind": lambda p, c: described(p, {"network": "cnn3d"}),
    "description that is a list": lambda p, c: described(p, [1]),
    "unknown kind": lambda p, c: described(p, {"kind": "pickle"}),
    "svm of a wrong size": lambda p, c: svm_of(p, mean=np.zeros(3), offsets=np.zeros(9)),
    "svm of groups": lambda p, c: described(p, SVM, lambda h: h.create_group("mean")),
    "svm without settings": lambda p, c: described(p, SVM | {"svm": "x"}),
}  # fmt: skip


def npz(thing):
    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([thing], object))
    return buffer.getvalue()


def npy(thing):
    buffer = io.BytesIO()
    np.save(buffer, np.array([thing], object))
    return buffer.getvalue()


@pytest.mark.parametrize("name", HDF5)
def test_a_hostile_weights_file_is_refused(tmp_path, name):
    canary, path = tmp_path / "canary", tmp_path / "model.weights.h5"
    HDF5[name](path, canary)
    with pytest.raises(MerflowError) as error:
        load(path)
    assert str(path) in str(error.value)
    assert not canary.exists()


# -- weights of torchvision


def safe(path, header, data=b"", length=None):
    """Write a .safetensors file from its parts: length of the header, header, data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + data)


def entry(start, stop, shape=(4,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


FOUR = np.arange(4, dtype="<f4").tobytes()

SAFETENSORS = {
    "empty": lambda p: p.write_bytes(b""),
    "text": lambda p: p.write_bytes(b"text"),
    "truncated in its header": lambda p: safe(p, b'{"a": {"dtype"', length=10**5),
    "truncated in its data": lambda p: safe(p, {"a": entry(0, 16)}, FOUR[:12]),
    "more data than declared": lambda p: safe(p, {"a": entry(0, 16)}, FOUR * 2),
    "header of 2**63 bytes": lambda p: safe(p, b"{}", length=2**63),
    "header of 90 MiB": lambda p: safe(p, b"{" + b" " * (90 << 20) + b"}"),
    "header without end": lambda p: safe(p, b"{" * 10**5),
    "deep header": lambda p: safe(p, b'{"a":' * 10**5 + b"1" + b"}" * 10**5),
    "header that is a list": lambda p: safe(p, b"[]"),
    "header that is no text": lambda p: safe(p, b'{"\xff\xfe": 1}'),
    "overlapping tensors": lambda p: safe(p, {"a": entry(0, 16), "b": entry(8, 24)}, FOUR * 2),
    "two tensors in one place": lambda p: safe(p, {"a": entry(0, 16), "b": entry(0, 16)}, FOUR),
    "hole between tensors": lambda p: safe(p, {"a": entry(0, 16), "b": entry(32, 48)}, FOUR * 3),
    "tensor beyond the file": lambda p: safe(p, {"a": entry(0, 2**40, (2**38,))}, FOUR),
    "reversed offsets": lambda p: safe(p, {"a": entry(16, 0)}, FOUR),
    "negative offsets": lambda p: safe(p, {"a": entry(-16, 0)}, FOUR),
    "shape bomb": lambda p: safe(p, {"a": entry(0, 16, (10**6, 10**6))}, FOUR),
    "shape that overflows": lambda p: safe(p, {"a": entry(0, 16, (2**40, 2**40))}, FOUR),
    "negative shape": lambda p: safe(p, {"a": entry(0, 16, (-4,))}, FOUR),
    "shape of texts": lambda p: safe(p, {"a": entry(0, 16, "abcd")}, FOUR),
    "65 axes": lambda p: safe(p, {"a": entry(0, 4, (1,) * 65)}, FOUR[:4]),
    "unknown type": lambda p: safe(p, {"a": entry(0, 16, dtype="object")}, FOUR),
    "not a number": lambda p: safe(p, {"a": entry(0, 4, (1,))}, np.float32("nan").tobytes()),
    "infinite": lambda p: safe(p, {"a": entry(0, 4, (1,))}, np.float32("-inf").tobytes()),
    "a zip archive of PyTorch": lambda p: keras_file(p, {}),
}  # fmt: skip


def test_there_are_enough():
    assert min(len(HDF5), len(SAFETENSORS)) >= 15


def test_a_sound_file_is_read(tmp_path):
    safe(tmp_path / "w.safetensors", {"a": entry(0, 16), "b": entry(16, 32, (2, 2))}, FOUR * 2)
    found = read_state(tmp_path / "w.safetensors")
    assert found["a"].tolist() == [0, 1, 2, 3] and found["b"].tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize("name", SAFETENSORS)
def test_a_hostile_safetensors_file_is_refused(tmp_path, name):
    path = tmp_path / "w.safetensors"
    SAFETENSORS[name](path)
    with pytest.raises(MerflowError, match=r"w\.safetensors: is not a safetensors file"):
        read_state(path)


def test_a_file_above_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / "w.safetensors"
    safe(path, {"a": entry(0, 3 << 30, (3 << 28,))})
    os.truncate(path, 3 << 30)
    with pytest.raises(MerflowError, match="larger than 2 GiB"):
        read_state(path)


@pytest.mark.parametrize("suffix", ["pth", "pt", "bin", "safetensors"])
def test_a_pickle_runs_nothing(tmp_path, suffix):
    canary, path = tmp_path / "canary", tmp_path / f"w.{suffix}"
    for protocol in (0, 2, 4):
        path.write_bytes(pickle.dumps(Runs(canary), protocol))
        with pytest.raises(MerflowError, match=rf"w\.{suffix}: is"):
            read_state(path)
    assert not canary.exists()
