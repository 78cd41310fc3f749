"""A final model on clips with truth that it was not trained on: the whole chain, then answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets import labels
from merflow.datasets.registry import guess_reader
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.errors import MerflowError, SkipClip, unknown
from merflow.evaluation.duplicate_clips import first_known
from merflow.evaluation.predictions import Pooled
from merflow.io.clip_store import Skipped
from merflow.io.frame_folder import read_clip
from merflow.io.images import is_still
from merflow.progress import track
from merflow.stages.pipeline import whole_chain
from merflow.workflow.final_model import Model, answers

if TYPE_CHECKING:
    from merflow.models.factory import Fitted
    from merflow.stages.faces import Finder

PART_OF_OFFICIAL = {"megc2019": "three"}
"""Schemes that take one exact set of clips, and the same mapping for any clips."""


@dataclass(frozen=True, slots=True)
class Tested:
    """Clips with the classes the model's scheme gives them."""

    clips: tuple[Clip, ...]
    truth: tuple[str, ...]
    left_out: int
    """Clips of the dataset that have no class of the model's."""


def with_dataset(settings: Settings, name: str, root: str, reader: str = "") -> Settings:
    """Return the settings with the dataset `name`, at `root` if one is given."""
    if name in settings.datasets:
        known = settings.datasets[name].reader or name
        if reader not in ("", known):
            raise MerflowError(
                "--reader", f"{reader}, but the config reads '{name}' as {known}", known,
                "leave --reader out, or give --dataset a name that the config does not have",
            )  # fmt: skip
        if not root:
            return settings
        entry = settings.datasets[name].model_copy(update={"root": root})
    elif root:
        entry = DatasetEntry(root=root, reader=reader or guess_reader(name, Path(root)))
    else:
        raise unknown("--dataset", "dataset", name, settings.datasets)
    return settings.model_copy(update={"datasets": {**settings.datasets, name: entry}})


def under_model(clips: Sequence[Clip], model: Model, settings: Settings) -> Tested:
    """Return the clips that the model's scheme and classes keep."""
    scheme = PART_OF_OFFICIAL.get(model.scheme, model.scheme)
    kept, named = labels.apply_scheme(scheme, clips, settings)
    pairs = [(c, w) for c, w in zip(kept, named, strict=True) if w in model.classes]
    if not pairs:
        raise MerflowError(
            "--dataset",
            f"scheme '{scheme}' gives none of its {len(clips)} clips one of the model's classes",
            f"clips of {', '.join(model.classes)}",
        )
    pairs.sort(key=lambda pair: pair[0].key)
    kept, named = zip(*pairs, strict=True)
    return Tested(kept, named, len(clips) - len(kept))


def seen_subjects(keys: Iterable[ClipKey], model: Model, settings: Settings) -> list[str]:
    """Return the subjects among `keys` that the model was trained on, whatever name they go by.

    Datasets that are read as the same published one hold the same people.
    """
    whose = canonical_names(settings)
    found = {key.subject_key for key in keys if canonical_subject(key, whose) in model.subjects}
    return sorted("/".join(subject) for subject in found)


def without_seen(tested: Tested, seen: Sequence[str]) -> Tested:
    """Return the clips of the other subjects; refuse when none is left."""
    pairs = [
        (clip, word)
        for clip, word in zip(tested.clips, tested.truth, strict=True)
        if "/".join(clip.key.subject_key) not in seen
    ]
    if not pairs:
        raise MerflowError(
            "--exclude-seen", "the run was trained on every subject", "subjects it never saw"
        )
    clips, words = zip(*pairs, strict=True)
    return Tested(clips, words, tested.left_out)


def refuse_seen(seen: Sequence[str], name: str, others: bool = True) -> MerflowError:
    """Return the error that lists subjects a model was trained on.

    others: whether there are subjects that it never saw.
    """
    return MerflowError(
        name,
        f"the run was trained on {len(seen)} of the subjects: {', '.join(seen)}",
        "subjects it never saw",
        "--exclude-seen leaves them out" if others else "it saw all of them: name another dataset",
    )


def predict_clips(
    tested: Tested, model: Model, fitted: "Fitted", finder: "Finder | None"
) -> tuple[Pooled, list[Skipped]]:
    """Return the model's answers beside the truth, and the clips that could not be read."""
    seen, kept, skipped = [], [], []
    for row, clip in enumerate(track(tested.clips, "preparing")):
        try:
            arrays = read_clip(clip)
            seen.append(whole_chain(arrays, model.chain, finder, still=is_still(clip)))
        except SkipClip as skip:
            skipped.append(Skipped(*clip.key, "chain", skip.reason))
            continue
        if seen[-1][0].shape != seen[0][0].shape:
            raise MerflowError(
                str(clip.key),
                f"shape {seen[-1][0].shape} after the chain",
                f"{seen[0][0].shape}, as the clips before",
                "prepared clips (enters_at: interpolated) must have the network's size",
            )
        kept.append(row)
    if not kept:
        raise MerflowError(
            "--dataset", f"all {len(skipped)} clips were skipped: {skipped[0].reason}", code=3
        )
    keys = tuple(tested.clips[row].key for row in kept)
    known = set(fitted.prints)
    for x in zip(*seen, strict=True):
        if key := first_known(known, x, keys):
            raise MerflowError(
                str(key),
                f"it holds the same pixels as a clip that {model.name} was trained on",
                "clips of subjects it never saw, under any name",
                "leave this subject out of the dataset",
            )
    chances = answers(fitted, seen)
    truth = np.array([model.classes.index(tested.truth[row]) for row in kept])
    folds = ("final",) * len(kept)
    return Pooled(keys, model.classes, truth, chances.argmax(1), folds, chances), skipped
