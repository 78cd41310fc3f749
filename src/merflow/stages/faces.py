"""Face detection and landmarks with dlib's frontal detector and shape predictor."""

import logging
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from merflow.errors import MerflowError
from merflow.stages.resample import as_grey

_log = logging.getLogger(__name__)

LARGE_SIDE = 400
"""Shorter side (px) from which the face is searched at half size first."""
PATCH, MARGIN = 600, 120
"""Side of the face box in the enlarged patch for the predictor, and its margin (px)."""
Reads = tuple[tuple[int, int, int, int], ...]


def _reads(count: int, shift: float, growth: float) -> Reads:
    """Return boxes shifted and grown by up to these shares: left, top, right, bottom, px."""
    boxes = []
    for k in range(count):
        away, angle = shift * np.sqrt((k + 0.5) / count), 2.4 * k
        rim = growth / 2 * (2 * (0.618 * k % 1) - 1)
        low = np.array([away * np.cos(angle), away * np.sin(angle)]) - rim
        corners = np.rint(MARGIN + PATCH * np.append(low, low + 1 + 2 * rim)).astype(int)
        boxes.append(tuple(corners.tolist()))
    return tuple(boxes)


READS = _reads(16, 0.06, 0.06)
"""Boxes for which landmarks are predicted and averaged, px of the patch."""

Box = tuple[float, float, float, float]


class Face(NamedTuple):
    """One face: box (x0, y0, x1, y1) and landmarks (5 or 68, 2) float32, in px of the frame."""

    box: Box
    landmarks: np.ndarray
    seen: int
    """Number of faces in the frame, of which this is the largest."""
    score: float = 1.0
    """Detector score, > 0: 2 to 3 for a clear face."""


class Finder:
    """Face detector and landmark predictor, loaded once per process.

    dlib's predictors are trained on boxes of its HOG detector, so no other detector fits.
    """

    def __init__(self, points: int, model: str) -> None:
        """Load a landmark model with 5 or 68 points from the file `model`."""
        import dlib

        if points == 68:
            _warn_once(
                "the training data of the 68-point landmark model (300-W) excludes commercial use; "
                "align.points: 5 has no such limit"
            )
        self.points = points
        self._dlib = dlib
        self._detector = dlib.get_frontal_face_detector()
        try:
            self._predictor = dlib.shape_predictor(model)
        except RuntimeError as error:
            raise MerflowError(
                model,
                f"is not a landmark model that dlib can read ({error})",
                f"dlib's {points}-point shape predictor",
                "correct align.model, or leave it empty to use the installed package's",
            ) from error

    def find(self, frame: np.ndarray) -> Face | None:
        """Return the largest face of an RGB or grey uint8 frame, (H, W[, C]), or None."""
        grey = as_grey(frame)
        found = self._detect(grey)
        if not found:
            return None
        box, score = max(found, key=lambda one: _area(one[0]))
        return Face(box, self.read(grey, box), len(found), score)

    def follow(self, frame: np.ndarray, face: Face) -> Face:
        """Return the landmarks in a frame, in the box of a face from another frame."""
        return face._replace(landmarks=self.read(as_grey(frame), face.box))

    def _detect(self, grey: np.ndarray) -> list[tuple[Box, float]]:
        """Return boxes and scores > 0, at half (large images), full or double size."""
        scales = (0.5, 1.0, 2.0) if min(grey.shape) >= LARGE_SIDE else (1.0, 2.0)
        for scale in scales:
            method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            small = grey if scale == 1 else cv2.resize(grey, None, None, scale, scale, method)
            boxes, scores, _ = self._detector.run(np.ascontiguousarray(small), 0, 0.0)
            if boxes:
                return [
                    ((b.left() / scale, b.top() / scale, b.right() / scale, b.bottom() / scale), s)
                    for b, s in zip(boxes, scores, strict=True)
                ]
        return []

    def read(self, grey: np.ndarray, box: Box, reads: Reads = READS) -> np.ndarray:
        """Return the mean landmarks for boxes shifted and scaled by a few percent.

        The predictor compares differences of two pixels with thresholds; near a threshold, one
        grey level moves the landmarks of one box by .05 px. dlib's boxes have whole pixels, so
        they are placed in an enlarged patch.
        """
        corner = np.array(box[:2], np.float64)
        size = PATCH / (np.array(box[2:]) - corner)
        place = np.column_stack([np.diag(size), MARGIN - corner * size])
        whole = (PATCH + 2 * MARGIN,) * 2
        patch = cv2.warpAffine(
            grey, place, whole, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        points = np.mean([self._read(patch, one) for one in reads], axis=0)
        return ((points - place[:, 2]) / size).astype(np.float32)

    def _read(self, patch: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
        """Return the landmarks for one box of a patch, (5 or 68, 2), whole px."""
        shape = self._predictor(patch, self._dlib.rectangle(*box))
        if shape.num_parts != self.points:
            raise MerflowError(
                "align.model",
                f"the model gives {shape.num_parts} points, align.points says {self.points}",
                "the two to agree",
                f"set align.points: {shape.num_parts} or name another file",
            )
        return np.array([(p.x, p.y) for p in shape.parts()], np.float64)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


@cache
def _warn_once(text: str) -> None:
    _log.warning(text)
