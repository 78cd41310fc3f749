"""Checks of clips, folds and annotations."""

import re
from collections import defaultdict

import numpy as np

from merflow.config.settings import SVMS, WITHOUT_EPOCHS
from merflow.datasets.official_composite import OFFICIAL, official_differences
from merflow.datasets.subject_ids import canonical_subject
from merflow.evaluation.audit.evidence import NOTE, UNKNOWN, Evidence, Outcome
from merflow.evaluation.confidence import FEW_SUBJECTS, effective_subjects
from merflow.evaluation.score_table import parts_of, subject_numbers
from merflow.evaluation.table_marks import has_clip_names
from merflow.text import plural


def other_clips(evidence: Evidence) -> Outcome:
    """Are these the official clips, if the table looks like the composite?"""
    table = evidence.table
    if not has_clip_names(table.keys):
        return UNKNOWN, "the table comes from a log without clip names"
    strange = [name for name in table.datasets if name not in OFFICIAL]
    if strange:
        return UNKNOWN, f"no official list covers {', '.join(map(_perhaps, strange))}"
    wrong = official_differences(table.keys, (table.classes[t] for t in table.truth))
    if not wrong:
        return "pass", "exactly the official 442 clips and classes"
    if evidence.experiment is not None and evidence.experiment.scheme != "megc2019":
        return (
            "pass",
            f"{plural(len(table.keys), 'clip')}, not called MEGC2019; no published figure is shown",
        )
    more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return "fail", f"{plural(len(table.keys), 'clip')}: {'; '.join(wrong[:3])}{more}"


