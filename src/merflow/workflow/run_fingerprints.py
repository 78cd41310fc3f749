"""What every file of a run is made from: settings, versions, and digests of what came before.

Each job keeps its own in its record (`io.records`), worked out from the records of the jobs before
it; `stale` works out the same from config and datasets, and compares. `plan` here is a Plan, with
clips or, in a job, without.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.config import fingerprints
from merflow.config.fingerprints import STAGE_VERSION, Recipe, preparation_named
from merflow.config.flatten import settings_digest
from merflow.config.source_digest import network_digest
from merflow.datasets.publishable import publishable_subjects
from merflow.io.files import digest
from merflow.io.records import Made
from merflow.models import backbone_file
from merflow.models.program_command import file_digests
from merflow.stage_table import pipeline
from merflow.stages.key_frames import used_by

Buffer = bytes | np.ndarray

if TYPE_CHECKING:
    from merflow.config.settings import Experiment, Pretraining, Settings
    from merflow.evaluation.fold_files import FoldFile
    from merflow.evaluation.run_id import Run
    from merflow.workflow.plan import Plan

TRAINING = (
    *("method", "network", "network_settings", "command", "training"),
    *("pretrain", "control", "nested", "task", "action_units"),
)
"""Settings of an experiment that the weights of a fold depend on."""
SCORING = ("protocol", "scheme", "preparation", "task", "action_units")
"""Settings of an experiment that its scores depend on besides the predictions."""
Contents = Mapping[str, str]
"""`dataset/subject` -> digest of the subject's frames and key frames as far as they are used."""


# Stages


def key_frames(
    settings: "Settings", preparation: str, factor: str, stage: str, clips: Iterable[Clip]
) -> dict[str, dict[str, int | None]]:
    """Return the key frames that a stage and those before it use: clip -> name -> frame number."""
    chosen = preparation_named(settings, preparation)
    steps = pipeline(chosen.kind, factor, stage)
    names = dict.fromkeys(name for step in steps for name in used_by(step.name, chosen))
    if not names:
        return {}
    return {clip.key.clip: {name: getattr(clip, name) for name in names} for clip in clips}


def stage(recipe: Recipe, frames: str, keys: Mapping[str, Any]) -> Made:
    """Return what a store is made from; frames: digest of the subject's frames."""
    return {"recipe": recipe, "frames": frames} | ({"key_frames": keys} if keys else {})


def subject_content(made: Made) -> str:
    """Return the digest of a subject in a packed file, from what its last store is made from."""
    return digest([made.get("frames"), made.get("key_frames", {})])


def prepared_content(frames: str) -> str:
    """Return the digest of a subject in a packed file that enters interpolated, with no store."""
    return subject_content({"frames": frames})


def pack(recipe: Recipe, subjects: Contents) -> Made:
    """Return what a packed file is made from."""
    return {"recipe": recipe, "subjects": dict(subjects)}


# Training


@functools.cache
def training(plan: "Plan", experiment: str) -> Recipe:
    """Return the settings and the network's code that the weights of a fold depend on."""
    entry = plan.settings.experiments[experiment]
    chosen = entry.model_dump(mode="json", include={*TRAINING})
    return {"version": STAGE_VERSION["train"], **chosen, **_code(entry)}


def _code(entry: "Experiment | Pretraining") -> Recipe:
    """Return the digest of a network's code, of a frozen network, or of a program's files.

    A sandbox that the config requires is part of it; where one is only used if it works, `run.json`
    says so, and another machine makes nothing stale.
    """
    method = getattr(entry, "method", "keras")
    if method == "command":
        required = {"sandbox": "required"} if entry.sandbox == "required" else {}
        contract = {} if entry.contract == 1 else {"contract": entry.contract}
        return {"program_files": file_digests(entry.command), **required, **contract}
    if method == "video_features":
        return {"backbone": backbone_file.digest_of(entry.training.features)}
    return {"network_code": network_digest(entry.network)} if method == "keras" else {}


def token(key: ClipKey, label: str = "") -> bytes:
    """Return 8 bytes that stand for a clip with its label, or without one."""
    return hashlib.sha256("\0".join((*key, label)).encode()).digest()[:8]


def rows_digest(train: Buffer, test: Buffer) -> str:
    """Return a digest of a fold from the tokens of its training and test clips, sorted by clip.

    train, test: bytes, or arrays of 8 bytes each, which are hashed where they are.
    """
    length = memoryview(train).nbytes
    made = hashlib.sha256(b"%d " % length)
    made.update(train)
    made.update(test)
    return made.hexdigest()[:16]


def fold_rows(made: "FoldFile") -> str:
    """Return the digest of a fold file: training clips with labels, test clips without."""
    train = sorted(zip(made.train, made.labels, strict=True))
    return rows_digest(
        b"".join(token(key, label) for key, label in train),
        b"".join(token(key) for key in sorted(made.test)),
    )


def fold_subjects(made: "FoldFile") -> set[str]:
    """Return `dataset/subject` of all clips of a fold."""
    return {"/".join(key.subject_key) for key in (*made.train, *made.test)}


