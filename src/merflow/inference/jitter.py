"""Scores of a trained run with moved key frames: jitter of the annotation.

The clips come from the cropped stores, so alignment and crop stay those of the annotated onset; all
stages after them run again on the moved clips, in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from merflow.clip import ClipArrays, ClipKey
from merflow.config.fingerprints import preparation_named
from merflow.config.key_frame_noise import Variant
from merflow.datasets.subject_ids import canonical_names
from merflow.errors import FAILED, MerflowError, SkipClip
from merflow.evaluation.columns import KEY_FRAME_NOISE
from merflow.evaluation.fold_files import FoldFile
from merflow.evaluation.negative_controls import apply
from merflow.evaluation.predictions import Pooled, Predictions, pool, write_pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.schema import records as rows_of_frame
from merflow.evaluation.schema import stacked
from merflow.inference.fold_models import cropped_clips, folds_of, load_fold
from merflow.io.packed import Packed
from merflow.stages.key_frame_noise import Moved, middle_apex, moved_clip
from merflow.stages.pipeline import network_input
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import read_truth, rows_of
from merflow.workflow.train_fold import RunClips, method_of, training_data

if TYPE_CHECKING:
    from pandas import DataFrame

    from merflow.models.factory import Fitted


@dataclass
class Tested:
    """The predictions of one variant, fold by fold, and how far its clips moved."""

    parts: list[tuple[str, Predictions]] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)


class Scored(NamedTuple):
    """One variant with its pooled predictions and the rows of its scores."""

    variant: Variant
    pooled: Pooled
    rows: "DataFrame"


def jitter_scores(
    plan: Plan, run: Run, chosen: Sequence[Variant], seed: int, training: int = 0
) -> list[Scored]:
    """Return the scores of a trained run for each variant.

    Every fold predicts with its own weights; with `training` it is trained again, on training clips
    with key frames moved by that distance.
    """
    check_frames(plan, run)
    tested = {variant: Tested() for variant in chosen}
    for name, fold, fitted in _fitted_folds(plan, run, training, seed):
        clips = _by_key(plan, run, fold.test)
        for variant, found in tested.items() if clips else ():
            moved = [_moved(clips[key], variant, seed) for key in fold.test if key in clips]
            predictions = _predicted(plan, run, fitted, moved)
            if predictions is not None:
                found.parts.append((name, predictions))
            found.moved += moved
    return [_scored(plan, run, variant, found, training) for variant, found in tested.items()]


def check_frames(plan: Plan, run: Run) -> None:
    """Refuse a run whose input does not depend on where its clips are cut."""
    if plan.experiment(run.experiment).control == "dataset-only":
        raise MerflowError(
            run.folder,
            "its control is 'dataset-only': its input holds no frames, wherever a clip is cut",
            "a run with frames as input",
        )


def _by_key(plan: Plan, run: Run, keys: Sequence[ClipKey]) -> dict[ClipKey, ClipArrays]:
    """Return the cropped clips among `keys`."""
    preparation = plan.experiment(run.experiment).preparation
    return {clip.key: clip for clip in cropped_clips(preparation, keys)} if keys else {}


def _fitted_folds(
    plan: Plan, run: Run, training: int, seed: int
) -> Iterator[tuple[str, FoldFile, "Fitted"]]:
    """Yield each fold with test clips and its fitted method."""
    folds = {name: fold for name, fold in folds_of(plan, run).items() if fold.test}
    clips = _training_clips(plan, run, folds, training, seed) if training else None
    for name, fold in folds.items():
        if clips is None:
            yield name, fold, load_fold(run, name)
            continue
        classes = plan.data.classes(run.experiment)
        data = training_data(clips, fold, classes, canonical_names(plan.settings))
        yield name, fold, method_of(plan, run, name).fit(data)


def _training_clips(
    plan: Plan, run: Run, folds: Mapping[str, FoldFile], distance: int, seed: int
) -> RunClips:
    """Return all training clips of a run with moved key frames, as packed in memory."""
    keys = sorted({key for fold in folds.values() for key in fold.train})
    found = _by_key(plan, run, keys)
    moved = [moved_clip(found[key], distance, seed) for key in keys if key in found]
    kept, inputs = _inputs(plan, run, moved)
    lost = {*keys} - {clip.key for clip in kept}
    skipped: list[Any] = [(*key, "jitter", "no frames left") for key in sorted(lost)]
    named, lengths = [clip.key for clip in kept], [int(clip.facts["frames"]) for clip in kept]
    packs = [Packed(x, named, lengths, skipped, {}) for x in inputs]
    return RunClips(packs, run.factor.split("+"), plan.experiment(run.experiment).control)


def _moved(clip: ClipArrays, variant: Variant, seed: int) -> Moved:
    if variant.apex == "unknown":
        return middle_apex(clip)
    return moved_clip(clip, variant.distance, seed)


def _inputs(
    plan: Plan, run: Run, moved: Sequence[Moved]
) -> tuple[list[ClipArrays], list[np.ndarray]]:
    """Return the clips that can be prepared, and the network's input of them at each factor."""
    preparation = preparation_named(plan.settings, plan.experiment(run.experiment).preparation)
    factors = run.factor.split("+")
    kept, made = [], []
    for one in moved:
        try:
            made.append([network_input(one.clip, preparation, factor) for factor in factors])
        except SkipClip:
            continue
        kept.append(one.clip)
    return kept, [np.stack(x) for x in zip(*made, strict=True)]


