"""The first step of a run: validate the config, read the datasets, save both for the jobs."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from merflow import paths
from merflow.config.loading import merge, read_yaml, validate
from merflow.datasets.catalogue import catalogue_path, catalogue_text
from merflow.io.files import write_text
from merflow.workflow.plan import Plan
from merflow.workflow.preflight import check_experiment, check_folds


def start(raw: Mapping[str, Any], fresh: bool = True, files: Iterable[str] = ()) -> Plan:
    """Validate Snakemake's config, read the datasets, and save both for the jobs.

    `config/local.yaml`, where a user's dataset roots lie, is laid over it when it exists.
    `files`: those it was read from; Snakemake silently keeps the last of two equal keys.
    """
    for file in files:
        read_yaml(Path(file))
    local = Path("config/local.yaml")
    settings = validate(merge(raw, read_yaml(local)) if local.exists() else dict(raw))
    plan = Plan.read(settings, fresh)
    plan.oracle_runs()
    plan.choices()
    for name in plan.experiments:  # Stop now, with one message, if the data do not fit.
        check_experiment(settings, name)
        made, data = plan.data.folds(name), plan.data.labelled(name)
        if fresh:
            check_folds(settings, name, [clip.key for clip in data.clips], data.labels, made)
    if fresh:
        text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        _keep(Path(paths.CONFIG), text)
        _keep(Path(paths.SHEETS), json.dumps(plan.data.sheets, indent=1, sort_keys=True) + "\n")
        for name, clips in plan.data.clips.items():
            _keep(catalogue_path(name), catalogue_text(clips))
    return plan


def _keep(path: Path, text: str) -> None:
    """Write a file only when it changed, so that no job reads it half written."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
