"""Test of a recording: its frames as JPEG for the page, the face in each, the predictions."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from merflow.errors import MerflowError
from merflow.inference.recording import OnProgress, predict_recording
from merflow.io import video
from merflow.stages.faces import Face, Finder
from merflow.workflow.final_model import Model

if TYPE_CHECKING:
    from merflow.inference.trained_spotter import TrainedSpotter
    from merflow.models.factory import Fitted

QUALITY = 90
"""JPEG quality of the frames shown; predictions use the original frames."""
SIDE_LIMIT = 720
"""Largest side of a frame shown (px)."""
DETECT_EVERY = 5
"""Frames from one face detection to the next; between them the box is kept."""
MEMORY_LIMIT = 1 << 30
"""Most memory for the JPEGs of a recording (bytes)."""
CHUNK = 24


class FaceTracker:
    """The face from frame to frame."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.face: Face | None = None
        self._count = 0

    def __call__(self, frame: np.ndarray) -> Face | None:
        """Return the face in the next frame, (H, W, 3) uint8 RGB."""
        if self.face is None or self._count % DETECT_EVERY == 0:
            self.face = self.finder.find(frame)
        else:
            self.face = self.finder.follow(frame, self.face)
        self._count += 1
        return self.face


def rounded(face: Face | None) -> dict[str, Any]:
    """Return box and landmarks of a face as JSON, to 0.1 px."""
    if face is None:
        return {"box": None, "points": None}
    points = np.round(face.landmarks.astype(float), 1).tolist()
    return {"box": [round(float(v), 1) for v in face.box], "points": points}


def recording(
    path: Path,
    fps: float | None,
    model: Model,
    fitted: "Fitted",
    finder: Finder,
    shown: Finder,
    send: Callable[[dict], None],
    on_progress: OnProgress,
    spotter: "TrainedSpotter | None" = None,
) -> dict[str, Any]:
    """Send the frames as JPEG with their faces, then what is found so far; return all of it.

    finder: of the model's pipeline; shown: of the landmarks that the page shows;
    spotter: finds the movements in place of merflow's rule.
    """
    on_progress("reading the recording", 0, 0)
    clip = video.read(path, fps)
    count, size = len(clip.frames), list(clip.frames.shape[1:3])
    facts = {"count": count, "fps": clip.fps, "size": size, "numbers": clip.numbers.tolist()}
    send({"recording": facts})
    track, faces, held = FaceTracker(shown), [], 0
    jpegs: list[bytes] = []
    for number, frame in enumerate(clip.frames):
        faces.append(rounded(track(frame)))
        jpegs.append(jpeg_of(frame))
        held += len(jpegs[-1])
        if held > MEMORY_LIMIT:
            raise MerflowError(
                str(path), f"its frames take more than {MEMORY_LIMIT >> 20} MiB as JPEG",
                "a shorter recording", "cut it, or use `merflow predict`",
            )  # fmt: skip
        if len(jpegs) == CHUNK or number == count - 1:
            send({"frames": jpegs, "faces": faces[-len(jpegs) :]})
            jpegs = []
            on_progress("finding the face", number + 1, count)
    found = predict_recording(
        clip, model, fitted, finder, on_progress=on_progress, spotter=spotter,
        on_found=lambda partial: send({"partial": partial}),
    )  # fmt: skip
    boxes, points = ([face[name] for face in faces] for name in ("box", "points"))
    return {"prediction": found, "boxes": boxes, "points": points, "score_text": model.score_text}


def jpeg_of(frame: np.ndarray) -> bytes:
    """Return an (H, W, 3) uint8 RGB frame as JPEG, no side over SIDE_LIMIT."""
    scale = SIDE_LIMIT / max(frame.shape[:2])
    if scale < 1:
        size = [max(1, round(scale * side)) for side in frame.shape[1::-1]]
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
