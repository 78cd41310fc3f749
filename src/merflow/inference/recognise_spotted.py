"""Spot, then recognise: the emotion of spotted intervals, by models that never saw their subject.

An interval is cut from the recording as its experiment has its clips cropped, onset to offset, and
goes through the stages after cropping. The prediction is that of the fold that left out the same
canonical subject, whatever the two datasets are called.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow import paths
from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.datasets import labels
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.errors import MerflowError, SkipClip
from merflow.evaluation.intervals.record import Video, VideoInterval
from merflow.evaluation.run_id import Run
from merflow.inference.fold_models import folds_of, load_fold
from merflow.inference.recording import cut
from merflow.io.clip_store import Store
from merflow.stages.pipeline import network_input
from merflow.workflow.final_model import mean_probabilities
from merflow.workflow.plan import Plan
from merflow.workflow.spotting_plan import recordings
from merflow.workflow.training_log import read_facts

if TYPE_CHECKING:
    from merflow.config.settings import Preparation
    from merflow.models.method_interface import Fitted


@dataclass(frozen=True)
class Recogniser:
    """The folds of a run by the canonical subjects that each left out; seen: what each saw."""

    run: Run
    left_out: dict[str, str]
    seen: dict[str, frozenset[str]]

    def fold_for(self, subject: str) -> str:
        """Return the fold whose model never saw a subject: the one that left it out.

        A subject without a clip in the experiment is in no training; any fold will do, so that it
        is the first. Refuses models that saw the subject, also in their start weights.
        """
        fold = self.left_out.get(subject, min(self.seen))
        if subject in self.seen[fold]:
            raise MerflowError(
                f"{self.run.folder}/{fold}",
                f"its model was trained on {subject}, whose intervals it would recognise",
                "a model that never saw this subject",
                "recognise with an experiment that leaves out this subject, from weights that "
                "never saw it",
            )
        return fold


def recogniser(plan: Plan, run: Run) -> Recogniser:
    """Return the trained folds of a run."""
    names, left_out, seen = canonical_names(plan.settings), {}, {}
    for name, fold in folds_of(plan, run).items():
        facts = read_facts(Path(run.folder) / name / "run.json")
        seen[name] = frozenset(facts["subjects"])
        left_out |= {canonical_subject(key, names): name for key in fold.test}
    return Recogniser(run, left_out, seen)


def recognised(plan: Plan, run: Run, spotted: Sequence[VideoInterval]) -> list[VideoInterval]:
    """Return spotted intervals with an emotion each; without one where a stage skips the interval.

    Results are in the order of `spotted`. One model is in memory at a time.
    """
    known, names = recogniser(plan, run), canonical_names(plan.settings)
    fold = {i: known.fold_for(canonical_subject(_key(one), names)) for i, one in enumerate(spotted)}
    classes = plan.data.classes(run.experiment)
    preparation = plan.settings.preparations[plan.experiment(run.experiment).preparation]
    place = plan.experiment(run.experiment).preparation
    emotions = [""] * len(spotted)
    for name in sorted(set(fold.values())):
        fitted = load_fold(run, name)
        chosen = [i for i in fold if fold[i] == name]
        for i, clip in _clips(place, spotted, chosen):
            emotions[i] = _emotion(clip, preparation, run.factor.split("+"), fitted, classes)
    return [one._replace(emotion=e) for one, e in zip(spotted, emotions, strict=True)]


def _key(one: VideoInterval) -> ClipKey:
    return ClipKey(one.dataset, one.subject, one.video)


def _clips(
    preparation: str, spotted: Sequence[VideoInterval], chosen: Sequence[int]
) -> Iterator[tuple[int, ClipArrays]]:
    """Yield each chosen interval as a clip, from the cropped store of its subject."""
    for dataset, subject in sorted({_key(spotted[i]).subject_key for i in chosen}):
        with Store(paths.cropped(preparation, dataset, subject)) as store:
            clips = {clip.key: clip for clip in store.clips()}
            for i in chosen:
                if (key := _key(spotted[i])) in clips:
                    yield i, _cut(clips[key], spotted[i])


def _cut(clip: ClipArrays, one: VideoInterval) -> ClipArrays:
    """Return the frames of an interval, by their numbers."""
    first, end = np.searchsorted(clip.numbers, [one.onset, one.offset + 1])
    return cut(clip, int(first), int(end) - 1)


def _emotion(
    clip: ClipArrays,
    preparation: "Preparation",
    factors: Sequence[str],
    fitted: "Fitted",
    classes: Sequence[str],
) -> str:
    try:
        inputs = [network_input(clip, preparation, factor) for factor in factors]
    except SkipClip:
        return ""
    return classes[int(mean_probabilities(fitted, [inputs])[0].argmax())]


def true_emotions(plan: Plan, spotting: str, experiment: str) -> list[VideoInterval]:
    """Return the annotated intervals with their class under an experiment's scheme.

    An emotion without a class in it stays as annotated, so that it counts for spotting only.
    """
    kind, scheme = plan.settings.spotting[spotting].intervals, plan.experiment(experiment).scheme
    found = []
    for clip in recordings(plan, spotting).clips:
        for one in clip.intervals or ():
            if one.kind == kind:
                emotion = _class_of(plan, clip, one.emotion, one.action_units, scheme)
                key = Video(*clip.key)
                found.append(VideoInterval(*key, one.onset, one.offset, kind, emotion))
    return found


def _class_of(plan: Plan, clip: Clip, emotion: str, units: str, scheme: str) -> str:
    cut_clip = replace(clip, emotion=emotion, action_units=units, intervals=None)
    ((_, outcome),) = labels.outcomes(scheme, [cut_clip], plan.settings)
    return outcome.label or emotion
