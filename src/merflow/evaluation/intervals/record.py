"""Intervals of recordings: what a spotter predicts, and what is annotated."""

import math
from collections.abc import Iterable
from typing import NamedTuple


class Video(NamedTuple):
    """Identifies a recording; a video id need not be unique without its subject."""

    dataset: str
    subject: str
    video: str

    @property
    def subject_key(self) -> tuple[str, str]:
        """The unit of the bootstrap: `(dataset, subject)`."""
        return (self.dataset, self.subject)

    def __str__(self) -> str:
        return "/".join(filter(None, self))


class VideoInterval(NamedTuple):
    """Frames onset..offset of a recording, both included.

    kind: `micro`, `macro`, or empty where types are not distinguished; emotion: empty when unknown;
    confidence: of a prediction, any scale, larger is surer; NaN where there is none.
    """

    dataset: str
    subject: str
    video: str
    onset: int
    offset: int
    kind: str = ""
    emotion: str = ""
    confidence: float = math.nan

    @property
    def key(self) -> Video:
        """The recording."""
        return Video(self.dataset, self.subject, self.video)

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.offset - self.onset + 1


class VideoLength(NamedTuple):
    """A recording's number of frames, its rate (NaN when unknown) and its first frame's number.

    first is None when it is unknown whether frames count from 0 or from 1.
    """

    frames: int
    fps: float = math.nan
    first: int | None = None

    def holds(self, onset: int, offset: int) -> bool:
        """Return whether the recording has the frames onset..offset."""
        if self.first is None:
            return onset >= 0 and offset <= self.frames
        return self.first <= onset and offset < self.first + self.frames


def have_confidence(predictions: Iterable[VideoInterval]) -> bool:
    """Return whether every prediction has a confidence, and there is one."""
    found = [one.confidence for one in predictions]
    return bool(found) and not any(map(math.isnan, found))
