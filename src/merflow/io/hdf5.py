"""Read and write HDF5 safely: atomic writes, a SHA-256 at the end of the file, limits.

HDF5 ignores bytes behind its own end, so the checksum can stand there. A truncated, changed or
unfinished file is recognised before HDF5 parses a byte. The checksum is no signature: the contents
are validated as well.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from merflow.errors import MerflowError
from merflow.io.checked_output import CheckedOutput
from merflow.io.files import CHECKSUM_BYTES, MARK, atomic

MAX_OBJECTS = 200_000
MAX_ATTRIBUTES = 64
MAX_DEPTH = 32
MAX_JSON = 64 * 2**20
BLOCK = 1 << 20
MADE_BY = {
    "merflow-clips": "a clip store (.h5) from `merflow align` or a later stage",
    "merflow-packed": "a packed file (.h5) from `merflow pack`",
}
OURS = "a file that merflow wrote"
AGAIN = "if merflow made it, delete it and run again"


@contextlib.contextmanager
def create_hdf5(path: Path | str, kind: str) -> Iterator[h5py.File]:
    """Yield a new HDF5 file of a kind; on success add the checksum and rename it to `path`."""
    with atomic(path) as part:
        with open(part, "w+b", buffering=0) as raw:
            output = CheckedOutput(raw)
            with h5py.File(output, "w") as handle:
                handle.attrs["format"] = kind
                yield handle
            output.check()
        append_checksum(part)


def append_checksum(path: Path) -> None:
    """Append the SHA-256 of all bytes of the file."""
    with open(path, "rb") as handle:
        found = hashlib.file_digest(handle, "sha256").digest()
    with open(path, "ab") as handle:
        handle.write(MARK + found)


def open_hdf5(path: Path | str, kind: str) -> h5py.File:
    """Open a merflow HDF5 file of one kind (`merflow-clips`, `merflow-packed`) for reading.

    Check the checksum, then every link and dataset before reading data. Refuse anything that
    merflow never writes: links out of the file, virtual or external storage, object types,
    filters, more declared than stored data.
    """
    path = Path(path)
    if path.is_dir():
        raise MerflowError(str(path), "a folder", MADE_BY.get(kind, f"a {kind} file"))
    try:
        _check_checksum(path, kind)
        handle = h5py.File(path, "r")
    except FileNotFoundError:
        raise MerflowError(str(path), "no such file", f"a {kind} file") from None
    except (OSError, RuntimeError) as error:
        raise _unreadable(path, kind, error) from None
    try:
        found = _format(handle)
        if found != kind:
            raise MerflowError(str(path), f"its format is {found!r}", f"a {kind} file")
        _check_objects(handle, path)
    except (OSError, RuntimeError, TypeError, ValueError, KeyError, OverflowError) as error:
        handle.close()
        raise _unreadable(path, kind, error) from None
    except BaseException:
        handle.close()
        raise
    return handle


def _unreadable(path: Path, kind: str, error: Exception) -> MerflowError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return MerflowError(str(path), f"not a readable HDF5 file ({reason})", f"a {kind} file", AGAIN)


def contents_checksum(path: Path) -> str:
    """Return the SHA-256 of what stands before the checksum of a file; "" if it has none."""
    found, last = _checksums(path)
    return found if last.startswith(MARK) else ""


def _checksums(path: Path) -> tuple[str, bytes]:
    """Return the SHA-256 of a file up to its checksum, in hex, and the bytes at its end."""
    with open(path, "rb") as handle:
        size = os.fstat(handle.fileno()).st_size - CHECKSUM_BYTES
        found = hashlib.sha256()
        for left in range(size, 0, -BLOCK):
            found.update(handle.read(min(BLOCK, left)))
        return found.hexdigest(), handle.read()


def _check_checksum(path: Path, kind: str) -> None:
    """Refuse a file with bytes that do not match its checksum."""
    found, last = _checksums(path)
    if not last.startswith(MARK) or len(last) != CHECKSUM_BYTES:
        fault = "does not end with a merflow checksum: unfinished, or not a merflow file"
        raise MerflowError(str(path), fault, f"a {kind} file of this version of merflow", AGAIN)
    if last[len(MARK) :].hex() != found:
        fault = "its bytes do not match its checksum: it was damaged or changed"
        raise MerflowError(str(path), fault, f"a {kind} file as it was written", AGAIN)


def _format(handle: h5py.File) -> str:
    """Return the file's own format name; read nothing but that short text."""
    if "format" not in handle.attrs:
        return ""
    attribute = handle.attrs.get_id("format")
    if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
        return "no text"
    return str(handle.attrs["format"])[:80]


