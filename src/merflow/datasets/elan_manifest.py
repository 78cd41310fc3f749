"""Manifest rows of the segments that an ELAN file has for a recording."""

from collections.abc import Sequence
from pathlib import Path

from merflow.datasets.elan import read_elan, segments_of
from merflow.datasets.recording_times import frame_times
from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import MerflowError
from merflow.io.images import VIDEOS

SEGMENT_HEADER = (
    "dataset", "subject", "clip", "path", "onset", "apex", "offset", "emotion", "action units",
)  # fmt: skip


def rows_of_annotations(
    folder: Path, path: Path, dataset: str
) -> tuple[list[tuple[str, ...]], list[str]]:
    """Return manifest rows of SEGMENT_HEADER for an ELAN file, and remarks.

    The recording is the one named in the file, or one with the file's name, below `folder`.
    """
    file = read_elan(path)
    recording = find_recording(folder, file.media, path.stem)
    segments, notes = segments_of(file, frame_times(recording))
    if not segments:
        raise MerflowError(str(path), "no segments", "annotations within the recording")
    place = recording.relative_to(folder).as_posix()
    rows = [
        (
            dataset, one.subject or NO_SUBJECT, one.clip or f"{recording.stem}_{one.onset:05d}",
            place, str(one.onset), "" if one.apex is None else str(one.apex), str(one.offset),
            one.emotion.casefold(), one.action_units,
        )
        for one in segments
    ]  # fmt: skip
    return rows, [f"Recording: {recording}.", *(f"{n[:1].upper()}{n[1:]}." for n in notes)]


def find_recording(folder: Path, media: Sequence[str], stem: str) -> Path:
    """Return the recording that annotations belong to: by the name in the file, then by its own."""
    wanted = {name.casefold() for name in media}
    named, alike = [], []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in VIDEOS or path.name.startswith("."):
            continue
        if path.name.casefold() in wanted:
            named.append(path)
        elif path.stem.casefold() == stem.casefold():
            alike.append(path)
    found = named or alike
    if len(found) != 1:
        names = ", ".join([*media, f"{stem}.*"])[:200]
        what = "several recordings" if found else "no recording"
        raise MerflowError(
            str(folder), f"{what} named {names}", "one", "name its folder with --frames"
        )
    return found[0]
