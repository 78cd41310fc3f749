"""Whole recordings of CAS(ME)2 with all of their intervals, micro and macro."""

from collections.abc import Sequence

from merflow.clip import Clip
from merflow.datasets.cells import emotion, frame, name
from merflow.datasets.folders import Folders
from merflow.datasets.readers.casme_sq import rules
from merflow.datasets.recordings import Found, Recordings, interval, recording_clips
from merflow.datasets.spec import Source, Variant
from merflow.io.spreadsheets import Row

UNKNOWN = frozenset({"0", "/", "-", "nan", "null"})


def read_recordings(
    source: Source,
    variant: Variant,
    rows: Sequence[tuple[Row, str]],
    naming: rules.Rules,
    folders: Folders,
) -> list[Clip]:
    """Return a clip for every recording. rows: each row, and `micro` or `macro`."""
    found = []
    for row, kind in rows:
        with source.collect_errors():
            found.append(_found(source, row, kind, naming))
    names = {code: video for video, code in naming.videos.items()}
    on_disk = {
        (subject, names.get(code, code)): lambda p=path: folders.listing(p)
        for (subject, code), path in rules.recordings(folders).items()
    }
    codes = naming.videos

    def absent(key: tuple[str, str]) -> str:
        return f"no folder {key[0]}/{key[0][1:]}_{codes.get(key[1], key[1])}..."

    return recording_clips(source, variant, found, Recordings(on_disk, absent))


def _found(source: Source, row: Row, kind: str, naming: rules.Rules) -> Found:
    subject = naming.subject(frame(row, "subject"), row)
    written = name(row, "clip", source)
    video = rules.video_of(written, row)
    naming.code(video, row)
    row = source.corrected(row, subject, written)
    made = interval(row, source, kind, emotion(row, source), UNKNOWN)
    return Found((subject, video), row.where("clip"), made)
