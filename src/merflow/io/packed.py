"""The packed file: all clips of a collection at one factor in one array, without labels."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from merflow import versions
from merflow.clip import ClipArrays, ClipKey
from merflow.errors import MerflowError
from merflow.io import records
from merflow.io.clip_store import Skipped, Store, factor_of
from merflow.io.files import portable
from merflow.io.hdf5 import AGAIN, create_hdf5, dataset_of, get_json, open_hdf5, put_json

KIND = "merflow-packed"


class Source(Protocol):
    """Prepared clips to pack: an open clip store, or the files of a dataset."""

    path: Path
    keys: list[ClipKey]
    skipped: list[Skipped]
    made_by: dict[str, Any]

    def shape(self, index: int) -> tuple[tuple[int, ...], np.dtype]:
        """Return the shape and type of one clip's frames."""
        ...

    def __iter__(self) -> Iterator[ClipArrays]: ...


@dataclass(frozen=True)
class Place:
    """Where the array x lies in a file: in one piece from `offset` (bytes), in C order."""

    path: Path
    offset: int


@dataclass(frozen=True)
class Packed:
    """x: (N, T, H, W, C) uint8, or (N, H, W, 3) for flow; keys: N clip keys, sorted.

    Flow is float16, in the units of `stages.flow`, or the uint8 of pictures with an unknown zero.

    lengths: N frame counts before interpolation; place: of x on disk, None for clips in memory.
    """

    x: np.ndarray
    keys: list[ClipKey]
    lengths: list[int]
    skipped: list[Skipped]
    made_by: dict[str, Any]
    place: Place | None = None


@dataclass(frozen=True)
class Survey:
    """The contents of a set of sources; those of stores are found without reading pixels.

    factors: what each store's record says it is magnified by; levels: its arithmetic.
    """

    sources: "list[Path | Source]"
    keys: list[ClipKey]
    skipped: list[Skipped]
    shape: tuple[int, ...]
    dtype: np.dtype
    inputs: dict[str, str]
    factors: list[float]
    levels: list[str]


def survey(sources: "Sequence[Path | Source]") -> Survey:
    """Survey the clip stores and other sources to be packed; every clip must have one shape."""
    found = Survey([*sources], [], [], (), np.dtype(np.uint8), {}, [], [])
    for source in sources:
        with _opened(source) as store:
            path = store.path
            found.factors.append(factor_of(store.made_by))
            found.levels.append(store.made_by.get("arithmetic", ""))
            found.inputs[portable(path)] = store.made_by["content"]
            found.skipped.extend(store.skipped)
            for index, key in enumerate(store.keys):
                shape, dtype = store.shape(index)
                if not found.keys:
                    found = replace(found, shape=shape, dtype=dtype)
                elif (shape, dtype) != (found.shape, found.dtype):
                    raise MerflowError(
                        str(path),
                        f"{key} has shape {shape}, type {dtype}",
                        f"{found.shape}, type {found.dtype}, as {found.keys[0]} has",
                        "delete the store and run again; prepared clips (enters_at: interpolated) "
                        "must already have the network's size, and pictures of flow with an "
                        "unknown zero cannot be mixed with signed flow",
                    )
                found.keys.append(key)
    return found


def write_packed(path: Path, found: Survey, recipe: dict[str, Any]) -> dict[str, str]:
    """Pack surveyed stores into one array, in the order of their keys, one clip in memory.

    Return clip -> SHA-256 of its pixels, sorted.
    """
    keys, sums = sorted(found.keys), {}
    with create_hdf5(path, KIND) as handle:
        shape = (len(keys), *found.shape)
        # In one piece: read whole it is one read of the disk, and a clip is one seek.
        x = handle.create_dataset("x", shape, found.dtype)
        row_of = {key: row for row, key in enumerate(keys)}
        lengths, magnified = [0] * len(keys), [{}] * len(keys)
        for source in found.sources:
            with _opened(source) as store:
                for clip in store:
                    row = row_of[clip.key]
                    x[row] = clip.frames
                    sums[str(clip.key)] = pixel_sum(clip.frames)
                    lengths[row] = int(clip.facts.get("frames", len(clip.frames)))
                    magnified[row] = clip.facts.get("magnify", {})
        put_json(handle, "lengths", lengths)
        put_json(handle, "keys", keys)
        put_json(handle, "magnify", magnified)
        put_json(handle, "skipped", sorted(found.skipped))
        made_by = {"stage": "pack", **versions.stage_record(*found.levels), "recipe": recipe}
        put_json(handle, "made_by", made_by | {"inputs": found.inputs})
    return dict(sorted(sums.items()))


def _opened(source: "Path | Source") -> "AbstractContextManager[Source]":
    return Store(source) if isinstance(source, Path) else nullcontext(source)


def pixel_sum(x: Any) -> str:  # noqa: ANN401
    """Return the SHA-256 of the pixels of a packed clip, an array."""
    return hashlib.sha256(np.ascontiguousarray(x)).hexdigest()


def read_packed(path: Path | str) -> Packed:
    """Read a whole packed file in one sequential read."""
    if Path(path).is_file():
        records.check(path)
    with open_hdf5(path, KIND) as handle:
        try:
            keys = [ClipKey(*key) for key in get_json(handle, "keys")]
            skipped, lengths = _skipped(handle), get_json(handle, "lengths")
            x = dataset_of(handle, "x")
            if not len(x) == len(keys) == len(lengths):
                raise ValueError(f"{len(x)} clips, {len(keys)} keys, {len(lengths)} lengths")
            offset = x.id.get_offset()
            place = None if offset is None else Place(Path(path).absolute(), offset)
            return Packed(x[()], keys, lengths, skipped, get_json(handle, "made_by"), place)
        except (TypeError, ValueError) as error:
            raise MerflowError(
                str(path), f"not laid out as packed clips ({error})", fix=AGAIN
            ) from None


def read_skipped(path: Path | str) -> list[Skipped]:
    """Return the clips that did not reach a packed file, without reading pixels."""
    if Path(path).is_file():
        records.check(path)
    with open_hdf5(path, KIND) as handle:
        return _skipped(handle)


def _skipped(handle: h5py.File) -> list[Skipped]:
    return [Skipped(*row) for row in get_json(handle, "skipped")]