def _check_objects(handle: h5py.File, path: Path) -> None:
    """Visit every object without reading data; refuse what merflow never writes."""
    left = path.stat().st_size
    waiting: list[h5py.Group] = [handle]
    seen = 0
    while waiting:
        group = waiting.pop()
        if group.name.count("/") > MAX_DEPTH:
            raise MerflowError(str(path), f"groups deeper than {MAX_DEPTH}", "a shallow file")
        _check_object(group, f"{path}:{group.name}")
        for name in group:
            where = f"{path}:{group.name.rstrip('/')}/{name}"
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise MerflowError(where, f"a {type(link).__name__}", "data inside this file")
            seen += 1
            if seen > MAX_OBJECTS:
                raise MerflowError(str(path), f"more than {MAX_OBJECTS} objects", OURS)
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append(item)
            else:
                left -= _stored_size(item, where)
        if left < 0:
            raise MerflowError(str(path), "declares more data than the file holds", OURS)


def _check_object(item: h5py.HLObject, where: str) -> None:
    # A second name for one object could make a circle, or a small file look large.
    if h5py.h5o.get_info(item.id).rc != 1:
        raise MerflowError(where, "an object with several names", "one name for each object")
    if (count := len(item.attrs)) > MAX_ATTRIBUTES:
        raise MerflowError(where, f"{count} attributes", f"at most {MAX_ATTRIBUTES} attributes")


def _stored_size(item: Any, where: str) -> int:  # noqa: ANN401
    """Return the size of a dataset in bytes; refuse data that is not stored plainly in the file."""
    if not isinstance(item, h5py.Dataset):
        raise MerflowError(where, f"a {type(item).__name__}", "a dataset")
    _check_object(item, where)
    if item.is_virtual or item.external:
        raise MerflowError(where, "its data lies in another file", "data inside this file")
    if item.dtype.kind not in "uifS" or item.dtype.itemsize > 4096 or item.shape is None:
        raise MerflowError(where, f"data of type {item.dtype}", "numbers or short texts")
    if item.id.get_create_plist().get_nfilters():
        raise MerflowError(where, "compressed or filtered data", "plain data, as merflow writes it")
    declared = float(np.prod(item.shape, dtype=np.float64)) * item.dtype.itemsize
    if declared > item.id.get_storage_size():
        fault = f"declares {declared:.0f} bytes and stores fewer"
        raise MerflowError(where, fault, "all of its data")
    return int(declared)


def dataset_of(group: h5py.Group, name: str) -> h5py.Dataset:
    """Return a dataset of a group or file; refuse a file that lacks it."""
    item = group.get(name)
    if not isinstance(item, h5py.Dataset):
        where = f"{group.file.filename}:{group.name.rstrip('/')}/{name}"
        raise MerflowError(where, "is no dataset", "a whole file", AGAIN)
    return item


def put_json(group: h5py.Group, name: str, value: Any) -> None:  # noqa: ANN401
    """Store a JSON value as a byte dataset: attributes are limited to 64 KiB."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    group.create_dataset(name, data=np.frombuffer(text, np.uint8))


def get_json(group: h5py.Group, name: str) -> Any:  # noqa: ANN401
    """Read what `put_json` wrote."""
    where = f"{group.file.filename}:{group.name.rstrip('/')}/{name}"
    item = group.get(name)
    if not isinstance(item, h5py.Dataset) or item.size > MAX_JSON:
        raise MerflowError(where, "missing or too large", "a JSON text", AGAIN)
    try:
        return json.loads(item[()].tobytes())
    except (ValueError, RecursionError) as error:
        raise MerflowError(where, f"not JSON ({error})", fix=AGAIN) from None