def _perhaps(name: str) -> str:
    """Return a dataset's name, and the official one it may mean, as in `CASME II` or `SMIC-HS`."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower().replace("iii", "3").replace("ii", "2"))
    meant = next((known for known in OFFICIAL if plain.startswith(known)), "")
    return f"{name} (did you mean '{meant}'?)" if meant else name


def shared_subjects(evidence: Evidence) -> Outcome:
    """Is a subject, or a copy of a clip, on both sides of a fold?"""
    for fold in evidence.folds:
        shared = {k.subject_key for k in fold.train} & {k.subject_key for k in fold.test}
        if shared:
            return "fail", f"fold {fold.name} trains and tests on {'/'.join(min(shared))}"
        sides = [{canonical_subject(k, evidence.names): k for k in s} for s in fold[1:]]
        if same := sorted(sides[0].keys() & sides[1].keys()):
            train, test = ("/".join(side[same[0]].subject_key) for side in sides)
            return "fail", f"fold {fold.name} trains on {train} and tests {test}, the same subject"
    spread = defaultdict(set)
    for key, fold in zip(evidence.table.keys, evidence.table.folds, strict=True):
        spread[key.subject_key].add(fold)
    torn = sorted(subject for subject, names in spread.items() if len(names) > 1)
    if torn:
        return "fail", f"clips of {'/'.join(torn[0])} are tested in {len(spread[torn[0]])} folds"
    if evidence.folds:
        return (
            "pass",
            f"training and test subjects are disjoint in all {plural(len(evidence.folds), 'fold')}",
        )
    return UNKNOWN, "needs the training clips of every fold"


def global_statistics(evidence: Evidence) -> Outcome:
    """Were scaling, features or frames fitted with test clips?"""
    if evidence.experiment is None:
        return UNKNOWN, "needs the code that made the features"
    if evidence.experiment.method == "command":
        return UNKNOWN, "an external program was trained; what it fits is not known here"
    if evidence.experiment.method in WITHOUT_EPOCHS:
        return "pass", "features are standardised in the fold; every stage sees one clip at a time"
    how = evidence.experiment.training.scaling
    return "pass", f"scaling '{how}' is fitted in the fold; every stage sees one clip at a time"


def tuned_on_the_table(evidence: Evidence) -> Outcome:
    """Is the row one of several tried on the same test subjects?"""
    if evidence.experiment is None:
        return UNKNOWN, "needs a list of everything that was tried"
    factors, seeds = evidence.experiment.factors, evidence.experiment.seeds
    words = f"{plural(len(factors), 'factor')} and {plural(len(seeds), 'seed')}, all in the table"
    return "pass", f"{words}; none is marked best unless chosen inside the folds"


def noisy_labels(evidence: Evidence) -> Outcome:
    """Do the same action units carry several classes?"""
    truth = dict(zip(evidence.table.keys, evidence.table.truth.tolist(), strict=True))
    classes = defaultdict(set)
    for clip in evidence.clips:
        if clip.action_units and clip.key in truth:
            classes[clip.key.dataset, clip.action_units].add(truth[clip.key])
    if not classes:
        return UNKNOWN, "needs action units in the annotation"
    clash = sum(len(found) > 1 for found in classes.values())
    words = f"{clash} of {len(classes)} sets of action units carry several classes"
    return (NOTE if clash else "pass"), words


def few_subjects(evidence: Evidence) -> Outcome:
    """Are there enough subjects for a reliable interval?"""
    found = []
    for part in parts_of(evidence.table):
        owner, _ = subject_numbers(evidence.table.part(part))
        effective = effective_subjects(np.bincount(owner))
        if effective < FEW_SUBJECTS:
            found.append(f"{part} {effective:.1f}")
    if found:
        return NOTE, f"effective number of subjects below {FEW_SUBJECTS}: {', '.join(found)}"
    return "pass", f"at least {FEW_SUBJECTS} effective subjects in every part"


def key_frames(evidence: Evidence) -> Outcome:
    """Do onset, apex and offset agree with each other and with the frames?"""
    tested = set(evidence.table.keys)
    clips = [clip for clip in evidence.clips if clip.key in tested]
    if not clips:
        return UNKNOWN, "needs the annotation"
    wrong = [
        str(c.key)
        for c in clips
        if c.apex is not None
        and None not in (c.onset, c.offset)
        and not c.onset <= c.apex <= c.offset
    ]
    if wrong:
        clips = plural(len(wrong), "clip")
        return NOTE, f"{clips} with an apex outside onset..offset, first {wrong[0]}"
    return "pass", f"onset, apex and offset are in order in all {len(clips)} clips"


def pretrained_on_test(evidence: Evidence) -> Outcome:
    """Were the start weights trained on tested subjects?"""
    if evidence.pretrained_on is None:
        settings = evidence.experiment
        if settings and settings.method == "command":
            return UNKNOWN, "an external program was trained; its start is not known here"
        if settings and settings.method in SVMS:
            return "pass", "an SVM starts from no weights"
        if settings and settings.method == "video_features":
            named = settings.training.features.pretraining or "data that the config does not name"
            return UNKNOWN, f"the frozen network was trained on {named}: compare its subjects"
        if settings and not settings.pretrain and not settings.training.start_weights:
            kind = "published ImageNet weights, made with none of these clips"
            random = "random weights"
            return "pass", f"every fold starts from {kind if evidence.from_imagenet else random}"
        return UNKNOWN, "needs the list of subjects that the start weights were trained on"
    seen = evidence.pretrained_on & {k.subject_key for k in evidence.table.keys}
    if seen:
        subjects = plural(len(seen), "tested subject")
        return "fail", f"{subjects} in pretraining, first {'/'.join(min(seen))}"
    none = f"none of the {len(evidence.pretrained_on)} pretraining subjects is tested"
    pairs = {p for fold in evidence.facts for p in fold.get("subject_overlap_unknown", ())}
    if pairs:
        return UNKNOWN, f"{none} by its id; {', '.join(sorted(pairs))} may share people"
    return "pass", none


def mixed_protocols(evidence: Evidence) -> Outcome:
    """Do all folds train on the same datasets, as in one protocol?"""
    trained = {frozenset(k.dataset for k in fold.train) for fold in evidence.folds}
    whole = frozenset(evidence.table.datasets)
    if len(whole) == 1 and len(trained) <= 1:
        sources = ", ".join(sorted(*trained)) if trained - {whole} else ""
        tested = f"trained on {sources}, tested on {min(whole)}: one protocol"
        return "pass", tested if sources else "one dataset only"
    if not evidence.folds:
        return UNKNOWN, "needs the training clips of every fold"
    if trained == {whole}:
        return "pass", "every fold trains on all datasets (composite)"
    protocol = evidence.experiment.protocol if evidence.experiment else ""
    if protocol in ("loso", "cross"):
        return "pass", f"the table calls it {protocol}, not composite"
    return "fail", "folds train on different datasets: this is not the composite protocol"
