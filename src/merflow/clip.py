"""A clip: its key, its files on disk, and its arrays in the stages."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from merflow.frame_buffer import Frames

Entry = Literal["raw", "aligned", "cropped", "interpolated"]
ENTRIES: tuple[Entry, ...] = ("raw", "aligned", "cropped", "interpolated")
Content = Literal["picture", "depth"]
IntervalKind = Literal["micro", "macro", "blink"]


class ClipKey(NamedTuple):
    """Identifies a clip. The subject key is `(dataset, subject)`, never subject alone."""

    dataset: str
    subject: str
    clip: str

    @property
    def subject_key(self) -> tuple[str, str]:
        """The unit of splits: `(dataset, subject)`."""
        return (self.dataset, self.subject)

    def __str__(self) -> str:
        return "/".join(self)


class FlowForm(NamedTuple):
    """How the files of a dataset hold optical flow.

    channels: what the channels of a file are, in their order (R, G, B of a picture); zero: grey
    level of no motion in u and v of 8-bit pictures, None where each picture was stretched to its
    own range, so that it is unknown; unit: motion of one grey level, where zero is known.
    """

    channels: tuple[str, ...] = ("u", "v", "strain")
    zero: float | None = None
    unit: float = 1.0


@dataclass(frozen=True, slots=True)
class Interval:
    """An annotated part of a long recording: frames onset..offset, both included.

    apex is None when unknown; emotion and action_units are empty when unknown.
    """

    onset: int
    apex: int | None
    offset: int
    kind: IntervalKind
    emotion: str = ""
    action_units: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """One expression as described by its dataset, with the files of its frames.

    Frame numbers (`onset`, `apex`, `offset`, `numbers`) are those of the dataset, not positions.
    `files` and `numbers` list the frames onset..offset in order; a video has one file and numbers
    counted from 0. `missing` is the reason why frames cannot be read, or empty. `flow`: the file is
    an image of optical flow, in this form, and enters interpolated.
    """

    key: ClipKey
    folder: str
    """Absolute path of the folder that holds `files`."""
    files: tuple[str, ...]
    numbers: tuple[int, ...]
    fps: float
    emotion: str
    """As in the sheet or folder name, lower case."""
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    action_units: str = ""
    objective: str = ""
    enters_at: Entry = "raw"
    missing: str = ""
    flow: FlowForm | None = None
    intervals: tuple[Interval, ...] | None = None
    """Of a long recording: what is annotated in it, perhaps nothing, by onset. None: a clip."""
    content: Content = "picture"
    """`depth`: files of 16-bit distances, read as grey pictures by `io.depth`."""

    @property
    def prepared(self) -> bool:
        """Whether the clip has had every stage before packing."""
        return self.enters_at == "interpolated"


@dataclass(frozen=True, slots=True)
class ClipArrays:
    """The frames of a clip with their metadata: input and output of every stage.

    frames: (T, H, W, C) uint8, C = 3 RGB or 1 grey, a FrameBuffer for long clips; numbers: (T,)
    int64, the dataset's frame numbers; onset, apex, offset: positions in `frames` (apex None when
    unknown); landmarks: (5 or 68, 2) float32 x, y in px of the first frame, dlib's order; views:
    (T, 2, 3) float64 between align and crop, from px of the aligned square, in which landmarks are
    then, to px of each frame; facts: measurements of the stages, JSON-able.
    """

    key: ClipKey
    frames: Frames
    fps: float
    numbers: np.ndarray
    onset: int
    apex: int | None
    offset: int
    landmarks: np.ndarray | None = None
    views: np.ndarray | None = None
    enters_at: Entry = "raw"
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def eye_distance(self) -> float:
        """Distance between the eye centres in pixels (dlib's 5- or 68-point numbering)."""
        left, right = eye_centres(self.landmarks)
        return float(np.hypot(*(right - left)))


def eye_centres(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eye centres, image-left first, (2,) each, from 5 or 68 landmarks."""
    if len(landmarks) == 68:
        return landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    # dlib's five points: 0, 1 are the corners of the image-right eye, 2, 3 of the image-left eye.
    return landmarks[2:4].mean(0), landmarks[0:2].mean(0)


def positions(clip: Clip, numbers: np.ndarray) -> tuple[int, int | None, int]:
    """Return a clip's onset, apex and offset as positions in ascending `numbers` (T,).

    A missing frame is replaced by the nearest one; an unknown onset or offset by the first or last
    frame. The apex is None when unknown or outside onset..offset.
    """
    onset, apex, offset, last = clip.onset, clip.apex, clip.offset, len(numbers) - 1

    def nearest(number: int) -> int:
        return int(np.argmin(np.abs(numbers - number)))

    first = 0 if onset is None else nearest(onset)
    end = last if offset is None else nearest(offset)
    known = apex is not None and numbers[first] <= apex <= numbers[end]
    return first, nearest(apex) if known and apex is not None else None, end
