"""Registry of dataset readers and the function that reads a dataset.

A module in `readers/` has a `SPEC` and `read_clips(source) -> list[Clip]`; its name is the
dataset's name. See docs/add_a_dataset.md.
"""

import functools
import importlib
import os
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets import errata, readers
from merflow.datasets.clip_ids import dataset_named
from merflow.datasets.clip_selection import listed_clips
from merflow.datasets.key_frames import correct_key_frames
from merflow.datasets.official_composite import OFFICIAL
from merflow.datasets.spec import NO_SUBJECT, DatasetSpec, Problem, Reading, Source, unpadded
from merflow.errors import MerflowError, nearest, unknown

GENERATED = "demo.json"
"""Marker file that `merflow demo` writes into the root of a generated dataset."""


@functools.cache
def names() -> tuple[str, ...]:
    """Return the sorted names of all dataset readers."""
    found = (m.name for m in pkgutil.iter_modules(readers.__path__) if not m.name.startswith("_"))
    return tuple(sorted(found))


def is_generated(root: Path | str) -> bool:
    """Return whether `merflow demo` generated the dataset at `root`."""
    return (Path(root) / GENERATED).is_file()


def reader_of(dataset: str, settings: Settings | None = None) -> str:
    """Return the reader name of a configured dataset, without checking that it exists."""
    entry = settings.datasets.get(dataset) if settings else None
    return (entry.reader if entry else "") or dataset


def takes_any_dataset(dataset: str, settings: Settings | None = None) -> bool:
    """Return whether a configured dataset has a reader for clips of any dataset."""
    reader = reader_of(dataset, settings)
    return reader in names() and spec_of(reader).any_dataset


def dataset_of(dataset: str, settings: Settings | None = None) -> str:
    """Return the published dataset that a configured one holds.

    That of its reader; where the reader takes any dataset, the one that it is named after. So
    clips of the official composite are the same clips whichever reader brought them.
    """
    if takes_any_dataset(dataset, settings):
        return dataset_named(dataset)
    return reader_of(dataset, settings)


def people_of(dataset: str, settings: Settings | None = None) -> str:
    """Return the published dataset whose subject ids name the people of a configured one."""
    held = dataset_of(dataset, settings)
    return (spec_of(held).subjects_of or held) if held in names() else held


def laboratory_of(published: str) -> str:
    """Return the laboratory of a published dataset; empty where no other dataset is of it."""
    return spec_of(published).laboratory if published in names() else ""


def known_reader(name: str, entry: DatasetEntry) -> str:
    """Return the reader of a configured dataset; refuse an unknown one."""
    reader = entry.reader or name
    if reader not in names():
        key = f"datasets.{name}.reader" if entry.reader else f"datasets.{name}"
        error = unknown(key, "dataset reader", reader, names())
        error.fix = "for your own clips, set `reader: manifest` in the config, or --reader manifest"
        raise error
    return reader


def spec_of(reader: str) -> DatasetSpec:
    """Return the facts of a reader's dataset."""
    return _module(reader).SPEC


def emotions_of(dataset: str, settings: Settings | None = None) -> frozenset[str]:
    """Return the emotions of a configured dataset: its variant's, else its reader's."""
    spec = spec_of(reader_of(dataset, settings))
    entry = settings.datasets.get(dataset) if settings else None
    named = [v for v in spec.variants if entry and v.name == entry.variant]
    return (named[0].emotions if named else frozenset()) or spec.emotions


def _module(reader: str) -> ModuleType:
    if reader not in names():
        raise unknown("datasets", "dataset reader", reader, names())
    return importlib.import_module(f"{readers.__name__}.{reader}")


def read_dataset(
    name: str,
    entry: DatasetEntry,
    *,
    annotations_only: bool = False,
    corrections: errata.Errata | None = None,
) -> Reading:
    """Read a dataset's sheets and folder listings, without opening frames.

    Rows that cannot be read become errors without a clip. A clip in the sheet without frames on
    disk is kept, with the reason in `missing` and a warning. `annotations_only` needs no folders
    of frames. corrections: in place of those in `config/errata/`.
    """
    reader = known_reader(name, entry)
    module = _module(reader)
    spec: DatasetSpec = module.SPEC
    root = Path(os.path.abspath(os.path.expanduser(entry.root)))
    if not root.is_dir():
        raise _no_root(name, reader, entry.root, root)
    if entry.variant and entry.variant not in (known := [v.name for v in spec.variants]):
        raise unknown(f"datasets.{name}.variant", "variant", entry.variant, known)
    if corrections is None:
        corrections = errata.of_dataset(name, reader, is_generated(root))
    source = Source(name, root, entry, spec, annotations_only, corrections)
    clips = _unique(source, correct_key_frames(module.read_clips(source), corrections))
    _check_subjects(source, clips)
    _check_publishable(source, clips)
    if not clips and not any(p.severity == "error" for p in source.problems):
        raise MerflowError(
            str(root),
            f"no files of {spec.title}",
            spec.layout,
            f"set datasets.{name}.root to the dataset's folder",
        )
    if entry.clips:
        clips = listed_clips(source, clips, dataset_named(name) if spec.any_dataset else reader)
    clips.sort(key=lambda clip: clip.key)
    return Reading(name, spec, tuple(clips), tuple(source.problems), tuple(source.sheets))


