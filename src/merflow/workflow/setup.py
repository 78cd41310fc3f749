"""The first step of a run: validate the config, read the datasets, find what is stale."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from merflow import paths
from merflow.config.loading import load, merge, read_yaml, validate
from merflow.io import scheduled_plan
from merflow.workflow import spotting_plan
from merflow.workflow.plan import Plan
from merflow.workflow.preflight import check_experiment, check_folds, check_spotting

LOCAL = Path("config/local.yaml")


def start(raw: Mapping[str, Any], files: Iterable[str] = ()) -> Plan:
    """Validate Snakemake's config and read the datasets; write nothing but warnings to stderr.

    `config/local.yaml`, where a user's dataset roots lie, is laid over it when it exists.
    `files`: those it was read from; Snakemake silently keeps the last of two equal keys.
    """
    for file in files:
        read_yaml(Path(file))
    settings = validate(merge(raw, read_yaml(LOCAL)) if LOCAL.exists() else dict(raw))
    plan = Plan.read(settings)
    plan.oracle_runs()
    plan.check_jitter()
    plan.choices()
    for name in plan.experiments:  # Stop now, with one message, if the data do not fit.
        check_experiment(settings, name)
        made, data = plan.data.folds(name), plan.data.labelled(name)
        check_folds(settings, name, [clip.key for clip in data.clips], data.labels, made)
    for name in settings.spotting:
        check_spotting(settings, name)
        spotting_plan.windows(plan, name)
    spotting_plan.pairs(plan)
    for problem in plan.data.warnings:
        sys.stderr.write(f"warning: {problem}\n")
    return plan


def join(scheduled: str) -> Plan:
    """Return the plan in results/ for a job that Snakemake starts in a process of its own.

    scheduled: checksum of the plan that the run started with; any other is refused.
    """
    scheduled_plan.require(scheduled)
    return Plan.read(load(paths.CONFIG), fresh=False)
