"""`merflow run`: run the workflow, by Snakemake."""

import os
import sys
from pathlib import Path

from merflow.commands.options import DryRun
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.models.training.gpu_choice import usable
from merflow.workflow.plan import Plan
from merflow.workflow.preflight import check_names
from merflow.workflow.run_result import SHOW, to_show
from merflow.workflow.setup import LOCAL
from merflow.workflow.snakemake_call import snakemake_call
from merflow.workflow.targets import targets_of


def run(
    *targets: str,
    config: Path = Path("config/config.yaml"),
    dry_run: DryRun = False,
    cores: str = "all",
    gpus: int | None = None,
    unlock: bool = False,
) -> None:
    """Run the workflow in this folder: whatever is missing or out of date, and nothing else.

    TARGET is what to make; without one, everything. It may be `all`, `aligned`, `packed`, `tables`,
    `report`, `finals` (the final models, for `merflow predict`), the name of an experiment, the
    folder of a run, or a file below results/. Snakemake does the work, and a run that was stopped
    continues where it was. After `--`, the first flag and all words behind it go to
    Snakemake as they are.

    Examples:
        merflow run
        merflow run --dry-run
        merflow run demo --config config/config.yaml --cores 4
        merflow run results/runs/demo/x10/seed0/final
        merflow run -- --forcerun train

    Args:
        targets: What to make. Default: all.
        config: Config file. Values of config/local.yaml replace its own.
        dry_run: List the jobs and why they would run; run none.
        cores: Processor cores to use: a number, or all.
        gpus: Number of GPUs, and so of trainings at a time; more where `training.gpu_share` has
            them share a GPU. Default: those that CUDA_VISIBLE_DEVICES lists or, where it is not
            set, all NVIDIA GPUs that the driver lists; at least 1.
        unlock: Remove the lock that a run leaves when the computer crashes, and run nothing.
    """
    words = [*targets]
    first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    words, extra = words[:first], words[first:]
    plan = Plan(_settings(config))
    found = targets_of(words, plan)
    if cores != "all" and not (cores.isascii() and cores.isdigit() and int(cores) > 0):
        raise MerflowError("--cores", f"'{cores}'", "a number of processor cores, or all")
    if gpus is not None and gpus < 1:
        fix = "to train on the processor, set training.device: cpu in the config"
        raise MerflowError("--gpus", f"{gpus}", "1 or more GPUs", fix)
    flags = ["--dry-run"] * dry_run + ["--unlock"] * unlock
    call = snakemake_call(config, found, [*flags, *extra], cores=cores, gpus=gpus or gpus_here())
    show = "" if dry_run or unlock else to_show(found)
    sys.stdout.flush()
    # In place of this process: signals and the exit code are Snakemake's.
    os.execve(sys.executable, call, {**os.environ, SHOW: show})


def gpus_here() -> int:
    """Return how many GPUs trainings may use: at least one, as a limit on a machine without one."""
    return max(1, len(usable()))


def _settings(config: Path) -> Settings:
    """Return the settings of a run; the error for a missing config says how to get one."""
    if not config.exists():
        there = sorted(str(path) for path in Path("config").glob("*.yaml") if path != LOCAL)
        raise MerflowError(
            str(config),
            "no such file" if there else "there is no project in this folder: it has no config",
            "a config",
            f"--config FILE; here are {', '.join(there)}"
            if there
            else "make a project with `merflow init`, or go to the folder of one",
        )
    settings = load(config, LOCAL) if LOCAL.is_file() and config != LOCAL else load(config)
    if not (settings.experiments or settings.spotting):
        raise MerflowError(str(config), "no experiments", "one or more under `experiments`")
    check_names(settings)
    return settings
