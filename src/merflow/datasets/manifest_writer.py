"""Write a manifest, the table of your own clips, from folders named by class."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from merflow.datasets.class_folders import FoundClip, find_clips, stem_of
from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.io.images import IMAGES, VIDEOS
from merflow.io.spreadsheets import Column, read_table
from merflow.io.video_clip import video_facts
from merflow.text import plural

HEADER = ("dataset", "subject", "clip", "path", "fps", "emotion")
SUBJECTS = (Column("path", ("path", "file", "clip", "filename")), Column("subject", ("subject",)))
UNKNOWN_RATE = "?"
SHOWN = 20

Rows = list[tuple[str, ...]]


def rows_of(
    root: Path,
    dataset: str,
    subjects: Path | None = None,
    fps: float | None = None,
    form: str = "",
    ask: Callable[[str], float] | None = None,
) -> tuple[Rows, list[str]]:
    """Return manifest rows for folders named by class, and notes; `form`: see `find_clips`.

    `subjects` is a table of file (or clip) and subject; without it and without subjects in the tree
    every clip's subject is `unknown`. `ask` returns the frame rate (Hz) of clips without one, given
    their names; without it they are an error.
    """
    found = find_clips(root, form)
    named = any(clip.subject for clip in found.clips)
    if named and subjects:
        raise MerflowError(
            str(subjects),
            f"a table of subjects, and folders of the form {found.form}, which name them",
            "one of the two",
            "leave out --subjects",
        )
    known = _subjects(subjects) if subjects else {}
    rows = _unlike([_row(root, dataset, clip, known, fps) for clip in found.clips], found.clips)
    places = [clip.path.relative_to(root) for clip in found.clips]
    names = {name for p in places for name in (p.as_posix(), p.name, p.stem)}
    if unmatched := sorted(set(known) - names):
        raise MerflowError(
            str(subjects),
            f"'{unmatched[0]}' is not a clip of {root}",
            "files below the class folders",
            "correct the table",
        )
    return _with_rates(rows, ask), [f"Read as {found.form}.", *found.notes]


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
    root: Path, dataset: str, clip: FoundClip, known: dict[str, str], fps: float | None
) -> tuple[str, ...]:
    path, emotion = clip.path, clip.emotion
    near = path.relative_to(root).as_posix()
    if emotion[0] in "=+-@":
        raise MerflowError(
            near,
            f"the class name '{emotion}', which spreadsheet programs run as a formula",
            "a name that begins with a letter",
            "rename the folder",
        )
    keys = (near, path.name, path.stem)
    subject = clip.subject or next(
        (known[k] for k in keys if k in known), "" if known else NO_SUBJECT
    )
    if not subject:
        raise MerflowError(
            near, "no subject for this clip", "a row of the table of subjects", "add the row"
        )
    rate = fps or 0.0
    if not rate and path.suffix.lower() in VIDEOS:
        facts = video_facts(path)
        if facts is None:
            raise MerflowError(near, "not a readable video", "a video that FFmpeg can decode")
        rate = facts[0]
    shown = f"{rate:g}" if rate else "" if path.suffix.lower() in IMAGES else UNKNOWN_RATE
    return dataset, subject, _name(clip.name), near, shown, emotion.casefold()


def _name(text: str) -> str:
    return re.sub(r'[/\\:*?"<>|\s]+', "_", text).strip("._")


def _unlike(rows: Rows, clips: Sequence[FoundClip]) -> Rows:
    """Return rows in which no subject has two clips of one name; the class makes them differ."""
    times = Counter(row[1:3] for row in rows)
    made = [
        row
        if times[row[1:3]] == 1
        else (*row[:2], _name(f"{c.emotion}_{stem_of(c.path)}"), *row[3:])
        for row, c in zip(rows, clips, strict=True)
    ]
    seen: dict[tuple[str, ...], str] = {}
    for row in made:
        if (first := seen.setdefault(row[1:3], row[3])) != row[3]:
            raise MerflowError(
                row[3],
                f"the clip '{row[2]}' of subject '{row[1]}' again, first {first}",
                "another name for every clip of a subject",
                "rename one of the two",
            )
    return made


def _with_rates(rows: Rows, ask: Callable[[str], float] | None) -> Rows:
    """Return rows with the frame rates that are unknown asked for, once for all clips."""
    lacking = [row[3] for row in rows if row[4] == UNKNOWN_RATE]
    if not lacking:
        return rows
    more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
    found = f"no frame rate of {plural(len(lacking), 'clip')}: {', '.join(lacking[:SHOWN])}{more}"
    if ask is None:
        raise MerflowError(
            "--fps",
            found,
            "frames per second (Hz): folders of frames do not have a rate, and none is guessed",
            "give it with --fps, for example --fps 200",
        )
    rate = f"{ask(found):g}"
    return [(*row[:4], rate if row[4] == UNKNOWN_RATE else row[4], *row[5:]) for row in rows]


def write_manifest(out: Path, rows: Rows) -> None:
    """Write a manifest to `out`."""
    write_text(out, csv_text(HEADER, rows))
