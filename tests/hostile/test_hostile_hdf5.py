"""HDF5 files that merflow never writes: each is refused before any of its data is read.

Every file here carries a right seal, as one made on purpose would: it is the look at what is
inside that must refuse it.
"""

import json

import h5py
import numpy as np
import pytest

from merflow.clip import ClipArrays, ClipKey
from merflow.errors import MerflowError
from merflow.io.clip_store import Store, write_store
from merflow.io.hdf5 import CHECKSUM_BYTES, append_checksum
from merflow.io.packed import read_packed, survey, write_packed

SECRET = b"root:x:0:0 not for any reader of stores\n"


def store(path):
    frames = np.arange(4 * 6 * 8 * 3, dtype=np.uint8).reshape(4, 6, 8, 3)
    clip = ClipArrays(
        ClipKey("smic", "s01", "c1"), frames, 100.0, np.arange(4), onset=0, apex=2, offset=3
    )
    write_store(path, "align", [clip], {}, {})
    return path


def planted(path, plant):
    """Change a finished file through HDF5 and renew its checksum."""
    with h5py.File(path, "r+") as handle:
        plant(handle)
    append_checksum(path)
    return path


def text(group, name, value):
    del group[name]
    group.create_dataset(name, data=np.frombuffer(value, np.uint8))


def link_in_the_middle(h):
    h.create_group("real")["clip"] = h["clips/00000/clip"][()]
    del h["clips/00000"]
    h["clips/00000"] = h5py.SoftLink("/real")


def chunk_filter(h, number):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((4,))
    plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (1,))
    space = h5py.h5s.create_simple((4,))
    h5py.h5d.create(h.id, b"x", h5py.h5t.NATIVE_UINT8, space, plist)


def many_attributes(h):
    for number in range(1_000):
        h["clips"].attrs.create(f"a{number}", 1, dtype="u1")


def virtual(h):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("secret.h5", "x", (4,))
    h.create_virtual_dataset("x", layout)


def deep(h):
    group = h
    for _ in range(3000):
        group = group.create_group("g")
    group["x"] = h5py.SoftLink("/clips")


PLANTS = {
    "external link": lambda h: h.__setitem__("clips/x", h5py.ExternalLink("secret.h5", "/x")),
    "external link to an absolute path": lambda h: h.__setitem__(
        "x", h5py.ExternalLink("/etc/passwd", "/")
    ),
    "external link for a clip's frames": lambda h: (
        h["clips/00000"].__delitem__("frames"),
        h["clips/00000"].__setitem__("frames", h5py.ExternalLink("secret.h5", "/x")),
    ),
    "soft link": lambda h: h.__setitem__("clips/x", h5py.SoftLink("/clips/00000")),
    "soft link to nothing": lambda h: h.__setitem__("x", h5py.SoftLink("/nowhere")),
    "link in the middle of a path": link_in_the_middle,
    "deep groups": deep,
    "circle of groups": lambda h: h["clips"].__setitem__("again", h["clips"]),
    "one dataset under two names": lambda h: h.__setitem__("x", h["clips/00000/frames"]),
    "external storage": lambda h: h.create_dataset("x", (4,), "u1", external=[("secret", 0, 4)]),
    "virtual dataset": virtual,
    "empty virtual dataset": lambda h: h.create_virtual_dataset(
        "x", h5py.VirtualLayout((4,), "u1")
    ),
    "texts of any length": lambda h: h.create_dataset(
        "x", data=["a"], dtype=h5py.string_dtype()
    ),
    "arrays of any length": lambda h: h.create_dataset("x", (1,), h5py.vlen_dtype(np.int32)),
    "references": lambda h: h.create_dataset("x", data=np.array([h.ref], dtype=h5py.ref_dtype)),
    "opaque type": lambda h: h.create_dataset("x", data=np.void(b"abc")),
    "compound type": lambda h: h.create_dataset("x", (2,), np.dtype([("a", "u1"), ("b", "f4")])),
    "enumeration": lambda h: h.create_dataset("x", (2,), h5py.enum_dtype({"a": 1}) ),
    "named type": lambda h: h.__setitem__("t", np.dtype("f4")),
    "null dataset": lambda h: h.create_dataset("x", data=h5py.Empty("f4")),
    "64 GiB declared, nothing stored": lambda h: h.create_dataset(
        "x", (2**36,), "u1", chunks=(1024,)
    ),
    "1 TiB contiguous": lambda h: h.create_dataset("x", (2**40,), "u1"),
    "shape whose size overflows": lambda h: h.create_dataset(
        "x", (2**31, 2**31, 2**31), "u1", chunks=(1, 1, 64)
    ),
    "gzip": lambda h: h.create_dataset("x", data=np.zeros(2**20, "u1"), compression="gzip"),
    "lzf": lambda h: h.create_dataset("x", (8,), "u1", compression="lzf"),
    "unknown filter": lambda h: chunk_filter(h, 32_019),
    "unregistered filter": lambda h: chunk_filter(h, 511),
    "1,000 attributes": many_attributes,
    "format that is no text": lambda h: h.attrs.__setitem__("format", np.arange(9)),
    "format that is a reference": lambda h: h.attrs.__setitem__("format", h.ref),
    "format of another file": lambda h: h.attrs.__setitem__("format", "merflow-packed"),
    "no format": lambda h: h.attrs.__delitem__("format"),
    "no clips": lambda h: h.__delitem__("clips"),
    "clips that are a number": lambda h: (h.__delitem__("clips"), h.__setitem__("clips", 3)),
    "no frames": lambda h: h.__delitem__("clips/00000/frames"),
    "frames that are a group": lambda h: (
        h.__delitem__("clips/00000/frames"),
        h.create_group("clips/00000/frames"),
    ),
    "a clip that is no JSON": lambda h: text(h["clips/00000"], "clip", b"{"),
    "a clip of deep JSON": lambda h: text(h["clips/00000"], "clip", b"[" * 200_000),
    "a clip that is a list": lambda h: text(h["clips/00000"], "clip", b"[1]"),
    "a clip of another form": lambda h: text(h["clips/00000"], "clip", b'{"key": [1], "x": 2}'),
    "a clip with more keys": lambda h: text(
        h["clips/00000"], "clip", json.dumps({"key": ["a", "b", "c"], "evil": 1}).encode()
    ),
    "skipped that is no list": lambda h: text(h, "skipped", b'{"a": 1}'),
    "no record": lambda h: h.__delitem__("made_by"),
}  # fmt: skip


