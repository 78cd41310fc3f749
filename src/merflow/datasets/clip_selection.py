"""Match the clips of datasets with those of a list, and keep the listed ones."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from merflow.clip import Clip, ClipKey
from merflow.datasets.clip_ids import NAMES, canonical
from merflow.datasets.clip_list import read_list
from merflow.datasets.spec import Source, unpadded
from merflow.errors import MerflowError
from merflow.text import plural

SHOWN = 20


def identity(key: ClipKey) -> tuple[str, ...]:
    """Return what equal clips have in common, however their ids are padded.

    key: with the name of the published dataset.
    """
    if key.dataset in NAMES.values():
        return tuple(canonical(key))
    return key.dataset.casefold(), unpadded(key.subject), unpadded(key.clip)


def listed_clips(source: Source, clips: Sequence[Clip], dataset: str) -> list[Clip]:
    """Return the clips that the dataset's list names; warn about listed ones that are not there.

    dataset: the published dataset that is read, or the name of your own clips.
    """
    where = f"datasets.{source.name}.clips"
    found = read_list(Path(source.entry.clips).expanduser())
    wanted = {identity(key): key for key in found.classes if key.dataset == dataset}
    if not wanted:
        raise MerflowError(
            where,
            f"{found.path} lists no clip of {dataset}; it has {', '.join(found.datasets)}",
            f"rows of dataset {dataset}",
            "name another list, or leave out clips",
        )
    here = {identity(clip.key._replace(dataset=dataset)): clip for clip in clips}
    kept = [clip for name, clip in here.items() if name in wanted]
    for note in found.notes:
        source.warn(where, note)
    if missing := [key for name, key in wanted.items() if name not in here]:
        source.warn(
            where,
            f"{len(missing)} of {len(wanted)} listed clips are not in the dataset: "
            f"{names_of(missing)}",
            f"the clips of {found.path}",
            "get the missing clips, or say in what you report that they are missing",
        )
    if clips and not kept:
        raise MerflowError(
            where,
            f"none of the {plural(len(wanted), 'clip')} of {found.path} is in the dataset",
            f"ids like {clips[0].key.subject}/{clips[0].key.clip}",
            "name another list, or leave out clips",
        )
    return kept


def names_of(keys: Iterable[ClipKey]) -> str:
    """Return the first clips by name and the number of others."""
    listed = sorted(map(str, keys))
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more
