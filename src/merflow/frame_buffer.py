"""Frames of a clip too long to be held: they stay on disk and are read like an array, one by one.

A stage asks `room` for the place of its frames, or `held` to keep those that come. Up to LIMIT
bytes that is a plain array; beyond, a Reel. So the memory of a stage does not grow with the clip.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

LIMIT = 256 * 2**20
"""Bytes of frames beyond which a clip is not held in memory."""


class Reel:
    """Frames of one shape and type on disk; `np.asarray(reel)` reads them all.

    Indexed by one position it gives a frame, by a slice or positions a Reel of those frames.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:  # noqa: ANN401
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)

    def frame(self, position: int) -> np.ndarray:
        """Return the frame at a position, 0 to len - 1."""
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        """Number of axes, time included."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes that the frames take."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.frame(t) for t in range(len(self)))

    def __getitem__(self, what: int | slice | np.ndarray) -> "np.ndarray | Reel":
        chosen = np.arange(len(self))[what]
        return self.frame(int(chosen)) if np.ndim(chosen) == 0 else _Part(self, chosen)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: ANN401
        out = np.empty(self.shape, dtype or self.dtype)
        for t, frame in enumerate(self):
            out[t] = frame
        return out


class _Part(Reel):
    """Some frames of another reel, in any order."""

    def __init__(self, whole: Reel, positions: np.ndarray) -> None:
        super().__init__((len(positions), *whole.shape[1:]), whole.dtype)
        self._whole, self._positions = whole, positions

    def frame(self, position: int) -> np.ndarray:
        return self._whole.frame(int(self._positions[position]))


class Stored(Reel):
    """The frames of an open HDF5 dataset, which has one chunk a frame."""

    def __init__(self, dataset: Any) -> None:  # noqa: ANN401
        super().__init__(dataset.shape, dataset.dtype)
        self._dataset = dataset

    def frame(self, position: int) -> np.ndarray:
        """Read one frame: one chunk."""
        return self._dataset[position]


class Scratch(Reel):
    """Frames in a file without a name, which is gone when nobody holds it, whatever happens."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:  # noqa: ANN401
        super().__init__(shape, dtype)
        self._file = tempfile.TemporaryFile(dir=_folder(), buffering=0)  # noqa: SIM115
        self._step = int(np.prod(shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def frame(self, position: int) -> np.ndarray:
        """Read one frame, without moving a shared place in the file."""
        data = bytearray(self._step)
        view, at = memoryview(data), position * self._step
        while view and (read := os.preadv(self._file.fileno(), [view], at)):
            view, at = view[read:], at + read
        return np.frombuffer(data, self.dtype).reshape(self.shape[1:])

    def __setitem__(self, position: int, frame: np.ndarray) -> None:
        whole = np.ascontiguousarray(frame, self.dtype).reshape(self.shape[1:])
        view, at = memoryview(whole).cast("B"), position * self._step
        while view:
            written = os.pwrite(self._file.fileno(), view, at)
            view, at = view[written:], at + written

    def append(self, frame: np.ndarray) -> None:
        """Put a frame after the last."""
        self.shape = (len(self) + 1, *self.shape[1:])
        self[len(self) - 1] = frame


Frames = np.ndarray | Reel


def _folder() -> str | None:
    """Return where scratch files go: TMPDIR, else the working folder, which is no memory disk."""
    for folder in (os.environ.get("TMPDIR"), "."):
        if folder and os.access(folder, os.W_OK):
            return folder
    return None


def room(shape: tuple[int, ...], dtype: Any = np.uint8) -> np.ndarray | Scratch:  # noqa: ANN401
    """Return a place for frames, to be filled position by position: an array, or a Scratch."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return np.empty(shape, dtype) if size <= LIMIT else Scratch(shape, dtype)


def held(frames: Iterable[np.ndarray]) -> Frames:
    """Return frames of one shape and type, (T, ...), as they come: an array, or a Scratch."""
    first: list[np.ndarray] = []
    reel: Scratch | None = None
    for frame in frames:
        if reel is None and (len(first) + 1) * frame.nbytes > LIMIT:
            reel = Scratch((0, *frame.shape), frame.dtype)
            for one in first:
                reel.append(one)
            first.clear()
        if reel is None:
            first.append(frame)
        else:
            reel.append(frame)
    return np.stack(first) if reel is None else reel
