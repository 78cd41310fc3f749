# The plan (every run and file of the config) and the functions that all rules share.

import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

import merflow as package
from merflow import arithmetic, paths, stage_table
from merflow.config import fingerprints
from merflow.errors import MerflowError
from merflow.workflow import resources as needs
from merflow.workflow import run_fingerprints
from merflow.workflow.setup import start

try:
    # Validates the config and reads the annotation sheets and folders of the datasets. Jobs read
    # the results in results/config.yaml and results/catalogue/; a cluster job that parses this
    # file again does so too.
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

# Every rule runs `merflow <command> ...`. Here `merflow` belongs to the Python that runs Snakemake,
# or, with --sdm conda, is this source tree under the Python of the environment.
_merflow = f"{shlex.quote(sys.executable)} -m merflow"
if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
    _source = Path(package.__file__).parents[1]
    _merflow = f"PYTHONPATH={shlex.quote(str(_source))} python -m merflow"
# The arithmetic level must be known before a job imports anything, so it is a variable of its shell.
# OpenCV takes all cores by default; a job may use the threads that it asked for.
_arithmetic = arithmetic.asked(PLAN.settings.arithmetic)
shell.prefix(
    f'merflow() {{{{ {_merflow} "$@"; }}}}; export MERFLOW_ARITHMETIC={_arithmetic}; '
    "export OPENCV_FOR_THREADS_NUM=${{OMP_NUM_THREADS:-1}}; "
)


def merflow(arguments):
    """Return the shell command of a rule: merflow with the run's settings, output to the log."""
    return f"merflow {arguments} --config {paths.CONFIG} > {{log:q}} 2>&1"


def source_of(stage):
    """Return the input of a stage: the store of the stage before it, at the job's factor."""
    return lambda w: paths.store(
        stage_table.stage_before(stage, w.get("factor", "x1")).name
    ).format(**dict(w.items()))


def fingerprint_of(stage):
    """Return the settings and versions of all stages up to this one."""
    return lambda w: fingerprints.of_stage(
        PLAN.settings, stage, w.get("preparation", ""), w.get("factor", "x1")
    )


def depends_on(stage):
    """Return all that a subject's file depends on: its frames and annotation, and settings."""
    return {
        "content": lambda w: PLAN.data.content(w.dataset, w.subject),
        "recipe": fingerprint_of(stage),
    }


def stage_resources(stage):
    """Return memory (MB) and time (minutes) of a stage of one subject; more at each retry."""
    return {
        "mem_mb": lambda w, attempt: attempt
        * needs.memory(PLAN, stage, w.dataset, w.subject, w.get("preparation", "")),
        "runtime": lambda w, attempt: attempt
        * needs.minutes(PLAN, stage, w.dataset, w.subject),
    }


def training_resources(folds=1, experiment=""):
    """Return GPU, memory (MB) and time (minutes) of training some folds of an experiment."""
    name = lambda w: experiment or w.experiment
    return {
        "gpu": lambda w: needs.gpus(PLAN, name(w)),
        "mem_mb": lambda w, attempt: attempt
        * needs.training_memory(PLAN, name(w), w.factor),
        "runtime": lambda w, attempt: attempt
        * needs.training_minutes(PLAN, name(w), folds),
    }


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
