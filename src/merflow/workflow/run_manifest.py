"""The run manifest, `results/manifest.json`: what the tables depend on, to publish with a paper.

It holds no local path, time, host name or image. Digests let others check that they have the same
clips, folds, predictions and tables.
"""

import platform
from pathlib import Path
from typing import Any

from merflow import __version__, paths
from merflow.config.flatten import flat_settings, settings_digest
from merflow.datasets.catalogue import (
    annotation_digest,
    catalogue_path,
    read_catalogue,
    read_sheets,
)
from merflow.evaluation.run_id import Run
from merflow.io import records
from merflow.io.files import file_digest
from merflow.versions import WORKFLOW, version_of
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines
from merflow.workflow.training_log import read_facts

TABLES = ("scores.csv", "scores.xlsx", "scores.md", "scores.tex", "scores.txt", "effects.csv")
FOLD_KEYS = (
    *("weights", "epochs", "train_clips", "test_clips"),
    *("device", "backend", "arithmetic", "libraries"),
)
"""Keys of a fold's run.json that the manifest keeps."""


def run_manifest(plan: Plan) -> dict[str, Any]:
    """Return the manifest of a finished run; the working folder holds `results/`."""
    sheets = read_sheets()
    return {
        "merflow": __version__,
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in WORKFLOW},
        "settings": flat_settings(plan.settings),
        "settings_digest": settings_digest(plan.settings),
        "protocol": protocol_lines(plan),
        "datasets": {name: _dataset(name, sheets) for name in plan.data.datasets()},
        "splits": {name: _split(plan, name) for name in plan.experiments},
        "runs": {run.folder: _run(plan, run) for run in plan.runs()},
        "chosen": {
            run.folder: {"pooled.csv": _sum(Path(run.folder) / "pooled.csv")}
            for run in plan.scored_runs()
            if run not in plan.runs()
        },
        "skipped": _sum(Path(paths.SKIPPED)),
        "tables": {name: _sum(Path(paths.TABLES) / name) for name in TABLES},
    }


def reported_from(plan: Plan) -> records.Made:
    """Return what report and manifest are made from, by the records of the scores."""
    runs = {run.folder: records.made_of(f"{run.folder}/scores.csv") for run in plan.scored_runs()}
    names = plan.data.datasets()
    known = {name: catalogue_path(name) for name in names}
    annotation = {n: annotation_digest(read_catalogue(p)) for n, p in known.items() if p.exists()}
    return run_fingerprints.report(plan, runs, annotation)


def _sum(path: Path | str) -> str:
    """Return the SHA-256 of a file that is as its job left it."""
    records.check(path)
    return file_digest(path)


def _dataset(name: str, sheets: dict[str, list[str]]) -> dict[str, Any]:
    """Return a dataset's counts and a digest of its annotation: keys, key frames, emotions."""
    clips = read_catalogue(catalogue_path(name))
    return {
        "sheets": sheets.get(name, []),
        "clips": len(clips),
        "subjects": len({clip.key.subject for clip in clips}),
        "annotation": annotation_digest(clips),
    }


def _split(plan: Plan, experiment: str) -> dict[str, Any]:
    return {
        "classes": list(plan.data.classes(experiment)),
        "folds": len(plan.fold_names(experiment)),
        "truth": _sum(plan.truth_file(experiment)),
    }


def _run(plan: Plan, run: Run) -> dict[str, Any]:
    folds = {}
    for fold in plan.fold_names(run.experiment):
        facts = read_facts(Path(run.folder) / fold / "run.json")
        folds[fold] = {key: facts[key] for key in FOLD_KEYS if key in facts}
    return {"pooled.csv": _sum(Path(run.folder) / "pooled.csv"), "folds": folds}
