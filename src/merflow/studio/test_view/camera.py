"""Test of a camera: the face in every frame, and a prediction every few frames.

Predictions run in a second thread, so that the face is followed at the camera's rate meanwhile.
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
from merflow.io.images import image_size
from merflow.stages.faces import Finder
from merflow.stages.movement import resting
from merflow.studio.test_view.recording import FaceTracker, rounded
from merflow.workflow.final_model import Model

if TYPE_CHECKING:
    from merflow.models.factory import Fitted

LOG = logging.getLogger("merflow")
SIDE_LIMIT = 1280
"""Largest side of a camera's frame (px)."""
WINDOW_LIMIT = 240
"""Most frames of a window, which are kept in memory."""
REST_FRAMES = 600
"""Most frames that the rest is measured over."""
SETTLING_WINDOWS = 2
"""Windows of frames that must have passed before the first prediction."""
SETTLING = "settling"


class CameraTest:
    """One use of the camera."""

    def __init__(
        self,
        model: Model,
        fitted: "Fitted",
        finder: Finder,
        shown: Finder,
        window: int,
        stride: int,
    ) -> None:
        self.model, self.fitted, self.finder = model, fitted, finder
        self.window, self.stride = window, stride
        self._track = FaceTracker(shown)
        self._frames: deque[tuple[float, np.ndarray]] = deque(maxlen=window)
        self._measure: deque[float] = deque(maxlen=REST_FRAMES)
        self._count = 0
        self._count_predicted = 0
        self._number = 0
        self._newest: dict[str, Any] | None = None
        self._thread: threading.Thread | None = None

    def frame(self, jpeg: bytes, at: float) -> dict[str, Any]:
        """Add the frame taken `at` ms; return its face and the newest prediction."""
        frame = decoded(jpeg)
        if self._frames and frame.shape != self._frames[-1][1].shape:
            self._frames.clear()
        face = self._track(frame)
        self._frames.append((at, frame))
        self._count += 1
        busy = self._thread is not None and self._thread.is_alive()
        new = self._count - self._count_predicted
        if len(self._frames) == self.window and new >= self.stride and not busy:
            self._count_predicted = self._count
            arguments = (list(self._frames), min(new, self.window), self._count - 1)
            self._thread = threading.Thread(target=self._predict, args=arguments, daemon=True)
            self._thread.start()
        return {"index": self._count - 1, **rounded(face), "prediction": self._newest}

    def _predict(self, frames: list[tuple[float, np.ndarray]], new: int, last: int) -> None:
        """Predict one window; `new` of its frames were in no window before."""
        started = time.perf_counter()
        times = [at for at, _ in frames]
        fps = max(1.0, 1000 * (len(times) - 1) / max(1.0, times[-1] - times[0]))
        stack = np.stack([frame for _, frame in frames])
        numbers = np.arange(last - len(stack) + 1, last + 1)
        key = ClipKey("camera", "-", "live")
        clip = ClipArrays(key, stack, fps, numbers, onset=0, apex=None, offset=len(stack) - 1)
        found = {"label": NONE, "probabilities": None, "movement": None, "reason": ""}
        try:
            found |= self._window(clip, new, settled=last + 1 >= SETTLING_WINDOWS * self.window)
        except MerflowError as error:
            found["reason"] = error.found
        except Exception as error:
            LOG.exception("a window of the camera failed")
            found["reason"] = f"{type(error).__name__}: {error}"
        self._number += 1
        seconds = round(time.perf_counter() - started, 3)
        place = {"number": self._number, "first": int(numbers[0]), "last": last, "fps": fps}
        self._newest = {**place, **found, "seconds": seconds}

    def _window(self, clip: ClipArrays, new: int, settled: bool) -> dict[str, Any]:
        size = len(clip.frames)
        rest = resting(np.array(self._measure)) if self._measure else None
        made = predict_recording(clip, self.model, self.fitted, self.finder, size, size, rest=rest)
        # Less movement is measured at both ends, which have fewer frames to compare with.
        inner = made.measure[1:-1] if size > 4 else made.measure
        self._measure.extend(inner[-new:].tolist())
        (row,) = made.windows
        found: dict[str, Any] = {"movement": row.strength}
        if not settled:
            found["label"] = SETTLING
        elif row.probabilities is not None:
            found |= {"label": row.label, "probabilities": row.probabilities.tolist()}
        return found


def decoded(jpeg: bytes) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB image of a JPEG from the page; refuse all other data."""
    size = image_size(jpeg) if jpeg.startswith(b"\xff\xd8\xff") else None
    if size is None or not 0 < max(size) <= SIDE_LIMIT:
        raise MerflowError("camera", "no readable JPEG", f"at most {SIDE_LIMIT} px wide")
    frame = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if frame is None:
        raise MerflowError("camera", "a damaged JPEG")
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
