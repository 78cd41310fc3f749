"""The dataset's frames of an aligned store, which holds geometry only."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from merflow.clip import Clip, ClipArrays
from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.frame_contents import FrameContents, changed_since, frames_digest
from merflow.errors import FAILED, MerflowError, SkipClip
from merflow.frame_buffer import FrameBuffer
from merflow.io.clip_store import Store
from merflow.io.frame_archive import unpacked
from merflow.io.images import ImageFrames, has_images, iter_frames


@contextlib.contextmanager
def raw_frames(
    store: Store, catalogue: Path | None, archive: Path | None = None
) -> Iterator["RawFrames"]:
    """Yield the frames of an aligned store: the files that a catalogue names, or an archive's."""
    if catalogue is None:
        raise MerflowError(
            str(store.path),
            "holds the geometry of aligned clips and no pixels",
            "--catalogue, the JSON in which the files of their frames stand",
        )
    keys = [*store.keys, *(skip[:3] for skip in store.skipped)]
    owners = {key[:2] for key in keys}
    clips = [c for c in read_catalogue(catalogue) if c.key.subject_key in owners]
    if lost := sorted({*store.keys} - {clip.key for clip in clips}):
        raise MerflowError(
            "--catalogue", f"no clip {lost[0]}", "the catalogue that the store was made from"
        )
    with unpacked([archive] if archive else [], clips) as found:
        yield RawFrames(store, found, unpacked=archive is not None)


class RawFrames:
    """The frames of one subject, by clip; the same bytes that align read."""

    def __init__(self, store: Store, clips: Sequence[Clip], unpacked: bool) -> None:
        """Compare the frames' contents with what the store was made from.

        unpacked: the files are a copy of this job, so nobody changes them.
        """
        self._clips, self._unpacked = {clip.key: clip for clip in clips}, unpacked
        contents = FrameContents(notes=not unpacked)
        found = frames_digest(clips, contents.sums(clips)) if clips else ""
        if found != store.made_by["inputs"].get("frames", ""):
            raise MerflowError(
                str(store.path),
                "was made from other frames than the dataset holds now",
                "the frames that `merflow align` read",
                "call `merflow align` again, or `merflow run`, which does so",
            )

    def of(self, clip: ClipArrays) -> ClipArrays:
        """Return an aligned clip with its frames, decoded when they are read."""
        source = self._clips[clip.key]
        if not has_images(source):
            return replace(clip, frames=_Streamed(clip.frames.shape, source))
        try:
            return replace(clip, frames=ImageFrames(source))
        except SkipClip as skip:
            raise unreadable(clip, skip) from None

    def check(self) -> None:
        """Refuse frames that were changed while they were read."""
        if not self._unpacked:
            refuse_changed([*self._clips.values()])


class _Streamed(FrameBuffer):
    """The frames of a video or an array, decoded in order each time they are iterated."""

    def __init__(self, shape: tuple[int, ...], clip: Clip) -> None:
        super().__init__(shape, np.uint8)
        self._clip = clip

    @property
    def decoded(self) -> bool:
        """False: each reading decodes the file."""
        return False

    def __iter__(self) -> Iterator[np.ndarray]:
        count = 0
        for frame in iter_frames(self._clip):
            count += 1
            yield frame
        if count != len(self):
            raise SkipClip(f"{count} frames, {len(self)} when it was aligned")


def unreadable(clip: ClipArrays, skip: SkipClip) -> MerflowError:
    """Return the error for frames that align could read and the next stage cannot."""
    return MerflowError(
        str(clip.key),
        f"its frames were read by align and now are not: {skip.reason}",
        "the same frames, readable",
        "check the disk or the network share, then run again",
        code=FAILED,
    )


def refuse_changed(clips: Sequence[Clip]) -> None:
    """Refuse frames that were changed while they were read: nothing shows which were used."""
    if clips and (changed := changed_since(clips)):
        raise MerflowError(
            changed[0],
            "changed while it was read",
            "frames that nobody writes to during a run",
            "run again once the copy is complete",
            code=FAILED,
        )
