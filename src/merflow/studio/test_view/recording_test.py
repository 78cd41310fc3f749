"""A recording tested: its frames for the page, the face in each, and the answers over time."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from merflow.errors import MerflowError
from merflow.inference.recording import Tell, predict_recording
from merflow.io import video
from merflow.stages.faces import Face, Finder
from merflow.workflow.final_model import Model

if TYPE_CHECKING:
    from merflow.models.factory import Fitted

QUALITY = 90
"""JPEG quality of what is shown; what is answered is computed from the frames themselves."""
SHOWN_SIDE = 720
"""Longer side of what is shown, at most (px)."""
AFRESH = 5
"""The face is looked for anew every so many frames; between them its box is kept."""
REEL_LIMIT = 1 << 30
"""Most that the pictures of a recording may take (bytes)."""
CHUNK = 24


class Follower:
    """The face from frame to frame."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.face: Face | None = None
        self._count = 0

    def __call__(self, frame: np.ndarray) -> Face | None:
        """Return the face in the next frame, (H, W, 3) uint8 RGB."""
        if self.face is None or self._count % AFRESH == 0:
            self.face = self.finder.find(frame)
        else:
            self.face = self.finder.follow(frame, self.face)
        self._count += 1
        return self.face


def recording(
    path: Path,
    fps: float | None,
    model: Model,
    fitted: "Fitted",
    finder: Finder,
    looker: Finder,
    send: Callable[[dict], None],
    tell: Tell,
) -> dict[str, Any]:
    """Send the frames as pictures, then return faces and answers.

    finder: of the model's chain; looker: of the landmarks that are shown.
    """
    tell("reading the recording", 0, 0)
    clip = video.read(path, fps)
    count, (height, width) = len(clip.frames), clip.frames.shape[1:3]
    send({"reel": {"count": count, "fps": clip.fps, "size": [height, width],
                   "numbers": clip.numbers.tolist()}})  # fmt: skip
    follow, boxes, points, held = Follower(looker), [], [], 0
    pictures: list[bytes] = []
    for number, frame in enumerate(clip.frames):
        face = follow(frame)
        boxes.append(None if face is None else [round(float(v), 1) for v in face.box])
        points.append(None if face is None else np.round(face.landmarks.astype(float), 1).tolist())
        pictures.append(picture(frame))
        held += len(pictures[-1])
        if held > REEL_LIMIT:
            raise MerflowError(
                str(path), f"its pictures take more than {REEL_LIMIT >> 20} MiB",
                "a shorter recording", "cut it, or use `merflow predict`",
            )  # fmt: skip
        if len(pictures) == CHUNK or number == count - 1:
            send({"pictures": pictures})
            pictures = []
            tell("finding the face", number + 1, count)
    answered = predict_recording(clip, model, fitted, finder, tell=tell)
    return {"answered": answered, "boxes": boxes, "points": points, "said": model.said}


def picture(frame: np.ndarray) -> bytes:
    """Return an (H, W, 3) uint8 RGB frame as JPEG, no side over SHOWN_SIDE."""
    scale = SHOWN_SIDE / max(frame.shape[:2])
    if scale < 1:
        frame = cv2.resize(frame, None, None, scale, scale, cv2.INTER_AREA)
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
