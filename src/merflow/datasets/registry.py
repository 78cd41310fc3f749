"""Datasets: one file each; a file's name is the dataset's name, the folder is the registry.

An adapter has one `SPEC` and one `read_clips(source) -> list[Clip]`; see docs/add_a_dataset.md.
"""

import functools
import importlib
import os
import pkgutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets import errata, readers
from merflow.datasets.official_composite import OFFICIAL
from merflow.datasets.spec import (
    NO_SUBJECT,
    DatasetSpec,
    Problem,
    Reading,
    Source,
    Variant,
    unpadded,
)
from merflow.errors import MerflowError, unknown
from merflow.io.files import digest

__all__ = [
    "NO_SUBJECT",
    "DatasetSpec",
    "Problem",
    "Reading",
    "Source",
    "Variant",
    "names",
    "read_dataset",
    "require_subjects",
    "spec_of",
    "subject_digest",
]

GENERATED = "demo.json"
"""Marker file that `merflow demo` writes into the root of a generated dataset."""


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all datasets that can be read, sorted."""
    found = (m.name for m in pkgutil.iter_modules(readers.__path__) if not m.name.startswith("_"))
    return tuple(sorted(found))


def is_generated(root: Path | str) -> bool:
    """Return whether `merflow demo` generated the dataset at `root`."""
    return (Path(root) / GENERATED).is_file()


def reader_of(dataset: str, settings: Settings | None = None) -> str:
    """Return the reader name of a configured dataset, without checking that it exists."""
    entry = settings.datasets.get(dataset) if settings else None
    return (entry.reader if entry else "") or dataset


def known_reader(name: str, entry: DatasetEntry) -> str:
    """Return the reader of a configured dataset; refuse an unknown one."""
    reader = entry.reader or name
    if reader not in names():
        key = f"datasets.{name}.reader" if entry.reader else f"datasets.{name}"
        error = unknown(key, "dataset reader", reader, names())
        error.fix = "clips of your own: `reader: manifest` in the config, or --reader manifest"
        raise error
    return reader


def spec_of(reader: str) -> DatasetSpec:
    """Return what an adapter states of its dataset."""
    return _adapter(reader).SPEC


def _adapter(reader: str) -> ModuleType:
    if reader not in names():
        raise unknown("datasets", "dataset reader", reader, names())
    return importlib.import_module(f"{readers.__name__}.{reader}")


def read_dataset(name: str, entry: DatasetEntry, *, annotations_only: bool = False) -> Reading:
    """Read a dataset's sheets and folder listings; no picture is opened.

    Rows that cannot be read become problems with severity `error` and no clip; a clip that is in
    the sheet but not on disk stays, with `missing` saying why, and a warning. `annotations_only`
    asks for no folders of frames.
    """
    reader = known_reader(name, entry)
    adapter = _adapter(reader)
    spec: DatasetSpec = adapter.SPEC
    root = Path(os.path.abspath(os.path.expanduser(entry.root)))
    if not root.is_dir():
        raise _no_root(name, reader, entry.root, root)
    if entry.variant and entry.variant not in (known := [v.name for v in spec.variants]):
        raise unknown(f"datasets.{name}.variant", "variant", entry.variant, known)
    corrections = errata.load(name if reader == "manifest" else reader)
    if is_generated(root):
        # Errata correct the published sheets; generated clips only share some of their names.
        corrections = errata.Errata()
    source = Source(name, root, entry, spec, annotations_only, corrections)
    clips = _unique(source, adapter.read_clips(source))
    _tell_subjects_apart(source, clips)
    if not clips and not any(p.severity == "error" for p in source.problems):
        raise MerflowError(
            str(root),
            f"nothing that looks like {spec.title}",
            spec.layout,
            f"point datasets.{name}.root at the dataset's own folder",
        )
    clips.sort(key=lambda clip: clip.key)
    return Reading(name, spec, tuple(clips), tuple(source.problems), tuple(source.sheets))


def own_reader(name: str, root: Path) -> str:
    """Return `manifest` for a name of the user's own whose folder holds one, else nothing."""
    own = name not in names() and any(root.expanduser().glob("manifest.*"))
    return "manifest" if own else ""


