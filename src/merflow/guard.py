"""The one way to open HDF5: nothing outside the file, no odd types, no absurd sizes."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from merflow.errors import MerflowError

MAX_OBJECTS = 200_000
MAX_BYTES = 64 * 2**30
MAX_JSON = 64 * 2**20


def open_hdf5(path: Path | str, kind: str) -> h5py.File:
    """Open a merflow HDF5 file of one kind (`merflow-clips`, `merflow-packed`) for reading.

    Every link and dataset is looked at before any data is read; anything that merflow never
    writes (links out of the file, virtual or external storage, object types) is refused.
    """
    path = Path(path)
    try:
        handle = h5py.File(path, "r")
    except FileNotFoundError:
        raise MerflowError(str(path), "no such file", f"a {kind} file") from None
    except OSError as error:
        raise MerflowError(
            str(path),
            f"not a readable HDF5 file ({error})",
            f"a {kind} file",
            "delete it, run again",
        ) from None
    try:
        found = handle.attrs.get("format", "")
        if found != kind:
            raise MerflowError(str(path), f"its format is {found!r}", f"a {kind} file")
        _check_group(handle, path, [0, 0])
    except BaseException:
        handle.close()
        raise
    return handle


def _check_group(group: h5py.Group, path: Path, seen: list[int]) -> None:
    for name in group:
        link = group.get(name, getlink=True)
        where = f"{path}:{group.name.rstrip('/')}/{name}"
        if not isinstance(link, h5py.HardLink):
            raise MerflowError(where, f"a {type(link).__name__}", "data inside this file")
        seen[0] += 1
        item = group[name]
        if isinstance(item, h5py.Group):
            _check_group(item, path, seen)
        else:
            seen[1] += _checked_size(item, where)
        if seen[0] > MAX_OBJECTS or seen[1] > MAX_BYTES:
            raise MerflowError(
                str(path),
                "declares more data than any merflow file holds",
                f"at most {MAX_OBJECTS} objects and {MAX_BYTES >> 30} GiB",
            )


def _checked_size(item: Any, where: str) -> int:  # noqa: ANN401
    if not isinstance(item, h5py.Dataset):
        raise MerflowError(where, f"a {type(item).__name__}", "a dataset")
    if item.is_virtual or item.external:
        raise MerflowError(where, "its data lies in another file", "data inside this file")
    if item.dtype.kind not in "uifS":
        raise MerflowError(where, f"data of type {item.dtype}", "numbers or short texts")
    if item.compression not in (None, "gzip"):
        raise MerflowError(where, f"compression {item.compression!r}", "none or gzip")
    return int(np.prod(item.shape, dtype=np.float64) * item.dtype.itemsize)


def put_json(group: h5py.Group, name: str, value: Any) -> None:  # noqa: ANN401
    """Store a JSON value as bytes: attributes end at 64 KiB, datasets do not."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    group.create_dataset(name, data=np.frombuffer(text, np.uint8))


def get_json(group: h5py.Group, name: str) -> Any:  # noqa: ANN401
    """Read what `put_json` wrote."""
    where = f"{group.file.filename}:{group.name.rstrip('/')}/{name}"
    item = group.get(name)
    if not isinstance(item, h5py.Dataset) or item.size > MAX_JSON:
        raise MerflowError(where, "missing or too large", "a JSON text", "delete it, run again")
    try:
        return json.loads(item[()].tobytes())
    except ValueError as error:
        raise MerflowError(where, f"not JSON ({error})", fix="delete it, run again") from None