def _predicted(
    plan: Plan, run: Run, fitted: "Fitted", moved: Sequence[Moved]
) -> Predictions | None:
    """Return one fold's predictions for moved clips, the mean over pooled factors; None of none."""
    kept, inputs = _inputs(plan, run, moved)
    if not kept:
        return None
    keys, lengths = [clip.key for clip in kept], [int(clip.facts["frames"]) for clip in kept]
    control = plan.experiment(run.experiment).control
    found = [fitted.predict(apply(control, x, keys, lengths), keys) for x in inputs]
    probabilities = np.mean(found, axis=0, dtype=np.float64)
    return Predictions.of(tuple(keys), plan.data.classes(run.experiment), probabilities)


def _scored(plan: Plan, run: Run, variant: Variant, found: Tested, training: int) -> Scored:
    truth = read_truth(plan.truth_file(run.experiment))
    labels = {key: truth[key] for _, part in found.parts for key in part.keys if key in truth}
    pooled = pool(found.parts, labels, plan.data.classes(run.experiment))
    facts = {
        "training_noise": training,
        "key_frame_noise": variant.distance,
        "apex": variant.apex,
        "moved": float(np.mean([one.distance for one in found.moved])),
    }
    counted = ("no_earlier", "no_later", "span_clipped", "apex_clipped")
    facts |= {name: sum(getattr(one, name) for one in found.moved) for name in counted}
    rows = [row._asdict() | facts for row in rows_of_frame(rows_of(plan, run, pooled))]
    names = KEY_FRAME_NOISE.names
    return Scored(
        variant, pooled, KEY_FRAME_NOISE.frame({n: row[n] for n in names} for row in rows)
    )


def write_jitter(folder: Path, found: Sequence[Scored]) -> list[Path]:
    """Write the scores of all variants and the predictions of each; return the paths."""
    for one in found:
        write_pooled(folder / one.variant.file, one.pooled)
    KEY_FRAME_NOISE.write(
        folder / KEY_FRAME_NOISE.table, stacked([one.rows for one in found], KEY_FRAME_NOISE)
    )
    return [folder / KEY_FRAME_NOISE.table, *(folder / one.variant.file for one in found)]


def check_same(run: Run, folder: Path) -> None:
    """Refuse predictions of unmoved clips that differ from the run's, byte for byte."""
    plain = Path(run.folder) / "pooled.csv"
    again = folder / Variant(0).file
    if plain.read_bytes() != again.read_bytes():
        raise MerflowError(
            str(again),
            f"predictions of unmoved clips differ from {plain}",
            "the same bytes: the same machine type, arithmetic, settings and version",
            "call `merflow run` again, then this command",
            code=FAILED,
        )