def check_files(name: str, entry: DatasetEntry) -> list[Problem]:
    """Return what a reader finds by opening files, with its own `check_files(source)`."""
    module = _module(known_reader(name, entry))
    root = Path(os.path.abspath(os.path.expanduser(entry.root)))
    if not hasattr(module, "check_files"):
        return []
    return module.check_files(Source(name, root, entry, module.SPEC))


def consent_of(name: str, entry: DatasetEntry, root: Path) -> dict[str, bool]:
    """Return subject -> whether it agreed to be shown, by a reader's own `consent`.

    Empty where the dataset is not on this machine.
    """
    module = _module(known_reader(name, entry))
    if not hasattr(module, "consent") or not root.is_dir():
        return {}
    return module.consent(Source(name, root, entry, module.SPEC))


def guess_reader(name: str, root: Path) -> str:
    """Return `manifest` for an unknown dataset with a manifest in its root, else nothing."""
    found = name not in names() and any(root.expanduser().glob("manifest.*"))
    return "manifest" if found else ""


def _no_root(name: str, reader: str, written: str, root: Path) -> MerflowError:
    spec = spec_of(reader)
    if "demo" in Path(written).parts and spec.generated:
        option = "" if reader in (*OFFICIAL, "manifest") else f" --dataset {reader}"
        fix = f"run `merflow demo{option}`, which writes it"
    else:
        fix = f"correct datasets.{name}.root in the config (preferably in config/local.yaml)"
    kind = "not a folder" if root.exists() else "no such folder"
    return MerflowError(
        str(root), f"{kind} (datasets.{name}.root)", f"{spec.title}: {spec.layout}", fix
    )


def _unique(source: Source, clips: Iterable[Clip]) -> list[Clip]:
    """Report and drop clips with the key of an earlier one, ignoring case."""
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
            # Rows with one key come in order; each takes the next location.
            places.pop(1) if len(places) > 1 else places[0] if places else str(source.root),
            f"the clip {clip.key.subject}/{clip.key.clip} appears twice, first in {there}"
            + ("" if first == clip.key else f" as {first.subject}/{first.clip}"),
            "one row for each clip of a subject",
            "delete one of the two",
        )
    return kept


def _check_subjects(source: Source, clips: Iterable[Clip]) -> None:
    """Report subject ids that differ only in case and leading zeros: probably one subject."""
    keys: dict[str, ClipKey] = {}
    for clip in clips:
        keys.setdefault(clip.key.subject, clip.key)
    seen: dict[str, ClipKey] = {}
    for key in keys.values():
        first = seen.setdefault(unpadded(key.subject), key)
        if first is not key:
            where = [source.places.get(k, [str(source.root)])[0] for k in (key, first)]
            source.fail(
                where[0],
                f"subjects '{first.subject}' ({where[1]}) and '{key.subject}' differ only in case "
                "or leading zeros",
                "one id per subject: with two, one is trained on when the other is tested",
                "write them the same way, or give two subjects clearly different ids",
            )


def _check_publishable(source: Source, clips: Iterable[Clip]) -> None:
    """Warn of names under `publishable` in the config that no clip has."""
    known = {clip.key.subject for clip in clips}
    for subject in source.entry.publishable if known else ():
        if subject not in known:
            source.warn(
                f"datasets.{source.name}.publishable",
                f"no subject '{subject}'{nearest(subject, known)}",
                "ids of subjects as results/catalogue/ lists them",
                "correct the id",
            )


def require_subjects(clips: Iterable[Clip], where: str) -> None:
    """Refuse clips without subject ids, which cannot be split by subject."""
    lacking = sorted({clip.key.dataset for clip in clips if clip.key.subject == NO_SUBJECT})
    if lacking:
        raise MerflowError(
            where,
            f"{', '.join(lacking)} has clips without a subject id",
            "a subject for every clip: a split by clip would test subjects seen in training",
            "use the dataset for pretraining, or add a table of paths and subjects",
        )