def _no_root(name: str, reader: str, written: str, root: Path) -> MerflowError:
    spec = spec_of(reader)
    if "demo" in Path(written).parts:
        alone = "" if reader in (*OFFICIAL, "manifest") else f" --dataset {reader}"
        fix = f"run `merflow demo{alone}`, which writes it"
    else:
        fix = f"correct datasets.{name}.root in the config (config/local.yaml is the place for it)"
    kind = "not a folder" if root.exists() else "no such folder"
    return MerflowError(
        str(root), f"{kind} (datasets.{name}.root)", f"{spec.title}: {spec.layout}", fix
    )


def _unique(source: Source, clips: Iterable[Clip]) -> list[Clip]:
    """Drop and report clips whose key, whatever its case, was there before."""
    seen: dict[tuple[str, ...], ClipKey] = {}
    kept = []
    for clip in clips:
        folded = tuple(part.casefold() for part in clip.key)
        first = seen.setdefault(folded, clip.key)
        places = source.places.get(clip.key, [])
        if first is clip.key:
            kept.append(clip)
            continue
        there = source.places.get(first, [str(source.root)])[0]
        source.fail(
            # Later rows of one key come in order: each takes the next of its places.
            places.pop(1) if len(places) > 1 else places[0] if places else str(source.root),
            f"the clip {clip.key.subject}/{clip.key.clip} appears twice, first in {there}"
            + ("" if first == clip.key else f" as {first.subject}/{first.clip}"),
            "every clip of a subject once",
            "delete one of the two",
        )
    return kept


def _tell_subjects_apart(source: Source, clips: Iterable[Clip]) -> None:
    """Report subjects whose ids agree but for case and leading zeros: likely one person."""
    people: dict[str, ClipKey] = {}
    for clip in clips:
        people.setdefault(clip.key.subject, clip.key)
    seen: dict[str, ClipKey] = {}
    for key in people.values():
        first = seen.setdefault(unpadded(key.subject), key)
        if first is not key:
            where = [source.places.get(k, [str(source.root)])[0] for k in (key, first)]
            source.fail(
                where[0],
                f"subjects '{first.subject}' ({where[1]}) and '{key.subject}' read as one person",
                "one id a person: with two, one trains the fold that tests the other",
                "write them the same way; two people need ids that differ in more than case or "
                "leading zeros",
            )


def require_subjects(clips: Iterable[Clip], where: str) -> None:
    """Refuse clips without subject ids: no split of them keeps a person on one side."""
    lacking = sorted({clip.key.dataset for clip in clips if clip.key.subject == NO_SUBJECT})
    if lacking:
        raise MerflowError(
            where,
            f"{', '.join(lacking)} has clips without a subject id",
            "a subject for every clip: a split by clip would test on people trained on",
            "use it for pretraining, or give a table of paths and subjects",
        )


def subject_digest(clips: list[Clip]) -> str:
    """Return a digest of all that align reads of one subject's clips.

    Clip ids, frame numbers, file names, their sizes and times of change, and the frame rate count;
    emotions, action units and folder locations do not: relabelling or moving reruns nothing.
    """
    rows = [[*_read_of(clip), *_stats(clip)] for clip in sorted(clips, key=lambda clip: clip.key)]
    return digest(rows)


def _read_of(clip: Clip) -> list[Any]:
    span = [clip.onset, clip.apex, clip.offset]
    return [clip.key, clip.numbers, span, clip.fps, clip.enters_at, clip.missing]


def _stats(clip: Clip) -> list[tuple[str, int, int]]:
    """Return (name, size in bytes, mtime in ns) of each of the clip's files."""
    rows = []
    for name in clip.files:
        try:
            stat = os.stat(os.path.join(clip.folder, name))
            rows.append((name, stat.st_size, stat.st_mtime_ns))
        except OSError:
            rows.append((name, -1, -1))
    return rows


def duplicates(clips: list[Clip]) -> dict[str, list[str]]:
    """Return file identity -> clip keys, for files that more than one clip would read."""
    users = defaultdict(list)
    for clip in clips:
        for file in clip.files[:1]:
            users[os.path.join(clip.folder, file)].append(str(clip.key))
    return {file: keys for file, keys in users.items() if len(keys) > 1}
