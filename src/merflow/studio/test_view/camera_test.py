"""A camera watched: the face in every frame that came through, an answer every few frames.

The answers are made in a thread of their own, so that the face is followed at the camera's rate
while the last window is still being looked at.
"""

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from merflow.clip import ClipArrays, ClipKey
from merflow.errors import MerflowError
from merflow.inference.recording import NONE, predict_recording
from merflow.inference.spotting import resting
from merflow.io.images import image_size
from merflow.stages.faces import Finder
from merflow.studio.test_view.recording_test import Follower
from merflow.workflow.final_model import Model

if TYPE_CHECKING:
    from merflow.models.factory import Fitted

LOG = logging.getLogger("merflow")
SIDE_LIMIT = 1280
"""Longer side of a camera's frame, at most (px)."""
WINDOW_LIMIT = 240
"""Most frames of a window: they are held in memory."""
KNOWN = 600
"""Frames that the rest is measured over, at most."""
SETTLED = 2
"""So many windows of frames must have passed before an answer is more than `settling`."""
SETTLING = "settling"


class Live:
    """One look through a camera."""

    def __init__(
        self,
        model: Model,
        fitted: "Fitted",
        finder: Finder,
        looker: Finder,
        window: int,
        stride: int,
    ) -> None:
        self.model, self.fitted, self.finder = model, fitted, finder
        self.window, self.stride = window, stride
        self._follow = Follower(looker)
        self._frames: deque[tuple[float, np.ndarray]] = deque(maxlen=window)
        self._measure: deque[float] = deque(maxlen=KNOWN)
        self._count = 0
        self._looked_at = 0
        self._number = 0
        self._answer: dict[str, Any] | None = None
        self._worker: threading.Thread | None = None

    def frame(self, jpeg: bytes, at: float) -> dict[str, Any]:
        """Take the next frame, seen `at` ms; return its face and the newest answer."""
        frame = decoded(jpeg)
        if self._frames and frame.shape != self._frames[-1][1].shape:
            self._frames.clear()
        face = self._follow(frame)
        self._frames.append((at, frame))
        self._count += 1
        busy = self._worker is not None and self._worker.is_alive()
        due = self._count - self._looked_at >= self.stride
        if len(self._frames) == self.window and due and not busy:
            new, self._looked_at = self._count - self._looked_at, self._count
            part = (list(self._frames), min(new, self.window), self._count - 1)
            self._worker = threading.Thread(target=self._look, args=part, daemon=True)
            self._worker.start()
        return {
            "index": self._count - 1,
            "box": None if face is None else [round(float(v), 1) for v in face.box],
            "points": None if face is None else np.round(face.landmarks.astype(float), 1).tolist(),
            "answer": self._answer,
        }

    def _look(self, frames: list[tuple[float, np.ndarray]], new: int, last: int) -> None:
        """Answer one window; `new` of its frames were in no window before."""
        begun = time.perf_counter()
        times = [at for at, _ in frames]
        fps = max(1.0, 1000 * (len(times) - 1) / max(1.0, times[-1] - times[0]))
        stack = np.stack([frame for _, frame in frames])
        numbers = np.arange(last - len(stack) + 1, last + 1)
        key = ClipKey("camera", "-", "live")
        clip = ClipArrays(key, stack, fps, numbers, onset=0, apex=None, offset=len(stack) - 1)
        rest = resting(np.array(self._measure)) if self._measure else None
        found = {"answer": NONE, "chances": None, "movement": None, "reason": ""}
        try:
            done = predict_recording(
                clip, self.model, self.fitted, self.finder, len(stack), len(stack), rest=rest
            )
            # The ends have fewer frames to be compared with, and look stiller than they are.
            inner = done.measure[1:-1] if len(stack) > 4 else done.measure
            self._measure.extend(inner[-new:].tolist())
            (row,) = done.windows
            found["movement"] = row.strength
            if last + 1 < SETTLED * self.window:
                found["answer"] = SETTLING
            elif row.chances is not None:
                found |= {"answer": row.answer, "chances": row.chances.tolist()}
        except MerflowError as error:
            found["reason"] = error.found
        except Exception as error:
            LOG.exception("a window of the camera failed")
            found["reason"] = f"{type(error).__name__}: {error}"
        self._number += 1
        spent = round(time.perf_counter() - begun, 3)
        times = {"number": self._number, "first": int(numbers[0]), "last": last, "fps": fps}
        self._answer = {**times, **found, "seconds": spent}


def decoded(jpeg: bytes) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB picture of a JPEG that a page sent; refuse all else."""
    size = image_size(jpeg) if jpeg.startswith(b"\xff\xd8\xff") else None
    if size is None or not 0 < max(size) <= SIDE_LIMIT:
        raise MerflowError("camera", "no JPEG that can be read", f"at most {SIDE_LIMIT} px wide")
    frame = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if frame is None:
        raise MerflowError("camera", "a JPEG that is broken")
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
