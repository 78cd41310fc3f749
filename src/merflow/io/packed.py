"""The packed file: all clips of a collection at one factor in one array, without labels."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from merflow import versions
from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.io import records
from merflow.io.clip_store import Skipped, Store, factor_of
from merflow.io.files import portable
from merflow.io.hdf5 import AGAIN, create_hdf5, dataset_of, get_json, open_hdf5, put_json

KIND = "merflow-packed"


@dataclass(frozen=True)
class Place:
    """Where the array x lies in a file: in one piece from `offset` (bytes), in C order."""

    path: Path
    offset: int


@dataclass(frozen=True)
class Packed:
    """x: (N, T, H, W, C) uint8, or (N, H, W, 3) float16 for flow; keys: N clip keys, sorted.

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
    """The contents of a set of stores, found without reading pixels.

    factors: what each store's record says it is magnified by; levels: its arithmetic.
    """

    stores: list[Path]
    keys: list[ClipKey]
    skipped: list[Skipped]
    shape: tuple[int, ...]
    dtype: np.dtype
    inputs: dict[str, str]
    factors: list[float]
    levels: list[str]


def survey(stores: list[Path]) -> Survey:
    """Survey the stores to be packed; every clip must have the same shape."""
    found = Survey(stores, [], [], (), np.dtype(np.uint8), {}, [], [])
    for path in stores:
        with Store(path) as store:
            found.factors.append(factor_of(store.made_by))
            found.levels.append(store.made_by.get("arithmetic", ""))
            found.inputs[portable(path)] = store.made_by["content"]
            found.skipped.extend(store.skipped)
            for index, key in enumerate(store.keys):
                shape, dtype = store.shape(index)
                if not found.keys:
                    found = replace(found, shape=shape, dtype=dtype)
                elif shape != found.shape:
                    raise MerflowError(
                        str(path),
                        f"{key} has shape {shape}",
                        f"{found.shape}, as {found.keys[0]} has",
                        "delete the store and run again; prepared clips of the user's own "
                        "(enters_at: interpolated) must already have the network's size",
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
        for source in found.stores:
            with Store(source) as store:
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
