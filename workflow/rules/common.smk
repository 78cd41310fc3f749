# The plan (what will be made, and from what) and the words every rule shares.

import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

import merflow
from merflow import arithmetic
from merflow.workflow import resources as needs
from merflow.config import fingerprints as recipes
from merflow.errors import MerflowError
from merflow.workflow import run_fingerprints
from merflow.workflow.setup import start

try:
    # Validates the config and reads the datasets' sheets and folders. What the jobs need of
    # either is kept in results/config.yaml and results/catalogue/; a job of a cluster that parses
    # this file again reads it there.
    PLAN = start(
        config, fresh=workflow.is_main_process, files=map(str, workflow.configfiles)
    )
except MerflowError as error:
    raise WorkflowError(str(error)) from None

if workflow.modifier.path_modifier.prefix:
    raise WorkflowError(
        "merflow as a module: its files lie in results/, and `prefix:` cannot move them; leave it out,"
        " or run the outer workflow with --directory"
    )

# Every rule is one line `merflow <stage> ...`; here `merflow` is the one of the Python that runs
# Snakemake, or, with --sdm conda, this source tree under the environment's Python.
_merflow = f"{shlex.quote(sys.executable)} -m merflow"
if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
    _source = Path(merflow.__file__).parents[1]
    _merflow = f"PYTHONPATH={shlex.quote(str(_source))} python -m merflow"
# The arithmetic level must be known before a job imports anything, so it is a variable of its shell.
# OpenCV takes every core of a machine unless told; a job is to take the threads it asked for.
_arithmetic = arithmetic.asked(PLAN.settings.arithmetic)
shell.prefix(
    f'merflow() {{{{ {_merflow} "$@"; }}}}; export MERFLOW_ARITHMETIC={_arithmetic}; '
    "export OPENCV_FOR_THREADS_NUM=${{OMP_NUM_THREADS:-1}}; "
)

passing = str if PLAN.settings.keep_intermediate else temp
ALIGNED = "results/aligned/{dataset}/{subject}.h5"


def memory_of(stage):
    """Return what a stage of one subject needs in MB; more on every further attempt."""
    return lambda w, attempt: attempt * needs.memory(
        PLAN, stage, w.dataset, w.subject, w.get("preparation", "")
    )


def minutes_of(stage):
    """Return the minutes after which a stage of one subject may be given up."""
    return lambda w, attempt: attempt * needs.minutes(PLAN, stage, w.dataset, w.subject)


wildcard_constraints:
    dataset=r"[^/]+",
    subject=r"[^/]+",
    preparation=r"[^/]+",
    collection=r"[^/]+",
    experiment=r"[^/]+",
    factor=r"x[0-9.e+x]+",
    pretraining=r"[^/]+",
    seed=r"\d+",
    fold=r"[^/]+",