def fold(
    plan: "Plan",
    experiment: str,
    rows: str,
    subjects: Iterable[str],
    packed: Mapping[str, tuple[Recipe, Contents]],
    start: Made | None,
) -> Made:
    """Return what a trained fold is made from.

    rows, subjects: of its clips; packed: factor -> recipe and contents of the packed file; start:
    what the pretraining is made from. Subjects outside the fold do not count, unless a control
    mixes all clips.
    """
    mixed = plan.experiment(experiment).control != "none"
    found: Made = {"recipe": training(plan, experiment), "rows": rows, "prepared": {}, "clips": {}}
    for factor, (recipe, contents) in packed.items():
        found["prepared"][factor] = recipe
        found["clips"][factor] = _contents_digest(contents, None if mixed else subjects)
    return found | ({"start": digest(start)} if start else {})


def _contents_digest(contents: Contents, subjects: Iterable[str] | None) -> str:
    names = sorted(contents if subjects is None else subjects)
    return digest([[name, contents.get(name)] for name in names])


def pretraining(plan: "Plan", name: str, rows: Sequence[Sequence[str]], contents: Contents) -> Made:
    """Return what the weights of a pretraining are made from; rows: key and class of each clip."""
    entry = plan.settings.pretrainings[name]
    recipe = {"version": STAGE_VERSION["train"], **entry.model_dump(mode="json")}
    prepared = fingerprints.of_stage(plan.settings, "pack", entry.preparation, entry.factor)
    return {
        "recipe": recipe | _code(entry),
        "prepared": {entry.factor: prepared},
        "rows": digest(sorted(map(list, rows))),
        "clips": {entry.factor: digest(sorted(contents.items()))},
    }


# Scores and tables


def scoring(plan: "Plan", experiment: str) -> Recipe:
    """Return what scores depend on besides the predictions."""
    entry = plan.experiment(experiment)
    named = entry.model_dump(mode="json", include={*SCORING})
    return {"version": STAGE_VERSION["score"], "bootstrap": plan.settings.bootstrap, **named}


def scored(plan: "Plan", run: "Run", folds: Mapping[str, Made], split: str) -> Made:
    """Return what the scores of a run are made from; folds: name -> what it is made from."""
    made = {name: digest(one) for name, one in folds.items()}
    return {"recipe": scoring(plan, run.experiment), "folds": made, "split": split}


def chosen(plan: "Plan", run: "Run", candidates: Mapping[str, Made]) -> Made:
    """Return what a nested choice is made from; candidates: run folder -> what it is made from."""
    made = {name: digest(one) for name, one in candidates.items()}
    return {"recipe": scoring(plan, plan.lead(run)), "runs": made}


def recorded(folds: Mapping[str, Made]) -> Made:
    """Return what the predictions after every epoch (`record_oracle`) are made from."""
    return {"folds": {name: digest(one) for name, one in folds.items()}}


JITTER_VERSION = 1


def jittered(
    plan: "Plan",
    run: "Run",
    variants: Sequence[Sequence[Any]],
    seed: int,
    training: int,
    folds: Mapping[str, Made],
    split: str,
) -> Made:
    """Return what the scores with moved key frames are made from.

    variants: distance and apex of each; training: distance in the training clips.
    """
    noise = {"test": [list(one) for one in variants], "training": training, "seed": seed}
    recipe = {**scoring(plan, run.experiment), "jitter": JITTER_VERSION, "noise": noise}
    made = {name: digest(one) for name, one in folds.items()}
    return {"recipe": recipe, "folds": made, "split": split}


def tables(plan: "Plan", runs: Mapping[str, Made]) -> Made:
    """Return what the tables are made from; runs: run folder -> what its scores are made from."""
    return _of_runs(plan, "table", runs)


def report(plan: "Plan", runs: Mapping[str, Made], annotation: Mapping[str, str]) -> Made:
    """Return what report and run manifest are made from; annotation: dataset -> digest."""
    shown = {name: sorted(_publishable(plan, name)) for name in annotation}
    faces = {name: subjects for name, subjects in shown.items() if subjects}
    made = _of_runs(plan, "report", runs) | {"annotation": dict(annotation)}
    return made | ({"publishable": faces} if faces else {})


def _publishable(plan: "Plan", dataset: str) -> frozenset[str]:
    """Return the subjects of a dataset that the report may show."""
    return publishable_subjects(dataset, plan.settings.datasets[dataset])


def _of_runs(plan: "Plan", name: str, runs: Mapping[str, Made]) -> Made:
    recipe = {
        "version": STAGE_VERSION[name],
        "experiments": plan.experiments,
        "settings": settings_digest(plan.settings),
    }
    return {"recipe": recipe, "runs": {folder: digest(made) for folder, made in runs.items()}}


def skipped(packs: Mapping[str, Made]) -> Made:
    """Return what the lists of skipped clips and delivered gains are made from."""
    return {"packs": {path: digest(made) for path, made in packs.items()}}


def pixels_digest(sums: Iterable[str]) -> str:
    """Return a digest of packed clips from their SHA-256, in the order of their keys."""
    return hashlib.sha256("".join(one[:16] for one in sums).encode()).hexdigest()[:16]


def fold_pixels(keys: Iterable[ClipKey], sums: Mapping[str, str]) -> str:
    """Return the digest of a fold's packed clips; sums: clip -> SHA-256 of its pixels."""
    return pixels_digest(sums.get(str(key), "-" * 16) for key in sorted(set(keys)))
