"""Finding the face and its landmarks: dlib's frontal detector with the predictor that fits it."""

import importlib.metadata
import logging
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from merflow.errors import MerflowError
from merflow.resample import as_grey

_log = logging.getLogger(__name__)

MODELS = {
    5: "shape_predictor_5_face_landmarks.dat",
    68: "shape_predictor_68_face_landmarks.dat",
}
PACKAGE = "face_recognition_models"
LARGE_SIDE = 400
"""From this shorter side (px) on, the face is looked for at half size first."""
FINE = 4
"""The predictor rounds to whole pixels, so it reads the face enlarged this many times ..."""
FINE_SIDE = 640
"""... but never to more than this side (px)."""

_said: set[str] = set()


class Face(NamedTuple):
    """One face: box (x0, y0, x1, y1) and landmarks (5 or 68, 2) float32, in px of the frame."""

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    seen: int
    """Number of faces in the frame; the largest is the one described."""


class Finder:
    """The detector and the predictor, loaded once per process.

    dlib's predictors are trained on boxes of its HOG detector, so the pair is not a choice.
    """

    def __init__(self, points: int = 5, model: str = "") -> None:
        import dlib

        path = find_model(points, model)
        if points == 68:
            _say_once(
                "the 68-point landmark model is in use: its training data (300-W) excludes "
                "commercial use; align.points: 5 has no such limit"
            )
        self.points = points
        self._dlib = dlib
        self._detector = dlib.get_frontal_face_detector()
        try:
            self._predictor = dlib.shape_predictor(str(path))
        except RuntimeError as error:
            raise MerflowError(
                str(path),
                f"is not a landmark model dlib can read ({error})",
                f"dlib's {points}-point shape predictor",
                "correct align.model, or leave it empty to use the installed package's",
            ) from error

    def find(self, frame: np.ndarray) -> Face | None:
        """Return the largest face of an RGB or grey uint8 frame, (H, W[, C]), or None."""
        grey = as_grey(frame)
        boxes = self._detect(grey)
        if not boxes:
            return None
        box = max(boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))
        return Face(box, self._landmarks(grey, box), len(boxes))

    def follow(self, frame: np.ndarray, face: Face) -> Face:
        """Return the landmarks of a frame in the box of a face found a few frames before."""
        return face._replace(landmarks=self._landmarks(as_grey(frame), face.box))

    def _detect(self, grey: np.ndarray) -> list[tuple[float, float, float, float]]:
        """Look at half size where the picture is large, then at full size, then at twice it."""
        scales = (0.5, 1.0, 2.0) if min(grey.shape) >= LARGE_SIDE else (1.0, 2.0)
        for scale in scales:
            method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            small = grey if scale == 1 else cv2.resize(grey, None, None, scale, scale, method)
            found = self._detector(np.ascontiguousarray(small), 0)
            if found:
                return [
                    (b.left() / scale, b.top() / scale, b.right() / scale, b.bottom() / scale)
                    for b in found
                ]
        return []

    def _landmarks(self, grey: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
        side = max(box[2] - box[0], box[3] - box[1])
        scale = float(np.clip(FINE_SIDE / side, 1, FINE))
        x0, y0 = (max(0, int(v - side / 2)) for v in box[:2])
        x1, y1 = (int(v + side / 2) + 1 for v in box[2:])
        patch = cv2.resize(grey[y0:y1, x0:x1], None, None, scale, scale, cv2.INTER_LINEAR)
        # cv2.resize keeps pixel centres: c' = (c + .5) scale - .5.
        origin = np.array([x0, y0], np.float64)
        corners = (np.array(box, np.float64).reshape(2, 2) - origin + 0.5) * scale - 0.5
        (left, top), (right, bottom) = np.rint(corners).astype(int).tolist()
        shape = self._predictor(patch, self._dlib.rectangle(left, top, right, bottom))
        if shape.num_parts != self.points:
            raise MerflowError(
                "align.model",
                f"the model gives {shape.num_parts} points, align.points says {self.points}",
                "the two to agree",
                f"set align.points: {shape.num_parts} or name another file",
            )
        points = np.array([(p.x, p.y) for p in shape.parts()], np.float64)
        return ((points + 0.5) / scale - 0.5 + origin).astype(np.float32)


def find_model(points: int, model: str = "") -> Path:
    """Return the landmark model's file: `model` if given, else the installed package's.

    The package itself is never imported: it asks for pkg_resources and fails without it.
    """
    if model:
        path = Path(model).expanduser()
        if not path.is_file():
            raise MerflowError(
                str(path),
                "no such file",
                f"dlib's {points}-point landmark model",
                "correct align.model, or leave it empty to use the installed package's",
            )
        return path
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == MODELS[points] and Path(str(file.locate())).is_file():
            return Path(str(file.locate()))
    raise MerflowError(
        "align.model",
        f"no {points}-point landmark model ({MODELS[points]}) on this machine",
        f"the package {PACKAGE.replace('_', '-')} or a file of your own",
        f"pip install {PACKAGE.replace('_', '-')}, or set align.model to the file's path",
    )


def _say_once(text: str, *values: Any) -> None:  # noqa: ANN401
    if text not in _said:
        _said.add(text)
        _log.warning(text, *values)
