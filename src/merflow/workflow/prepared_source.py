"""The prepared clips of a dataset, which packing reads from the dataset's own files."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from merflow.clip import Clip, ClipArrays
from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.frame_contents import FrameContents, frames_digest
from merflow.errors import MerflowError, SkipClip
from merflow.io.clip_store import Skipped
from merflow.io.files import digest
from merflow.io.frame_archive import unpacked
from merflow.io.prepared_clips import read_prepared
from merflow.workflow.raw_frames import refuse_changed


@contextlib.contextmanager
def prepared_clips(catalogue: Path, archives: Sequence[Path] = ()) -> Iterator["PreparedClips"]:
    """Yield the prepared clips of a catalogue, read from archives of their subjects if given."""
    clips = read_catalogue(catalogue)
    if not any(clip.prepared for clip in clips):
        raise MerflowError(
            str(catalogue), "no clip enters interpolated", "a catalogue of prepared clips"
        )
    with unpacked(archives, clips) as found:
        yield PreparedClips(catalogue, found, bool(archives))


class PreparedClips:
    """The prepared clips of a catalogue, read as a clip store is: one clip in memory at a time.

    contents: `dataset/subject` -> digest of the frames of each subject that has such clips; sums:
    dataset -> subject -> clip -> file -> SHA-256.
    """

    def __init__(self, catalogue: Path, clips: Sequence[Clip], unpacked: bool = False) -> None:
        """Hash the files of the subjects; unpacked: they are a copy of this job."""
        self.path, self._unpacked = catalogue, unpacked
        self._clips = [clip for clip in clips if clip.prepared]
        self._subjects = {clip.key.subject_key: [] for clip in self._clips}
        for clip in clips:
            self._subjects.get(clip.key.subject_key, []).append(clip)
        self.contents: dict[str, str] = {}
        self.sums: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
        for (dataset, subject), found in self._subjects.items():
            sums = FrameContents(notes=not unpacked).sums(found, again=True)
            self.contents[f"{dataset}/{subject}"] = frames_digest(found, sums)
            self.sums.setdefault(dataset, {})[subject] = sums
        self.made_by = {"recipe": {}, "content": digest(sorted(self.contents.items()))}
        self.skipped: list[Skipped] = []
        self._shapes = self._looked_at()
        self._clips = [clip for clip in self._clips if clip.key in self._shapes]
        self.keys = [clip.key for clip in self._clips]

    def _looked_at(self) -> dict[tuple[str, ...], tuple[tuple[int, ...], np.dtype]]:
        """Return the shape and type of every clip that can be read; note the others as skipped."""
        found = {}
        for clip in self._clips:
            try:
                frames = read_prepared(clip).frames
            except SkipClip as skip:
                self.skipped.append(Skipped(*clip.key, "pack", skip.reason))
            else:
                found[clip.key] = frames.shape, frames.dtype
        return found

    def shape(self, index: int) -> tuple[tuple[int, ...], np.dtype]:
        """Return the shape and type of one clip's frames."""
        return self._shapes[self.keys[index]]

    def __iter__(self) -> Iterator[ClipArrays]:
        return map(read_prepared, self._clips)

    def check(self, contents: Mapping[str, str]) -> None:
        """Refuse files that were changed while they were read, or since a subject was aligned.

        contents: `dataset/subject` -> digest of the frames that the other clips of a subject were
        made from.
        """
        for owner, clips in self._subjects.items():
            if not self._unpacked:
                refuse_changed(clips)
            name = "/".join(owner)
            if contents.get(name, self.contents[name]) != self.contents[name]:
                raise MerflowError(
                    name,
                    "its store was made from other frames than the dataset holds now",
                    "the frames that `merflow align` read",
                    "call `merflow run` again",
                )
