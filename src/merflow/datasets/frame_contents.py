"""The contents of a subject's frames: SHA-256 of every file that align reads.

As git's index does, a file is hashed again only where its size, times or inode differ from those
noted when it was hashed last; the time of the inode's change cannot be set back. The notes are this
machine's (`paths.FRAME_INDEX`): deleting them costs one reading of all frames, and changes no
result.
"""

import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from merflow import paths
from merflow.clip import Clip
from merflow.errors import MerflowError
from merflow.io.files import digest, file_digest, write_text
from merflow.io.sha256sums import read_sums

Stamp = tuple[int, int, int, int]
"""Size (bytes), modification time (ns), inode and time of its change (ns) of a file."""
Notes = dict[str, dict[str, list]]
"""Clip -> file -> [size, time, inode, time of its change, SHA-256]."""
ABSENT = "absent"
"""In place of the SHA-256 of a file that is not there."""


class FrameContents:
    """Digests of subjects' frames. hashed, seconds: files hashed so far, and the time it took.

    notes: what was hashed is noted; False for a plan that is only compared with another.
    """

    def __init__(self, notes: bool = True) -> None:
        self.notes, self.hashed, self.seconds = notes, 0, 0.0

    def known(self, dataset: str, subject: str) -> bool:
        """Return whether a subject's frames have been hashed before on this machine."""
        return Path(paths.FRAME_INDEX.format(dataset=dataset, subject=subject)).is_file()

    def of(self, clips: Sequence[Clip]) -> str:
        """Return the digest of one subject's frames; see `frames_digest`."""
        return frames_digest(clips, self.sums(clips))

    def sums(self, clips: Sequence[Clip], *, again: bool = False) -> dict[str, dict[str, str]]:
        """Return clip -> file -> SHA-256 of one subject's frames, and note what was hashed.

        again: hash every file, as the job that reads them does.
        """
        dataset, subject = clips[0].key.subject_key
        place = paths.FRAME_INDEX.format(dataset=dataset, subject=subject)
        before = {} if again else _notes(place)
        notes = {clip.key.clip: self._hashed(clip, before.get(clip.key.clip, {})) for clip in clips}
        if notes != before and self.notes:
            # Without notes the next plan hashes again: a read-only folder is no reason to stop.
            with contextlib.suppress(OSError, MerflowError):
                write_text(place, json.dumps(notes))
        return {clip: {file: note[-1] for file, note in m.items()} for clip, m in notes.items()}

    def _hashed(self, clip: Clip, before: Mapping[str, list]) -> dict[str, list]:
        notes, sums = {}, None
        for name in clip.files:
            stamp = _stamp(clip, name)
            known = before.get(name, [])
            if known[:-1] == list(stamp) and stamp[0] >= 0:
                notes[name] = known
                continue
            started = time.perf_counter()
            if sums is None:
                sums = _listed(clip.folder)
            notes[name] = [*stamp, sums.get(name) or _sum(clip, name)]
            self.hashed += 1
            self.seconds += time.perf_counter() - started
        return notes


def frames_digest(clips: Sequence[Clip], sums: Mapping[str, Mapping[str, str]]) -> str:
    """Return a digest of a subject's clips from the SHA-256 of their files, clip -> file -> sum.

    Clip ids, frame numbers, frame rates and file names are part of it; labels, key frames, folders
    and file times are not: relabelling, moving or copying a dataset reruns nothing.
    """
    rows = []
    for c in sorted(clips, key=lambda clip: clip.key):
        files = [[name, sums[c.key.clip][name]] for name in c.files]
        # Of a video, onset and offset say which frames are read.
        span = [] if len(c.numbers) == len(c.files) else [c.onset, c.offset]
        row = [c.key, c.numbers, c.fps, c.enters_at, c.missing, files, span]
        # How a prepared file is read into the packed file.
        row += [c.flow] if c.prepared else []
        rows.append(row if c.content == "picture" else [*row, c.content])
    return digest(rows)


def changed_since(clips: Sequence[Clip]) -> list[str]:
    """Return the files of a subject with another size, time or inode than noted."""
    dataset, subject = clips[0].key.subject_key
    notes = _notes(paths.FRAME_INDEX.format(dataset=dataset, subject=subject))
    return [
        f"{clip.key}: {name}"
        for clip in clips
        for name in clip.files
        if (known := notes.get(clip.key.clip, {}).get(name))
        and known[:3] != list(_stamp(clip, name))[:3]
    ]


def noted_sums(dataset: str, subject: str) -> dict[str, dict[str, str]]:
    """Return clip -> file -> SHA-256 of a subject's frames as noted last."""
    notes = _notes(paths.FRAME_INDEX.format(dataset=dataset, subject=subject))
    return {clip: {file: note[-1] for file, note in files.items()} for clip, files in notes.items()}


def _stamp(clip: Clip, name: str) -> Stamp:
    try:
        found = os.stat(os.path.join(clip.folder, name))
    except OSError:
        return (-1, -1, -1, -1)
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns


def _sum(clip: Clip, name: str) -> str:
    try:
        return file_digest(os.path.join(clip.folder, name))
    except OSError:
        return ABSENT


def _listed(folder: str) -> dict[str, str]:
    """Return the sums that a folder's SHA256SUMS gives; reading frames checks files against it."""
    try:
        return read_sums(folder) or {}
    except MerflowError:
        return {}


def _notes(place: str) -> Notes:
    """Return the notes of a file; empty where they cannot be used."""
    try:
        notes = json.loads(Path(place).read_text(encoding="utf-8"))
        good = all(
            isinstance(known, list) and len(known) == 5
            for files in notes.values()
            for known in files.values()
        )
    except (OSError, ValueError, AttributeError):
        return {}
    return notes if good else {}
