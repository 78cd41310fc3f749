"""A tested recording as a video: its frames with the face's box and the predicted label on top."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from merflow.errors import MerflowError
from merflow.inference.recording import LabelledSpan
from merflow.io.files import temporary_folder
from merflow.io.video_encoder import write_video

FRAMES_LIMIT = 6000
"""Most frames of a video that is made on request."""
BOX = (255, 204, 51)
"""Colour of the face's box (RGB)."""
FONT = cv2.FONT_HERSHEY_SIMPLEX


def film(
    jpegs: Sequence[bytes],
    faces: Sequence[Mapping[str, Any]],
    rows: Sequence[LabelledSpan],
    fps: float,
    width: int,
) -> bytes:
    """Return the frames as MP4. rows: the windows; width: of the recording that boxes refer to."""
    if len(jpegs) > FRAMES_LIMIT:
        raise MerflowError(
            "video", f"{len(jpegs)} frames", f"at most {FRAMES_LIMIT}", "cut the recording"
        )
    with temporary_folder() as folder:
        path = folder / "film.mp4"
        write_video(path, _frames(jpegs, faces, rows, width), fps)
        return path.read_bytes()


def _frames(
    jpegs: Sequence[bytes],
    faces: Sequence[Mapping[str, Any]],
    rows: Sequence[LabelledSpan],
    width: int,
) -> Iterator[np.ndarray]:
    middles = np.array([(row.first + row.last) / 2 for row in rows])
    for position, jpeg in enumerate(jpegs):
        frame = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1), cv2.COLOR_BGR2RGB)
        if position < len(faces) and (box := faces[position]["box"]):
            scale = frame.shape[1] / width
            left, top, right, bottom = (round(v * scale) for v in box)
            cv2.rectangle(frame, (left, top), (right, bottom), BOX, 2)
        if len(rows):
            _write_label(frame, label_of(rows[int(np.abs(middles - position).argmin())]))
        yield frame


def label_of(row: LabelledSpan) -> str:
    """Return a window's label, with its probability where a movement was classified."""
    if row.probabilities is None:
        return row.label
    return f"{row.label} {row.probabilities.max():.2f}"


def _write_label(frame: np.ndarray, text: str) -> None:
    """Write a text on a dark ground at the top left, in place."""
    scale = max(0.4, frame.shape[1] / 1000)
    (width, height), below = cv2.getTextSize(text, FONT, scale, 1)
    edge = round(12 * scale)
    cv2.rectangle(frame, (0, 0), (width + 2 * edge, height + below + 2 * edge), (0, 0, 0), -1)
    place = (edge, edge + height)
    cv2.putText(frame, text, place, FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
