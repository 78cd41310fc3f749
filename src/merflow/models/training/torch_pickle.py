"""Read the tensors of a PyTorch weights file without PyTorch, and without running its pickle.

A `.pth` is a pickle, which could run anything. This reader knows the four names a plain state
dictionary needs and refuses every other, so nothing in the file is ever called. Both forms are
read: the zip archive of PyTorch 1.6 and later, and the older stream of five pickles.
"""

import collections
import io
import math
import pickle
import pickletools
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from merflow.errors import MerflowError

KINDS = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
MAX_BYTES = 2 << 30
"""The largest video network here holds 130 MB."""
MAX_PICKLE = 16 << 20
MAX_MEMO = 1 << 20
OPCODES = frozenset((
    "PROTO", "FRAME", "STOP", "MARK", "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE",
    "TUPLE1", "TUPLE2", "TUPLE3", "SETITEM", "SETITEMS", "APPEND", "APPENDS", "NONE", "NEWTRUE",
    "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "BINFLOAT", "BINUNICODE",
    "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINPUT",
    "LONG_BINPUT", "BINGET", "LONG_BINGET", "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "REDUCE",
    "BUILD", "BINPERSID",
))  # fmt: skip
"""What PyTorch's own files are made of; no pickle of any other instruction is begun."""


class _Tensor(NamedTuple):
    storage: tuple[str, np.dtype]
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def read_state(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a state dictionary by name, each as a contiguous array."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("the file is larger than 2 GiB")
        named, storages = (_archive if zipfile.is_zipfile(path) else _stream)(path)
        return {name: _array(t, storages) for name, t in named.items() if isinstance(t, _Tensor)}
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError,
            OSError, EOFError, MemoryError, StopIteration, struct.error, zlib.error,
            zipfile.BadZipFile, pickle.UnpicklingError) as error:  # fmt: skip
        raise MerflowError(
            str(path),
            f"is not a state dictionary that can be read ({error})",
            "a .pth file as torchvision publishes them, or torch.save(model.state_dict(), ...)",
        ) from error


def _archive(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with zipfile.ZipFile(path) as archive:
        if any(item.compress_type != zipfile.ZIP_STORED for item in archive.infolist()):
            raise ValueError("its parts are compressed, which PyTorch never does")
        if sum(item.file_size for item in archive.infolist()) > path.stat().st_size:
            raise ValueError("its parts say that they are larger than the file")
        inside = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
        folder = inside.removesuffix("data.pkl")
        reader = _Reader(io.BytesIO(archive.read(inside)))
        named = reader.load()
        return dict(named), {
            key: np.frombuffer(archive.read(f"{folder}data/{key}"), kind)
            for key, kind in reader.storages.items()
        }


def _stream(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with open(path, "rb") as handle:
        if _Reader(handle).load() != LEGACY_MAGIC:
            raise ValueError("it does not begin as PyTorch's files do")
        _Reader(handle).load(), _Reader(handle).load()  # protocol, system
        reader = _Reader(handle)
        named = reader.load()
        storages = {}
        for key in _Reader(handle).load():
            kind = reader.storages[key]
            (count,) = struct.unpack("<q", handle.read(8))
            if not 0 <= count * kind.itemsize <= path.stat().st_size:
                raise ValueError(f"storage {key} says it holds {count} numbers")
            storages[key] = np.frombuffer(handle.read(count * kind.itemsize), kind)
        return dict(named), storages


class _Reader(pickle.Unpickler):
    """An unpickler that knows four names, all of them harmless functions of this file."""

    def __init__(self, handle: IO[bytes]) -> None:
        _check_opcodes(handle)
        super().__init__(handle, encoding="utf-8")
        self.storages: dict[str, np.dtype] = {}

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return _tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return lambda tensor, *_: tensor
        if module == "torch" and name in KINDS:
            return KINDS[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no weights need")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype]:  # noqa: ANN401
        tag, kind, key = pid[:3]
        if tag != "storage" or not isinstance(kind, np.dtype):
            raise pickle.UnpicklingError(f"a reference to {tag!r}")
        self.storages[key] = kind
        return key, kind


def _check_opcodes(handle: IO[bytes]) -> None:
    """Look through the pickle at the handle's place: known instructions only, no absurd memo."""
    begin = handle.tell()
    for opcode, argument, at in pickletools.genops(handle):
        if opcode.name not in OPCODES:
            raise ValueError(f"its pickle uses {opcode.name}, which no weights need")
        if opcode.name == "LONG_BINPUT" and argument > MAX_MEMO:
            raise ValueError(f"its pickle numbers an object {argument}")
        if (at or 0) - begin > MAX_PICKLE:
            raise ValueError("its pickle is larger than 16 MiB")
    handle.seek(begin)


def _tensor(storage: tuple[str, np.dtype], offset: int, size: Any, stride: Any, *_: Any) -> _Tensor:  # noqa: ANN401
    return _Tensor(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)))


def _array(tensor: _Tensor, storages: dict[str, np.ndarray]) -> np.ndarray:
    """Return a tensor as its own array; what it says of itself must lie within its storage."""
    flat = storages[tensor.storage[0]]
    if len(tensor.size) > 8 or math.prod(tensor.size) > flat.size:
        raise ValueError("a tensor is larger than its storage")
    reach = tensor.offset + sum(
        (n - 1) * s for n, s in zip(tensor.size, tensor.stride, strict=True)
    )
    if min((tensor.offset, *tensor.size, *tensor.stride)) < 0 or (
        0 not in tensor.size and reach >= len(flat)
    ):
        raise ValueError("a tensor reaches beyond its storage")
    strides = tuple(s * flat.itemsize for s in tensor.stride)
    view = np.lib.stride_tricks.as_strided(
        flat[tensor.offset :], tensor.size, strides, writeable=False
    )
    return np.ascontiguousarray(view)
