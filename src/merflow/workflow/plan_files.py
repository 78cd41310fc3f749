"""The plan of a run as files: the config and the clips of its datasets, for the jobs to read.

Snakemake's main process works the plan out, stages it when jobs are about to start, and names its
checksum to every job; `merflow plan` puts it into results/. So a second process that only looks,
or another config, cannot change the plan of a run.
"""

import json
import shutil
from pathlib import Path

import yaml

from merflow import paths
from merflow.config.planned_settings import stages_text
from merflow.config.training_settings import WITH_EXECUTION
from merflow.datasets.catalogue import catalogue_path, catalogue_text
from merflow.errors import FAILED, MerflowError
from merflow.io import records
from merflow.io.files import digest, write_text
from merflow.workflow.plan import Plan

STAGED = f"{paths.STATE}/plans"


def texts(plan: Plan) -> dict[str, str]:
    """Return path -> text of the files of a plan."""
    settings = plan.settings.model_dump(mode="json", context=WITH_EXECUTION)
    sheets = json.dumps(plan.data.sheets, indent=1, sort_keys=True) + "\n"
    found = {
        paths.CONFIG: yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        paths.SHEETS: sheets,
        paths.STAGES: stages_text(plan.settings),
    }
    for name, clips in plan.data.clips.items():
        found[catalogue_path(name).as_posix()] = catalogue_text(clips)
    return found


def checksum(files: dict[str, str]) -> str:
    """Return the checksum of a plan: of its files' names and texts."""
    return digest(sorted(files.items()))


def stage(files: dict[str, str]) -> Path:
    """Write a plan where `put` finds it, and remove those of earlier runs."""
    folder = Path(STAGED, checksum(files))
    for path, text in files.items():
        write_text(folder / path, text)
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def put(folder: Path) -> list[str]:
    """Write the staged plan of a folder into results/, with its record; return the paths."""
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    files = {path: (folder / path).read_text(encoding="utf-8") for path in found}
    if not files or checksum(files) != folder.name:
        raise MerflowError(
            str(folder),
            "no plan, or not the one that was staged",
            "the plan that snakemake staged for this run",
            "call `merflow run` again, or Snakemake without --no-hooks",
            code=FAILED,
        )
    with records.job("plan", paths.CONFIG) as job:
        for path, text in files.items():
            if not Path(path).is_file() or Path(path).read_bytes() != text.encode():
                write_text(path, text)
        job.done({"plan": folder.name}, files)
    return list(files)
