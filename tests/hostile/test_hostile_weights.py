"""Weight files that would run code, read other files or fill memory: refused, nothing is run."""

import io
import json
import pickle
import stat
import zipfile

import h5py
import numpy as np
import pytest

from merflow.errors import MerflowError
from merflow.io.hdf5 import append_checksum
from merflow.models import saved_model
from merflow.models.factory import load
from merflow.models.training.torch_pickle import read_state

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
        handle.attrs["format"] = saved_model.FORMAT
        handle.create_dataset(
            saved_model.DESCRIPTION, data=np.frombuffer(json.dumps(about).encode(), np.uint8)
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
        handle.attrs["format"] = saved_model.FORMAT
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


# -- PyTorch's files, which are pickles


def archive(path, body, storages=(("0", bytes(16)),), compress=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compress) as made:
        made.writestr("x/data.pkl", body)
        for key, data in storages:
            made.writestr(f"x/data/{key}", data)


def called(module, name, argument, protocol=2):
    """Return the pickle of `module.name(argument)`."""
    text = pickle.dumps(argument, protocol)[2:-1]
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + text + b"\x85R."


def tensor(offset, size, stride, key="0", kind=b"ctorch\nFloatStorage\n"):
    """Return the pickle of a state of one tensor, as torch.save lays it out."""

    def put(value):
        return pickle.dumps(value, 2)[2:-1]

    storage = b"(" + put("storage") + kind + put(key) + put("cpu") + put(4) + b"tQ"
    built = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + put(offset) + put(size)
    built += put(stride) + b"\x89ccollections\nOrderedDict\n)RtR"
    return b"\x80\x02}" + put("w") + built + b"s."


def lying_zip(path):
    archive(path, tensor(0, (4,), (1,)))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(data)


LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({}, 2)

TORCH = {
    "os.system": lambda p, c: archive(p, pickle.dumps(Runs(c), 2)),
    "os.system in protocol 4": lambda p, c: archive(p, pickle.dumps(Runs(c), 4)),
    "os.system in the old form": lambda p, c: p.write_bytes(pickle.dumps(Runs(c), 2)),
    "os.system behind a sound head": lambda p, c: p.write_bytes(LEGACY + pickle.dumps(Runs(c), 2)),
    "builtins.eval": lambda p, c: archive(p, called("builtins", "eval", f"open('{c}', 'w')")),
    "builtins.getattr": lambda p, c: archive(p, called("builtins", "getattr", "x")),
    "subprocess": lambda p, c: archive(p, called("subprocess", "getoutput", f"touch {c}")),
    "a pickle inside": lambda p, c: archive(
        p, called("torch.storage", "_load_from_bytes", pickle.dumps(Runs(c)))
    ),
    "numpy's gadget": lambda p, c: archive(
        p, called("numpy.testing._private.utils", "runstring", f"open('{c}', 'w')")
    ),
    "a name with dots": lambda p, c: archive(p, called("torch", "FloatStorage.__class__", "x")),
    "INST": lambda p, c: archive(p, b"(S'touch'\nios\nsystem\n."),
    "EXT": lambda p, c: archive(p, b"\x80\x02\x82\x01."),
    "NEWOBJ": lambda p, c: archive(p, b"\x80\x02ccollections\nOrderedDict\n)\x81."),
    "memo bomb": lambda p, c: archive(p, b"\x80\x02Nr\xff\xff\xff\x7f."),
    "memo bomb in the old form": lambda p, c: p.write_bytes(b"\x80\x02Nr\xff\xff\xff\x7f."),
    "text of 2 GiB declared": lambda p, c: archive(p, b"\x80\x02X\xff\xff\xff\x7f."),
    "deep": lambda p, c: archive(p, b"\x80\x02" + b"]" * 10**5 + b"a" * 10**5 + b"."),
    "shape bomb": lambda p, c: archive(p, tensor(0, (10**6, 10**6), (0, 0))),
    "shape that overflows": lambda p, c: archive(p, tensor(0, (2**40, 2**40), (0, 0))),
    "tensor beyond its storage": lambda p, c: archive(p, tensor(2, (4,), (1,))),
    "negative stride": lambda p, c: archive(p, tensor(3, (4,), (-1,))),
    "storage with ..": lambda p, c: archive(p, tensor(0, (4,), (1,), "../../../etc/passwd")),
    "storage that is a call": lambda p, c: archive(
        p, tensor(0, (4,), (1,), kind=b"cos\nsystem\n")
    ),
    "zip bomb": lambda p, c: archive(
        p, tensor(0, (4,), (1,)), [("0", bytes(2**28))], zipfile.ZIP_DEFLATED
    ),
    "sizes that lie": lambda p, c: lying_zip(p),
    "old form of a huge storage": lambda p, c: p.write_bytes(
        LEGACY + tensor(0, (4,), (1,)) + pickle.dumps(["0"], 2) + (2**40).to_bytes(8, "little")
    ),
}  # fmt: skip


def test_there_are_enough():
    assert min(len(HDF5), len(TORCH)) >= 15


def test_the_sound_state_is_read_in_both_forms(tmp_path):
    body = tensor(1, (3,), (1,))
    numbers = np.arange(4, dtype="<f4").tobytes()
    archive(tmp_path / "new.pth", body, [("0", numbers)])
    old = LEGACY + body + pickle.dumps(["0"], 2) + (4).to_bytes(8, "little") + numbers
    (tmp_path / "old.pth").write_bytes(old)
    for name in ("new.pth", "old.pth"):
        assert read_state(tmp_path / name)["w"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("name", TORCH)
def test_a_hostile_pickle_runs_nothing(tmp_path, name):
    canary, path = tmp_path / "canary", tmp_path / "w.pth"
    TORCH[name](path, canary)
    with pytest.raises(MerflowError, match=r"w\.pth: is not a state dictionary"):
        read_state(path)
    assert not canary.exists()
