"""Fingerprints of runs, tables and report: what their bytes depend on, as the rules' `params`."""

import functools

from merflow.config import fingerprints
from merflow.config.fingerprints import STAGE_VERSION, Recipe
from merflow.config.flatten import settings_digest
from merflow.config.settings import Experiment, Pretraining
from merflow.datasets.catalogue import annotation_digest
from merflow.evaluation.run_id import NESTED
from merflow.io.files import digest
from merflow.models.program_command import file_digests
from merflow.workflow.entry_stage import require_stages
from merflow.workflow.plan import Plan

TRAINING = (
    *("method", "network", "network_settings", "command", "training"),
    *("pretrain", "control", "nested"),
)
"""Settings of an experiment that the weights of a fold depend on."""


def _packed(plan: Plan, entry: Experiment | Pretraining, factor: str) -> Recipe:
    return fingerprints.of_stage(plan.settings, "pack", entry.preparation, factor)


@functools.cache
def data_digest(plan: Plan, experiment: str, factor: str) -> str:
    """Return a digest of the frames, labels, folds and start weights that a training reads."""
    entry = plan.experiment(experiment)
    packed = [_packed(plan, entry, one) for one in factor.split("+")]
    start = pretraining(plan, entry.pretrain) if entry.pretrain else None
    contents = plan.data.contents(entry.collection)
    return digest([packed, contents, plan.data.split_digest(experiment), start])


@functools.cache
def pretraining(plan: Plan, name: str) -> Recipe:
    """Return what the weights of a pretraining depend on."""
    entry = plan.settings.pretrainings[name]
    clips, labels = plan.data.under_scheme(entry, f"pretrainings.{name}")
    kind = plan.settings.preparations[entry.preparation].kind
    require_stages(clips, [entry.factor], kind, f"pretrainings.{name}")
    rows = [[*clip.key, label] for clip, label in zip(clips, labels, strict=True)]
    packed = _packed(plan, entry, entry.factor)
    data = digest([rows, packed, plan.data.contents(entry.collection)])
    return {"version": STAGE_VERSION["train"], "data": data, **entry.model_dump(mode="json")}


@functools.cache
def training(plan: Plan, experiment: str) -> Recipe:
    """Return the settings that the weights of a fold depend on, apart from its data."""
    entry = plan.settings.experiments[experiment]
    chosen = entry.model_dump(mode="json", include={*TRAINING})
    if entry.method == "command":
        chosen |= _program(entry)
    return {"version": STAGE_VERSION["train"], **chosen}


def _program(entry: Experiment) -> Recipe:
    """Return the files of an external program, and the sandbox if the config requires it.

    Where one is only used if it works, `run.json` says so: another machine makes nothing stale.
    """
    required = {"sandbox": "required"} if entry.sandbox == "required" else {}
    return {"program_files": file_digests(entry.command), **required}


@functools.cache
def run_digest(plan: Plan, experiment: str, factor: str) -> str:
    """Return a digest of everything that the predictions of a run depend on."""
    return digest([data_digest(plan, experiment, factor), training(plan, experiment)])


@functools.cache
def nested_digest(plan: Plan, choice: str) -> str:
    """Return a digest of everything that a nested choice depends on."""
    entries = [(name, plan.experiment(name)) for name in plan.choices()[choice]]
    return digest([run_digest(plan, name, f) for name, entry in entries for f in entry.factors])


def scoring(plan: Plan, experiment: str) -> Recipe:
    """Return what scores depend on besides the predictions."""
    entry = plan.experiment(experiment)
    named = entry.model_dump(mode="json", include={"protocol", "scheme", "preparation"})
    return {"version": STAGE_VERSION["score"], "bootstrap": plan.settings.bootstrap, **named}


def tables(plan: Plan) -> Recipe:
    """Return what the tables depend on besides the scores."""
    return _all_runs(plan, "table")


def report(plan: Plan) -> Recipe:
    """Return what the report and the manifest depend on besides tables and predictions."""
    clips = plan.data.clips
    annotation = {n: annotation_digest(clips.get(n, ())) for n in plan.data.datasets()}
    return {**_all_runs(plan, "report"), "annotation": digest(annotation)}


def _all_runs(plan: Plan, stage: str) -> Recipe:
    runs = [[run.folder, run_digest(plan, run.experiment, run.factor)] for run in plan.runs()]
    runs += [[run.folder] for run in plan.scored_runs() if run.factor == NESTED]
    scored = [scoring(plan, name) for name in plan.experiments]
    return {
        "version": STAGE_VERSION[stage],
        "experiments": plan.experiments,
        "made": digest([runs, scored]),
        "settings": settings_digest(plan.settings),
    }