def test_there_are_enough():
    assert len(PLANTS) >= 15


def test_the_sound_file_sealed_again_is_read(tmp_path):
    with Store(planted(store(tmp_path / "s.h5"), lambda h: None)) as opened:
        assert len(list(opened)) == 1


@pytest.mark.parametrize("name", PLANTS)
def test_what_merflow_never_writes_is_refused(tmp_path, monkeypatch, name):
    (tmp_path / "secret").write_bytes(SECRET)
    with h5py.File(tmp_path / "secret.h5", "w") as handle:
        handle["x"] = np.frombuffer(SECRET, np.uint8)
    monkeypatch.chdir(tmp_path)
    path = planted(store(tmp_path / "s.h5"), PLANTS[name])
    with pytest.raises(MerflowError) as error, Store(path) as opened:
        list(opened)
    told = str(error.value)
    assert str(path) in told and len(told) < 1000
    assert "checksum" not in told and "finished" not in told and "not for any" not in told


@pytest.mark.parametrize(
    "plant",
    [
        lambda h: h.__delitem__("x"),
        lambda h: text(h, "keys", b'[["a", "b"]]'),
        lambda h: text(h, "keys", b"[]"),
        lambda h: text(h, "lengths", b"3"),
        lambda h: text(h, "skipped", b"[1]"),
    ],
    ids=["no clips", "short key", "no keys", "lengths", "skipped"],
)
def test_a_packed_file_of_another_form_is_refused(tmp_path, plant):
    write_packed(tmp_path / "p.h5", survey([store(tmp_path / "s.h5")]), {})
    with pytest.raises(MerflowError, match=r"p\.h5"):
        read_packed(planted(tmp_path / "p.h5", plant))


def test_the_seal_is_of_every_byte(tmp_path):
    """A file without checksum, a truncated, a lengthened one, and one with two checksums."""
    whole = store(tmp_path / "s.h5").read_bytes()
    twice = tmp_path / "twice.h5"
    twice.write_bytes(whole)
    append_checksum(twice)
    with Store(twice) as opened:  # bytes behind HDF5's end are not looked at
        assert len(opened) == 1
    for name, data in {
        "no checksum": whole[:-CHECKSUM_BYTES],
        "cut": whole[:-1],
        "longer": whole + b"\0",
        "only the checksum": whole[-CHECKSUM_BYTES:],
        "empty": b"",
    }.items():
        (tmp_path / "bad.h5").write_bytes(data)
        with pytest.raises(MerflowError):
            Store(tmp_path / "bad.h5")
            pytest.fail(name)
