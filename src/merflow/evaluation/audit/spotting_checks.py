"""The checks of a spotting run: what its folds took from training subjects, and what they found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from merflow.clip import ClipKey
from merflow.datasets.subject_ids import canonical_subject
from merflow.evaluation.audit.evidence import NOTE, UNKNOWN, Outcome, Recorded
from merflow.evaluation.audit.record_checks import recorded_files
from merflow.evaluation.confidence import FEW_SUBJECTS
from merflow.evaluation.intervals.fold_labels import lengths, spans_in
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.stages.score_peaks import half_length
from merflow.text import plural


class SpotFoldEvidence(NamedTuple):
    """One fold, as its files have it.

    labels: intervals of the training recordings; facts: its run.json; found: what it spotted;
    lengths: frames of the recordings that it looked at.
    """

    name: str
    train: Sequence[ClipKey]
    labels: Sequence[str]
    test: Sequence[ClipKey]
    facts: Mapping[str, Any]
    found: Sequence[VideoInterval]
    lengths: Mapping[Video, VideoLength]

    def training_k(self) -> int:
        """Return k of the fold's training recordings."""
        return _k(self.labels)


@dataclass(frozen=True, slots=True)
class SpottingEvidence:
    """The input of an audit of spotting. labels: of all recordings; fixed: the fixed threshold."""

    folds: Sequence[SpotFoldEvidence]
    labels: Sequence[str]
    fixed: float
    recorded: Recorded | None = None
    names: Mapping[str, str] | None = None

    @property
    def subjects(self) -> int:
        """Number of tested subjects."""
        return len({key.subject_key for fold in self.folds for key in fold.test})


def _k(labels: Sequence[str]) -> int:
    return half_length([n for label in labels for n in lengths(spans_in(label, "fold file"))])


def as_recorded(evidence: SpottingEvidence) -> Outcome:
    """Are the files of the run as its jobs wrote them?"""
    return recorded_files(evidence.recorded)


def shared_subjects(evidence: SpottingEvidence) -> Outcome:
    """Is a subject on both sides of a fold, by its canonical id or in the notes of its training?"""
    names = evidence.names or {}
    for fold in evidence.folds:
        sides = [{canonical_subject(k, names) for k in side} for side in (fold.train, fold.test)]
        trained = {*sides[0], *fold.facts["subjects"]}
        if shared := sorted(trained & {*sides[1], *fold.facts["tested"]}):
            return "fail", f"fold {fold.name} is made from {shared[0]}, which it tests"
    return "pass", f"training and test subjects differ in all {plural(len(evidence.folds), 'fold')}"


def length_of_windows(evidence: SpottingEvidence) -> Outcome:
    """Does k come from the training subjects alone?"""
    everyone = _k(evidence.labels)
    for fold in evidence.folds:
        k, own = fold.facts["k"], fold.training_k()
        used = fold.facts["window"].removeprefix("k")
        if used.isdecimal() and int(used) != k:
            return "fail", f"fold {fold.name} has windows of {used} frames and notes k {k}"
        if k != own:
            whose = "that of all recordings" if k == everyone else "neither's"
            return "fail", f"fold {fold.name} has k {k}, {whose}; its training subjects give {own}"
    if all(fold.training_k() == everyone for fold in evidence.folds):
        return "pass", f"k is {everyone}, with and without the tested subject"
    return "pass", f"k of every fold is that of its training subjects; of all recordings {everyone}"


def threshold(evidence: SpottingEvidence) -> Outcome:
    """Was the threshold fixed, or chosen on training recordings?"""
    for fold in evidence.folds:
        facts = fold.facts
        value, by = facts.get("threshold"), facts.get("threshold_by")
        if by == "fixed":
            if value != evidence.fixed:
                why = f"threshold {value:g}, called fixed; the fixed one is {evidence.fixed:g}"
                return "fail", f"fold {fold.name} has {why}"
            continue
        tried = facts.get("training_f1") or {}
        if by != "training subjects" or not tried:
            return UNKNOWN, f"fold {fold.name} does not note how its threshold was chosen"
        best = max(tried.values())
        if tried.get(f"{value:g}") != best:
            why = f"threshold {value:g}, which is not the best on its training recordings"
            return "fail", f"fold {fold.name} has {why}"
    return "pass", "fixed, or the best on the recordings of the training subjects"


def inside_videos(evidence: SpottingEvidence) -> Outcome:
    """Does every spotted interval lie inside a recording of its fold?"""
    count = 0
    for fold in evidence.folds:
        tested = {Video(*key) for key in fold.test}
        for one in fold.found:
            count += 1
            held = one.key in tested and one.key in fold.lengths
            if not held or not fold.lengths[one.key].holds(one.onset, one.offset):
                return "fail", f"fold {fold.name} spots {one.onset}..{one.offset} outside {one.key}"
    return "pass", f"{plural(count, 'interval')} inside the recordings of their folds"


def every_recording(evidence: SpottingEvidence) -> Outcome:
    """Was every test recording looked at?"""
    lost = [key for fold in evidence.folds for key in fold.test if Video(*key) not in fold.lengths]
    if lost:
        found = f"{plural(len(lost), 'recording')} skipped, such as {lost[0]}"
        return NOTE, f"{found}; their intervals count as misses"
    return "pass", "every recording of the tested subjects was looked at"


def few_subjects(evidence: SpottingEvidence) -> Outcome:
    """Are there enough subjects for an interval?"""
    many = evidence.subjects
    if many < FEW_SUBJECTS:
        return NOTE, f"{plural(many, 'subject')}, fewer than {FEW_SUBJECTS}"
    return "pass", f"{many} subjects"


@dataclass(frozen=True, slots=True)
class SpottingCheck:
    """A check for one known cause of scores that are too good."""

    name: str
    run: Callable[[SpottingEvidence], Outcome]
    fix: str


# ruff: noqa: E501 - one line per check
SPOTTING_CHECKS = (
    SpottingCheck("files changed since they were made", as_recorded, "see each file with `merflow verify`, make them again with `merflow verify --remake` and snakemake"),
    SpottingCheck("subjects on both sides", shared_subjects, "leave out all recordings of a subject, in every dataset"),
    SpottingCheck("length of windows from all samples", length_of_windows, "take k from the training subjects of each fold"),
    SpottingCheck("threshold chosen on the test", threshold, "fix the threshold before scoring, or choose it on training subjects"),
    SpottingCheck("intervals outside their recording", inside_videos, "clip intervals to the recording, and score only recordings of the fold"),
    SpottingCheck("recordings left out", every_recording, "say which recordings were skipped and why"),
    SpottingCheck("too few subjects", few_subjects, "read the interval as too narrow; add subjects"),
)  # fmt: skip
