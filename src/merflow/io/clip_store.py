"""The clip store: all clips of one subject after one stage, in one HDF5 file.

An aligned store holds geometry only: the frames stay where they are, in the dataset's files.
"""

import contextlib
import hashlib
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from merflow import arithmetic, frame_buffer, versions
from merflow.clip import ClipArrays, ClipKey
from merflow.errors import MerflowError
from merflow.frame_buffer import FrameBuffer, Frames, HDF5Frames, NotStored
from merflow.io import records
from merflow.io.files import digest
from merflow.io.hdf5 import AGAIN, create_hdf5, dataset_of, get_json, open_hdf5, put_json

KIND = "merflow-clips"
LOG = logging.getLogger("merflow")


class Skipped(NamedTuple):
    """A clip that was left out, and why: a row of `results/skipped.csv`."""

    dataset: str
    subject: str
    clip: str
    stage: str
    reason: str


class StoreWriter:
    """Writes one clip at a time; used through `write_store`."""

    def __init__(self, handle: h5py.File) -> None:
        self._clips = handle.create_group("clips")
        self.skipped: list[Skipped] = []
        self.checksums: dict[str, str] = {}

    def add(self, clip: ClipArrays) -> None:
        """Append a clip's frames and measurements."""
        group = self._clips.create_group(f"{len(self.checksums):05d}")
        frames = clip.frames
        scalars = ("key", "fps", "onset", "apex", "offset", "enters_at", "facts")
        about = {name: getattr(clip, name) for name in scalars}
        chunks = (1, *frames.shape[1:]) if frames.ndim == 4 else True
        if isinstance(frames, NotStored):
            about["shape"] = frames.shape
        elif isinstance(frames, FrameBuffer):
            kept = group.create_dataset("frames", frames.shape, frames.dtype, chunks=chunks)
            for position, frame in enumerate(frames):
                kept[position] = frame
        else:
            frames = np.ascontiguousarray(frames)
            group.create_dataset("frames", data=frames, chunks=chunks)
        group.create_dataset("numbers", data=np.asarray(clip.numbers, np.int64))
        if clip.landmarks is not None:
            group.create_dataset("landmarks", data=np.asarray(clip.landmarks, np.float32))
        if clip.views is not None:
            group.create_dataset("views", data=np.asarray(clip.views, np.float64))
        self.checksums[str(clip.key)] = _checksum(clip)
        put_json(group, "clip", about)

    def put(self, clip: ClipArrays | Skipped) -> None:
        """Append a clip, or note that it was left out."""
        if isinstance(clip, Skipped):
            self.skipped.append(clip)
            LOG.warning("skipped %s: %s", "/".join(clip[:3]), clip.reason)
        else:
            self.add(clip)


def _checksum(clip: ClipArrays) -> str:
    """Return the SHA-256 of a clip's frames; without frames of its views and landmarks."""
    if isinstance(clip.frames, NotStored):
        parts = (clip.views, clip.landmarks)
        return digest([clip.frames.shape, *(p if p is None else p.tobytes().hex() for p in parts)])
    return _frames_checksum(clip.frames)


def _frames_checksum(frames: Frames) -> str:
    digest = hashlib.sha256(f"{frames.dtype.str}{frames.shape}".encode())
    for frame in frames:
        digest.update(np.ascontiguousarray(frame))
    return digest.hexdigest()


@contextlib.contextmanager
def new_store(
    path: Path | str, stage: str, recipe: dict[str, Any], inputs: dict[str, str], before: str = ""
) -> Iterator[StoreWriter]:
    """Write a clip store atomically: the file appears when the block ends without an error.

    before: arithmetic levels of the stages up to here, as their store's record keeps them.

    `recipe` (settings and versions of all stages up to here) and `inputs` (name -> digest) are
    kept for `merflow why`; neither may hold a time, a host or an absolute path.
    """
    arithmetic.check()
    with create_hdf5(path, KIND) as handle:
        writer = StoreWriter(handle)
        yield writer
        put_json(handle, "skipped", writer.skipped)
        made_by = {"stage": stage, **versions.stage_record(before), "recipe": recipe}
        contents = {"inputs": inputs, "content": digest(writer.checksums)}
        put_json(handle, "made_by", made_by | contents)


def write_store(
    path: Path | str,
    stage: str,
    clips: Iterable[ClipArrays | Skipped],
    recipe: dict[str, Any],
    inputs: dict[str, str],
    before: str = "",
) -> StoreWriter:
    """Write a clip store atomically, one clip in memory at a time; see `new_store`."""
    with new_store(path, stage, recipe, inputs, before) as writer:
        for clip in clips:
            writer.put(clip)
    return writer


class Store:
    """A clip store open for reading; iterate to get `ClipArrays` in the order written.

    Opening reads the whole file once, against its checksum: what is read later is what was written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if self.path.is_file():
            records.check(path)
        self._handle = open_hdf5(path, KIND)
        try:
            self.skipped = [Skipped(*row) for row in get_json(self._handle, "skipped")]
            self.made_by: dict[str, Any] = dict(get_json(self._handle, "made_by"))
            self._groups = [g for _, g in sorted(self._handle["clips"].items())]
            self._rows = [dict(get_json(group, "clip")) for group in self._groups]
            self.keys = [ClipKey(*row.pop("key")) for row in self._rows]
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            self.close()
            raise self._foreign(error) from None
        except BaseException:
            self.close()
            raise

    def _foreign(self, error: Exception) -> MerflowError:
        return MerflowError(str(self.path), f"not laid out as a clip store ({error})", fix=AGAIN)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def holds_frames(self) -> bool:
        """Whether the pixels are in the store; an aligned store holds geometry only."""
        return not any("shape" in row for row in self._rows)

    def __iter__(self) -> Iterator[ClipArrays]:
        return (self.read(index) for index in range(len(self)))

    def clips(self) -> Iterator[ClipArrays]:
        """Yield the clips; long ones stay on disk and can be read until the store is closed."""
        return (self.read(index, lazily=True) for index in range(len(self)))

    def read(self, index: int, lazily: bool = False) -> ClipArrays:
        """Return one clip."""
        group, row = self._groups[index], dict(self._rows[index])
        shape, frames = row.pop("shape", None), None
        if shape is None:
            kept = dataset_of(group, "frames")
            on_disk = HDF5Frames(kept)
            frames = on_disk if lazily and on_disk.nbytes > frame_buffer.MEMORY_LIMIT else kept[()]
        arrays = {
            name: dataset_of(group, name)[()] if name in group else None
            for name in ("landmarks", "views")
        }
        numbers = dataset_of(group, "numbers")[()]
        try:
            frames = NotStored(tuple(map(int, shape))) if frames is None else frames
            return ClipArrays(key=self.keys[index], frames=frames, numbers=numbers, **arrays, **row)
        except (TypeError, ValueError) as error:
            raise self._foreign(error) from None

    def shape(self, index: int) -> tuple[tuple[int, ...], np.dtype]:
        """Return the shape and type of one clip's frames without reading them."""
        if "shape" in self._rows[index]:
            return tuple(self._rows[index]["shape"]), np.dtype(np.uint8)
        frames = dataset_of(self._groups[index], "frames")
        return frames.shape, frames.dtype

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def factor_of(record: dict[str, Any]) -> float:
    """Return the magnification factor in a store's record, times the displacement; else 1."""
    return float(record["recipe"].get("magnify", {}).get("factor", 1))
