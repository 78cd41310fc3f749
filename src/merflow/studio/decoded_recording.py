"""The frames of a long recording for the page: decoded once, in order, kept as JPEGs in one file.

Frame numbers are those of the manifest: 0, 1, 2 ... as the file's frames are decoded. No frame is
found by seeking, which is not exact in compressed video.
"""

import shutil
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

import numpy as np

from merflow.datasets.recording_times import frame_times
from merflow.errors import MerflowError
from merflow.io.video_decoder import decode_frames
from merflow.studio.routing import Missing
from merflow.studio.test_view.recording import jpeg_of
from merflow.studio.uploads import CHECK_BYTES, SPARE

FRAMES_LIMIT = 200_000
"""Most frames of a recording."""
BYTES_LIMIT = 8 << 30
"""Most disk space for the JPEGs (bytes)."""


class DecodedRecording:
    """A video that a thread decodes from its start; frames can be asked for as they come.

    id: of the window that opened it last.
    """

    def __init__(self, path: Path) -> None:
        """Begin to decode; a file that is no video is an error here."""
        self.id, self.path = "", path
        self.times = frame_times(path)
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="merflow-frames-")  # noqa: SIM115
        self._places: list[tuple[int, int]] = []
        self._size: tuple[int, int] = (0, 0)
        self._state, self._error = "reading", ""
        self._closed = False
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def rate(self) -> float:
        """The usual frame rate (Hz)."""
        steps = np.diff(self.times)
        return float(1 / np.median(steps)) if len(steps) else 0.0

    def state(self) -> dict[str, Any]:
        """Return the number of frames, how many can be shown, their size and the rate."""
        with self._lock:
            height, width = self._size
            return {
                "id": self.id,
                "path": str(self.path),
                "name": self.path.name,
                "state": self._state,
                "error": self._error,
                "ready": len(self._places),
                "count": len(self._places) if self._state == "done" else len(self.times),
                "size": [height, width],
                "fps": round(self.rate, 6),
            }

    def frame(self, index: int) -> bytes:
        """Return a frame as JPEG."""
        with self._lock:
            if self._closed or index >= len(self._places):
                found = f"frame {index} is not decoded yet, or not a frame of the recording"
                raise Missing("request: index", found)
            at, size = self._places[index]
            self._file.seek(at)
            return self._file.read(size)

    def close(self) -> None:
        """End the thread and remove the frames."""
        with self._lock:
            self._closed = True
            self._file.close()

    def _read(self) -> None:
        try:
            self._decode()
            state, error = "done", ""
        # Whatever a decoder raises, the page must not wait for this thread for ever.
        except Exception as failed:
            state, error = "failed", f"{self.path.name}: {failed}"
        with self._lock:
            self._state, self._error = state, error

    def _decode(self) -> None:
        checked = -CHECK_BYTES
        for number, frame in enumerate(decode_frames(self.path)):
            jpeg = jpeg_of(frame)
            with self._lock:
                if self._closed:
                    return
                end = sum(self._places[-1]) if self._places else 0
                if number >= FRAMES_LIMIT or end > BYTES_LIMIT:
                    raise MerflowError(
                        self.path.name,
                        f"more than {number:,} frames or {BYTES_LIMIT >> 30} GiB of pictures",
                        "a shorter recording",
                        "cut it into parts; the frames up to here can be used",
                    )
                if end - checked >= CHECK_BYTES:
                    _refuse_full(self.path.name)
                    checked = end
                self._file.seek(end)
                self._file.write(jpeg)
                self._places.append((end, len(jpeg)))
                self._size = frame.shape[:2]


def _refuse_full(name: str) -> None:
    """Refuse more frames where SPARE would not stay free."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < SPARE + CHECK_BYTES:
        raise MerflowError(
            name,
            f"{free / 2**30:.1f} GiB are free in {folder}, and {SPARE >> 30} GiB must stay free",
            "free disk space for the decoded frames",
            "free some space, or set TMPDIR to another disk; the frames up to here can be used",
        )
