"""Write a manifest, the table of your own clips, from folders named by class."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from merflow.datasets.class_folders import FoundClip, find_clips, stem_of
from merflow.datasets.manifest_table import (
    Difference,
    ManifestTable,
    Merged,
    clip_keys,
    compare,
    merge,
    read_manifest_table,
    write_manifest_table,
)
from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import MerflowError
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


def write_manifest(
    out: Path,
    rows: Rows,
    header: Sequence[str] = HEADER,
    *,
    overwrite: bool = False,
    dataset: str = "",
    whole: bool = True,
) -> tuple[ManifestTable, list[str]]:
    """Write a manifest to `out`, or add the rows of new clips to the one there.

    Returns the table in the file, and remarks. Rows of a manifest that exists stay as they are,
    with all of their columns, also those of clips that were not found. overwrite: replace it.
    dataset: name that all rows must have, if given. whole: the rows are all clips of a folder, so
    rows of others are named.
    """
    fresh = ManifestTable(tuple(header), tuple(rows))
    if overwrite or not out.exists():
        _refuse_twice(out, fresh)
    if not out.exists():
        write_manifest_table(out, fresh)
        return fresh, []
    try:
        old = read_manifest_table(out)
    except MerflowError:
        if not overwrite:
            raise
        write_manifest_table(out, fresh)
        return fresh, [f"{out} was replaced: it could not be read as a manifest."]
    if overwrite:
        change = compare(old, fresh)
        write_manifest_table(out, fresh)
        return fresh, [_replaced(out, change)] if change else []
    fields = {at: field for field, at in fresh.places.items()}
    clips = [{fields[at]: cell for at, cell in enumerate(row)} for row in rows]
    _refuse_unlike(out, old, dataset)
    names = {name for name in old.cells("dataset") if name}
    if not dataset and len(names) == 1 and {row[0] for row in rows} == {"mine"}:
        clips = [{**clip, "dataset": min(names)} for clip in clips]
    merged = merge(old, clips)
    if merged.added:
        _refuse_twice(out, merged.table, merged.kept)
        write_manifest_table(out, merged.table, merged.kept)
    table = merged.table if merged.added else old
    return table, _merged_remarks(out, merged, old.extra, whole)


def _refuse_twice(out: Path, table: ManifestTable, kept: int = 0) -> None:
    """Refuse two rows of one clip, which no reader of the manifest would take.

    kept: number of rows that are in the file already.
    """
    paths, seen = table.cells("path"), {}
    for number, key in enumerate(clip_keys(table)):
        first = seen.setdefault(key, number)
        if first != number and all(key[1:]):  # Rows to be filled in have no names yet.
            added = "to be written, " if number >= kept else ""
            raise MerflowError(
                str(out),
                f"two rows for the clip {key[1]}/{key[2]}: row {first + 2} ({paths[first]}) and "
                f"{added}row {number + 2} ({paths[number]})",
                "another name for every clip of a subject",
                "rename one of the two; if a clip was moved, correct its path in the manifest; in "
                "ELAN, give each annotation of the tier 'clip' a text of its own",
            )


def _refuse_unlike(out: Path, old: ManifestTable, dataset: str) -> None:
    """Refuse to add rows to a table without paths, or under another name of the dataset."""
    if "path" not in old.places:
        raise MerflowError(
            str(out),
            "no column 'path', so its clips cannot be distinguished from new ones",
            "a manifest with the path of each clip",
            "add the column, name another file with --out, or replace it with --overwrite",
        )
    names = sorted({name for name in old.cells("dataset") if name})
    if dataset and names and dataset not in names:
        raise MerflowError(
            f"--dataset {dataset}",
            f"{out} has the dataset {', '.join(names)}",
            "one name for the clips of a manifest",
            f"give --dataset {names[0]}, name another file with --out, or replace it with "
            "--overwrite",
        )


def _merged_remarks(out: Path, merged: Merged, extra: list[str], whole: bool) -> list[str]:
    added, table = len(merged.added), merged.table
    first = f"{plural(added, 'clip')} added" if added else "no new clips"
    remarks = [f"{out}: {first}, {plural(merged.kept, 'row')} kept as they are."]
    if extra:
        remarks.append(f"Columns of yours that are kept: {', '.join(extra)}.")
    if merged.differ:
        paths = _some([table.cells("path")[n] for n in merged.differ])
        remarks.append(
            f"{plural(len(merged.differ), 'kept row')} with other cells than the folders show: "
            f"{paths} (--overwrite replaces them)."
        )
    if merged.gone and whole:
        paths = _some([table.cells("path")[n] for n in merged.gone])
        remarks.append(f"{plural(len(merged.gone), 'row')} of clips that were not found: {paths}.")
    return remarks


def _replaced(out: Path, change: Difference) -> str:
    parts = [
        f"{plural(len(change.added), 'row')} added",
        f"{plural(len(change.removed), 'row')} removed",
        f"{plural(len(change.changed), 'cell')} changed",
    ]
    if change.lost_columns:
        parts.append(f"columns removed: {', '.join(change.lost_columns)}")
    return f"{out} was replaced: {', '.join(parts)}."


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(paths[:SHOWN]) + more
