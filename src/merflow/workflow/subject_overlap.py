"""Refuse a subject on both sides of a split: in a pretraining and a test, or under two names."""

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from merflow.clip import Clip
from merflow.config.settings import Settings
from merflow.datasets.clip_ids import canonical
from merflow.datasets.official_composite import OFFICIAL
from merflow.datasets.registry import dataset_of, laboratory_of, people_of, takes_any_dataset
from merflow.datasets.spec import Problem
from merflow.errors import MerflowError

Identify = Callable[[Clip], tuple[str, str]]


def identity_of(settings: Settings, sheets: Mapping[str, list[str]]) -> Identify:
    """Return the function from a clip to its subject, independent of its dataset's name.

    A published dataset has the same subjects whichever reader brings them. Two other manifests
    have the same subjects only if they are one file, however its path is written.
    """

    def file(dataset: str) -> str:
        entry = settings.datasets[dataset]
        sheet = entry.sheet or next(iter(sheets.get(dataset, ())), "")
        return os.path.realpath(Path(entry.root).expanduser() / sheet)

    @functools.cache
    def source(dataset: str) -> str:
        held = people_of(dataset, settings)
        if held in OFFICIAL or not takes_any_dataset(dataset, settings):
            return held
        any_dataset = (name for name in settings.datasets if takes_any_dataset(name, settings))
        named = [name for name in any_dataset if dataset_of(name, settings) in OFFICIAL]
        # One file under a published name and under another one has the same subjects.
        same = (dataset_of(name, settings) for name in named if file(name) == file(dataset))
        return next(same, file(dataset))

    def identify(clip: Clip) -> tuple[str, str]:
        return canonical(clip.key._replace(dataset=source(clip.key.dataset))).subject_key

    return identify


def refuse_pretrained(
    where: str, name: str, trained: Iterable[Clip], tested: Iterable[Clip], identify: Identify
) -> None:
    """Refuse a pretraining on a subject that the experiment tests."""
    shared = {identify(clip) for clip in trained} & {identify(clip) for clip in tested}
    if shared:
        names = ", ".join("/".join(subject) for subject in sorted(shared)[:5])
        raise MerflowError(
            f"{where}.pretrain",
            f"'{name}' was trained on {len(shared)} of the tested subjects: {names}",
            "weights that never saw a tested subject",
            "leave their dataset out of the pretraining's collection, or set "
            f"pretrainings.{name}.tested_subjects: exclude",
        )


def unknown_overlap(trained: Iterable[str], tested: Iterable[str]) -> list[str]:
    """Return `casme_sq and casme2` for datasets of one laboratory that number people apart.

    trained, tested: published datasets as `registry.people_of` names them. Whether they show the
    same people is not published: no subject id can tell.
    """
    pairs = {
        (first, second)
        for first in trained
        for second in tested
        if first != second
        and laboratory_of(first)
        and laboratory_of(first) == laboratory_of(second)
    }
    return [f"{first} and {second}" for first, second in sorted(pairs)]


def overlap_warning(
    where: str, name: str, trained: Iterable[str], tested: Iterable[str]
) -> Problem | None:
    """Return the warning that a pretraining may have seen tested people under other ids."""
    found = unknown_overlap(trained, tested)
    if not found:
        return None
    return Problem(
        "warning",
        where,
        f"subject overlap unknown: pretraining '{name}' may have seen tested people, since "
        f"{', '.join(found)} come from one laboratory",
        "datasets of different laboratories, or subjects that are known to be different",
        "say so where the scores are printed; run.json and the notes under tables do",
    )


def refuse_duplicates(where: str, clips: Iterable[Clip], identify: Identify) -> None:
    """Refuse a subject that is listed under the names of two datasets."""
    names: dict[tuple[str, str], str] = {}
    for clip in clips:
        known = names.setdefault(identify(clip), clip.key.dataset)
        if known != clip.key.dataset:
            raise MerflowError(
                f"{where}.collection",
                f"{known} and {clip.key.dataset} have the same subject, {clip.key.subject}",
                "every subject in one dataset: else one name trains what the other tests",
                "leave one of the two out of the collection",
            )
