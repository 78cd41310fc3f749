"""Predictions of a final model for a labelled dataset that it was not trained on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry, Settings
from merflow.config.task_settings import ActionUnitTask
from merflow.datasets import labels, unit_labels
from merflow.datasets.registry import guess_reader
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.errors import MerflowError, SkipClip, unknown
from merflow.evaluation.duplicate_clips import first_known
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.unit_predictions import UnitTable
from merflow.io.clip_store import Skipped
from merflow.io.frame_folder import read_clip
from merflow.io.images import is_still
from merflow.io.prepared_clips import read_prepared
from merflow.progress import track
from merflow.stages.pipeline import network_inputs
from merflow.workflow.final_model import Model, mean_probabilities

if TYPE_CHECKING:
    from merflow.models.factory import Fitted
    from merflow.stages.faces import Finder

WITHOUT_CLIP_LIST = {"megc2019": "three"}
"""Schemes that require the official clips, and the same class mapping for any clips."""


@dataclass(frozen=True, slots=True)
class LabelledClips:
    """Clips with their labels; without_class: number of clips that have none of the classes."""

    clips: tuple[Clip, ...]
    labels: tuple[str, ...]
    without_class: int

    def pooled(
        self, rows: Sequence[int], folds: Sequence[str], model: Model, p: np.ndarray
    ) -> Pooled | UnitTable:
        """Return predictions, (N, K) probabilities, for the clips `rows` with their truth."""
        keys = tuple(self.clips[row].key for row in rows)
        if model.units is not None:
            units = unit_labels.decode([self.labels[row] for row in rows], model.classes)
            present = p > np.array(model.thresholds)
            return UnitTable.of(keys, model.classes, units, present, tuple(folds), p)
        truth = np.array([model.classes.index(self.labels[row]) for row in rows])
        return Pooled.of(keys, model.classes, truth, p.argmax(1), tuple(folds), p)


def with_dataset(settings: Settings, name: str, root: str, reader: str = "") -> Settings:
    """Return the settings with the dataset `name`, at `root` if one is given."""
    if name in settings.datasets:
        known = settings.datasets[name].reader or name
        if reader not in ("", known):
            raise MerflowError(
                "--reader", f"{reader}, but the config reads '{name}' as {known}", known,
                "omit --reader, or give --dataset a name that the config does not have",
            )  # fmt: skip
        if not root:
            return settings
        entry = settings.datasets[name].model_copy(update={"root": root})
    elif root:
        entry = DatasetEntry(root=root, reader=reader or guess_reader(name, Path(root)))
    else:
        raise unknown("--dataset", "dataset", name, settings.datasets)
    return settings.model_copy(update={"datasets": {**settings.datasets, name: entry}})


def labelled_for(model: Model, clips: Sequence[Clip], settings: Settings) -> LabelledClips:
    """Return the clips that have one of the model's classes under its scheme, or coded units."""
    if model.units is not None:
        return _with_units(model.units, clips)
    scheme = WITHOUT_CLIP_LIST.get(model.scheme, model.scheme)
    pairs = zip(*labels.apply_scheme(scheme, clips, settings), strict=True)
    kept = sorted((p for p in pairs if p[1] in model.classes), key=lambda pair: pair[0].key)
    if not kept:
        raise MerflowError(
            "--dataset",
            f"scheme '{scheme}' gives none of its {len(clips)} clips one of the model's classes",
            f"clips of {', '.join(model.classes)}",
        )
    return LabelledClips(*zip(*kept, strict=True), len(clips) - len(kept))


def _with_units(task: ActionUnitTask, clips: Sequence[Clip]) -> LabelledClips:
    kept, names, left_out = unit_labels.apply(task, clips)
    if not kept:
        raise MerflowError(
            "--dataset",
            f"none of its {len(clips)} clips has coded action units",
            "clips with action units in their annotation",
        )
    pairs = sorted(zip(kept, names, strict=True), key=lambda pair: pair[0].key)
    return LabelledClips(*zip(*pairs, strict=True), left_out.total())


def training_subjects(keys: Iterable[ClipKey], model: Model, settings: Settings) -> list[str]:
    """Return the subjects among `keys` that the model was trained on, sorted.

    Datasets read by the same reader of a published dataset have the same subjects.
    """
    owners = canonical_names(settings)
    found = {key.subject_key for key in keys if canonical_subject(key, owners) in model.subjects}
    return sorted("/".join(subject) for subject in found)


def without_subjects(tested: LabelledClips, excluded: Sequence[str]) -> LabelledClips:
    """Return the clips of the other subjects; refuse when there are none."""
    pairs = [
        (clip, label)
        for clip, label in zip(tested.clips, tested.labels, strict=True)
        if "/".join(clip.key.subject_key) not in excluded
    ]
    if not pairs:
        raise MerflowError(
            "--exclude-seen",
            "the run was trained on every subject",
            "subjects that it was not trained on",
        )
    return LabelledClips(*zip(*pairs, strict=True), tested.without_class)


def trained_on_error(trained: Sequence[str], where: str, others: bool = True) -> MerflowError:
    """Return the error that lists tested subjects of the training; others: there are more."""
    fix = "--exclude-seen leaves them out" if others else "name another dataset"
    return MerflowError(
        where,
        f"the run was trained on {len(trained)} of the subjects: {', '.join(trained)}",
        "subjects that it was not trained on",
        fix,
    )


def predict_clips(
    tested: LabelledClips, model: Model, fitted: "Fitted", finder: "Finder | None"
) -> tuple[Pooled | UnitTable, list[Skipped]]:
    """Return the predictions with the truth, and the clips that were skipped."""
    inputs, rows, skipped = [], [], []
    for row, clip in enumerate(track(tested.clips, "preparing")):
        try:
            arrays = _inputs(clip, model, finder)
        except SkipClip as skip:
            skipped.append(Skipped(*clip.key, "chain", skip.reason))
            continue
        inputs.append(arrays)
        rows.append(row)
        if arrays[0].shape != inputs[0][0].shape:
            raise MerflowError(
                str(clip.key),
                f"shape {arrays[0].shape} after the pipeline",
                f"{inputs[0][0].shape}, as the clips before it",
                "prepared clips (enters_at: interpolated) must have the network's size",
            )
    if not rows:
        raise MerflowError(
            "--dataset", f"all {len(skipped)} clips were skipped: {skipped[0].reason}", code=3
        )
    _refuse_training_clips(inputs, [tested.clips[row].key for row in rows], model, fitted)
    pooled = tested.pooled(rows, ["final"] * len(rows), model, mean_probabilities(fitted, inputs))
    return pooled, skipped


def _inputs(clip: Clip, model: Model, finder: "Finder | None") -> list[np.ndarray]:
    """Return the network's inputs of a clip, one per factor; a prepared clip is one as it is."""
    if clip.prepared:
        return [read_prepared(clip).frames] * len(model.pipeline.factors)
    return network_inputs(read_clip(clip), model.pipeline, finder, still=is_still(clip))


def _refuse_training_clips(
    inputs: Sequence[Sequence[np.ndarray]], keys: Sequence[ClipKey], model: Model, fitted: "Fitted"
) -> None:
    """Refuse a clip with the same prepared pixels as one that the model was trained on."""
    known = set(fitted.clip_hashes)
    for x in zip(*inputs, strict=True):
        if key := first_known(known, x, keys):
            raise MerflowError(
                str(key),
                f"it has the same pixels as a clip that {model.name} was trained on",
                "clips of subjects that it was not trained on, under any name",
                "leave this subject out of the dataset",
            )
