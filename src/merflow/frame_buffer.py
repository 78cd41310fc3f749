"""Frame buffer: a NumPy array up to 256 MB, a temporary file above that, with the same indexing.

A stage asks `allocate` for room for its output, or `collect` to keep frames as they come. So the
memory of a stage does not grow with the length of the clip.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from merflow.errors import MerflowError

MEMORY_LIMIT = 256 * 2**20
"""Bytes of frames above which a clip is kept on disk."""


class FrameBuffer:
    """Frames of one shape and type on disk; `np.asarray(buffer)` reads them all.

    One position gives a frame; a slice or an array of positions gives a FrameBuffer.
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
        """Size of all frames in bytes."""
        return self.size * self.dtype.itemsize

    @property
    def luma(self) -> "FrameBuffer":
        """The same frames in one channel, where the files hold one; else these frames."""
        return self

    @property
    def decoded(self) -> bool:
        """Whether frames are read as they are; False where each reading decodes a file."""
        return True

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.frame(t) for t in range(len(self)))

    def __getitem__(self, index: int | slice | np.ndarray) -> "np.ndarray | FrameBuffer":
        chosen = np.arange(len(self))[index]
        return self.frame(int(chosen)) if np.ndim(chosen) == 0 else _View(self, chosen)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: ANN401
        out = np.empty(self.shape, dtype or self.dtype)
        for t, frame in enumerate(self):
            out[t] = frame
        return out


class _View(FrameBuffer):
    """Selected frames of another buffer, in any order."""

    def __init__(self, base: FrameBuffer, positions: np.ndarray) -> None:
        super().__init__((len(positions), *base.shape[1:]), base.dtype)
        self._base, self._positions = base, positions

    @property
    def luma(self) -> FrameBuffer:
        return _View(self._base.luma, self._positions)

    @property
    def decoded(self) -> bool:
        return self._base.decoded

    def frame(self, position: int) -> np.ndarray:
        return self._base.frame(int(self._positions[position]))


class NotStored(FrameBuffer):
    """The shape of frames that a clip store leaves where they are: in the dataset's files."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, np.uint8)

    def frame(self, position: int) -> np.ndarray:
        """Refuse: there are no pixels here."""
        raise MerflowError(
            "clip store",
            "an aligned store holds no pixels",
            "a store of cropped or later clips, or the dataset's frames beside it (--catalogue)",
        )


class HDF5Frames(FrameBuffer):
    """The frames of an open HDF5 dataset with one chunk per frame."""

    def __init__(self, dataset: Any) -> None:  # noqa: ANN401
        super().__init__(dataset.shape, dataset.dtype)
        self._dataset = dataset

    def frame(self, position: int) -> np.ndarray:
        """Read one frame: one chunk."""
        return self._dataset[position]


class TemporaryFrames(FrameBuffer):
    """Frames in an unnamed temporary file, which the system removes even after a crash."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:  # noqa: ANN401
        super().__init__(shape, dtype)
        self._file = tempfile.TemporaryFile(dir=_folder(), buffering=0)  # noqa: SIM115
        self._step = int(np.prod(shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def frame(self, position: int) -> np.ndarray:
        """Read one frame; threads may read at the same time (no shared file position)."""
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
        """Add a frame at the end."""
        self.shape = (len(self) + 1, *self.shape[1:])
        self[len(self) - 1] = frame


Frames = np.ndarray | FrameBuffer


def _folder() -> str | None:
    """Return the folder for temporary frames: TMPDIR, else the working folder.

    The system's default may be a memory disk.
    """
    for folder in (os.environ.get("TMPDIR"), "."):
        if folder and os.access(folder, os.W_OK):
            return folder
    return None


def allocate(
    shape: tuple[int, ...],
    dtype: Any = np.uint8,  # noqa: ANN401
) -> np.ndarray | TemporaryFrames:
    """Return uninitialised frames, to be filled position by position."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return np.empty(shape, dtype) if size <= MEMORY_LIMIT else TemporaryFrames(shape, dtype)


def luma_of_files(frames: Frames) -> Frames:
    """Return frames in one channel where their files are read faster so; others as they are."""
    return frames.luma if isinstance(frames, FrameBuffer) else frames


def decoded(frames: Frames) -> Frames:
    """Return frames that can be read repeatedly without decoding a file each time."""
    undecoded = isinstance(frames, FrameBuffer) and not frames.decoded
    return collect(frames) if undecoded else frames


def collect(frames: Iterable[np.ndarray]) -> Frames:
    """Return frames of one shape and type, (T, ...), from an iterator."""
    held: list[np.ndarray] = []
    buffer: TemporaryFrames | None = None
    for frame in frames:
        if buffer is None and (len(held) + 1) * frame.nbytes > MEMORY_LIMIT:
            buffer = TemporaryFrames((0, *frame.shape), frame.dtype)
            for one in held:
                buffer.append(one)
            held.clear()
        (held if buffer is None else buffer).append(frame)
    return np.stack(held) if buffer is None else buffer
