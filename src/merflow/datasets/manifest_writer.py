"""Write a manifest, the table of your own clips, from folders named by class."""

import re
from pathlib import Path

from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.io.frame_folder import scan
from merflow.io.images import IMAGES, VIDEOS
from merflow.io.spreadsheets import Column, read_table
from merflow.io.video_clip import video_facts

HEADER = ("dataset", "subject", "clip", "path", "fps", "emotion")
SUBJECTS = (Column("path", ("path", "file", "clip", "filename")), Column("subject", ("subject",)))


def rows_of(
    root: Path, dataset: str, subjects: Path | None = None, fps: float | None = None
) -> list[tuple[str, ...]]:
    """Return manifest rows for a folder with one folder of clips per class.

    A clip is a video, a folder of frames or an image. `subjects` is a table of file (or clip) and
    subject; without it every clip's subject is `unknown`.
    """
    known = _subjects(subjects) if subjects else {}
    found = [(emotion, path) for emotion in scan(root).folders for path in _clips(root / emotion)]
    if not found:
        raise MerflowError(
            str(root),
            "no class folders with clips",
            "DIR/<class>/<video, folder of frames, or image>",
            "point --from-class-folders at the folder that holds the class folders",
        )
    rows = [_row(root, dataset, emotion, path, known, fps) for emotion, path in found]
    places = [path.relative_to(root) for _, path in found]
    clips = {name for p in places for name in (p.as_posix(), p.name, p.stem)}
    if unmatched := sorted(set(known) - clips):
        raise MerflowError(
            str(subjects),
            f"'{unmatched[0]}' is not a clip of {root}",
            "files below the class folders",
            "correct the table",
        )
    return rows


def _clips(folder: Path) -> list[Path]:
    listing = scan(folder)
    stills = [] if listing.videos else [*listing.files, *listing.unnumbered]
    return sorted(folder / name for name in (*listing.folders, *listing.videos, *stills))


def _key(text: str) -> str:
    return text.replace("\\", "/").strip()


def _subjects(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in read_table(path, SUBJECTS):
        key, subject = _key(row.text("path")), row.text("subject")
        if not key or not subject:
            column = "path" if not key else "subject"
            raise row.error(column, "the cell is empty", "a value", "fill it in")
        if found.setdefault(key, subject) != subject:
            raise row.error("subject", f"'{key}' has two subjects", "one", "correct the table")
    return found


def _row(
    root: Path, dataset: str, emotion: str, path: Path, known: dict[str, str], fps: float | None
) -> tuple[str, ...]:
    near = path.relative_to(root).as_posix()
    if emotion[0] in "=+-@":
        raise MerflowError(
            near,
            f"the class name '{emotion}', which spreadsheet programs run as a formula",
            "a name that begins with a letter",
            "rename the folder",
        )
    keys = (near, path.name, path.stem)
    subject = next((known[k] for k in keys if k in known), "" if known else NO_SUBJECT)
    if not subject:
        raise MerflowError(
            near, "no subject for this clip", "a row of the table of subjects", "add the row"
        )
    stem = path.name if path.is_dir() else path.stem
    clip = re.sub(r'[/\\:*?"<>|\s]+', "_", f"{emotion}_{stem}").strip("._")
    rate = fps or 0.0
    if not rate and path.suffix.lower() in VIDEOS:
        facts = video_facts(path)
        if facts is None:
            raise MerflowError(near, "not a readable video", "a video that FFmpeg can decode")
        rate = facts[0]
    if not rate and path.suffix.lower() not in IMAGES:
        raise MerflowError(near, "no frame rate", "frames per second", "give the rate with --fps")
    return dataset, subject, clip, near, f"{rate:g}" if rate else "", emotion.casefold()


def write_manifest(out: Path, rows: list[tuple[str, ...]]) -> None:
    """Write a manifest to `out`."""
    write_text(out, csv_text(HEADER, rows))
